// What ends an execution before its time: cancels, timeouts, and the kill when the grace is over; and the interrupt, which does not.
#include <algorithm>

#include "base/clock.hpp"
#include "session/runtime.hpp"
#include "session/session.hpp"

namespace capsule {

Status Session::cancel(Execution &execution, std::int64_t grace_ms) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (execution.phase == ExecutionPhase::kEnded || execution.phase == ExecutionPhase::kRollingBack) {
    count_noop_cancel();
    trace_.add({.kind = CAPSULE_TRACE_CANCEL_NOOP, .execution_id = execution.id});
    return {};
  }
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [&](const auto &one) { return one.get() == &execution; });
  if (queued != queue_.end()) {
    trace_.add({.kind = CAPSULE_TRACE_CANCEL_REQUESTED, .execution_id = execution.id, .status = CAPSULE_OUTCOME_CANCELED});
    const std::shared_ptr<Execution> canceled = *queued;
    ++cancel_metrics_.triggers;
    ++cancel_metrics_.waits_interrupted;
    queue_.erase(queued);
    if (canceled->id == limited_id_ && token_wait_began_ns_ != 0) {
      ++limiter_metrics_.canceled;
      token_wait_began_ns_ = 0;
    }
    end_unstarted(notifications, canceled, CAPSULE_OUTCOME_CANCELED, "KeyboardInterrupt", "canceled before it ran");
    return {};
  }
  if (current_) {
    stop_execution(current_, CAPSULE_OUTCOME_CANCELED, grace_ms < 0 ? options_.cancel_grace_ms : grace_ms);
  }
  return {};
}

void Session::stop_execution(const std::shared_ptr<Execution> &execution, std::int32_t cause, std::int64_t grace_ms) {
  if (execution->stop_cause == 0) {
    execution->stop_cause = cause;
    ++cancel_metrics_.triggers;
    execution->stop_ns = monotonic_ns();
  }
  trace_.add({.kind = CAPSULE_TRACE_CANCEL_REQUESTED,
              .execution_id = execution->id,
              .status = cause,
              .arguments = {static_cast<std::uint64_t>(grace_ms)}});
  const std::uint64_t deadline = deadline_after_ms(grace_ms);
  if (grace_ms > 0) {
    send_control(execution->id, wire::Cancel{});
  } else {
    kill_worker();
  }
  if (deadline >= execution->kill_deadline_ns) {
    return;
  }
  execution->kill_deadline_ns = deadline;
  runtime_->loop().post([self = shared_from_this(), weak = std::weak_ptr(execution), deadline] {
    const auto alive = weak.lock();
    const Lock inner(self->mutex_);
    if (alive && alive->phase == ExecutionPhase::kRunning && alive->kill_deadline_ns == deadline) {
      if (alive->kill_timer) {
        self->runtime_->loop().cancel_timer(*alive->kill_timer);
      }
      alive->kill_timer = self->runtime_->loop().add_timer(deadline, [self, weak] { self->on_grace_over(weak); });
    }
  });
}

void Session::on_timeout(const std::weak_ptr<Execution> &weak) {
  const auto execution = weak.lock();
  const Lock lock(mutex_);
  if (execution && execution->phase == ExecutionPhase::kRunning && execution->stop_cause == 0) {
    execution->timeout_timer.reset();
    stop_execution(execution, CAPSULE_OUTCOME_TIMEOUT, options_.cancel_grace_ms);
  }
}

void Session::on_grace_over(const std::weak_ptr<Execution> &weak) {
  const auto execution = weak.lock();
  const Lock lock(mutex_);
  if (execution && execution->phase == ExecutionPhase::kRunning) {
    execution->kill_timer.reset();
    if (worker_ && !worker_->kill_sent) {
      trace_.add({.kind = CAPSULE_TRACE_CANCEL_GRACE_EXPIRED, .execution_id = execution->id});
    }
    kill_worker();
  }
}

void Session::drop_timers(Execution &execution) {
  for (auto *timer : {&execution.timeout_timer, &execution.kill_timer}) {
    if (*timer) {
      runtime_->loop().post([runtime = runtime_, id = **timer] { runtime->loop().cancel_timer(id); });
      timer->reset();
    }
  }
}

Status Session::interrupt(Execution &execution) {
  const Lock lock(mutex_);
  if (execution.phase != ExecutionPhase::kRunning) {
    return {CAPSULE_E_STATE, execution.phase == ExecutionPhase::kQueued ? "execution is still queued" : "execution has ended"};
  }
  send_control(execution.id, wire::Interrupt{});
  return {};
}

}  // namespace capsule
