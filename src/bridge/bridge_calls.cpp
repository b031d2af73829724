// What sessions say: calls that come, and who does not wait for them any more.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "bridge/bridge.hpp"
#include "capsule/trace.h"

namespace capsule {
namespace {

// Rules that narrow a session's, one after the other.
constexpr std::size_t kMostLayers = 18;

CallFacts facts_of(const HostCall &call, const nlohmann::json &arguments) {
  CallFacts facts{.arguments = &arguments, .attachments = {}};
  for (std::size_t i = 0; i < call.values.size(); ++i) {
    facts.attachments.push_back({call.names[i], call.values[i].size_bytes});
  }
  return facts;
}

}  // namespace

BridgePort::BridgePort(std::shared_ptr<Bridge> bridge, std::vector<std::shared_ptr<const Policy>> layers)
    : bridge_(std::move(bridge)) {
  for (auto &policy : layers) {
    const std::size_t size = policy->size();
    layers_.push_back({std::move(policy), std::vector<std::uint64_t>(size)});
  }
}

CallAddress Bridge::address_of(const HostCall &call) {
  return {call.incarnation, call.call_id, call.execution_id, call.waits_on_work};
}

void Bridge::tell(Answers &answers) {
  for (const Told &told : answers) {
    if (!told.session) {
      continue;
    }
    if (told.kind != 0) {
      told.session->trace_call(told.kind, told.address.execution_id, told.request_id, static_cast<int>(told.answer.outcome),
                               told.took_ns);
    }
    told.session->answer_call(told.address, told.answer);
  }
}

void Bridge::count_call(BridgePort &port) {
  for (capsule_bridge_metrics *metrics : {&counters_, &port.counters_}) {
    ++metrics->calls;
    ++metrics->bridge_pending_current;
    metrics->bridge_pending_hwm = std::max(metrics->bridge_pending_hwm, metrics->bridge_pending_current);
  }
}

void Bridge::call(const std::shared_ptr<BridgePort> &port, const std::shared_ptr<Session> &session, HostCall call) {
  Answers answers;
  bool ready = false;
  session->trace_call(CAPSULE_TRACE_CAPABILITY_CALLED, call.execution_id, 0, 0, call.arguments.size());
  {
    const std::lock_guard lock(mutex_);
    const bool was_ready = !ready_.empty();
    auto pending = std::make_shared<Pending>();
    pending->call = std::move(call);
    pending->session = session;
    pending->session_id = session->id();
    pending->port = port;
    pending->received_ns = monotonic_ns();
    accept(answers, pending);
    ready = !was_ready && !ready_.empty();
  }
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
}

void Bridge::accept(Answers &answers, const std::shared_ptr<Pending> &pending) {
  HostCall &call = pending->call;
  if (call.capability.empty()) {
    answers.push_back({pending->session, address_of(call), catalog(*pending->port)});
    return;
  }
  count_call(*pending->port);
  pending->id = ++last_id_;
  const auto found = capabilities_.find(call.capability);
  if (closed_) {
    return refuse(answers, *pending, Outcome::kClosed, "", "the bridge is closed");
  }
  if (pending_.size() >= options_.max_pending) {
    ++counters_.refused;
    ++pending->port->counters_.refused;
    return refuse(answers, *pending, Outcome::kRefused, "RuntimeError", "too many calls of the host are open");
  }
  if (found == capabilities_.end()) {
    return refuse(
        answers, *pending, Outcome::kRefused, "LookupError",
        "the host offers no '" + call.capability.substr(0, utf8_prefix(call.capability, CAPSULE_CAPABILITY_NAME_SIZE)) + "'");
  }
  pending->capability = found->second;
  const Verdicts verdicts = judge(*pending);
  if (verdicts.verdict.decision == CAPSULE_POLICY_DENY) {
    std::string message = "'" + call.capability + "' may not be called: " + verdicts.verdict.reason;
    message += verdicts.verdict.argument.empty() ? "" : " on '" + verdicts.verdict.argument + "'";
    return refuse(answers, *pending, Outcome::kDenied, "", std::move(message), verdicts.verdict.reason);
  }
  if (Status status = check_arguments(*pending); !status.ok()) {
    return refuse(answers, *pending, Outcome::kRefused, "ValueError", status.message());
  }
  for (BridgePort::Layer &layer : pending->port->layers_) {
    layer.policy->count(call.capability, layer.used);
  }
  pending->key = key_of(call);
  const std::int64_t own_ms = pending->capability->spec.timeout_ms;
  const auto asked_ms = static_cast<std::int64_t>(std::min<std::uint64_t>(call.timeout_ms, INT64_MAX));
  const std::int64_t timeout_ms = asked_ms == 0 ? own_ms : own_ms < 0 ? asked_ms : std::min(own_ms, asked_ms);
  pending->deadline_ns =
      timeout_ms < 0 ? kNoDeadline : pending->received_ns + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs;
  if (join(answers, pending)) {
    return;
  }
  pending_.emplace(pending->id, pending);
  pending->port->open_[{call.incarnation, call.call_id}] = pending->id;
  if (pending->deadline_ns != kNoDeadline) {
    deadlines_.emplace(pending->deadline_ns, pending->id);
    set_alarm(pending->deadline_ns);
  }
  if (pending->state == CAPSULE_CALL_JOINED) {
    return;
  }
  if (verdicts.asks) {
    pending->state = CAPSULE_CALL_ASKED;
    ++counters_.approvals;
    ++pending->port->counters_.approvals;
    make_ready(CAPSULE_REQUEST_APPROVAL, pending->id);
  } else {
    queue(pending);
  }
}

// True where it was answered from what is kept. One with the key of an open one becomes that one's, or, where nobody waits for that
// one, takes its place.
bool Bridge::join(Answers &answers, const std::shared_ptr<Pending> &pending) {
  if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_IDEMPOTENT) == 0) {
    return false;
  }
  if (const auto kept = kept_.find(pending->key); kept != kept_.end()) {
    ++counters_.joined;
    ++pending->port->counters_.joined;
    count_end(*pending, kept->second.outcome);
    answers.push_back({pending->session, address_of(pending->call), copy(kept->second), CAPSULE_TRACE_PROMISE_RESOLVED,
                       pending->id, monotonic_ns() - pending->received_ns});
    return true;
  }
  const auto [open, is_first] = open_keys_.emplace(pending->key, pending->id);
  if (!is_first) {
    ++counters_.joined;
    ++pending->port->counters_.joined;
    pending->state = CAPSULE_CALL_JOINED;
    if (const auto first = find(open->second)) {
      first->joined.push_back(pending->id);
    }
  }
  return false;
}

