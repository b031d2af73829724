// Submitting, running, ending executions.
#include "session/session.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "diagnostics/guard.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/snapshot.hpp"

namespace capsule {
namespace {

// Frames that a worker has not read yet; one that makes its host answer and does not read the answers is ended.
constexpr std::size_t kMostUnread = 64U << 20U;

}  // namespace

Session::Session(std::shared_ptr<Runtime> runtime, std::uint64_t id, SessionOptions options, std::uint64_t parent_id,
                 Birth birth)
    : runtime_(std::move(runtime)),
      id_(id),
      options_(std::move(options)),
      calls_(options_.calls ? options_.calls->open() : nullptr),
      birth_(std::move(birth)),
      trace_(options_.trace_bytes, options_.trace_level, Trace::Of::kSession),
      limiter_(options_.rate_limit_per_s, options_.rate_limit_burst) {
  counters_.session_id = id;
  counters_.executor = options_.profile.executor;
  counters_.parent_session_id = parent_id;
  if (birth_.snapshot) {
    // Tracebacks name sources by these numbers, and those of before are still there.
    last_execution_id_ = birth_.snapshot->origin().execution_id;
  }
  counters_.created_ns = monotonic_ns();
  trace_.add({.kind = CAPSULE_TRACE_SESSION_CREATED, .link = parent_id, .time_ns = counters_.created_ns});
}

Session::~Session() { runtime_->guard().forget(id_); }

bool Session::add_handle() {
  std::uint64_t handles = handles_.load(std::memory_order_relaxed);
  while (handles != 0 && !handles_.compare_exchange_weak(handles, handles + 1, std::memory_order_relaxed)) {
  }
  return handles != 0;
}

void Session::drop_handle() {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    {
      const Lock lock(mutex_);
      interceptors_.clear();  // what they point to may go now
    }
    begin_close(0);
    runtime_->drop_handle();
  }
}

Result<std::shared_ptr<Execution>> Session::submit(ExecutionRequest request) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (closing()) {
    return Status(CAPSULE_E_CLOSED, "session is closed");
  }
  if (state_ == CAPSULE_SESSION_ERROR && !restarting_) {
    return died_status();
  }
  const std::size_t pending = queue_.size() + (current_ ? 1 : 0);
  if (pending > options_.queue_limit) {
    ++counters_.executions_refused;
    return Status(CAPSULE_E_BUSY, "session is busy: " + std::to_string(queue_.size()) + " executions wait, queue_limit is " +
                                      std::to_string(options_.queue_limit));
  }
  auto execution = std::make_shared<Execution>(shared_from_this(), ++last_execution_id_, std::move(request));
  remember_key(*execution);
  remember_context(*execution);
  const std::uint64_t own_budget = execution->request.output_budget_bytes;
  if (const std::uint64_t budget = own_budget == 0 ? options_.output_budget_bytes : own_budget; budget != 0) {
    execution->budget.emplace(budget);
  }
  execution->submitted_ns = monotonic_ns();
  counters_.last_used_ns = execution->submitted_ns;
  const ExecutionRequest &what = execution->request;
  trace_.add_submitted({.execution_id = execution->id,
                        .time_ns = execution->submitted_ns,
                        .source_bytes = what.source.size(),
                        .inputs = what.inputs.size()});
  queue_.push_back(execution);
  dispatch(notifications);
  if (execution->phase == ExecutionPhase::kQueued) {
    trace_.add({.kind = CAPSULE_TRACE_EXECUTION_QUEUED, .execution_id = execution->id, .arguments = {pending}});
  }
  return execution;
}

Status Session::died_status() const {
  return {CAPSULE_E_DIED, "session: " + (start_status_.ok() ? last_death_ : start_status_.message()) + "; restart it first"};
}

void Session::dispatch(Notifications &notifications) {
  if (!can_run() || current_ || operation_ || !worker_ || worker_->gone || begin_operation() || queue_.empty()) {
    return;
  }
  if (limiter_.active() && !take_token(*queue_.front())) {
    return;
  }
  if (begin_transaction(queue_.front())) {
    return;
  }
  const std::shared_ptr<Execution> execution = std::move(queue_.front());
  queue_.pop_front();
  run_next(notifications, execution);
}

