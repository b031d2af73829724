#include "dispatch.hpp"

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "capsule/log.h"
#include "capsule/session.h"

namespace capsule::worker {
namespace {

// Reading what the process has used costs about a microsecond: an execution shorter than this goes unmeasured.
constexpr std::uint64_t kShortestMeasuredNs = 500'000;

wire::Text view(const std::optional<std::string> &text) { return text ? wire::Text(*text) : wire::Text(); }

// Descriptors that come with the items of a frame.
std::size_t attached_to(const std::vector<wire::Item> &items) {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto &item) { return item.attached; }));
}

}  // namespace

Dispatch::Dispatch(const SessionParts &parts, Executor &executor)
    : parts_(parts), state_(parts.state), output_(parts.output), executor_(executor), work_(parts.work) {
  getrusage(RUSAGE_SELF, &baseline_);
}

std::optional<SnapshotRequest> Dispatch::run() {
  while (!state_.shutting_down.load()) {
    const auto envelope = work_.next();
    if (!envelope) {
      if (!receive()) {
        return std::nullopt;
      }
      continue;
    }
    if (const auto *request = std::get_if<wire::Execute>(&envelope->body)) {
      execute(envelope->execution_id, *request);
    } else if (const auto *ask = std::get_if<wire::Ask>(&envelope->body)) {
      if (ask->operation == static_cast<std::uint8_t>(wire::Operation::kSnapshot)) {
        return SnapshotRequest{ask->request_id, ask->fork_id};
      }
      executor_.answer(*ask, work_.take_attached(attached_to(ask->items) + (ask->attached ? 1 : 0)));
    } else if (const auto *late = std::get_if<wire::CallAnswer>(&envelope->body)) {
      parts_.calls.answer(*late, envelope->execution_id, work_.take_attached(late->value && late->value->attached ? 1 : 0));
    }
  }
  return std::nullopt;
}

// Budget of an execution's round trip in the worker: this recv, one poll of the capture pipes, one send.
bool Dispatch::receive() {
  const auto room = work_.room();
  executor_.run_background(work_.fd());
  executor_.enter_idle();
  const ssize_t count = work_.receive(room);
  const int error = errno;
  executor_.leave_idle();
  if (count < 0 && error == EINTR) {
    executor_.on_idle_signal();
    return true;
  }
  if (count < 0) {
    end_without_channel(error);
  }
  if (count == 0 && !state_.shutting_down.load()) {
    end_without_channel(ECONNRESET);
  }
  work_.take(count);
  return count > 0;
}

void Dispatch::execute(std::uint64_t execution_id, const wire::Execute &request) {
  const std::uint64_t started = monotonic_ns();
  state_.started_ns.store(started, std::memory_order_relaxed);
  state_.input_wait_ns.store(0, std::memory_order_relaxed);
  state_.call_wait_ns.store(0, std::memory_order_relaxed);
  state_.dropped_bytes.store(0, std::memory_order_relaxed);
  state_.current_id.store(execution_id, std::memory_order_seq_cst);
  state_.recorder.record<CAPSULE_TRACE_EXECUTION_RECEIVED>(
      FlightWriter::kMain, {.execution_id = execution_id, .time_ns = started, .arguments = {request.source.size()}});
  const Outcome outcome = executor_.run(execution_id, request, work_.take_attached(attached_to(request.inputs)));
  const std::uint64_t ended = monotonic_ns();
  parts_.state.namespace_counted_ns.store(ended, std::memory_order_relaxed);
  if (const auto *value = std::get_if<Value>(&outcome)) {
    state_.recorder.record<CAPSULE_TRACE_EXECUTION_VALUE_CAPTURED>(
        FlightWriter::kMain, {.execution_id = execution_id, .time_ns = ended, .arguments = {value->repr_size_bytes}});
  }
  reply(execution_id, outcome, ended - started);
}

std::optional<wire::Bill> Dispatch::make_bill(std::uint64_t duration_ns) const {
  if (duration_ns < kShortestMeasuredNs) {
    return std::nullopt;
  }
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  const auto since = [](long after, long before) { return static_cast<std::uint64_t>(after - before); };
  const auto ns = [](const timeval &time) {
    return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(time.tv_usec) * 1000;
  };
  return wire::Bill{.user_cpu_ns = ns(now.ru_utime) - ns(baseline_.ru_utime),
                    .system_cpu_ns = ns(now.ru_stime) - ns(baseline_.ru_stime),
                    .peak_resident_delta_bytes = since(now.ru_maxrss, baseline_.ru_maxrss) * 1024,
                    .minor_faults = since(now.ru_minflt, baseline_.ru_minflt),
                    .major_faults = since(now.ru_majflt, baseline_.ru_majflt),
                    .voluntary_switches = since(now.ru_nvcsw, baseline_.ru_nvcsw),
                    .involuntary_switches = since(now.ru_nivcsw, baseline_.ru_nivcsw)};
}

