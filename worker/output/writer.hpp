// Who wrote a piece of output.
#pragma once

#include <cstdint>

namespace capsule::worker {

struct Writer {
  std::uint64_t execution_id = 0;
  std::uint32_t id = 0;     // of the thread or task
  std::uint8_t origin = 0;  // CAPSULE_ORIGIN_…
};

}  // namespace capsule::worker
