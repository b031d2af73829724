// What a process can tell about itself for the heartbeat, without the GIL.
#pragma once

#include <cstdint>

namespace capsule::worker {

struct ProcessStats {
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t private_bytes = 0;
  std::uint64_t shared_bytes = 0;
  std::uint64_t cpu_ns = 0;
  std::uint32_t threads = 0;
  std::uint32_t open_descriptors = 0;
};

ProcessStats read_process_stats();

}  // namespace capsule::worker
