// How many sessions a pool needs ahead: from how fast acquisitions come, and how long it takes to make a session. Times are passed in.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/clock.hpp"

namespace capsule {

class Demand {
 public:
  void arrived(std::uint64_t now_ns) {
    decay(now_ns);
    weight_ += 1;
  }
  // What one creation took.
  void created(std::uint64_t duration_ns) {
    const double took_s = static_cast<double>(duration_ns) / static_cast<double>(kNsPerSecond);
    creation_s_ += (took_s - creation_s_) / 4;
  }
  [[nodiscard]] double per_second(std::uint64_t now_ns) {
    decay(now_ns);
    return weight_ / kMemoryS;
  }
  // Those that will be acquired while others are made, twice over: arrivals come in bursts.
  [[nodiscard]] std::uint32_t ahead(std::uint64_t now_ns, std::uint32_t most) {
    const double needed = 2 * per_second(now_ns) * creation_s_;
    return needed < 1 ? 0 : static_cast<std::uint32_t>(std::min(std::ceil(needed), static_cast<double>(most)));
  }

 private:
  void decay(std::uint64_t now_ns) {
    if (now_ns > last_ns_) {
      weight_ *= std::exp(-static_cast<double>(now_ns - last_ns_) / (kMemoryS * static_cast<double>(kNsPerSecond)));
      last_ns_ = now_ns;
    }
  }

  static constexpr double kMemoryS = 2;
  double weight_ = 0;
  double creation_s_ = 0.002;
  std::uint64_t last_ns_ = 0;
};

}  // namespace capsule
