// The histogram of a pool's acquisitions, in the fields of its metrics.
#pragma once

#include <cstdint>

#include "base/buckets.hpp"
#include "capsule/pool_info.h"

namespace capsule {

static_assert(CAPSULE_POOL_BUCKETS == kTimeBuckets);

// The upper bound of the bucket where that share of all lies; of the last, the longest there was.
inline std::uint64_t percentile_ns(const capsule_pool_metrics &metrics, std::uint64_t percent) {
  std::uint64_t rest = (metrics.acquisition_successes * percent + 99) / 100;
  if (rest == 0) {
    return 0;
  }
  for (std::size_t i = 0; i + 1 < CAPSULE_POOL_BUCKETS; ++i) {
    if (metrics.acquire_buckets[i] >= rest) {
      return std::uint64_t{1000} << i;
    }
    rest -= metrics.acquire_buckets[i];
  }
  return metrics.acquire_max_ns;
}

}  // namespace capsule
