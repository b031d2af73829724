// What sessions say: calls that come, and who does not wait for them any more.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/json_levels.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "bridge/bridge.hpp"
#include "capsule/trace.h"
#include "diagnostics/guard.hpp"

namespace capsule {
namespace {

// Rules that narrow a session's, one after the other, besides its own and the bridge's.
constexpr std::size_t kMostNarrowings = 16;
constexpr std::int64_t kYearMs = 31'536'000'000;

// CPython's parser takes 1000 levels by default, with those of the host's own code.
constexpr std::size_t kMostArgumentLevels = 500;

// The arguments as a JSON object; discarded where they are none, too deep for hosts' parsers, or name one of them twice, of which
// another parser takes the other.
nlohmann::json parse_arguments(const HostCall &call) {
  if (json_levels(call.arguments) > kMostArgumentLevels) {
    return nlohmann::json::value_t::discarded;
  }
  std::size_t keys = 0;
  const auto count = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json &) {
    keys += depth == 1 && event == nlohmann::json::parse_event_t::key ? 1 : 0;
    return true;
  };
  nlohmann::json arguments = nlohmann::json::parse(call.arguments, count, /*allow_exceptions=*/false);
  bool sound = arguments.is_object() && arguments.size() == keys;
  for (std::size_t i = 0; sound && i < call.names.size(); ++i) {
    const auto same = std::find(call.names.begin() + static_cast<std::ptrdiff_t>(i) + 1, call.names.end(), call.names[i]);
    sound = is_utf8(call.names[i]) && same == call.names.end() && !arguments.contains(call.names[i]);
  }
  return sound ? std::move(arguments) : nlohmann::json(nlohmann::json::value_t::discarded);
}

CallFacts facts_of(const HostCall &call, const nlohmann::json &arguments) {
  CallFacts facts{.arguments = &arguments, .attachments = {}};
  for (std::size_t i = 0; i < call.values.size(); ++i) {
    facts.attachments.push_back({call.names[i], call.values[i]->fields().size_bytes});
  }
  return facts;
}

// So that no key of one execution is also one of another.
std::string escaped(const std::string &key) {
  std::string text;
  for (const char c : key) {
    text += c == ':' ? "%3A" : c == '%' ? "%25" : std::string(1, c);
  }
  return text;
}

std::string key_of(const HostCall &call) {
  const std::string execution = call.execution_key.empty()
                                    ? std::to_string(call.incarnation) + "-" + std::to_string(call.execution_id)
                                    : "key-" + escaped(call.execution_key);
  return "exec:" + execution + ":" + call.capability + ":" + call.site + ":" + std::to_string(call.occurrence);
}

}  // namespace

BridgePort::BridgePort(std::shared_ptr<Bridge> bridge, std::vector<std::shared_ptr<const Policy>> layers,
                       std::shared_ptr<BridgeTotals> totals)
    : bridge_(std::move(bridge)), totals_(std::move(totals)), given_(layers.size()) {
  for (auto &policy : layers) {
    const std::size_t size = policy->size();
    layers_.push_back({std::move(policy), std::vector<std::uint64_t>(size)});
  }
}

CallAddress Bridge::address_of(const HostCall &call) {
  return {call.incarnation, call.call_id, call.execution_id, call.waits_on_work};
}

void Bridge::tell(Answers &answers) {
  for (const Note &note : answers.notes) {
    trace(note);
  }
  for (const Told &told : answers.told) {
    if (!told.session) {
      continue;
    }
    if (told.kind != 0) {
      told.session->trace_call({.kind = told.kind,
                                .execution_id = told.address.execution_id,
                                .capability = told.capability,
                                .request_id = told.request_id,
                                .status = static_cast<int>(told.answer.outcome),
                                .arguments = {told.took_ns}});
    }
    if (told.answer.outcome == wire::CallOutcome::kDenied && !told.capability.empty()) {
      audit(told);
    }
    told.session->answer_call(told.address, told.answer);
  }
}

