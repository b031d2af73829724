// What a pool asks of its sessions, and what they tell it.
#include <algorithm>

#include "session/notifications.hpp"
#include "session/runtime.hpp"

namespace capsule {

void Session::set_listener(Listener listener) {
  const Lock lock(mutex_);
  listener_ = std::move(listener);
}

void Session::tell(SessionNews news) const {
  if (listener_) {
    listener_(news);
  }
}

void Session::tell_if_stopped() {
  if (stopping_ && !current_) {
    stopping_ = false;
    tell(SessionNews::kIdle);
  }
}

Session::Use Session::cancel_all() {
  Notifications notifications;
  const Lock lock(mutex_);
  if (closing()) {
    return Use::kInUse;
  }
  for (const auto &execution : std::exchange(queue_, {})) {
    ++cancel_metrics_.triggers;
    ++cancel_metrics_.waits_interrupted;
    end_unstarted(notifications, execution, CAPSULE_OUTCOME_CANCELED, "KeyboardInterrupt", "canceled before it ran");
  }
  if (operation_ || !operations_.empty()) {
    return Use::kInUse;
  }
  if (!current_) {
    return Use::kFree;
  }
  stopping_ = true;
  if (current_->phase == ExecutionPhase::kRunning) {
    stop_execution(current_, CAPSULE_OUTCOME_CANCELED, options_.cancel_grace_ms);
  }
  return Use::kStopping;
}

bool Session::usable() {
  const Lock lock(mutex_);
  return can_run() && worker_ && !worker_->gone;
}

bool Session::terminated() {
  const Lock lock(mutex_);
  return state_ == CAPSULE_SESSION_TERMINATED;
}

}  // namespace capsule
