// Where a cancel may interrupt.
#pragma once

#include "session_state.hpp"

namespace capsule::worker {

// While one of these lives, a cancel may interrupt what runs: the user's code, its __repr__ and __str__. Never the engine's own.
class Interruptible {
 public:
  Interruptible(SessionState &state, std::uint64_t id) : state_(state) {
    state_.interruptible_id.store(id, std::memory_order_seq_cst);
  }
  ~Interruptible() { state_.interruptible_id.store(0, std::memory_order_seq_cst); }
  Interruptible(const Interruptible &) = delete;
  Interruptible &operator=(const Interruptible &) = delete;

 private:
  SessionState &state_;
};

}  // namespace capsule::worker