void Dispatch::reply(std::uint64_t execution_id, const Outcome &outcome, std::uint64_t duration_ns) {
  executor_.enter_send();
  // Over before the host can know it: a cancel that comes from here on is late.
  state_.ended_id.store(execution_id, std::memory_order_seq_cst);
  // Other threads may still wait for a line: nobody will answer them.
  parts_.inputs.decline_all();
  const std::optional<wire::Bill> bill = make_bill(duration_ns);
  const std::uint64_t input_wait_ns = state_.input_wait_ns.load(std::memory_order_relaxed);
  const std::uint64_t call_wait_ns = state_.call_wait_ns.load(std::memory_order_relaxed);
  const std::uint64_t dropped = state_.dropped_bytes.load(std::memory_order_relaxed);
  if (const auto *value = std::get_if<Value>(&outcome)) {
    send_terminal(execution_id,
                  wire::Result{view(value->repr), value->repr_size_bytes, value->type_name, view(value->json), duration_ns,
                               bill, input_wait_ns, executor_.code_class(), dropped, value->answer, call_wait_ns},
                  value->attached);
  } else {
    const auto &failure = std::get<Failure>(outcome);
    send_terminal(execution_id, wire::Error{failure.error_type, failure.message, view(failure.traceback), failure.exit_code,
                                            failure.interrupted, duration_ns, bill, input_wait_ns, executor_.code_class(),
                                            dropped, call_wait_ns});
  }
  // One that was opened since, and sent ahead of the end.
  parts_.inputs.decline_all();
  // Not after each of many short ones: together they may cost the next one's bill half a millisecond.
  unbilled_ns_ += duration_ns;
  if (unbilled_ns_ >= kShortestMeasuredNs) {
    unbilled_ns_ = 0;
    getrusage(RUSAGE_SELF, &baseline_);
  }
  state_.current_id.store(0, std::memory_order_seq_cst);
  state_.recorder.send();
  executor_.leave_send();
}

// I2: behind all of its output, or, where that cannot be sent, as a failure that says so.
void Dispatch::send_terminal(std::uint64_t execution_id, const wire::Body &body, int attached) {
  const std::uint64_t patience_ns = parts_.options.drain_timeout_ms * kNsPerMs;
  const std::optional<DrainStall> stall = output_.send_behind(execution_id, body, patience_ns, attached);
  if (!stall) {
    return;
  }
  if (!executor_.ran_on_loop() || (parts_.options.async_flags & CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT) == 0) {
    send_drain_timeout(execution_id, body, *stall);
    return;
  }
  parts_.counters.add(Counter::drain_timeouts_suppressed);
  parts_.control.log(LogEvent::drain_timeout_suppressed_in_async_wrapper,
                     "execution=" + std::to_string(execution_id) + " pending_sends=" + std::to_string(stall->pending_sends) +
                         " queue_size=" + std::to_string(stall->queue_bytes) + " sent=" + std::to_string(stall->sent) +
                         " dropped=" + std::to_string(stall->dropped));
  output_.send_behind(execution_id, body, 0, attached);
}

void Dispatch::send_drain_timeout(std::uint64_t execution_id, const wire::Body &body, const DrainStall &stall) {
  parts_.counters.add(Counter::drain_timeouts);
  std::string message = "drain_outputs timeout after " + std::to_string(parts_.options.drain_timeout_ms) +
                        " ms (pending_sends=" + std::to_string(stall.pending_sends) +
                        ", queue_size=" + std::to_string(stall.queue_bytes) + ", sent=" + std::to_string(stall.sent) +
                        ", dropped=" + std::to_string(stall.dropped) + ")";
  wire::Error error;
  if (const auto *failed = std::get_if<wire::Error>(&body)) {
    // The code's own failure is kept.
    error = *failed;
    message += "; the code had failed: " + std::string(error.error_type);
  } else {
    const auto &result = std::get<wire::Result>(body);
    error.duration_ns = result.duration_ns;
    error.bill = result.bill;
    error.input_wait_ns = result.input_wait_ns;
    error.code_class = result.code_class;
    error.dropped_bytes = result.dropped_bytes;
    error.call_wait_ns = result.call_wait_ns;
  }
  error.error_type = "OutputDrainTimeout";
  error.message = message;
  error.interrupted = false;
  output_.send_next(execution_id, error);
}

}  // namespace capsule::worker
