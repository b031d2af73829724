// A token bucket: starts full, refills steadily up to its burst. Not thread-safe: its owner's lock sees to it.
#pragma once

#include <cstdint>

namespace capsule {

class RateLimiter {
 public:
  // A rate of 0 or less limits nothing. A burst is at least one token, or none would ever come.
  RateLimiter(double per_second, std::uint32_t burst);

  [[nodiscard]] bool active() const { return per_ns_ > 0; }
  // Takes a token and returns 0, or returns after how many nanoseconds there will be one. A clock that goes back counts as still.
  std::uint64_t take(std::uint64_t now_ns);
  [[nodiscard]] double tokens(std::uint64_t now_ns) const;

 private:
  const double per_ns_;
  const double burst_;
  double tokens_;
  std::uint64_t filled_ns_ = 0;  // the first use sets the origin
};

}  // namespace capsule
