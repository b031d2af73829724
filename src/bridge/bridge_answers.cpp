// What the host says: answers and approvals; and how calls end.
#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <chrono>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "bridge/bridge.hpp"
#include "capsule/trace.h"

namespace capsule {
namespace {

// Of the requests that have ended, those of which it is known how.
constexpr std::size_t kMostEnded = 65'536;
// Of the answers of idempotent calls that are kept.
constexpr std::uint64_t kKeptBytes = 64U << 20U;

std::int32_t kind_of(wire::CallOutcome outcome) {
  switch (outcome) {
    case wire::CallOutcome::kValue:
      return CAPSULE_TRACE_PROMISE_RESOLVED;
    case wire::CallOutcome::kDenied:
      return CAPSULE_TRACE_CAPABILITY_DENIED;
    case wire::CallOutcome::kTimedOut:
      return CAPSULE_TRACE_PROMISE_TIMEOUT;
    case wire::CallOutcome::kCanceled:
      return CAPSULE_TRACE_PROMISE_CANCELED;
    case wire::CallOutcome::kClosed:
      return CAPSULE_TRACE_SHUTDOWN_REJECTED;
    default:
      return CAPSULE_TRACE_PROMISE_REJECTED;
  }
}

// Where such an end is counted.
struct EndCounters {
  std::uint64_t capsule_bridge_metrics::*metric;
  BridgeTotals::Outcome figure;
};

EndCounters counters_of(wire::CallOutcome outcome) {
  switch (outcome) {
    case wire::CallOutcome::kValue:
      return {&capsule_bridge_metrics::ok, &capsule_bridge_figures::resolved};
    case wire::CallOutcome::kDenied:
      return {&capsule_bridge_metrics::denied, &capsule_bridge_figures::denied};
    case wire::CallOutcome::kTimedOut:
      return {&capsule_bridge_metrics::timed_out, &capsule_bridge_figures::timed_out};
    case wire::CallOutcome::kCanceled:
      return {&capsule_bridge_metrics::canceled, &capsule_bridge_figures::canceled};
    case wire::CallOutcome::kClosed:
      return {&capsule_bridge_metrics::rejected_at_shutdown, &capsule_bridge_figures::rejected_at_shutdown};
    default:
      return {&capsule_bridge_metrics::failed, &capsule_bridge_figures::rejected};
  }
}

}  // namespace

HostAnswer Bridge::copy(const HostAnswer &answer) {
  HostAnswer copied{.outcome = answer.outcome,
                    .more = answer.more,
                    .has_value = answer.has_value,
                    .error_type = answer.error_type,
                    .message = answer.message,
                    .reason = answer.reason};
  const NamedValue &value = answer.value;
  copied.value = {value.name,  value.kind,
                  value.data,  value.format,
                  value.shape, UniqueFd(value.attached.valid() ? fcntl(value.attached.get(), F_DUPFD_CLOEXEC, 0) : -1)};
  return copied;
}

void Bridge::count_end(const Pending &pending, Outcome outcome) {
  const std::uint64_t took_ns = monotonic_ns() - pending.received_ns;
  const std::size_t bucket = std::min<std::size_t>(std::bit_width(took_ns / kNsPerMs), CAPSULE_BRIDGE_BUCKETS - 1);
  const EndCounters counters = counters_of(outcome);
  for (BridgeTotals *totals : {&runtime_->bridge_totals(), pending.port->totals_.get()}) {
    totals->ended(counters.figure);
  }
  for (capsule_bridge_metrics *metrics : {&counters_, &pending.port->counters_}) {
    --metrics->bridge_pending_current;
    ++(metrics->*counters.metric);
    metrics->resolution_total_ns += took_ns;
    metrics->resolution_max_ns = std::max(metrics->resolution_max_ns, took_ns);
    ++metrics->resolution_buckets[bucket];
  }
  const std::string &name = counted_name(pending);
  for (CallFigures *figures : {&figures_[name], &pending.port->figures_[name]}) {
    ++figures->outcomes[outcome == Outcome::kValue ? 0 : outcome == Outcome::kDenied ? 2 : 1];
    ++figures->buckets[bucket];
    figures->total_ns += took_ns;
  }
}

// What is not registered may be any text of the code.
const std::string &Bridge::counted_name(const Pending &pending) const {
  static const std::string unknown = "unknown";
  return capabilities_.contains(pending.call.capability) ? pending.call.capability : unknown;
}

// Everything that knows of the request but pending_.
void Bridge::forget(const Pending &pending) {
  deadlines_.erase({pending.deadline_ns, pending.id});
  const auto open = pending.port->open_.find({pending.call.incarnation, pending.call.call_id});
  if (open != pending.port->open_.end() && open->second == pending.id) {
    pending.port->open_.erase(open);
  }
  pending.port->bytes_ -= pending.bytes;
  pending.port->mapped_ -= pending.mapped;
  if (const auto key = open_keys_.find(pending.key); key != open_keys_.end()) {
    if (key->second == pending.id) {
      open_keys_.erase(key);
    } else if (const auto first = find(key->second)) {
      first->joined.erase(pending.id);
    }
  }
  pending.capability->line.erase(pending.id);
  ended_order_.push_back(pending.id);
  if (ended_order_.size() > kMostEnded) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
}

// The call's end, and that of those that were joined to it.
void Bridge::end(Answers &answers, std::uint64_t request_id, HostAnswer answer) {
  const auto node = pending_.extract(request_id);
  const std::shared_ptr<Pending> pending = node.mapped();
  forget(*pending);
  ended_[request_id] = {answer.outcome == Outcome::kValue || answer.outcome == Outcome::kFailed, pending->session_id,
                        pending->call.execution_id, pending->pool};
  note_close(answers, *pending, pending->sent, CAPSULE_PROVIDER_ANSWERS);
  if (!pending->pieces_end) {
    note_close(answers, *pending, pending->received, CAPSULE_PROVIDER_UPLOADS);
  }
  if (!pending->counted) {
    count_end(*pending, answer.outcome);
  }
  for (const std::uint64_t joined : pending->joined) {
    end(answers, joined, copy(answer));
  }
  if (pending->has_turn) {
    end_turn(answers, pending->capability);
  }
  moved_.notify_all();
  if (pending->session) {
    Bridge::answer(answers, *pending, std::move(answer));
  }
}

// In milliseconds; 0: it has no limit.
std::uint64_t Bridge::timeout_of(const Pending &pending) {
  return pending.deadline_ns == kNoDeadline ? 0 : (pending.deadline_ns - pending.received_ns) / kNsPerMs;
}

void Bridge::answer(Answers &answers, const Pending &pending, HostAnswer answer) {
  const std::int32_t kind = kind_of(answer.outcome);
  answer.request_id = pending.id;
  answer.timeout_ms = timeout_of(pending);
  answers.told.push_back({pending.session, address_of(pending.call), std::move(answer), kind, pending.id,
                          monotonic_ns() - pending.received_ns, pending.call.capability});
}

void Bridge::keep(const std::string &key, const HostAnswer &answer) {
  if (options_.max_answers == 0) {
    return;
  }
  kept_order_.push_back(key);
  const auto size_of = [](const std::string &of, const HostAnswer &what) { return 2 * of.size() + what.value.data.size(); };
  kept_bytes_ += size_of(key, answer);
  kept_.emplace(key, copy(answer));
  while (kept_order_.size() > options_.max_answers || (kept_bytes_ > kKeptBytes && kept_order_.size() > 1)) {
    const auto oldest = kept_.find(kept_order_.front());
    kept_bytes_ -= size_of(oldest->first, oldest->second);
    kept_.erase(oldest);
    kept_order_.pop_front();
  }
}

// Of a request that is not open: whether it ever was, and how it ended.
Status Bridge::is_over(std::uint64_t request_id) const {
  if (request_id == 0 || request_id > last_id_) {
    return {CAPSULE_E_ARGUMENT, "request_id: there is no request " + std::to_string(request_id)};
  }
  if (closed_) {
    return {CAPSULE_E_CLOSED, "bridge: it is closed"};
  }
  return {CAPSULE_E_STATE, "request_id: request " + std::to_string(request_id) +
                               (was_answered(request_id) ? " was answered" : " is over: nobody waits for its answer")};
}

bool Bridge::was_answered(std::uint64_t request_id) const {
  const auto ended = ended_.find(request_id);
  return ended != ended_.end() && ended->second.answered;
}

// `pool`: null where it is so long over that nobody knows.
void Bridge::count_ignored(bool answered, const std::string *pool) {
  ++(answered ? counters_.duplicate_settlements : counters_.late_settlements);
  Ignored &ignored = ignored_[pool == nullptr ? kNoPool : *pool];
  ++(answered ? ignored.duplicate : ignored.late);
  runtime_->bridge_totals().ignored(answered ? &capsule_bridge_figures::duplicate_settlements
                                             : &capsule_bridge_figures::late_settlements);
}

// The same, of an answer to it, which is counted.
Status Bridge::not_open(Answers &answers, std::uint64_t request_id) {
  if (request_id != 0 && request_id <= last_id_) {
    const bool answered = was_answered(request_id);
    const auto ended = ended_.find(request_id);
    count_ignored(answered, ended == ended_.end() ? nullptr : ended->second.pool);
    note_ignored(answers, request_id);
    log_record(answered ? LogEvent::promise_duplicate : LogEvent::promise_late, "request={}", request_id);
  }
  return is_over(request_id);
}

Status Bridge::check_taken(const Pending &pending) {
  return pending.state == CAPSULE_CALL_TAKEN
             ? Status()
             : Status(CAPSULE_E_ARGUMENT, "request_id: request " + std::to_string(pending.id) + " was not taken as a call");
}

Status Bridge::check_result(std::uint64_t request_id, const NamedValue &value) {
  std::shared_ptr<const Schema> schema;
  {
    const std::lock_guard lock(mutex_);
    const auto pending = find(request_id);
    if (pending == nullptr) {
      return {};  // what is done with the answer says so
    }
    schema = pending->capability->spec.result;
  }
  if (value.kind != CAPSULE_VALUE_JSON) {
    return schema ? Status(CAPSULE_E_ARGUMENT, "value: its capability has a result_schema, and it is no JSON") : Status();
  }
  return schema ? schema->check("value", value.data) : check_json("value", value.data);
}

Status Bridge::respond(std::uint64_t request_id, HostAnswer answer) {
  Answers answers;
  std::shared_ptr<Pending> recording;
  Status status = take_answer(answers, request_id, answer, recording);
  tell(answers);
  if (recording) {
    record(recording, std::move(answer));
  }
  return status;
}

// `recording`: what the answer is to be recorded of, before the code sees it.
Status Bridge::take_answer(Answers &answers, std::uint64_t request_id, HostAnswer &answer,
                           std::shared_ptr<Pending> &recording) {
  const std::lock_guard lock(mutex_);
  const auto pending = find(request_id);
  if (pending == nullptr) {
    return not_open(answers, request_id);
  }
  if (pending->state == CAPSULE_CALL_RECORDED) {
    count_ignored(/*answered=*/true, pending->pool);
    note(answers, *pending, {.kind = CAPSULE_TRACE_PROMISE_DUPLICATE});
    return {CAPSULE_E_STATE, "request_id: request " + std::to_string(request_id) + " was answered"};
  }
  if (Status status = check_taken(*pending); !status.ok()) {
    return status;
  }
  if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_IDEMPOTENT) != 0 && answer.value.attached.valid()) {
    return {CAPSULE_E_LIMIT, "value: the answer to an idempotent call is kept, and cannot be in shared memory"};
  }
  if (recorded(*pending) && answer.value.attached.valid()) {
    return {CAPSULE_E_LIMIT, "value: the answer to a durable execution's call is recorded, and cannot be in shared memory"};
  }
  note_response(answers, *pending, answer.outcome == Outcome::kValue ? CAPSULE_PROVIDER_VALUE : CAPSULE_PROVIDER_FAILURE,
                answer.value.data.size());
  if (recorded(*pending)) {
    pending->state = CAPSULE_CALL_RECORDED;
    recording = pending;
  } else {
    finish(answers, pending, std::move(answer));
  }
  return {};
}

