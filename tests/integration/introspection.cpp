// Guarded introspection (OBS-011): who sees how much of names, calls, promises, pools and executions, and what is recorded of it.
#include "introspection.hpp"

#include <functional>
#include <set>

#include "bridge.hpp"
#include "files.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "pool.hpp"
#include "promises.hpp"
#include "run.hpp"
#include "stacks.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kSetup =
    "customer_table = [1, 2, 3]\nclass CustomerClass: pass\nsecret_instance = CustomerClass()\ndef bill(): pass\nimport math";

std::string name_of(const Names &names, std::size_t i) { return string_of(names.raw.rows[i].name.text); }

std::string denied(const Session &session, const capsule_inspection &inspection = inspection_of()) {
  Names names;
  return REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_namespace(session.get(), &inspection, &names.raw, error));
}

std::int32_t refuse_all(void *, const char *, std::size_t) { return 1; }
// Keeps the start record alone.
std::int32_t keep_first(void *user_data, const char *, std::size_t) { return (*static_cast<int *>(user_data))++ > 0 ? 1 : 0; }

// Each of the looks that take no inspection: what it came to, and the handle it gave is gone.
struct PlainLook {
  const char *call;
  std::function<capsule_status()> look;
};

std::vector<PlainLook> plain_looks(const Session &session) {
  return {{"trace",
           [&] {
             std::size_t count = 0;
             return capsule_session_get_trace(session.get(), nullptr, nullptr, 0, &count, nullptr, nullptr);
           }},
          {"trace",
           [&] {
             TraceReader reader;
             return capsule_trace_get(session.get(), nullptr, reader.out(), nullptr);
           }},
          {"stack",
           [&] {
             StackHandle stack;
             return capsule_session_get_stack(session.get(), nullptr, stack.out(), nullptr);
           }},
          {"stack",
           [&] {
             Handle<capsule_profile, capsule_profile_release> profile;
             return capsule_session_profile(session.get(), nullptr, profile.out(), nullptr);
           }},
          {"postmortem", [&] {
             Postmortem postmortem;
             return capsule_session_get_postmortem(session.get(), 0, postmortem.out(), nullptr);
           }}};
}

}  // namespace

CAPSULE_TEST(by_default_there_are_counts_and_no_names) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, kSetup);
  const Names names = names_of(session);
  CHECK_EQ(names.raw.level, CAPSULE_INSPECT_COUNTS);
  CHECK_EQ(names.raw.answered_by, CAPSULE_ANSWERED_BY_WORKER);
  CHECK_EQ(names.raw.total, 5);
  CHECK_EQ(names.raw.counted, 5);
  CHECK_EQ(names.raw.values, 2);
  CHECK_EQ(names.raw.functions, 1);
  CHECK_EQ(names.raw.classes, 1);
  CHECK_EQ(names.raw.modules, 1);
  CHECK_AT_LEAST(names.raw.size_bytes, 100);
  CHECK_EQ(names.raw.count, 0);
  CHECK_EQ(names.raw.left_out, 5);
  CHECK_EQ(last_record(runtime), "allowed namespace session 1 runtime test");
}

CAPSULE_TEST(redacted_names_correlate_and_cannot_be_read) {
  const Runtime runtime = make_runtime();
  const Runtime other = make_runtime();
  std::vector<std::string> hashes;
  for (const Runtime *one : {&runtime, &runtime, &other}) {
    set_policy(*one, policy_of(CAPSULE_INSPECT_REDACTED));
    const Session session = open_session(*one);
    value_of(session, kSetup);
    const Names names = names_of(session);
    CHECK_EQ(names.raw.count, 5);
    CHECK_EQ(names.raw.rows[0].name.form, CAPSULE_LABEL_HASH);
    CHECK_EQ(string_of(names.raw.rows[0].type_name.text), "list");
    CHECK_EQ(names.raw.rows[2].type_name.form, CAPSULE_LABEL_HASH);  // a class of the user's
    CHECK_EQ(names.raw.redactions, 6);
    CHECK_EQ(name_of(names, 0).size(), 18);
    hashes.push_back(name_of(names, 0));
  }
  CHECK_EQ(hashes[0], hashes[1]);
  CHECK(hashes[0] != hashes[2]);
}

