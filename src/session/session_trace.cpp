// The session's trace: what the host records, and what it collects from its workers. All under the session's lock.
#include <algorithm>
#include <span>

#include "base/clock.hpp"
#include "base/traceparent.hpp"
#include "capsule/log.h"
#include "session/session.hpp"
#include "session/snapshot.hpp"

namespace capsule {
namespace {

constexpr std::size_t kContextsKept = 1024;

}  // namespace

// The same for the same session, and another in another process.
std::uint64_t trace_half_of(std::uint64_t session_id) {
  static const std::uint64_t seed = random_fork_id();
  return mixed(seed ^ mixed(session_id));
}

void Session::collect_trace(Worker &worker, bool dead) {
  trace_.collect(worker.flight, {.incarnation = worker.number, .began_ns = worker.began_ns}, dead);
}

// At a frame of the worker's: its rings are transit, and who follows wants to know.
void Session::collect_if_due(Worker &worker) {
  if (trace_.followed() || worker.flight.due_now_and_then()) {
    collect_trace(worker, /*dead=*/false);
  }
}

Status Session::trace(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &events,
                      capsule_trace_info &info) {
  const Lock lock(mutex_);
  if (worker_) {
    collect_trace(*worker_, /*dead=*/false);
  }
  return trace_.select(filter, capacity, events, info);
}

void Session::set_state(std::int32_t state) {
  const std::int32_t before = std::exchange(state_, state);
  if (before != state && trace_.wants(CAPSULE_TRACE_SESSION_STATE_CHANGED)) {
    trace_.add(
        {.kind = CAPSULE_TRACE_SESSION_STATE_CHANGED, .status = state, .arguments = {static_cast<std::uint64_t>(before)}});
  }
}

// Not under the lock: the level never changes.
void Session::trace_delivery(const Execution &execution, const Result<Event> &event) {
  if (!trace_.wants(CAPSULE_TRACE_EXECUTION_DELIVERED) || !event.ok()) {
    return;
  }
  const capsule_event &fields = event.value().fields;
  if (fields.kind != CAPSULE_EVENT_RESULT && fields.kind != CAPSULE_EVENT_ERROR) {
    return;
  }
  const std::uint64_t now = monotonic_ns();
  const Lock lock(mutex_);
  trace_.add({.kind = CAPSULE_TRACE_EXECUTION_DELIVERED,
              .execution_id = execution.id,
              .arguments = {now - std::min(now, fields.time_ns)},
              .time_ns = now});
}

void Session::show(const SeenFrame &frame) {
  const bool out = frame.direction == CAPSULE_FRAME_TO_WORKER;
  if (trace_.wants_debug()) {
    trace_.add({.kind = out ? CAPSULE_TRACE_TRANSPORT_FRAME_OUT : CAPSULE_TRACE_TRANSPORT_FRAME_IN,
                .execution_id = frame.execution_id <= last_execution_id_ ? frame.execution_id : 0,  // as the worker says
                .status = frame.channel,
                .arguments = {frame.bytes, frame.message}});
  }
  if (interceptors_.empty()) {
    return;
  }
  interceptors_.show({.struct_size = sizeof(capsule_frame),
                      .direction = frame.direction,
                      .channel = frame.channel,
                      .reserved = 0,
                      .session_id = id_,
                      .execution_id = frame.execution_id,
                      .time_ns = frame.time_ns == 0 ? monotonic_ns() : frame.time_ns,
                      .size_bytes = frame.bytes,
                      .kind = frame.kind},
                     *log_level_);
}

// In messages there is no more than what came: the same checks, and each writer's numbers must grow.
void Session::take_events(Worker &worker, const wire::TraceEvents &message) {
  const TraceWorker from{.incarnation = worker.number, .began_ns = worker.began_ns};
  FlightReader::Lost lost{.dropped = message.dropped};
  const std::uint64_t now = monotonic_ns();
  std::span<const std::uint64_t> words = message.words;
  for (; words.size() >= kFlightWords; words = words.subspan(kFlightWords)) {
    FlightWords told;
    std::copy_n(words.begin() + 1, told.size(), told.begin());
    // In messages each event stands for itself.
    if (words[0] >= kFlightWriters || told[0] <= worker.flight_told[words[0]] ||
        flight_events(static_cast<FlightWriter>(words[0]), told) != 1) {
      ++lost.invalid;
      continue;
    }
    worker.flight_told[words[0]] = told[0];
    trace_.collect_one(static_cast<FlightWriter>(words[0]), told, from, now);
  }
  lost.invalid += words.empty() ? 0 : 1;
  trace_.count_lost(lost);
}

void Session::follow_trace(const std::shared_ptr<TraceFollower> &follower) {
  const Lock lock(mutex_);
  trace_.follow(follower);
}

void Session::arm_trace(TraceFollower &follower) {
  const Lock lock(mutex_);
  follower.arm();
}

void Session::remember_context(const Execution &execution) {
  const ExecutionRequest &request = execution.request;
  if (request.traceparent.empty()) {
    return;
  }
  contexts_[execution.id] = {request.traceparent, request.tracestate, true};
  if (contexts_.size() > kContextsKept) {
    contexts_.erase(contexts_.begin());
  }
}

std::optional<Session::TraceContext> Session::trace_context(std::uint64_t execution_id) {
  const Lock lock(mutex_);
  if (execution_id == 0 || execution_id > last_execution_id_) {
    return std::nullopt;
  }
  return context_of(execution_id);
}

// Under the lock.
Session::TraceContext Session::context_of(std::uint64_t execution_id) const {
  const auto given = contexts_.find(execution_id);
  return given != contexts_.end() ? given->second
                                  : TraceContext{std::string(Traceparent(trace_half_of(id_), execution_id).text()), {}, false};
}

std::optional<std::string> Session::trace_label(std::uint32_t number) {
  const Lock lock(mutex_);
  const std::string *name = trace_.labels().name_of(number);
  return name == nullptr ? std::nullopt : std::optional(*name);
}

void Session::looked(const Looked &look) {
  const Lock lock(mutex_);
  if (state_ != CAPSULE_SESSION_TERMINATED) {  // of which that it was closed is the last event
    trace_.add_look(look);
  }
}

std::shared_ptr<const Postmortem> Session::postmortem(std::size_t index) {
  const Lock lock(mutex_);
  return index < postmortems_.size() ? postmortems_[index] : nullptr;
}

void Session::write_postmortem(const Worker &worker, std::uint64_t recovered_bytes) {
  auto told = std::make_shared<Postmortem>();
  const std::uint64_t now = monotonic_ns();
  const ExitStatus status = worker.exit_status.value_or(ExitStatus{});
  capsule_postmortem_info &info = told->info;
  info.pid = worker.process.pid;
  info.session_id = id_;
  info.incarnation = worker.number;
  info.death_reason = counters_.death_reason;
  info.death_certain = worker.exit_status || info.death_reason == CAPSULE_DEATH_PROTOCOL ? 1 : 0;
  info.exit_code = status.exit_code;
  info.signal_number = status.signal_number;
  info.died_ns = now;
  info.uptime_ns = now - worker.began_ns;
  info.executions_queued = queue_.size();
  if (current_) {
    info.execution_id = current_->id;
    info.execution_age_ns = now - current_->started_ns;
    info.timeout_ms = current_->request.timeout_ms;
    info.output_untaken_bytes = current_->events.output_bytes();
  }
  if (counters_.heartbeat_ns > worker.began_ns) {
    info.heartbeat_age_ns = now - counters_.heartbeat_ns;
    info.resident_bytes = counters_.resident_bytes;
    info.private_bytes = counters_.private_bytes;
    info.cpu_ns = counters_.cpu_ns;
    info.threads = counters_.threads;
    info.namespace_size = counters_.namespace_size;
  }
  info.output_queue_limit_bytes = options_.output_queue_bytes;
  info.output_window_bytes = options_.output_window_bytes;
  info.cancel_grace_ms = options_.cancel_grace_ms;
  info.output_recovered_bytes = recovered_bytes;
  info.events_lost = trace_.lost_by_workers();
  told->events = trace_.last_of_worker(worker.number, CAPSULE_POSTMORTEM_EVENTS);
  const auto last = std::find_if(told->events.rbegin(), told->events.rend(),
                                 [](const auto &event) { return event.writer == CAPSULE_TRACE_WRITER_MAIN; });
  info.last_kind = last == told->events.rend() ? 0 : last->kind;
  told->cause = describe_death(worker, info.death_reason);
  told->announced_limits = announced_.limits;
  told->stack = death_stack_;
  postmortems_.push_front(std::move(told));
  if (postmortems_.size() > CAPSULE_POSTMORTEMS_KEPT) {
    postmortems_.pop_back();
  }
}

}  // namespace capsule