// With what the host answered.
void Bridge::finish(Answers &answers, const std::shared_ptr<Pending> &pending, HostAnswer answer) {
  if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_IDEMPOTENT) != 0) {
    keep(pending->key, answer);
  }
  end(answers, pending->id, std::move(answer));
}

Status Bridge::report_progress(std::uint64_t request_id, std::uint64_t done, std::uint64_t total) {
  Answers answers;
  Status status = take_progress(answers, request_id, done, total);
  tell(answers);
  return status;
}

Status Bridge::take_progress(Answers &answers, std::uint64_t request_id, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  const auto pending = find(request_id);
  if (pending == nullptr) {
    return is_over(request_id);  // no answer, and so none that came late
  }
  if (Status status = check_taken(*pending); !status.ok()) {
    return status;
  }
  pending->progress_done = done;
  pending->progress_total = total;
  note(answers, *pending, {.kind = CAPSULE_TRACE_PROVIDER_PROGRESS, .arguments = {done, total}});
  return {};
}

Status Bridge::approve(std::uint64_t request_id, bool approved) {
  Answers answers;
  bool ready = false;
  Status status = take_approval(answers, request_id, approved, ready);
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
  return status;
}

Status Bridge::take_approval(Answers &answers, std::uint64_t request_id, bool approved, bool &ready) {
  const std::lock_guard lock(mutex_);
  const auto pending = find(request_id);
  if (pending == nullptr) {
    return not_open(answers, request_id);
  }
  if (pending->state != CAPSULE_CALL_ASKED) {
    return {CAPSULE_E_ARGUMENT, "request_id: request " + std::to_string(request_id) + " is not asked for"};
  }
  const bool was_ready = !ready_.empty();
  note_response(answers, *pending, approved ? CAPSULE_PROVIDER_APPROVED : CAPSULE_PROVIDER_REFUSED, 0);
  if (approved) {
    queue(answers, pending);
  } else {
    HostAnswer denied;
    denied.outcome = Outcome::kDenied;
    denied.reason = "not_approved";
    denied.message = "'" + pending->call.capability + "' may not be called: not_approved";
    end(answers, request_id, std::move(denied));
  }
  ready = !was_ready && !ready_.empty();
  return {};
}

}  // namespace capsule
