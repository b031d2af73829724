// A function that the host offers, as it was registered, and its line. Guarded by the bridge's lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "bridge/schema.hpp"

namespace capsule {

struct CapabilitySpec {
  std::string name;
  std::string doc;
  std::string parameters;
  std::shared_ptr<const Schema> arguments;  // null: none
  std::shared_ptr<const Schema> result;
  std::uint32_t flags = 0;
  std::int64_t timeout_ms = 60'000;  // -1: none
  std::uint32_t max_concurrent = 0;
  std::uint32_t burst = 1;
  double calls_per_s = 0;
};

struct Capability {
  explicit Capability(CapabilitySpec what) : spec(std::move(what)), tokens(spec.burst) {}

  // A turn now, or when there may be one: kNoDeadline where a call has to end first.
  bool take_turn(std::uint64_t now_ns) {
    if (spec.max_concurrent > 0 && with_host >= spec.max_concurrent) {
      return false;
    }
    refill(now_ns);
    if (spec.calls_per_s > 0 && tokens < 1) {
      return false;
    }
    tokens -= spec.calls_per_s > 0 ? 1 : 0;
    ++with_host;
    return true;
  }
  // When a token comes, where one is all that lacks.
  [[nodiscard]] std::uint64_t next_turn_ns(std::uint64_t now_ns) const {
    const bool full = spec.max_concurrent > 0 && with_host >= spec.max_concurrent;
    if (line.empty() || full || spec.calls_per_s <= 0) {
      return kNoDeadline;
    }
    return now_ns + static_cast<std::uint64_t>((1 - tokens) / spec.calls_per_s * kNsPerSecond) + 1;
  }

  const CapabilitySpec spec;
  std::uint32_t with_host = 0;
  std::set<std::uint64_t> line;  // requests that wait for a turn, in the order they came

 private:
  void refill(std::uint64_t now_ns) {
    const double elapsed_s = static_cast<double>(now_ns - filled_ns) / kNsPerSecond;
    tokens = std::min<double>(spec.burst, tokens + (filled_ns == 0 ? 0 : elapsed_s * spec.calls_per_s));
    filled_ns = now_ns;
  }

  double tokens;
  std::uint64_t filled_ns = 0;
};

}  // namespace capsule
