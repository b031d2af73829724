// Guarded looks, and the records they leave, as tests use them.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

inline capsule_introspection_policy policy_of(std::int32_t level) {
  capsule_introspection_policy policy;
  capsule_introspection_policy_init(&policy, sizeof policy);
  for (std::int32_t *one : {&policy.promises, &policy.namespace_summary, &policy.pool, &policy.execution, &policy.isolation,
                            &policy.stack, &policy.trace, &policy.postmortem}) {
    *one = level;
  }
  return policy;
}

inline void set_policy(const Runtime &runtime, const capsule_introspection_policy &policy) {
  ACCEPTED(capsule_runtime_set_introspection_policy(runtime.get(), &policy, error));
}

inline void narrow(const Session &session, const capsule_introspection_policy &policy) {
  ACCEPTED(capsule_session_narrow_introspection(session.get(), &policy, error));
}

inline capsule_inspection inspection_of(std::int32_t level = 0, const char *caller = "test") {
  capsule_inspection inspection;
  capsule_inspection_init(&inspection, sizeof inspection);
  inspection.level = level;
  inspection.caller = capsule_text_from(caller);
  inspection.timeout_ms = 60'000;
  return inspection;
}

// An answer that is released with it.
template <typename Raw, void (*Release)(Raw *)>
struct Answer {
  Answer() = default;
  Answer(Answer &&other) noexcept : raw(other.raw) { other.raw = {.struct_size = sizeof(Raw)}; }
  Answer &operator=(Answer &&) = delete;
  ~Answer() { Release(&raw); }

  Raw raw{.struct_size = sizeof(Raw)};
};

using Names = Answer<capsule_namespace_summary, capsule_namespace_summary_release>;
using Pending = Answer<capsule_pending_summary, capsule_pending_summary_release>;
using PoolSummary = Answer<capsule_pool_summary, capsule_pool_summary_release>;
using Isolation = Answer<capsule_isolation_report, capsule_isolation_report_release>;
using AuditList = Answer<capsule_audit_list, capsule_audit_list_release>;

inline Names names_of(const Session &session, const capsule_inspection &inspection = inspection_of()) {
  Names names;
  ACCEPTED(capsule_session_inspect_namespace(session.get(), &inspection, &names.raw, error));
  return names;
}

inline capsule_execution_status status_of(const Session &session) {
  capsule_execution_status status{.struct_size = sizeof status};
  const capsule_inspection inspection = inspection_of();
  ACCEPTED(capsule_session_inspect_execution(session.get(), &inspection, &status, error));
  return status;
}

inline capsule_audit_info audit_of(const Runtime &runtime) {
  capsule_audit_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_runtime_get_audit_info(runtime.get(), &info, error));
  return info;
}

inline AuditList records_of(const Runtime &runtime, std::uint64_t after = 0) {
  AuditList list;
  ACCEPTED(capsule_runtime_list_audit(runtime.get(), after, &list.raw, error));
  return list;
}

// The last record: "decision call target policy caller".
inline std::string last_record(const Runtime &runtime) {
  const AuditList list = records_of(runtime);
  CHECK(list.raw.count > 0);
  const capsule_audit_record &record = list.raw.records[list.raw.count - 1];
  return std::string(capsule_audit_decision_name(record.decision)) + " " + string_of(record.call) + " " +
         string_of(record.target) + " " + string_of(record.policy) + " " + string_of(record.caller);
}

// The records of the ring as the bytes of a file.
inline std::string bytes_of(const AuditList &list) {
  std::string bytes;
  for (std::size_t i = 0; i < list.raw.count; ++i) {
    bytes += string_of(list.raw.records[i].line) + "\n";
  }
  return bytes;
}

}  // namespace capsule_test