CAPSULE_TEST(a_key_that_is_given_makes_hashes_alike) {
  std::vector<std::string> hashes;
  for (int i = 0; i < 2; ++i) {
    const Runtime runtime = make_runtime();
    auto policy = policy_of(CAPSULE_INSPECT_REDACTED);
    policy.key = capsule_text_from("of this deployment");
    set_policy(runtime, policy);
    const Session session = open_session(runtime);
    value_of(session, "customer_table = 1");
    hashes.push_back(name_of(names_of(session), 0));
  }
  CHECK_EQ(hashes[0], hashes[1]);
}

CAPSULE_TEST(labels_are_redacted_first_and_cut_then) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const std::string name(200, 'n');
  value_of(session, name + " = 1");
  auto policy = policy_of(CAPSULE_INSPECT_FULL);
  policy.max_label_bytes = 30;
  set_policy(runtime, policy);
  const Names full = names_of(session);
  CHECK_EQ(name_of(full, 0), name.substr(0, 30));
  CHECK_EQ(full.raw.rows[0].name.full_bytes, 200);
  policy.namespace_summary = CAPSULE_INSPECT_REDACTED;
  policy.redaction = CAPSULE_REDACT_LENGTH;
  set_policy(runtime, policy);
  CHECK_EQ(name_of(names_of(session), 0), "len:200");
  policy.redaction = CAPSULE_REDACT_DROP;
  set_policy(runtime, policy);
  const Names dropped = names_of(session);
  CHECK_EQ(name_of(dropped, 0), "");
  CHECK_EQ(dropped.raw.rows[0].name.form, CAPSULE_LABEL_DROPPED);
  CHECK_EQ(dropped.raw.redactions, 1);
}

CAPSULE_TEST(a_session_is_narrowed_and_never_widened) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Session session = open_session(runtime);
  value_of(session, kSetup);
  narrow(session, policy_of(CAPSULE_INSPECT_REDACTED));
  CHECK_EQ(names_of(session).raw.level, CAPSULE_INSPECT_REDACTED);
  narrow(session, policy_of(CAPSULE_INSPECT_FULL));
  CHECK_EQ(names_of(session).raw.level, CAPSULE_INSPECT_REDACTED);
  set_policy(runtime, policy_of(CAPSULE_INSPECT_COUNTS));
  CHECK_EQ(names_of(session).raw.level, CAPSULE_INSPECT_COUNTS);
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  Session branch;
  ACCEPTED(capsule_session_branch(session.get(), kPatienceMs, branch.out(), error));
  CHECK_EQ(names_of(branch).raw.level, CAPSULE_INSPECT_REDACTED);
  narrow(session, policy_of(CAPSULE_INSPECT_OFF));
  CHECK_CONTAINS(denied(session), "session");
  CHECK_EQ(last_record(runtime), "denied namespace session 1 session test");
  CHECK_EQ(names_of(branch).raw.level, CAPSULE_INSPECT_REDACTED);
}

CAPSULE_TEST(a_look_may_ask_for_less_and_not_for_more) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, kSetup);
  CHECK_CONTAINS(denied(session, inspection_of(CAPSULE_INSPECT_FULL)), "full is asked for");
  CHECK_EQ(last_record(runtime), "denied namespace session 1 runtime test");
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  CHECK_EQ(names_of(session, inspection_of(CAPSULE_INSPECT_COUNTS)).raw.count, 0);
  CHECK_EQ(last_record(runtime), "allowed namespace session 1 request test");
  capsule_inspection two = inspection_of();
  two.max_rows = 2;
  const Names names = names_of(session, two);
  CHECK_EQ(names.raw.count, 2);
  CHECK_EQ(names.raw.left_out, 3);
}