// Whether the execution at the head of the queue may be sent now; if not, a timer sends it once it may. Only the head waits, so
// that tokens are given in order, and one at a time is woken.
bool Session::take_token(const Execution &execution) {
  if (token_timer_runs_) {
    return false;
  }
  const std::uint64_t now = monotonic_ns();
  limiter_metrics_.acquires += limited_id_ == execution.id ? 0 : 1;
  limited_id_ = execution.id;
  const std::uint64_t wait_ns = limiter_.take(now);
  if (wait_ns == 0) {
    limiter_metrics_.wait_ns += token_wait_began_ns_ == 0 ? 0 : now - token_wait_began_ns_;
    token_wait_began_ns_ = 0;
    return true;
  }
  ++limiter_metrics_.waits;
  trace_.add(
      {.kind = CAPSULE_TRACE_TRANSPORT_LIMITER_WAIT, .execution_id = execution.id, .arguments = {wait_ns}, .time_ns = now});
  token_wait_began_ns_ = token_wait_began_ns_ == 0 ? now : token_wait_began_ns_;
  token_timer_runs_ = true;
  runtime_->loop().post([weak = weak_from_this(), deadline = now + wait_ns, &loop = runtime_->loop()] {
    loop.add_timer(deadline, [weak] {
      if (const auto self = weak.lock()) {
        self->on_token();
      }
    });
  });
  return false;
}

void Session::on_token() {
  Notifications notifications;
  const Lock lock(mutex_);
  token_timer_runs_ = false;
  ++limiter_metrics_.wakeups;
  dispatch(notifications);
}

void Session::run_next(Notifications &notifications, const std::shared_ptr<Execution> &execution) {
  current_ = execution;
  set_state(CAPSULE_SESSION_BUSY);
  ++counters_.executions_started;
  execution->phase = ExecutionPhase::kRunning;
  execution->started_ns = monotonic_ns();
  trace_.add_sent(execution->id, execution->started_ns, execution->started_ns - execution->submitted_ns);
  Event started;
  started.fields.kind = CAPSULE_EVENT_STARTED;
  started.fields.time_ns = execution->started_ns;
  push(notifications, execution, std::move(started), /*terminal=*/false);
  const ExecutionRequest &request = execution->request;
  const auto optional = [](const std::string &text) { return text.empty() ? wire::Text() : wire::Text(text); };
  const std::int32_t mode = request.mode == CAPSULE_MODE_AUTO ? options_.mode : request.mode;
  const std::int32_t names_scope =
      request.transaction_scope == CAPSULE_SCOPE_NAMES ? request.transaction : CAPSULE_TRANSACTION_COMMIT;
  Items inputs(request.inputs);
  wire::Execute execute{.source = request.source,
                        .file_name = optional(request.file_name),
                        .traceparent = optional(request.traceparent),
                        .tracestate = optional(request.tracestate),
                        .mode = static_cast<std::uint8_t>(mode),
                        .names_scope = static_cast<std::uint8_t>(names_scope),
                        .inputs = std::move(inputs.items),
                        .result_kind = static_cast<std::int8_t>(request.result_kind),
                        .discard_sources = !request.capture_sources,
                        .watch_effects = request.transaction != CAPSULE_TRANSACTION_COMMIT};
  const Status sent = send_with_fds(&Worker::work, execution->id, std::move(execute), inputs.fds);
  execution->request.source = {};
  execution->request.inputs.clear();
  if (!sent.ok()) {
    Event failed;
    failed.fields.kind = CAPSULE_EVENT_ERROR;
    failed.fields.outcome = CAPSULE_OUTCOME_ERROR;
    failed.fields.state = CAPSULE_STATE_PRESERVED;
    failed.fields.error_type = failed.keep(0, "OSError");
    failed.fields.message = failed.keep(1, sent.message());
    return conclude(notifications, std::move(failed));
  }
  if (request.timeout_ms > 0) {
    const std::uint64_t deadline = execution->started_ns + static_cast<std::uint64_t>(request.timeout_ms) * kNsPerMs;
    runtime_->loop().post([self = shared_from_this(), weak = std::weak_ptr(execution), deadline] {
      if (const auto alive = weak.lock()) {
        const Lock inner(self->mutex_);
        if (alive->phase == ExecutionPhase::kRunning) {
          alive->timeout_timer = self->runtime_->loop().add_timer(deadline, [self, weak] { self->on_timeout(weak); });
        }
      }
    });
  }
}