std::string Bridge::key_of(const HostCall &call) const {
  const std::string execution = call.execution_key.empty()
                                    ? std::to_string(call.incarnation) + "-" + std::to_string(call.execution_id)
                                    : "key-" + call.execution_key;
  return "exec:" + execution + ":" + call.capability + ":" + call.site + ":" + std::to_string(call.occurrence);
}

// The strictest of the bridge's rules and the session's.
Bridge::Verdicts Bridge::judge(const Pending &pending) const {
  const std::string &name = pending.call.capability;
  const auto &layers = pending.port->layers_;
  const bool constrained =
      (options_.policy && options_.policy->constrains(name)) ||
      std::any_of(layers.begin(), layers.end(), [&](const auto &layer) { return layer.policy->constrains(name); });
  nlohmann::json arguments;
  if (constrained) {
    arguments = nlohmann::json::parse(pending.call.arguments, nullptr, /*allow_exceptions=*/false);
    arguments = arguments.is_object() ? std::move(arguments) : nlohmann::json::object();
  }
  const CallFacts facts = facts_of(pending.call, arguments);
  Verdicts all{.verdict = layers.empty() ? Verdict{} : Verdict{CAPSULE_POLICY_ALLOW, "", {}}};
  const auto narrow = [&](Verdict verdict) {
    all.verdict = verdict.decision < all.verdict.decision ? std::move(verdict) : all.verdict;
  };
  for (const BridgePort::Layer &layer : layers) {
    narrow(layer.policy->judge(name, facts, layer.used));
  }
  if (options_.policy) {
    narrow(options_.policy->judge(name, facts, std::vector<std::uint64_t>(options_.policy->size())));
  }
  all.asks =
      all.verdict.decision == CAPSULE_POLICY_ASK || (pending.capability->spec.flags & CAPSULE_CAPABILITY_NEEDS_APPROVAL) != 0;
  return all;
}