CAPSULE_TEST(where_the_worker_cannot_answer_the_host_does) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run busy(session, "input()");
  busy.until(CAPSULE_EVENT_INPUT);
  capsule_inspection soon = inspection_of();
  soon.timeout_ms = 20;
  const Names late = names_of(session, soon);
  CHECK_EQ(late.raw.answered_by, CAPSULE_ANSWERED_BY_HOST);
  CHECK_EQ(late.raw.worker_status, CAPSULE_E_TIMEOUT);
  CHECK_EQ(late.raw.count, 0);
  busy.answer("");
  busy.end();
  CHECK_EQ(names_of(session).raw.answered_by, CAPSULE_ANSWERED_BY_WORKER);
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  const Names closed = names_of(session);
  CHECK_EQ(closed.raw.answered_by, CAPSULE_ANSWERED_BY_HOST);
  CHECK_EQ(closed.raw.worker_status, CAPSULE_E_CLOSED);
}

CAPSULE_TEST(an_execution_tells_where_it_stands) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.raw.cancel_grace_ms = 60'000;
  const Session session = open_session(runtime, options);
  CHECK_EQ(status_of(session).phase, CAPSULE_PHASE_NONE);
  Run run(session, "try:\n  input()\nexcept KeyboardInterrupt:\n  input()");
  Run second(session, "2");
  run.until(CAPSULE_EVENT_INPUT);
  const capsule_execution_status waits = status_of(session);
  CHECK_EQ(waits.session_state, CAPSULE_SESSION_BUSY);
  CHECK_EQ(waits.phase, CAPSULE_PHASE_RUNNING);
  CHECK_EQ(waits.waits_for, CAPSULE_WAITS_INPUT);
  CHECK_EQ(waits.execution_id, 1);
  CHECK_EQ(waits.open_inputs, 1);
  CHECK_EQ(waits.queued, 1);
  CHECK_AT_LEAST(waits.age_ns, waits.running_ns);
  CHECK_AT_LEAST(waits.running_ns, 1);
  CHECK_EQ(waits.kill_left_ns, UINT64_MAX);
  run.cancel();
  run.until(CAPSULE_EVENT_INPUT);
  const capsule_execution_status stops = status_of(session);
  CHECK_EQ(stops.phase, CAPSULE_PHASE_STOPPING);
  CHECK_AT_MOST(stops.kill_left_ns, 60'000'000'000);
  run.answer("");
  run.end();
  CHECK_EQ(second.end().repr, "2");
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  CHECK_EQ(status_of(session).session_state, CAPSULE_SESSION_TERMINATED);
}

CAPSULE_TEST(open_calls_are_told_without_what_they_carry) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customer.find", "name"));
  const Session session = open_with(bridge, {rule("customer.*")}, {}, runtime);
  Run run(session, "host.customer.find('Ada')");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_EQ(status_of(session).waits_for, CAPSULE_WAITS_CALL);
  CHECK_EQ(status_of(session).open_calls, 1);
  const capsule_inspection inspection = inspection_of();
  Pending counts;
  ACCEPTED(capsule_bridge_inspect_pending(bridge.get(), &inspection, &counts.raw, error));
  CHECK_EQ(counts.raw.total, 1);
  CHECK_EQ(counts.raw.count, 0);
  CHECK_AT_LEAST(counts.raw.oldest_ns, 1);
  for (const std::int32_t level : {CAPSULE_INSPECT_REDACTED, CAPSULE_INSPECT_FULL}) {
    set_policy(runtime, policy_of(level));
    Pending pending;
    ACCEPTED(capsule_bridge_inspect_pending(bridge.get(), &inspection, &pending.raw, error));
    CHECK_EQ(pending.raw.count, 1);
    const capsule_pending_row &row = pending.raw.rows[0];
    CHECK_EQ(row.kind, CAPSULE_PENDING_CALL);
    CHECK_EQ(row.state, CAPSULE_CALL_TAKEN);
    CHECK_EQ(row.owner, CAPSULE_OWNER_SESSION);
    CHECK_EQ(row.request_id, request.id());
    CHECK_EQ(row.execution_id, 1);
    CHECK_AT_MOST(row.left_ns, 60'000'000'000);
    CHECK_EQ(string_of(row.name.text) == "customer.find", level == CAPSULE_INSPECT_FULL);
  }
  respond(bridge, request.id(), "1");
  run.end();
}

