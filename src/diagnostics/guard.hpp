// What stands before a runtime's guarded calls: its policy, what sessions narrowed of it, and the audit trail.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "diagnostics/audit.hpp"
#include "diagnostics/inspect_policy.hpp"
#include "diagnostics/redaction.hpp"

namespace capsule {

// One look, as it was asked for.
struct InspectWish {
  Guarded call = Guarded::kPromises;
  std::uint64_t session_id = 0;  // 0: it is about no session
  std::string target{};
  std::string caller{};
  std::int32_t level = 0;  // 0: as much as is allowed
  std::uint32_t max_rows = 0;
};

// What came of it.
struct InspectGrant {
  Redaction redaction;
  std::uint32_t max_rows = 0;
  AuditEntry entry;  // of the record to be made
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
  // A name in an audit record that is no inspection's.
  std::string audit_label(Guarded call, std::uint64_t session_id, std::string_view name);

 private:
  struct Effective {
    InspectPolicy policy;
    const char *decided_by = "runtime";  // the level of the call
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
