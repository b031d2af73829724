// Histograms of times: buckets of factor 2 from 1 µs to 67 s, and one for what is beyond.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace capsule {

inline constexpr std::size_t kTimeBuckets = 28;

// The bucket whose upper bound, 2^i µs, is the first that is not below.
inline std::size_t bucket_of(std::uint64_t duration_ns) {
  const std::uint64_t us = (duration_ns + 999) / 1000;
  return std::min<std::size_t>(us <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(us - 1)), kTimeBuckets - 1);
}

}  // namespace capsule
