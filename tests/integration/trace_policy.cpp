// The trace of looks: what the policy let through, and where the record is.
#include "introspection.hpp"
#include "stacks.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::int32_t kPolicy = 1200;

// That records all.
Session open_watched(const Runtime &runtime) {
  SessionOptions options;
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  return open_session(runtime, options);
}

void check_look(const capsule_trace_event &event, std::int32_t kind, std::int32_t look, std::int32_t decided,
                std::int32_t level) {
  CHECK_EQ(event.kind, kind);
  CHECK_EQ(event.arguments[0], look);
  CHECK_EQ(event.arguments[1], decided);
  CHECK_EQ(event.status, level);
  CHECK_EQ(event.source, CAPSULE_TRACE_SOURCE_HOST);
  CHECK_EQ(event.execution_id, 0);
}

// The record of the trail that the event has the number of: "decision call policy".
std::string record_of(const Runtime &runtime, const capsule_trace_event &event) {
  const AuditList list = records_of(runtime);
  for (std::size_t i = 0; i < list.raw.count; ++i) {
    const capsule_audit_record &record = list.raw.records[i];
    if (record.line.size > 0 && record.number == event.link && record.number != 0) {
      return std::string(capsule_audit_decision_name(record.decision)) + " " + string_of(record.call) + " " +
             string_of(record.policy);
    }
  }
  return "none";
}

std::vector<capsule_trace_event> looks_at(const Session &session) { return trace_of(session, {.kind = kPolicy}).events; }

}  // namespace

CAPSULE_TEST(a_look_is_traced_with_what_decided_and_the_number_of_its_record) {
  const Runtime runtime = make_runtime();
  const Session session = open_watched(runtime);
  value_of(session, "customers = 1");
  names_of(session);
  const auto events = looks_at(session);
  CHECK_EQ(events.size(), 1);
  check_look(events[0], CAPSULE_TRACE_POLICY_ALLOWED, CAPSULE_LOOK_NAMESPACE, CAPSULE_DECIDED_RUNTIME, CAPSULE_INSPECT_COUNTS);
  CHECK(events[0].arguments[2] > 0);
  CHECK_EQ(record_of(runtime, events[0]), "allowed namespace runtime");
  // The look at the trace itself is the next in it.
  const auto after = looks_at(session);
  CHECK_EQ(after.size(), 2);
  check_look(after[1], CAPSULE_TRACE_POLICY_ALLOWED, CAPSULE_LOOK_TRACE, CAPSULE_DECIDED_RUNTIME, CAPSULE_INSPECT_COUNTS);
  CHECK_EQ(record_of(runtime, after[1]), "allowed trace runtime");
}

CAPSULE_TEST(names_that_are_redacted_are_counted_in_the_trace) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Session session = open_watched(runtime);
  value_of(session, "customers = orders = 1");
  names_of(session, inspection_of(CAPSULE_INSPECT_FULL));
  CHECK_EQ(trace_of(session, {.kind = CAPSULE_TRACE_POLICY_REDACTED}).events.size(), 0);
  const Names names = names_of(session, inspection_of(CAPSULE_INSPECT_REDACTED));
  const capsule_trace_event redacted = only(session, CAPSULE_TRACE_POLICY_REDACTED);
  check_look(redacted, CAPSULE_TRACE_POLICY_REDACTED, CAPSULE_LOOK_NAMESPACE, CAPSULE_DECIDED_REQUEST,
             CAPSULE_INSPECT_REDACTED);
  CHECK_EQ(redacted.arguments[2], static_cast<std::int64_t>(names.raw.redactions));
  CHECK_AT_LEAST(redacted.arguments[2], 2);
  CHECK_EQ(record_of(runtime, redacted), "allowed namespace request");
}

CAPSULE_TEST(a_look_that_is_denied_is_traced_by_default) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const Session other = open_session(runtime);
  Names names;
  const capsule_inspection full = inspection_of(CAPSULE_INSPECT_FULL);
  REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_namespace(session.get(), &full, &names.raw, error));
  auto events = looks_at(session);
  CHECK_EQ(events.size(), 1);
  check_look(events[0], CAPSULE_TRACE_POLICY_DENIED, CAPSULE_LOOK_NAMESPACE, CAPSULE_DECIDED_RUNTIME, CAPSULE_INSPECT_COUNTS);
  CHECK_EQ(events[0].arguments[2], CAPSULE_INSPECT_FULL);
  CHECK_EQ(events[0].severity, CAPSULE_LOG_WARN);
  CHECK_EQ(record_of(runtime, events[0]), "denied namespace runtime");
  capsule_introspection_policy policy = policy_of(CAPSULE_INSPECT_COUNTS);
  policy.stack = CAPSULE_INSPECT_OFF;
  narrow(session, policy);
  StackHandle stack;
  REFUSED(CAPSULE_E_DENIED, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
  events = looks_at(session);
  CHECK_EQ(events.size(), 2);
  check_look(events[1], CAPSULE_TRACE_POLICY_DENIED, CAPSULE_LOOK_STACK, CAPSULE_DECIDED_SESSION, CAPSULE_INSPECT_OFF);
  CHECK_EQ(record_of(runtime, events[1]), "denied stack session");
  CHECK_EQ(looks_at(other).size(), 0);
}

CAPSULE_TEST(a_look_whose_record_must_be_kept_and_is_not_is_traced_as_denied) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  capsule_audit_options audit;
  capsule_audit_options_init(&audit, sizeof audit);
  std::int32_t answer = 0;
  audit.callback = [](void *user_data, const char *, std::size_t) { return *static_cast<std::int32_t *>(user_data); };
  audit.user_data = &answer;
  audit.required = 1;
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &audit, error));
  answer = 1;
  Names names;
  REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_namespace(session.get(), nullptr, &names.raw, error));
  answer = 0;
  const auto events = looks_at(session);
  CHECK_EQ(events.size(), 1);
  check_look(events[0], CAPSULE_TRACE_POLICY_DENIED, CAPSULE_LOOK_NAMESPACE, CAPSULE_DECIDED_AUDIT, CAPSULE_INSPECT_COUNTS);
  CHECK_EQ(events[0].link, 0);
}

CAPSULE_TEST(a_pool_s_trace_tells_of_looks_at_the_pool) {
  const Runtime runtime = make_runtime();
  const Pool pool = make_pool(PoolOptions::echo(), runtime);
  const capsule_inspection full = inspection_of(CAPSULE_INSPECT_FULL);
  capsule_pool_info info{.struct_size = sizeof info};
  PoolSummary summary;
  REFUSED(CAPSULE_E_DENIED, capsule_pool_inspect(pool.get(), &full, &info, &summary.raw, error));
  const auto events = trace_of(pool, {.kind = kPolicy}).events;
  CHECK_EQ(events.size(), 1);
  check_look(events[0], CAPSULE_TRACE_POLICY_DENIED, CAPSULE_LOOK_POOL, CAPSULE_DECIDED_RUNTIME, CAPSULE_INSPECT_COUNTS);
  CHECK_EQ(record_of(runtime, events[0]), "denied pool runtime");
}
