// The histogram of a pool's acquisitions, in the fields of its metrics: buckets of factor 2 from 1 µs to 67 s, and one beyond.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "capsule/pool_info.h"

namespace capsule {

// The bucket whose upper bound, 2^i µs, is the first that is not below.
inline std::size_t bucket_of(std::uint64_t duration_ns) {
  const std::uint64_t us = (duration_ns + 999) / 1000;
  return std::min<std::size_t>(us <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(us - 1)), CAPSULE_POOL_BUCKETS - 1);
}

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
