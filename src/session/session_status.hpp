// What a session executes, as introspection tells it.
#pragma once

#include <cstdint>

#include "capsule/introspection.h"

namespace capsule {

struct SessionStatus {
  capsule_execution_status fields{};
  std::uint64_t namespace_size = 0;  // by the last heartbeat
};

}  // namespace capsule