CAPSULE_TEST(open_promises_are_told_without_what_they_hold) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Store store = open_store(store_options(), runtime);
  create(store, "order-17");
  Pending pending;
  ACCEPTED(capsule_promise_store_inspect_pending(store.get(), nullptr, &pending.raw, error));
  CHECK_EQ(pending.raw.total, 1);
  CHECK_EQ(pending.raw.rows[0].kind, CAPSULE_PENDING_PROMISE);
  CHECK_EQ(pending.raw.rows[0].owner, CAPSULE_OWNER_NONE);
  CHECK_EQ(string_of(pending.raw.rows[0].name.text), "order-17");
  CHECK_EQ(last_record(runtime), "allowed promises store runtime ");
}

CAPSULE_TEST(durable_executions_and_what_they_wait_for_are_told_as_such) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Store store = open_store(store_options(), runtime);
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customer.find", "name"));
  const Session session = open_with(bridge, {rule("customer.*")}, {}, runtime);
  const std::uint64_t session_id = info_of(session).session_id;
  // CAPSULE_PENDING_… and the beginning of the name.
  const auto kinds = [&] {
    Pending pending;
    ACCEPTED(capsule_promise_store_inspect_pending(store.get(), nullptr, &pending.raw, error));
    CHECK_EQ(pending.raw.total, pending.raw.count);
    std::set<std::string> told;
    for (std::size_t i = 0; i < pending.raw.count; ++i) {
      const capsule_pending_row &row = pending.raw.rows[i];
      const std::string name = string_of(row.name.text);
      told.insert(std::to_string(row.kind) + " " + name.substr(0, name.rfind('.')));
      if (row.kind != CAPSULE_PENDING_PROMISE) {
        CHECK_EQ(row.owner, CAPSULE_OWNER_DURABLE);
        CHECK_EQ(row.session_id, session_id);
        CHECK_EQ(row.execution_id, 1);
        CHECK(row.left_ns > 0 && row.left_ns < 3'600'000'000'000'000);
      }
    }
    std::string all;
    for (const std::string &one : told) {
      all += one + "\n";
    }
    return all;
  };
  create(store, "order-17");
  PromiseRow row;
  Run run(begin_durable(session, store, "job", "host.customer.find('Ada'); input('?')", row));
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_EQ(kinds(), "2 order-17\n3 job\n4 job.customer.find\n");
  respond(bridge, request.id(), "1");
  run.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(kinds(), "2 order-17\n3 job\n5 job:input:1\n");
  run.answer("line");
  run.end();
  CHECK_EQ(kinds(), "2 order-17\n");
}

CAPSULE_TEST(a_pool_tells_numbers_and_then_its_sessions) {
  const Runtime runtime = make_runtime();
  PoolOptions options;
  options.raw.min_idle = 2;
  const Pool pool = make_pool(options, runtime);
  wait_ready(pool);
  const capsule_inspection inspection = inspection_of();
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    set_policy(runtime, policy_of(level));
    PoolSummary summary;
    capsule_pool_info info{.struct_size = sizeof info};
    ACCEPTED(capsule_pool_inspect(pool.get(), &inspection, &info, &summary.raw, error));
    CHECK_AT_LEAST(summary.raw.total, 2);
    CHECK_EQ(summary.raw.count, level == CAPSULE_INSPECT_COUNTS ? 0 : summary.raw.total);
    CHECK_EQ(info.sessions_idle, 2);
  }
  CHECK_EQ(last_record(runtime), "allowed pool pool runtime test");
}

