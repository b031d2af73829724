// The options of a pool, checked.
#pragma once

#include "base/status.hpp"
#include "pool/pool.hpp"

namespace capsule::api {

// NULL is the defaults.
Result<PoolOptions> read_pool_options(const capsule_pool_options *given);

}  // namespace capsule::api
