// The .py files of worker/python, embedded at build time (worker/embed.cmake).
#pragma once

#include <cstddef>

namespace capsule::worker {

struct EmbeddedSource {
  const char *name;
  const char *text;  // NUL-terminated
  std::size_t size;
};

extern const EmbeddedSource embedded_sources[];
extern const std::size_t embedded_source_count;

}  // namespace capsule::worker
