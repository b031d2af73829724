// What the host answers a call with, or with a piece of.
#pragma once

#include "bridge/bridge.hpp"

namespace capsule::api {

// NULL is None.
Result<HostAnswer> read_call_answer(Bridge &bridge, std::uint64_t request_id, const capsule_value *value);

}  // namespace capsule::api
