// Calls of the host as they are summed over sessions: of a pool, or of a runtime. A lock of its own, the innermost.
#pragma once

#include <algorithm>
#include <mutex>

#include "capsule/runtime.h"

namespace capsule {

class BridgeTotals {
 public:
  using Outcome = std::uint64_t capsule_bridge_figures::*;

  void began() {
    const std::lock_guard lock(mutex_);
    ++figures_.created;
    figures_.pending_hwm = std::max(figures_.pending_hwm, ++figures_.pending_current);
  }
  void ended(Outcome outcome) {
    const std::lock_guard lock(mutex_);
    --figures_.pending_current;
    ++(figures_.*outcome);
  }
  void ignored(Outcome settlement) {
    const std::lock_guard lock(mutex_);
    ++(figures_.*settlement);
  }
  [[nodiscard]] capsule_bridge_figures get() const {
    const std::lock_guard lock(mutex_);
    return figures_;
  }

 private:
  mutable std::mutex mutex_;
  capsule_bridge_figures figures_{};
};

}  // namespace capsule