// It is denied whether or not the trail keeps it.
void Bridge::audit(const Told &denial) {
  AuditEntry entry{.decision = CAPSULE_AUDIT_DENIED, .call = "capability"};
  Guard &guard = denial.session->runtime().guard();
  entry.target = guard.told_label(Guarded::kPromises, denial.session->id(), denial.capability);
  entry.caller =
      "session " + std::to_string(denial.session->id()) + " execution " + std::to_string(denial.address.execution_id);
  entry.policy = denial.answer.reason;
  static_cast<void>(guard.audit().add(std::move(entry)));
}

void Bridge::count_call(BridgePort &port) {
  for (capsule_bridge_metrics *metrics : {&counters_, &port.counters_}) {
    ++metrics->calls;
    ++metrics->bridge_pending_current;
  }
  for (BridgeTotals *totals : {&runtime_->bridge_totals(), port.totals_.get()}) {
    totals->began();
  }
}

void Bridge::call(const std::shared_ptr<BridgePort> &port, const std::shared_ptr<Session> &session, HostCall call) {
  Answers answers;
  bool ready = false;
  bool recalls = false;
  const auto pending = std::make_shared<Pending>();
  if (!call.capability.empty()) {  // else it asks what there is
    pending->id = ++last_id_;
    session->trace_call({.kind = CAPSULE_TRACE_CAPABILITY_CALLED,
                         .execution_id = call.execution_id,
                         .capability = call.capability,
                         .request_id = pending->id,
                         .arguments = {call.arguments.size()}});
  }
  {
    const std::lock_guard lock(mutex_);
    const bool was_ready = !ready_.empty();
    pending->call = std::move(call);
    pending->session = session;
    pending->session_id = session->id();
    pending->pool = &ignored_.try_emplace(session->pool_name()).first->first;
    pending->port = port;
    pending->received_ns = monotonic_ns();
    accept(answers, pending);
    ready = !was_ready && !ready_.empty();
    recalls = pending->state == CAPSULE_CALL_RECALLED;
  }
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
  if (recalls) {
    recall(pending);
  }
}

void Bridge::accept(Answers &answers, const std::shared_ptr<Pending> &pending) {
  HostCall &call = pending->call;
  if (call.capability.empty()) {
    answers.told.push_back({pending->session, address_of(call), catalog(*pending->port)});
    return;
  }
  count_call(*pending->port);
  pending->bytes = call.arguments.size() + call.site.size();
  for (std::size_t i = 0; i < call.values.size(); ++i) {
    const bool mapped = call.values[i]->mapped();
    pending->mapped += mapped ? 1 : 0;
    pending->bytes += call.names[i].size() + (mapped ? 0 : call.values[i]->fields().size_bytes);
  }
  if (auto refusal = admit(*pending)) {
    return refuse(answers, *pending, std::move(*refusal));
  }
  pending->capability = capabilities_.find(call.capability)->second;
  if (auto refusal = judge(*pending)) {
    return refuse(answers, *pending, std::move(*refusal));
  }
  for (BridgePort::Layer &layer : pending->port->layers_) {
    layer.policy->count(call.capability, layer.used);
  }
  pending->key = key_of(call);
  set_deadline(*pending);
  if (join(answers, pending)) {
    return;
  }
  open(pending);
  const bool joined = pending->state == CAPSULE_CALL_JOINED;
  note(answers, *pending,
       {.kind = CAPSULE_TRACE_PROMISE_CREATED, .status = joined ? 1 : 0, .arguments = {timeout_of(*pending)}});
  if (joined) {
    return;
  }
  if (recorded(*pending)) {
    pending->state = CAPSULE_CALL_RECALLED;
    return;
  }
  proceed(answers, pending);
}

bool Bridge::recorded(const Pending &pending) {
  return pending.call.durable &&
         (pending.capability->spec.flags & (CAPSULE_CAPABILITY_STREAM | CAPSULE_CAPABILITY_UPLOAD)) == 0;
}

