#include "loop/alarm.hpp"

namespace capsule {

void Alarm::set(std::uint64_t at_ns) {
  {
    const std::lock_guard lock(mutex_);
    if (at_ns >= at_ns_) {
      return;
    }
    at_ns_ = at_ns;
  }
  if (loop_.on_loop()) {
    move_timer();
    return;
  }
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->move_timer();
    }
  });
}

// Loop thread.
void Alarm::move_timer() {
  const std::lock_guard lock(mutex_);
  if (timer_) {
    loop_.cancel_timer(*timer_);
    timer_.reset();
  }
  if (at_ns_ != kNoDeadline) {
    timer_ = loop_.add_timer(at_ns_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->ring();
      }
    });
  }
}

void Alarm::ring() {
  {
    const std::lock_guard lock(mutex_);
    timer_.reset();
    at_ns_ = kNoDeadline;
  }
  task_();
}

}  // namespace capsule
