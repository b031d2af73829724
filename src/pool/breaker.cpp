#include "pool/breaker.hpp"

#include <algorithm>

namespace capsule {

std::uint32_t Breaker::admit(std::uint64_t now_ns, std::uint32_t wanted) {
  if (state_ == CAPSULE_BREAKER_CLOSED || wanted == 0) {
    return wanted;
  }
  if (blocks(now_ns) || probing_) {
    return 0;
  }
  state_ = CAPSULE_BREAKER_HALF_OPEN;
  probing_ = true;
  return 1;
}

void Breaker::succeeded() {
  state_ = CAPSULE_BREAKER_CLOSED;
  failures_ = 0;
  pause_ns_ = 0;
  probing_ = false;
}

bool Breaker::failed(std::uint64_t now_ns) {
  ++failures_;
  if (state_ == CAPSULE_BREAKER_OPEN || (state_ == CAPSULE_BREAKER_CLOSED && failures_ < options_.failures)) {
    return false;  // of those that were tried before it opened
  }
  probing_ = false;
  state_ = CAPSULE_BREAKER_OPEN;
  pause_ns_ = pause_ns_ == 0 ? options_.pause_ns : std::min(2 * pause_ns_, options_.pause_max_ns);
  // By a quarter either way: pools that fail together do not try again together.
  std::uniform_int_distribution<std::uint64_t> vary(pause_ns_ - pause_ns_ / 4, pause_ns_ + pause_ns_ / 4);
  until_ns_ = now_ns + vary(random_);
  return true;
}

void Breaker::abandoned() {
  if (state_ == CAPSULE_BREAKER_HALF_OPEN) {
    state_ = CAPSULE_BREAKER_OPEN;
    probing_ = false;
  }
}

}  // namespace capsule
