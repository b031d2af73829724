// What a session tells of itself without a word to its worker: what it executes, what that waits for, and what it has counted.
#include "session/session_status.hpp"

#include <tuple>

#include "base/clock.hpp"
#include "session/session.hpp"

namespace capsule {
namespace {

std::int32_t phase_of(const Execution &execution) {
  switch (execution.phase) {
    case ExecutionPhase::kQueued:
      return CAPSULE_PHASE_QUEUED;
    case ExecutionPhase::kRollingBack:
      return CAPSULE_PHASE_ROLLING_BACK;
    default:
      return execution.stop_cause != 0 ? CAPSULE_PHASE_STOPPING : CAPSULE_PHASE_RUNNING;
  }
}

std::uint64_t since(std::uint64_t then_ns, std::uint64_t now_ns) {
  return then_ns == 0 || then_ns > now_ns ? 0 : now_ns - then_ns;
}

}  // namespace

capsule_session_info Session::info() {
  const Lock lock(mutex_);
  capsule_session_info info = counters_;
  info.state = state_;
  info.pid = worker_ && !worker_->gone ? worker_->process.pid : 0;
  info.current_execution_id = current_ ? current_->id : 0;
  info.executions_queued = queue_.size();
  info.frames_sent = past_frames_sent_ + (worker_ ? worker_->frames_sent() : 0);
  info.bytes_sent = past_bytes_sent_ + (worker_ ? worker_->bytes_sent() : 0);
  info.bridge = calls_ ? calls_->figures() : capsule_bridge_figures{};
  info.interceptors = interceptors_.count();
  info.interceptor_errors = interceptors_.totals().errors;
  std::tie(info.durable_operations, info.durable_failures) = durable_figures_->get();
  const capsule_trace_info trace = trace_.figures();
  info.trace_events = trace.emitted;
  info.trace_events_stored = trace.stored;
  info.trace_stored_bytes = trace.stored_bytes;
  return info;
}

capsule_executor_metrics Session::executor_metrics() {
  const Lock lock(mutex_);
  copy_counters();
  return executor_metrics_now();
}

// Of the live worker. Where that is in the middle of counting all the time, what it counts is as it was copied last.
void Session::copy_counters() const {
  if (worker_) {
    worker_->counts_stale = !worker_->shared.counters().copy_to(worker_->counted);
  }
}

// Of one that is given up: there is no later copy. One that was killed in the middle of counting has counted a part of that step.
void Session::keep_counters(Worker &worker) {
  if (!worker.shared.counters().copy_to(worker.counted)) {
    worker.shared.counters().take_all(worker.counted);
    torn_counts_ = true;
  }
  add_worker_figures(figures_, worker.counted);
  add_executor_metrics(past_metrics_, worker.counted);
  add_async_metrics(past_async_metrics_, worker.counted);
}

bool Session::counts_stale() const { return torn_counts_ || (worker_ && worker_->counts_stale); }

capsule_executor_metrics Session::executor_metrics_now() const {
  capsule_executor_metrics metrics = past_metrics_;
  if (worker_) {
    add_executor_metrics(metrics, worker_->counted);
    OutputQueue &queue = worker_->shared.queue();
    metrics.output_queue_pieces = queued_pieces(worker_->counted);
    metrics.output_queue_bytes = std::min(queue.printed().queued(), queue.printed().capacity()) +
                                 std::min(queue.captured().queued(), queue.captured().capacity());
  }
  metrics.stale = counts_stale() ? 1 : 0;
  return metrics;
}

capsule_async_metrics Session::async_metrics() {
  const Lock lock(mutex_);
  copy_counters();
  return async_metrics_now();
}

capsule_async_metrics Session::async_metrics_now() const {
  capsule_async_metrics metrics = past_async_metrics_;
  if (worker_) {
    add_async_metrics(metrics, worker_->counted);
  }
  metrics.stale = counts_stale() ? 1 : 0;
  return metrics;
}

Result<capsule_limiter_metrics> Session::limiter_metrics() {
  const Lock lock(mutex_);
  if (!options_.enable_metrics) {
    return Status(CAPSULE_E_STATE, "session: it was opened without enable_metrics");
  }
  capsule_limiter_metrics metrics = limiter_metrics_;
  metrics.tokens = limiter_.active() ? limiter_.tokens(monotonic_ns()) : 0;
  return metrics;
}

SessionStatus Session::status() {
  SessionStatus status;
  capsule_execution_status &fields = status.fields;
  const Lock lock(mutex_);
  const std::uint64_t now = monotonic_ns();
  status.namespace_size = counters_.namespace_size;
  fields.session_state = state_;
  fields.heartbeat_age_ns = counters_.heartbeat_ns == 0 ? UINT64_MAX : since(counters_.heartbeat_ns, now);
  fields.kill_left_ns = UINT64_MAX;
  fields.phase = operation_ ? CAPSULE_PHASE_OPERATION : CAPSULE_PHASE_NONE;
  const std::shared_ptr<Execution> execution = current_ ? current_ : queue_.empty() ? nullptr : queue_.front();
  fields.queued = queue_.size() - (!current_ && execution ? 1 : 0);
  if (!execution) {
    return status;
  }
  fields.phase = phase_of(*execution);
  fields.mode = execution->request.mode;
  fields.execution_id = execution->id;
  fields.age_ns = since(execution->submitted_ns, now);
  fields.running_ns = since(execution->started_ns, now);
  fields.output_queue_bytes = execution->events.output_bytes();
  fields.open_inputs = execution->open_inputs.size();
  if (execution->kill_deadline_ns != UINT64_MAX) {
    fields.kill_left_ns = execution->kill_deadline_ns > now ? execution->kill_deadline_ns - now : 0;
  }
  fields.waits_for = execution->phase == ExecutionPhase::kQueued
                         ? (worker_ && worker_->ready ? CAPSULE_WAITS_TURN : CAPSULE_WAITS_WORKER)
                     : fields.open_inputs > 0     ? CAPSULE_WAITS_INPUT
                     : window_is_full(*execution) ? CAPSULE_WAITS_OUTPUT
                                                  : CAPSULE_WAITS_NOTHING;
  return status;
}

}  // namespace capsule