void Bridge::proceed(Answers &answers, const std::shared_ptr<Pending> &pending) {
  if (pending->asks) {
    pending->state = CAPSULE_CALL_ASKED;
    ++counters_.approvals;
    ++pending->port->counters_.approvals;
    make_ready(CAPSULE_REQUEST_APPROVAL, pending->id);
    note(answers, *pending,
         {.kind = CAPSULE_TRACE_PROMISE_SENT,
          .status = CAPSULE_REQUEST_APPROVAL,
          .arguments = {monotonic_ns() - pending->received_ns}});
  } else {
    queue(answers, pending);
  }
}

// Whether there is room for it, and what it calls.
std::optional<Bridge::Refusal> Bridge::admit(const Pending &pending) const {
  const HostCall &call = pending.call;
  const BridgePort &port = *pending.port;
  if (closed_) {
    return Refusal{Outcome::kClosed, "", "the bridge is closed", {}};
  }
  if (pending_.size() >= options_.max_pending || port.open_.size() >= options_.max_session_pending ||
      port.bytes_ + pending.bytes > options_.max_session_bytes || port.mapped_ + pending.mapped > kMostMapped ||
      port.open_.contains({call.incarnation, call.call_id})) {
    return Refusal{Outcome::kRefused, "RuntimeError", "too many calls of the host are open, or they carry too much", "limit"};
  }
  if (!capabilities_.contains(call.capability)) {
    const std::string name = call.capability.substr(0, utf8_prefix(call.capability, CAPSULE_CAPABILITY_NAME_SIZE));
    return Refusal{Outcome::kRefused, "LookupError", "the host offers no '" + name + "'", {}};
  }
  return std::nullopt;
}

// The strictest of the rules of the bridge and of the session decides.
std::optional<Bridge::Refusal> Bridge::judge(Pending &pending) const {
  const std::string &name = pending.call.capability;
  const nlohmann::json arguments = parse_arguments(pending.call);
  const CallFacts facts = facts_of(pending.call, arguments);
  Verdict verdict{CAPSULE_POLICY_ALLOW, "", {}};
  for (const BridgePort::Layer &layer : pending.port->layers_) {
    Verdict one =
        arguments.is_discarded() ? layer.policy->judge(name, {}, layer.used) : layer.policy->judge(name, facts, layer.used);
    if (one.decision < verdict.decision) {
      verdict = std::move(one);
    }
  }
  if (verdict.decision == CAPSULE_POLICY_DENY) {
    std::string message = "'" + name + "' may not be called: " + verdict.reason;
    message += verdict.argument.empty() ? "" : " on '" + verdict.argument + "'";
    return Refusal{Outcome::kDenied, "", std::move(message), verdict.reason};
  }
  pending.asks =
      verdict.decision == CAPSULE_POLICY_ASK || (pending.capability->spec.flags & CAPSULE_CAPABILITY_NEEDS_APPROVAL) != 0;
  if (arguments.is_discarded()) {
    return Refusal{Outcome::kRefused,
                   "ValueError",
                   "arguments: no JSON object, nested deeper than 500 levels, or one of them is named twice",
                   {}};
  }
  const auto &schema = pending.capability->spec.arguments;
  if (Status status = schema ? schema->check("arguments", pending.call.arguments) : Status(); !status.ok()) {
    return Refusal{Outcome::kRefused, "ValueError", status.message(), {}};
  }
  return std::nullopt;
}

// The capability's own time, or less where the call asks for less.
void Bridge::set_deadline(Pending &pending) const {
  const std::int64_t own_ms = pending.capability->spec.timeout_ms;
  const auto asked_ms = static_cast<std::int64_t>(std::min<std::uint64_t>(pending.call.timeout_ms, kYearMs));
  const std::int64_t timeout_ms = asked_ms == 0 ? own_ms : own_ms < 0 ? asked_ms : std::min(own_ms, asked_ms);
  if (timeout_ms >= 0) {
    pending.deadline_ns = pending.received_ns + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs;
  }
}

void Bridge::open(const std::shared_ptr<Pending> &pending) {
  BridgePort &port = *pending->port;
  pending_.emplace(pending->id, pending);
  port.open_[{pending->call.incarnation, pending->call.call_id}] = pending->id;
  port.bytes_ += pending->bytes;
  port.mapped_ += pending->mapped;
  for (capsule_bridge_metrics *metrics : {&counters_, &port.counters_}) {
    metrics->bridge_pending_hwm = std::max(metrics->bridge_pending_hwm, metrics->bridge_pending_current);
  }
  if (pending->deadline_ns != kNoDeadline) {
    deadlines_.emplace(pending->deadline_ns, pending->id);
    alarm_->set(pending->deadline_ns);
  }
}

