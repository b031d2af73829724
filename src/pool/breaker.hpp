// Stands between a pool and an interpreter that does not start: after failures in a row it lets nothing through for a while, then one
// at a time. Times are passed in.
#pragma once

#include <cstdint>
#include <random>

#include "capsule/pool_info.h"

namespace capsule {

struct BreakerOptions {
  std::uint32_t failures = 3;  // in a row, that open it
  std::uint64_t pause_ns = 0;
  std::uint64_t pause_max_ns = 0;
};

class Breaker {
 public:
  Breaker(BreakerOptions options, std::uint64_t seed) : options_(options), random_(seed) {}

  // How many may be tried now. At the end of a pause it is one, until that one has succeeded or failed.
  std::uint32_t admit(std::uint64_t now_ns, std::uint32_t wanted);
  void succeeded();
  // True when it opens over it.
  bool failed(std::uint64_t now_ns);
  // One that was admitted ended neither way.
  void abandoned();

  // CAPSULE_BREAKER_…: open until somebody asks behind the pause.
  [[nodiscard]] std::int32_t state() const { return state_; }
  // Whether admit() would admit nothing.
  [[nodiscard]] bool blocks(std::uint64_t now_ns) const { return state_ == CAPSULE_BREAKER_OPEN && now_ns < until_ns_; }
  [[nodiscard]] std::uint64_t until_ns() const { return state_ == CAPSULE_BREAKER_OPEN ? until_ns_ : 0; }
  [[nodiscard]] std::uint32_t failures_in_a_row() const { return failures_; }

 private:
  BreakerOptions options_;
  std::minstd_rand random_;
  std::int32_t state_ = CAPSULE_BREAKER_CLOSED;
  std::uint32_t failures_ = 0;
  std::uint64_t pause_ns_ = 0;  // the last one, before its variation
  std::uint64_t until_ns_ = 0;
  bool probing_ = false;
};

}  // namespace capsule
