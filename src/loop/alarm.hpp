// One time at which its owner looks at its deadlines: one timer however many there are.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "loop/loop.hpp"

namespace capsule {

class Alarm : public std::enable_shared_from_this<Alarm> {
 public:
  // `task` runs on the loop thread, under no lock; what it holds must be weak, as the loop may keep it.
  Alarm(Loop &loop, Loop::Task task) : loop_(loop), task_(std::move(task)) {}

  // Any thread, while the loop lives. An earlier time that was set stays; the task sets the next one itself. One too many does no harm.
  void set(std::uint64_t at_ns);

 private:
  void move_timer();
  void ring();

  Loop &loop_;
  const Loop::Task task_;
  std::mutex mutex_;  // guards below
  std::uint64_t at_ns_ = kNoDeadline;
  std::optional<Loop::TimerId> timer_;
};

}  // namespace capsule