// True where it was answered from what is kept. One with the key of an open one is answered with that.
bool Bridge::join(Answers &answers, const std::shared_ptr<Pending> &pending) {
  if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_IDEMPOTENT) == 0) {
    return false;
  }
  const auto kept = kept_.find(pending->key);
  const auto open = open_keys_.emplace(pending->key, pending->id);
  if (kept == kept_.end() && open.second) {
    return false;
  }
  ++counters_.joined;
  ++pending->port->counters_.joined;
  if (kept != kept_.end()) {
    open_keys_.erase(open.first);
    count_end(*pending, kept->second.outcome);
    answer(answers, *pending, copy(kept->second));
    return true;
  }
  pending->state = CAPSULE_CALL_JOINED;
  find(open.first->second)->joined.insert(pending->id);
  return false;
}

// What there is, as JSON; without the documentation where a frame would not hold it.
HostAnswer Bridge::catalog(const BridgePort &port) const {
  HostAnswer answer{.has_value = true};
  answer.value.kind = CAPSULE_VALUE_JSON;
  for (const bool with_docs : {true, false}) {
    answer.value.data = catalog_json(port, with_docs);
    if (answer.value.data.size() <= runtime_->max_frame_bytes() - wire::kFrameOverhead) {
      return answer;
    }
  }
  HostAnswer refused;
  refused.outcome = Outcome::kRefused;
  refused.error_type = "RuntimeError";
  refused.message = "the host offers more than a frame of the runtime's max_frame_bytes can tell";
  return refused;
}

std::string Bridge::catalog_json(const BridgePort &port, bool with_docs) const {
  nlohmann::json offered = nlohmann::json::array();
  for (const auto &[name, capability] : capabilities_) {
    const bool allowed = std::all_of(port.layers_.begin(), port.layers_.end(),
                                     [&path = name](const auto &layer) { return layer.policy->may_allow(path); });
    // Names of those that are denied are told too, as to call one says why not, and nothing else of them.
    offered.push_back({{"name", name},
                       {"doc", allowed && with_docs ? capability->spec.doc : std::string()},
                       {"parameters", allowed ? capability->spec.parameters : "*arguments, **named"},
                       {"allowed", allowed},
                       {"stream", (capability->spec.flags & CAPSULE_CAPABILITY_STREAM) != 0},
                       {"upload", (capability->spec.flags & CAPSULE_CAPABILITY_UPLOAD) != 0}});
  }
  return offered.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Bridge::queue(Answers &answers, const std::shared_ptr<Pending> &pending) {
  pending->state = CAPSULE_CALL_QUEUED;
  pending->capability->line.insert(pending->id);
  advance(answers, pending->capability, monotonic_ns());
}

// Whose turn it is becomes a request.
void Bridge::advance(Answers &answers, const std::shared_ptr<Capability> &capability, std::uint64_t now_ns) {
  auto &line = capability->line;
  while (!line.empty() && capability->take_turn(now_ns)) {
    const std::uint64_t id = *line.begin();
    line.erase(line.begin());
    const auto next = find(id);
    next->has_turn = true;
    make_ready(CAPSULE_REQUEST_CALL, id);
    note(answers, *next,
         {.kind = CAPSULE_TRACE_PROMISE_SENT, .status = CAPSULE_REQUEST_CALL, .arguments = {now_ns - next->received_ns}});
  }
  if (line.empty()) {
    lines_.erase(capability);
  } else {
    lines_.insert(capability);
    alarm_->set(capability->next_turn_ns(now_ns));
  }
}

void Bridge::end_turn(Answers &answers, const std::shared_ptr<Capability> &capability) {
  --capability->with_host;
  advance(answers, capability, monotonic_ns());
}

// Code that calls in a loop is told of once an execution. The name is the code's own choice.
void Bridge::log_denial(const Pending &pending, const Refusal &refusal) {
  static const LogLevel the_sinks_own;
  BridgePort &port = *pending.port;
  if (std::exchange(port.denied_in_, pending.call.execution_id) != pending.call.execution_id) {
    port.denied_log_.reset();
  }
  port.denied_log_.record(pending.session ? pending.session->log_level() : the_sinks_own, LogEvent::capability_denied,
                          "session={} execution={} capability={} reason={}", pending.session_id, pending.call.execution_id,
                          runtime_->guard().told_label(Guarded::kPromises, pending.session_id, pending.call.capability),
                          refusal.reason);
}

// Of a call that is not open yet.
void Bridge::refuse(Answers &answers, const Pending &pending, Refusal refusal) {
  count_end(pending, refusal.outcome);
  const std::uint64_t limited = refusal.reason == "limit" ? 1 : 0;
  counters_.refused += limited;
  pending.port->counters_.refused += limited;
  if (refusal.outcome == Outcome::kDenied) {
    log_denial(pending, refusal);
  }
  HostAnswer refused;
  refused.outcome = refusal.outcome;
  refused.error_type = refusal.error_type;
  refused.message = std::move(refusal.message);
  refused.reason = std::move(refusal.reason);
  answer(answers, pending, std::move(refused));
}

void Bridge::give_up(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    const auto open = port.open_.find({incarnation, call_id});
    if (open != port.open_.end()) {
      leave(answers, open->second);
    }
  }
  tell(answers);
}