CAPSULE_TEST(the_isolation_report_tells_each_layer) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Session session = open_session(runtime);
  Isolation report;
  ACCEPTED(capsule_session_inspect_isolation(session.get(), nullptr, &report.raw, error));
  CHECK_EQ(report.raw.active + report.raw.unavailable + report.raw.waived, report.raw.count);
  CHECK_EQ(report.raw.waived, 1);
  for (std::size_t i = 0; i < report.raw.count; ++i) {
    CHECK(report.raw.rows[i].reason.size > 0);
    if (string_of(report.raw.rows[i].name) == "system_calls") {
      // As the kernel has it.
      const bool filtered =
          value_of(session, "[l for l in open('/proc/self/status') if l.startswith('Seccomp:')][0].split()[1]") == "'2'";
      const bool host_filtered = [] {
        const std::string status = read_file("/proc/self/status");
        return status.find("Seccomp:\t2") != std::string::npos;
      }();
      CHECK_EQ(report.raw.rows[i].state == CAPSULE_LAYER_ACTIVE, filtered && !host_filtered);
    }
  }
}

CAPSULE_TEST(traces_stacks_profiles_and_post_mortems_are_guarded) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run death(session, "import os; os.abort()");
  death.end();
  const auto all = plain_looks(session);
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_OFF}) {
    if (level == CAPSULE_INSPECT_OFF) {  // the default first
      set_policy(runtime, policy_of(level));
    }
    for (const PlainLook &one : all) {
      const capsule_audit_info before = audit_of(runtime);
      const bool allowed = level != CAPSULE_INSPECT_OFF;
      CHECK_EQ(one.look(), allowed ? CAPSULE_OK : CAPSULE_E_DENIED);
      CHECK_EQ(last_record(runtime), std::string(allowed ? "allowed " : "denied ") + one.call + " session 1 runtime ");
      CHECK_EQ(audit_of(runtime).denied, before.denied + (allowed ? 0 : 1));
      CHECK_EQ(audit_of(runtime).allowed, before.allowed + (allowed ? 1 : 0));
    }
  }
  const Pool pool = make_pool(PoolOptions(), runtime);
  std::size_t count = 0;
  REFUSED(CAPSULE_E_DENIED, capsule_pool_get_trace(pool.get(), nullptr, nullptr, 0, &count, nullptr, error));
  CHECK_EQ(last_record(runtime), "denied trace pool runtime ");
}

CAPSULE_TEST(what_must_be_recorded_and_cannot_is_not_answered) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  options.required = 1;
  options.callback = refuse_all;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_SYSTEM, capsule_runtime_set_audit(runtime.get(), &options, error)), "callback");
  int kept = 0;
  options.callback = keep_first;
  options.user_data = &kept;
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &options, error));
  Names names;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_namespace(session.get(), nullptr, &names.raw, error)),
                 "audit");
  CHECK_EQ(names.raw.total, 0);
  CHECK(names.raw.storage == nullptr);
  capsule_execution_status status{.struct_size = sizeof status};
  REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_execution(session.get(), nullptr, &status, error));
  CHECK_EQ(status.session_state, 0);
  CHECK_EQ(audit_of(runtime).lost, 2);
  TraceReader reader;
  REFUSED(CAPSULE_E_DENIED, capsule_trace_get(session.get(), nullptr, reader.out(), error));
  CHECK(reader.get() == nullptr);
  std::vector<capsule_trace_event> events(8);
  std::size_t count = 1;
  capsule_trace_info told{.struct_size = sizeof told};
  REFUSED(CAPSULE_E_DENIED,
          capsule_session_get_trace(session.get(), nullptr, events.data(), events.size(), &count, &told, error));
  CHECK_EQ(count, 0);
  CHECK_EQ(told.stored, 0);
  StackHandle stack;
  REFUSED(CAPSULE_E_DENIED, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
  CHECK(stack.get() == nullptr);
}

