// The one clock of host and workers: CLOCK_MONOTONIC, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace capsule {

inline constexpr std::uint64_t kNsPerMs = 1'000'000;
inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::uint64_t kNoDeadline = UINT64_MAX;

inline std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

// A deadline from a timeout of the public API: -1 is none.
inline std::uint64_t deadline_after_ms(std::int64_t timeout_ms) {
  return timeout_ms < 0 ? kNoDeadline : monotonic_ns() + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs;
}

// What is left until a deadline as poll() wants it: rounded up, -1 for no deadline.
inline int poll_timeout_ms(std::uint64_t deadline_ns) {
  if (deadline_ns == kNoDeadline) {
    return -1;
  }
  const std::uint64_t now = monotonic_ns();
  if (now >= deadline_ns) {
    return 0;
  }
  const std::uint64_t left_ms = (deadline_ns - now + kNsPerMs - 1) / kNsPerMs;
  return left_ms > 86'400'000 ? 86'400'000 : static_cast<int>(left_ms);
}

}  // namespace capsule
