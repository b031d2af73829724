// A file that an exporter writes, and what its lines have in common.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/status.hpp"

namespace capsule {

struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using OwnedFile = std::unique_ptr<std::FILE, CloseFile>;

// Empties it where it is there.
Result<OwnedFile> make_file(const std::string &path);
bool write_all(std::FILE *file, const std::string &text);

}  // namespace capsule