void Session::push(Notifications &notifications, const std::shared_ptr<Execution> &execution, Event event, bool terminal) {
  if (execution->events.push(std::move(event), terminal)) {
    notifications.add(execution);
  }
}

void Session::count_outcome(std::int32_t outcome) {
  switch (outcome) {
    case CAPSULE_OUTCOME_OK:
      ++counters_.executions_succeeded;
      break;
    case CAPSULE_OUTCOME_ERROR:
      ++counters_.executions_failed;
      break;
    case CAPSULE_OUTCOME_CANCELED:
      ++counters_.executions_canceled;
      break;
    case CAPSULE_OUTCOME_TIMEOUT:
      ++counters_.executions_timed_out;
      break;
    case CAPSULE_OUTCOME_KILLED:
      ++counters_.executions_killed;
      break;
    default:
      ++counters_.executions_died;
      break;
  }
}

// The one place where an execution ends.
void Session::end(Notifications &notifications, const std::shared_ptr<Execution> &execution, Event event) {
  const std::uint64_t now = monotonic_ns();
  capsule_event &fields = event.fields;
  fields.time_ns = fields.time_ns == 0 ? now : fields.time_ns;
  const bool ran = execution->phase != ExecutionPhase::kQueued;
  // Where it is rolled back, the process that could write more is gone.
  const bool may_write = execution->phase == ExecutionPhase::kRunning;
  fields.queue_ns = (ran ? execution->started_ns : now) - execution->submitted_ns;
  if (fields.duration_ns == 0 && ran) {
    fields.duration_ns = now - execution->started_ns;
  }
  finish_output(notifications, execution);
  fields.stdout_bytes = execution->stdout_bytes;
  fields.stderr_bytes = execution->stderr_bytes;
  fields.stdout_lines = execution->stdout_lines;
  fields.stderr_lines = execution->stderr_lines;
  if (execution->budget) {
    fields.left_out_bytes = execution->budget->left_out_bytes();
    fields.left_out_lines = execution->budget->left_out_lines();
  }
  execution->phase = ExecutionPhase::kEnded;
  execution->open_inputs.clear();
  if (may_write && options_.late_output == CAPSULE_LATE_DELIVER && worker_ && !worker_->gone &&
      !execution->events.abandoned()) {
    execution->events.begin_late();
    ended_[execution->id] = execution;
  }
  last_ended_id_ = ran ? execution->id : last_ended_id_;
  counters_.last_used_ns = now;
  count_end(*execution, fields);
  trace_.add_finished({.execution_id = execution->id,
                       .time_ns = now,
                       .outcome = fields.outcome,
                       .ran_ns = fields.duration_ns,
                       .stdout_bytes = fields.stdout_bytes,
                       .stderr_bytes = fields.stderr_bytes});
  export_execution(*execution, fields.outcome);
  drop_timers(*execution);
  // What it printed stays with its handle; the worker need not wait until somebody takes it.
  over_credit_ -= std::exchange(execution->over_credit, 0);
  credit(std::exchange(execution->uncredited, 0));
  if (current_ == execution) {
    current_.reset();
    if (state_ == CAPSULE_SESSION_BUSY) {
      set_state(CAPSULE_SESSION_IDLE);
    }
  }
  if (execution->request.durable) {
    fields.execution_id = execution->id;
    execution->events.hold();
    notifications.add_end(execution, std::move(event));
  } else {
    push(notifications, execution, std::move(event), /*terminal=*/true);
  }
  changed_.notify_all();
  if (state_ == CAPSULE_SESSION_SHUTTING_DOWN) {
    proceed_close();
  }
  dispatch(notifications);
  tell_if_stopped();
}

void Session::end_unstarted(Notifications &notifications, const std::shared_ptr<Execution> &execution, std::int32_t outcome,
                            const char *error_type, const std::string &message, const capsule_event &death) {
  Event event;
  event.fields.death_reason = death.death_reason;
  event.fields.death_certain = death.death_certain;
  event.fields.exit_code = death.exit_code;
  event.fields.signal_number = death.signal_number;
  event.fields.kind = CAPSULE_EVENT_ERROR;
  event.fields.outcome = outcome;
  event.fields.state = state_ == CAPSULE_SESSION_ERROR || closing() ? CAPSULE_STATE_LOST : CAPSULE_STATE_PRESERVED;
  event.fields.cancel_phase = outcome == CAPSULE_OUTCOME_CANCELED ? CAPSULE_CANCEL_QUEUED : CAPSULE_CANCEL_NONE;
  event.fields.error_type = event.keep(0, error_type);
  event.fields.message = event.keep(1, message);
  end(notifications, execution, std::move(event));
}

