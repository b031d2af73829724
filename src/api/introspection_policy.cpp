#include "capsule/introspection_policy.h"

#include "api/inspection.hpp"

using capsule::Guarded;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::uint32_t kMostRowsAllowed = 65'536;
constexpr std::size_t kMostKey = 1'024;

Result<capsule::InspectPolicy> translate(const capsule_introspection_policy *given) {
  auto read = read_options(given, capsule_introspection_policy_init, "policy");
  if (!read.ok()) {
    return read.status();
  }
  const capsule_introspection_policy &p = read.value();
  capsule::InspectPolicy policy;
  policy.levels = {p.promises, p.namespace_summary, p.pool, p.execution, p.isolation, p.stack, p.trace, p.postmortem};
  for (std::size_t i = 0; i < policy.levels.size(); ++i) {
    const std::string name = std::string("policy: the level of '") + guarded_name(static_cast<Guarded>(i)) + "'";
    if (Status status = check_range(name.c_str(), policy.levels.at(i), CAPSULE_INSPECT_OFF, CAPSULE_INSPECT_FULL);
        !status.ok()) {
      return status;
    }
  }
  for (const Status &status : {check_range("policy.redaction", p.redaction, CAPSULE_REDACT_HASH, CAPSULE_REDACT_DROP),
                               check_range("policy.max_label_bytes", p.max_label_bytes, 24, 1'024),
                               check_range("policy.max_rows", p.max_rows, 1, kMostRowsAllowed)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if ((p.key.data == nullptr && p.key.size > 0) || p.key.size > kMostKey) {
    return Status(CAPSULE_E_ARGUMENT,
                  "policy.key is NULL but has a size, or has more than " + std::to_string(kMostKey) + " bytes");
  }
  policy.redaction = p.redaction;
  policy.max_label_bytes = p.max_label_bytes;
  policy.max_rows = p.max_rows;
  policy.key.assign(p.key.data == nullptr ? "" : p.key.data, p.key.size);
  return policy;
}

}  // namespace

extern "C" {

void capsule_introspection_policy_init(capsule_introspection_policy *policy, uint32_t struct_size) {
  const capsule::InspectPolicy d;
  capsule_introspection_policy defaults{};
  for (std::int32_t *level : {&defaults.promises, &defaults.namespace_summary, &defaults.pool, &defaults.execution,
                              &defaults.isolation, &defaults.stack, &defaults.trace, &defaults.postmortem}) {
    *level = CAPSULE_INSPECT_COUNTS;
  }
  defaults.redaction = d.redaction;
  defaults.max_label_bytes = d.max_label_bytes;
  defaults.max_rows = d.max_rows;
  write_defaults(policy, struct_size, defaults);
}

void capsule_inspection_init(capsule_inspection *inspection, uint32_t struct_size) {
  capsule_inspection defaults{};
  defaults.timeout_ms = 1'000;
  write_defaults(inspection, struct_size, defaults);
}

capsule_status capsule_runtime_set_introspection_policy(capsule_runtime *runtime, const capsule_introspection_policy *policy,
                                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(runtime);
    auto translated = found.ok() ? translate(policy) : found.status();
    if (translated.ok()) {
      found.value()->guard().set_policy(std::move(translated.value()));
    }
    return translated.status();
  });
}

capsule_status capsule_session_narrow_introspection(capsule_session *session, const capsule_introspection_policy *policy,
                                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    auto translated = found.ok() ? translate(policy) : found.status();
    if (translated.ok()) {
      found.value()->runtime().guard().narrow(found.value()->id(), translated.value());
    }
    return translated.status();
  });
}

const char *capsule_inspect_level_name(int32_t level) {
  constexpr const char *names[] = {"off", "counts", "redacted", "full"};
  return name_of(names, level);
}

}  // extern "C"