CAPSULE_TEST(every_look_makes_one_record) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_REDACTED));
  const Session session = open_session(runtime);
  value_of(session, "a = b = 1");
  names_of(session);
  status_of(session);
  denied(session, inspection_of(CAPSULE_INSPECT_FULL));
  const AuditList list = records_of(runtime);
  CHECK_EQ(list.raw.count, 4);
  CHECK_EQ(list.raw.records[0].decision, CAPSULE_AUDIT_START);
  CHECK_EQ(list.raw.records[1].redactions, 2);
  CHECK_AT_LEAST(list.raw.records[1].answer_bytes, 2 * sizeof(capsule_namespace_row));
  CHECK_EQ(list.raw.records[2].answer_bytes, sizeof(capsule_execution_status));
  CHECK_EQ(list.raw.records[3].answer_bytes, 0);
  const std::string bytes = bytes_of(list);
  const capsule_audit_info info = audit_of(runtime);
  const capsule_audit_check check{.struct_size = sizeof check, .data = text_of(bytes), .head = capsule_text_from(info.head)};
  capsule_audit_report report{.struct_size = sizeof report};
  ACCEPTED(capsule_audit_verify(&check, &report, error));
  CHECK_EQ(report.verdict, CAPSULE_VERDICT_VERIFIED);
  CHECK_EQ(records_of(runtime, 4).raw.count, 0);
  CHECK_EQ(info.allowed, 2);
  CHECK_EQ(info.denied, 1);
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(audit_records_total{decision="allowed"})"], info.allowed);
  CHECK_EQ(samples[R"(audit_records_total{decision="denied"})"], info.denied);
  CHECK_EQ(samples[R"(audit_records_total{decision="failed"})"], info.failed);
}

CAPSULE_TEST(what_the_bridge_denies_is_recorded) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customer.find", "name"));
  const Session session = open_with(bridge, {}, {}, runtime);
  Run run(session, "host.customer.find('payload')");
  CHECK_EQ(run.end().error_type, "PermissionError");
  const std::string record = last_record(runtime);
  CHECK(record.starts_with("denied capability h:"));
  CHECK_CONTAINS(record, "no_rule session 1 execution 1");
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  Run again(session, "host.customer.find('payload')");
  again.end();
  CHECK_EQ(last_record(runtime), "denied capability customer.find no_rule session 1 execution 2");
  CHECK_LACKS(bytes_of(records_of(runtime)), "payload");
}

CAPSULE_TEST(calls_denied_in_a_loop_are_logged_once_an_execution_without_their_names) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customer.find", "name"));
  const Session session = open_with(bridge, {}, {}, runtime);
  LogSpy log(CAPSULE_LOG_INFO);
  for (std::size_t executions = 1; executions <= 2; ++executions) {
    Run run(session, "for _ in range(5):\n  try: host.customer.find('x')\n  except PermissionError: pass");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(log.lines("event=capability_denied").size(), executions);
  }
  CHECK_LACKS(log.lines("event=capability_denied").front(), "customer");
  CHECK_EQ(audit_of(runtime).denied, 10);  // each has its record all the same
}

CAPSULE_TEST(arguments_out_of_range_are_refused_by_name) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Names names;
  for (const auto &[bad, name] :
       {std::pair{capsule_inspection{.struct_size = sizeof(capsule_inspection), .level = 4, .timeout_ms = 1}, "level"},
        std::pair{capsule_inspection{.struct_size = sizeof(capsule_inspection), .timeout_ms = 0}, "timeout_ms"},
        std::pair{capsule_inspection{.struct_size = sizeof(capsule_inspection), .timeout_ms = 1, .max_rows = 65'537},
                  "max_rows"}}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_inspect_namespace(session.get(), &bad, &names.raw, error)),
                   name);
  }
  capsule_namespace_summary none{};
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_inspect_namespace(session.get(), nullptr, &none, error)),
                 "struct_size");
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_inspect_namespace(session.get(), nullptr, nullptr, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_inspect_namespace(nullptr, nullptr, &names.raw, error));
  auto policy = policy_of(CAPSULE_INSPECT_FULL + 1);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_set_introspection_policy(runtime.get(), &policy, error)),
                 "promises");
  policy = policy_of(CAPSULE_INSPECT_FULL);
  policy.max_label_bytes = 0;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_set_introspection_policy(runtime.get(), &policy, error)),
                 "max_label_bytes");
  CHECK_EQ(audit_of(runtime).stored, 0);
}
