// What stands before a runtime's guarded calls: its policy, what sessions narrowed of it, and the audit trail.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "capsule/trace.h"
#include "diagnostics/audit.hpp"
#include "diagnostics/inspect_policy.hpp"
#include "diagnostics/redaction.hpp"

namespace capsule {

// What became of a look.
struct Looked {
  std::int32_t kind = 0;  // CAPSULE_TRACE_POLICY_…
  Guarded call = Guarded::kPromises;
  std::int32_t level = 0;
  std::int32_t decided_by = 0;  // CAPSULE_DECIDED_…
  std::uint64_t detail = 0;     // as the kind says
  std::uint64_t record = 0;     // its number in the audit trail; 0: it has none
};

// What is looked at, and remembers that it was.
class LookWitness {
 public:
  virtual ~LookWitness() = default;
  // Under no lock of the guard's.
  virtual void looked(const Looked &look) = 0;
};

// One look, as it was asked for.
struct InspectWish {
  Guarded call = Guarded::kPromises;
  std::uint64_t session_id = 0;  // 0: it is about no session
  std::string target{};
  std::string caller{};
  std::int32_t level = 0;  // 0: as much as is allowed
  std::uint32_t max_rows = 0;
  LookWitness *witness = nullptr;  // the caller keeps it as long as this and the grant
};

// What came of it.
struct InspectGrant {
  Redaction redaction;
  std::uint32_t max_rows = 0;
  AuditEntry entry;  // of the record to be made
  Guarded call = Guarded::kPromises;
  std::int32_t decided_by = CAPSULE_DECIDED_RUNTIME;
  LookWitness *witness = nullptr;
};

class Guard {
 public:
  Guard();

  [[nodiscard]] Audit &audit() { return audit_; }

  // An empty key: the runtime's own.
  void set_policy(InspectPolicy policy);
  void narrow(std::uint64_t session_id, const InspectPolicy &policy);
  // A session that branches from another begins with what that may tell.
  void inherit(std::uint64_t session_id, std::uint64_t parent_id);
  void forget(std::uint64_t session_id);

  // CAPSULE_E_DENIED, which is recorded; else the record is the caller's to make, by conclude().
  Result<InspectGrant> admit(const InspectWish &wish);
  // Of a look that goes on: CAPSULE_E_DENIED, which is recorded, once the level that it has is no longer allowed.
  Status confirm(const InspectWish &wish);
  // With what was answered. CAPSULE_E_DENIED where the trail must keep a record and cannot: then nothing is to be answered.
  Status conclude(InspectGrant &grant, const Status &status, std::uint64_t redactions, std::uint64_t answer_bytes);
  // What names become that are told without a look, now.
  [[nodiscard]] Redaction redaction_now(Guarded call, std::uint64_t session_id);
  // A name in an audit record that is no inspection's, or in a log record.
  std::string told_label(Guarded call, std::uint64_t session_id, std::string_view name);

 private:
  struct Effective {
    InspectPolicy policy;
    std::int32_t decided_by = CAPSULE_DECIDED_RUNTIME;  // the level of the call
  };
  [[nodiscard]] Effective effective(Guarded call, std::uint64_t session_id);
  [[nodiscard]] static Redaction redaction_of(const InspectPolicy &policy, std::int32_t level);

  const std::string own_key_;
  Audit audit_;

  std::mutex mutex_;  // guards below
  InspectPolicy policy_;
  std::map<std::uint64_t, InspectPolicy> narrowed_;  // by session
};

}  // namespace capsule