Status Bridge::check_arguments(const Pending &pending) const {
  const auto &schema = pending.capability->spec.arguments;
  return schema ? schema->check("arguments", pending.call.arguments) : Status();
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
    const auto &layers = port.layers_;
    const bool allowed = !layers.empty() && (!options_.policy || options_.policy->may_allow(name)) &&
                         std::all_of(layers.begin(), layers.end(),
                                     [&, &path = name](const auto &layer) { return layer.policy->may_allow(path); });
    // Names of those that are denied are told too, as to call one says why not, and nothing else of them.
    offered.push_back({{"name", name},
                       {"doc", allowed && with_docs ? capability->spec.doc : std::string()},
                       {"parameters", allowed ? capability->spec.parameters : "*arguments, **named"},
                       {"allowed", allowed},
                       {"stream", (capability->spec.flags & CAPSULE_CAPABILITY_STREAM) != 0}});
  }
  return offered.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Bridge::queue(const std::shared_ptr<Pending> &pending) {
  pending->state = CAPSULE_CALL_QUEUED;
  Capability &capability = *pending->capability;
  capability.line.push_back(pending->id);
  const std::uint64_t now = monotonic_ns();
  advance(capability, now);
  set_alarm(capability.next_turn_ns(now));
}

// Whose turn it is becomes a request.
void Bridge::advance(Capability &capability, std::uint64_t now_ns) {
  while (!capability.line.empty()) {
    const auto pending = find(capability.line.front());
    if (pending != nullptr && !capability.take_turn(now_ns)) {
      return;
    }
    capability.line.pop_front();
    if (pending != nullptr) {
      pending->has_turn = true;
      make_ready(CAPSULE_REQUEST_CALL, pending->id);
    }
  }
}

void Bridge::end_turn(Capability &capability) {
  --capability.with_host;
  const std::uint64_t now = monotonic_ns();
  advance(capability, now);
  set_alarm(capability.next_turn_ns(now));
}

// Of a call that is not open yet.
void Bridge::refuse(Answers &answers, const Pending &pending, Outcome outcome, const char *error_type, std::string message,
                    const std::string &reason) {
  count_end(pending, outcome);
  if (outcome == Outcome::kDenied) {
    log_record(CAPSULE_LOG_INFO, "event=capability_denied session={} execution={} capability={} reason={}",
               pending.session->id(), pending.call.execution_id, pending.call.capability, reason);
  }
  HostAnswer answer;
  answer.outcome = outcome;
  answer.error_type = error_type;
  answer.message = std::move(message);
  answer.reason = reason;
  answers.push_back({pending.session, address_of(pending.call), std::move(answer),
                     outcome == Outcome::kDenied ? CAPSULE_TRACE_CAPABILITY_DENIED : CAPSULE_TRACE_PROMISE_REJECTED, pending.id,
                     monotonic_ns() - pending.received_ns});
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

// Under the session's lock: nothing is told to that session, nor to others, as a call that others have joined stays open.
void Bridge::lost(BridgePort &port, std::uint64_t incarnation) {
  Answers none;
  const std::lock_guard lock(mutex_);
  const bool was_ready = !ready_.empty();
  for (auto open = port.open_.lower_bound({incarnation, 0}); open != port.open_.end() && open->first.first == incarnation;
       open = port.open_.lower_bound({incarnation, 0})) {
    leave(none, open->second);
  }
  if (!was_ready && !ready_.empty()) {
    runtime_->loop().post([self = shared_from_this()] { self->notifier_.notify(); });
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

void Bridge::pieces_taken(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count) {
  const std::lock_guard lock(mutex_);
  const auto open = port.open_.find({incarnation, call_id});
  const auto pending = open == port.open_.end() ? nullptr : find(open->second);
  if (pending != nullptr) {
    pending->pieces_ahead -= std::min(count, pending->pieces_ahead);
    taken_.notify_all();
  }
}

Status Bridge::narrow(BridgePort &port, std::shared_ptr<const Policy> policy) {
  const std::lock_guard lock(mutex_);
  if (port.layers_.size() >= kMostLayers) {
    return {CAPSULE_E_LIMIT, "session: its rules were narrowed " + std::to_string(port.layers_.size() - 1) + " times"};
  }
  const std::size_t size = policy->size();
  port.layers_.push_back({std::move(policy), std::vector<std::uint64_t>(size)});
  return {};
}

}  // namespace capsule
