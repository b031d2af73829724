#include "transport/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace capsule {

RateLimiter::RateLimiter(double per_second, std::uint32_t burst)
    : per_ns_(per_second / 1e9), burst_(std::max<double>(burst, 1)), tokens_(burst_) {}

double RateLimiter::tokens(std::uint64_t now_ns) const {
  const std::uint64_t elapsed = filled_ns_ == 0 || now_ns < filled_ns_ ? 0 : now_ns - filled_ns_;
  return std::min(burst_, tokens_ + static_cast<double>(elapsed) * per_ns_);
}

std::uint64_t RateLimiter::take(std::uint64_t now_ns) {
  tokens_ = tokens(now_ns);
  filled_ns_ = std::max(filled_ns_, now_ns);
  if (tokens_ >= 1) {
    tokens_ -= 1;
    return 0;
  }
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil((1 - tokens_) / per_ns_)));
}

}  // namespace capsule
