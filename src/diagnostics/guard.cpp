#include "diagnostics/guard.hpp"

#include "base/random.hpp"

namespace capsule {
namespace {

// As messages and records say it.
const char *decided_name(std::int32_t decided_by) {
  return decided_by == CAPSULE_DECIDED_RUNTIME ? "runtime" : decided_by == CAPSULE_DECIDED_SESSION ? "session" : "request";
}

void tell(LookWitness *witness, const Looked &look) {
  if (witness != nullptr) {
    witness->looked(look);
  }
}

}  // namespace

Guard::Guard() : own_key_(random_id()) { policy_.key = own_key_; }

void Guard::set_policy(InspectPolicy policy) {
  if (policy.key.empty()) {
    policy.key = own_key_;
  }
  const std::lock_guard lock(mutex_);
  policy_ = std::move(policy);
}

void Guard::narrow(std::uint64_t session_id, const InspectPolicy &policy) {
  const std::lock_guard lock(mutex_);
  narrowed_.try_emplace(session_id, policy).first->second.narrow(policy);
}

void Guard::inherit(std::uint64_t session_id, std::uint64_t parent_id) {
  const std::lock_guard lock(mutex_);
  const auto parent = narrowed_.find(parent_id);
  if (parent != narrowed_.end()) {
    const InspectPolicy policy = parent->second;
    narrowed_.emplace(session_id, policy);
  }
}

void Guard::forget(std::uint64_t session_id) {
  const std::lock_guard lock(mutex_);
  narrowed_.erase(session_id);
}

Guard::Effective Guard::effective(Guarded call, std::uint64_t session_id) {
  const std::lock_guard lock(mutex_);
  Effective result{.policy = policy_};
  if (const auto own = narrowed_.find(session_id); own != narrowed_.end()) {
    result.policy.narrow(own->second);
    const bool narrower = result.policy.level(call) < policy_.level(call);
    result.decided_by = narrower ? CAPSULE_DECIDED_SESSION : CAPSULE_DECIDED_RUNTIME;
  }
  return result;
}

Redaction Guard::redaction_of(const InspectPolicy &policy, std::int32_t level) {
  return {.level = level, .form = policy.redaction, .max_label_bytes = policy.max_label_bytes, .key = policy.key};
}

Result<InspectGrant> Guard::admit(const InspectWish &wish) {
  const Effective now = effective(wish.call, wish.session_id);
  const std::int32_t allowed = now.policy.level(wish.call);
  AuditEntry entry{.level = allowed, .caller = wish.caller, .call = guarded_name(wish.call), .target = wish.target};
  entry.policy = decided_name(now.decided_by);
  if (allowed == CAPSULE_INSPECT_OFF || wish.level > allowed) {
    const std::string message =
        std::string(decided_name(now.decided_by)) + "'s introspection policy: '" + entry.call + "' is " +
        capsule_inspect_level_name(allowed) +
        (wish.level > allowed ? std::string(", and ") + capsule_inspect_level_name(wish.level) + " is asked for"
                              : std::string());
    entry.decision = CAPSULE_AUDIT_DENIED;
    std::uint64_t record = 0;
    static_cast<void>(audit_.add(std::move(entry), &record));  // it is denied whether or not that is kept
    tell(wish.witness, {.kind = CAPSULE_TRACE_POLICY_DENIED,
                        .call = wish.call,
                        .level = allowed,
                        .decided_by = now.decided_by,
                        .detail = static_cast<std::uint64_t>(wish.level),
                        .record = record});
    return Status(CAPSULE_E_DENIED, message);
  }
  const bool narrower = wish.level != 0 && wish.level < allowed;
  InspectGrant grant{.redaction = redaction_of(now.policy, narrower ? wish.level : allowed), .entry = std::move(entry)};
  grant.entry.level = grant.redaction.level;
  grant.call = wish.call;
  grant.witness = wish.witness;
  grant.decided_by = narrower ? CAPSULE_DECIDED_REQUEST : now.decided_by;
  grant.entry.policy = decided_name(grant.decided_by);
  grant.max_rows = wish.max_rows == 0 ? now.policy.max_rows : std::min(wish.max_rows, now.policy.max_rows);
  return grant;
}

Status Guard::confirm(const InspectWish &wish) {
  const std::int32_t allowed = effective(wish.call, wish.session_id).policy.level(wish.call);
  return allowed != CAPSULE_INSPECT_OFF && wish.level <= allowed ? Status() : admit(wish).status();
}

Status Guard::conclude(InspectGrant &grant, const Status &status, std::uint64_t redactions, std::uint64_t answer_bytes) {
  grant.entry.decision = status.ok() ? CAPSULE_AUDIT_ALLOWED : CAPSULE_AUDIT_FAILED;
  grant.entry.redactions = redactions;
  grant.entry.answer_bytes = answer_bytes;
  Looked look{.kind = CAPSULE_TRACE_POLICY_ALLOWED,
              .call = grant.call,
              .level = grant.redaction.level,
              .decided_by = grant.decided_by,
              .detail = answer_bytes};
  const Status kept = audit_.add(std::move(grant.entry), &look.record);
  if (!kept.ok()) {
    look.kind = CAPSULE_TRACE_POLICY_DENIED;
    look.decided_by = CAPSULE_DECIDED_AUDIT;
    look.detail = 0;
  }
  tell(grant.witness, look);
  if (kept.ok() && redactions > 0) {
    look.kind = CAPSULE_TRACE_POLICY_REDACTED;
    look.detail = redactions;
    tell(grant.witness, look);
  }
  return status.ok() ? kept : status;
}

Redaction Guard::redaction_now(Guarded call, std::uint64_t session_id) {
  const InspectPolicy policy = effective(call, session_id).policy;
  return redaction_of(policy, policy.level(call));
}

std::string Guard::told_label(Guarded call, std::uint64_t session_id, std::string_view name) {
  return Redactor(redaction_now(call, session_id)).label(name).text;
}

}  // namespace capsule