// Under the session's lock: nothing is told to that session, nor to others, as a call that others have joined stays open. Whose turn it
// is then is noted later.
void Bridge::lost(BridgePort &port, std::uint64_t incarnation) {
  const auto later = std::make_shared<Answers>();
  const std::lock_guard lock(mutex_);
  const bool was_ready = !ready_.empty();
  for (auto open = port.open_.lower_bound({incarnation, 0}); open != port.open_.end() && open->first.first == incarnation;
       open = port.open_.lower_bound({incarnation, 0})) {
    leave(*later, open->second);
  }
  if (!was_ready && !ready_.empty()) {
    runtime_->loop().post([self = shared_from_this(), later] {
      self->tell(*later);
      self->notifier_.notify();
    });
  } else if (!later->notes.empty()) {
    runtime_->loop().post([self = shared_from_this(), later] { self->tell(*later); });
  }
}

// Nobody waits for it any more. Where the host has it already and would not do it twice, its answer is wanted nevertheless.
void Bridge::leave(Answers &answers, std::uint64_t request_id) {
  const auto pending = find(request_id);
  if (!pending->session) {
    return;
  }
  HostAnswer canceled;
  canceled.outcome = Outcome::kCanceled;
  const bool idempotent = (pending->capability->spec.flags & CAPSULE_CAPABILITY_IDEMPOTENT) != 0;
  if (!idempotent || pending->state == CAPSULE_CALL_JOINED ||
      (pending->joined.empty() && pending->state != CAPSULE_CALL_TAKEN)) {
    const bool notice = options_.cancel_notices && pending->state == CAPSULE_CALL_TAKEN;
    pending->session = nullptr;
    end(answers, request_id, std::move(canceled));
    if (notice) {
      make_ready(CAPSULE_REQUEST_CANCELED, request_id);
    }
    return;
  }
  count_end(*pending, Outcome::kCanceled);
  pending->counted = true;
  pending->port->open_.erase({pending->call.incarnation, pending->call.call_id});
  pending->session = nullptr;
}

Status Bridge::narrow(BridgePort &port, std::shared_ptr<const Policy> policy) {
  const std::lock_guard lock(mutex_);
  if (port.layers_.size() >= port.given_ + kMostNarrowings) {
    return {CAPSULE_E_LIMIT, "session: its rules were narrowed " + std::to_string(kMostNarrowings) + " times"};
  }
  const std::size_t size = policy->size();
  port.layers_.push_back({std::move(policy), std::vector<std::uint64_t>(size)});
  return {};
}

}  // namespace capsule