void Session::end_queued(Notifications &notifications, std::int32_t outcome, const char *error_type, const std::string &message,
                         const capsule_event &death) {
  for (const auto &execution : std::exchange(queue_, {})) {
    end_unstarted(notifications, execution, outcome, error_type, message, death);
  }
}

void Session::abandon(Execution &execution) {
  const std::uint64_t dropped = execution.events.abandon();
  const Lock lock(mutex_);
  count_abandoned(dropped);
  take_charge(execution, execution.uncredited, execution.over_credit);
  ended_.erase(execution.id);
  for (const auto &[input_id, open] : std::exchange(execution.open_inputs, {})) {
    send_control(execution.id, wire::InputResponse{input_id, {}, true});
  }
}

void Session::count_refused() {
  const Lock lock(mutex_);
  ++counters_.executions_refused;
}

// Grants a quarter of the window at a time: one small frame for many events. None while displays that are larger than what was
// charged for them fill a window of their own.
void Session::credit(std::uint64_t bytes) {
  uncredited_ += bytes;
  if (uncredited_ >= options_.output_window_bytes / 4 && over_credit_ <= options_.output_window_bytes) {
    if (worker_) {
      worker_->allowance += uncredited_;
    }
    send_control(0, wire::Credit{std::exchange(uncredited_, 0)});
  }
}

void Session::send(Channel Worker::*channel, std::uint64_t execution_id, wire::Body body) {
  if (const Status sent = send_with_fds(channel, execution_id, std::move(body), {}); !sent.ok()) {
    break_protocol(*worker_, sent);
  }
}

Status Session::send_with_fds(Channel Worker::*channel, std::uint64_t execution_id, wire::Body body, std::span<const int> fds) {
  if (!worker_ || worker_->gone) {
    return {};
  }
  Channel &to = worker_.get()->*channel;
  if (to.pending_bytes() > kMostUnread) {
    break_protocol(*worker_, Status(CAPSULE_E_PROTOCOL, "it does not read what it is sent"));
    return {};
  }
  const bool was_pending = to.pending();
  const std::uint64_t before = to.bytes_sent();
  SeenFrame seen{.direction = CAPSULE_FRAME_TO_WORKER,
                 .channel = channel == &Worker::work ? CAPSULE_CHANNEL_WORK : CAPSULE_CHANNEL_CONTROL,
                 .execution_id = execution_id,
                 .kind = wire::body_name(body),
                 .message = body.index()};
  if (const Status sent = to.send(execution_id, std::move(body), fds); !sent.ok()) {
    return {sent.code(), "the host cannot send to the worker: " + sent.message()};
  }
  seen.bytes = to.bytes_sent() - before;
  show(seen);
  if (to.pending() && !was_pending) {
    trace_.add({.kind = CAPSULE_TRACE_TRANSPORT_STALL,
                .execution_id = execution_id,
                .status = seen.channel,
                .arguments = {to.pending_bytes()}});
    flush_later(worker_, channel);
  }
  return {};
}

void Session::note_branch(std::uint64_t session_id) {
  const Lock lock(mutex_);
  trace_.add({.kind = CAPSULE_TRACE_BRANCHED, .link = session_id});
}

Result<std::uint64_t> Session::add_interceptor(std::string name, const capsule_interceptor_options &options) {
  const Lock lock(mutex_);
  if (closing()) {
    return Status(CAPSULE_E_CLOSED, "session is closed");
  }
  const std::uint64_t id = interceptors_.add(std::move(name), options);
  if (id == 0) {
    return Status(CAPSULE_E_LIMIT, "session: it has " + std::to_string(Interceptors::kMost) + " interceptors");
  }
  return id;
}

void Session::remove_interceptor(std::uint64_t id) {
  const Lock lock(mutex_);
  interceptors_.remove(id);
}

Result<capsule_interceptor_info> Session::interceptor_info(std::uint64_t id) {
  const Lock lock(mutex_);
  const capsule_interceptor_info *info = interceptors_.find(id);
  return info != nullptr ? Result<capsule_interceptor_info>(*info)
                         : Status(CAPSULE_E_ARGUMENT, "interceptor_id: there is no interceptor " + std::to_string(id));
}

}  // namespace capsule
