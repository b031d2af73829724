// The records of what goes wrong, and of what begins and ends: each happens, and the sink is told of it with its fields. And that none of
// the library's events is looked at by no test.
#include <csignal>
#include <filesystem>
#include <set>

#include "bridge.hpp"
#include "files.hpp"
#include "hostile.hpp"
#include "introspection.hpp"
#include "log.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "resonate.hpp"

using namespace capsule_test;

namespace {

using ExporterHandle = Handle<capsule_exporter, capsule_exporter_release>;

// The one record of the event, once it is there.
std::string record_of(LogSpy &log, const std::string &event) {
  std::string record = log.wait_for("event=" + event + " ");
  CHECK_EQ(log.lines("event=" + event + " ").size(), 1);
  return record;
}

}  // namespace

CAPSULE_TEST(a_worker_that_is_gone) {
  LogSpy log(CAPSULE_LOG_INFO);
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  const std::int32_t pid = info_of(session).pid;
  Run(session, "exit 3").end();
  CHECK_EQ(record_of(log, "worker_gone"), "event=worker_gone session=" + std::to_string(info_of(session).session_id) +
                                              " pid=" + std::to_string(pid) + " reason=" + std::to_string(CAPSULE_DEATH_EXIT));
}

CAPSULE_TEST(a_worker_that_breaks_the_protocol_and_one_that_never_began) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Runtime runtime = make_hostile_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  const std::int32_t pid = info_of(session).pid;
  Run(session, "garbage").end();
  CHECK_EQ(record_of(log, "protocol_error"), "event=protocol_error session=1 pid=" + std::to_string(pid));
  SessionOptions options = SessionOptions::echo();
  options.environment = {"HOSTILE=version"};
  Session none;
  REFUSED(CAPSULE_E_PROTOCOL, capsule_session_open(runtime.get(), options.get(), none.out(), error));
  CHECK_EQ(record_of(log, "session_failed"),
           "event=session_failed session=2 status=" + std::string(capsule_status_name(CAPSULE_E_PROTOCOL)));
}

CAPSULE_TEST(a_zygote_that_dies_and_one_that_is_let_go) {
  LogSpy log(CAPSULE_LOG_INFO);
  Runtime runtime = make_runtime();
  Session session = open_session(runtime, SessionOptions::echo());
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGKILL);
  CHECK_EQ(log.wait_for("event=zygote_died "), "event=zygote_died pid=" + std::to_string(zygote.pid()) + " ready=true");
  session.reset();
  session = open_session(runtime, SessionOptions::echo());
  const std::int32_t next = info_of(runtime).zygote_pid;
  session.reset();
  runtime.reset();
  CHECK_EQ(log.wait_for("event=zygote_ended "), "event=zygote_ended pid=" + std::to_string(next) + " ready=true");
}

CAPSULE_TEST(an_interceptor_that_takes_its_time_is_told_of_once_and_put_out) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Session session = open_session(SessionOptions::echo());
  capsule_interceptor_options options;
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = capsule_text_from("slow");
  options.budget_ns = 1;
  options.quarantine_after = 3;
  options.callback = [](void *, const capsule_frame *) -> std::int32_t {
    std::this_thread::sleep_for(std::chrono::microseconds(10));
    return 0;
  };
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
  Run(session, "out x").end();
  Run(session, "out y").end();
  const std::string whose = "session=" + std::to_string(info_of(session).session_id) + " interceptor=\"slow\" ";
  CHECK_CONTAINS(record_of(log, "interceptor_over_budget"), "event=interceptor_over_budget " + whose + "took_ns=");
  CHECK_EQ(record_of(log, "interceptor_quarantined"), "event=interceptor_quarantined " + whose + "over_budget=3");
}

CAPSULE_TEST(pools_say_which_they_are_as_the_policy_has_it) {
  LogSpy log(CAPSULE_LOG_DEBUG);
  const Runtime runtime = make_runtime();
  PoolOptions options = PoolOptions::echo();
  options.raw.min_idle = 1;
  options.raw.max_sessions = 1;
  options.raw.name = capsule_text_from("swordfish");
  const auto live = [&] {
    const Pool pool = make_pool(options, runtime);
    wait_ready(pool);
    close_pool(pool);
  };
  live();
  const std::string hidden = record_of(log, "pool_warm");
  CHECK_CONTAINS(hidden, "event=pool_warm pool=\"h:");
  CHECK_CONTAINS(hidden, "\" imports=0 duration_ns=");
  const std::string removed = record_of(log, "pool_removed");
  CHECK_CONTAINS(removed, "event=pool_removed session=");
  CHECK_CONTAINS(removed, " pool=\"h:");
  CHECK_CONTAINS(removed, "\" acquisitions=0");
  CHECK(log.lines("swordfish").empty());
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  live();
  log.wait_for("event=pool_warm pool=\"swordfish\" imports=0 duration_ns=");
  options.warmup = "exit 3";
  options.raw.breaker_pause_ms = options.raw.breaker_pause_max_ms = 86'400'000;
  const Pool fails = make_pool(options, runtime);
  until(fails, "it gives up", [](const auto &m) { return m.breaker_opened == 1; });
  CHECK_CONTAINS(record_of(log, "pool_creation_failed"), "event=pool_creation_failed pool=\"swordfish\" status=CAPSULE_E_");
}

CAPSULE_TEST(an_exporter_and_an_audit_sink_that_fail_are_told_of_once) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Runtime runtime = make_runtime();
  capsule_exporter_options exports;
  capsule_exporter_options_init(&exports, sizeof exports);
  exports.name = capsule_text_from("broken");
  exports.kind = CAPSULE_EXPORTER_CALLBACK;
  exports.interval_ms = 5;
  exports.callback = [](void *, const capsule_export_group *, std::size_t) -> std::int32_t { return 1; };
  ExporterHandle exporter;
  ACCEPTED(capsule_exporter_create(runtime.get(), &exports, exporter.out(), error));
  capsule_audit_options audit;
  capsule_audit_options_init(&audit, sizeof audit);
  int records = 0;
  audit.user_data = &records;
  audit.callback = [](void *taken, const char *, std::size_t) -> std::int32_t {
    return ++*static_cast<int *>(taken) > 1 ? 1 : 0;
  };
  ACCEPTED(capsule_runtime_set_audit(runtime.get(), &audit, error));
  const Session session = open_session(runtime, SessionOptions::echo());
  const Bridge bridge = make_bridge(runtime);
  for (int i = 0; i < 3; ++i) {
    Run(session, "out x").end();
    ACCEPTED(capsule_exporter_flush(exporter.get(), kPatienceMs, error));
    Pending pending;
    ACCEPTED(capsule_bridge_inspect_pending(bridge.get(), nullptr, &pending.raw, error));
  }
  CHECK_CONTAINS(record_of(log, "export_failed"), "event=export_failed exporter=\"broken\" events=");
  CHECK_EQ(record_of(log, "audit_sink_failed"), "event=audit_sink_failed required=false");
}

CAPSULE_TEST(a_bridge_that_is_closed_and_answers_that_come_too_late) {
  LogSpy log(CAPSULE_LOG_DEBUG);
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("ask"));
  capsule_capability slow = capability("slow");
  slow.timeout_ms = 30;
  offer(bridge, slow);
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  Request request;
  Run late(session, "call slow {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  late.end();
  refuse_respond(bridge, request.id(), CAPSULE_E_STATE);
  CHECK_EQ(log.wait_for("event=promise_late "), "event=promise_late request=" + std::to_string(request.id()));
  Run answered(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  respond(bridge, request.id(), "1");
  answered.end();
  refuse_respond(bridge, request.id(), CAPSULE_E_STATE);
  CHECK_EQ(log.wait_for("event=promise_duplicate "), "event=promise_duplicate request=" + std::to_string(request.id()));
  Run open(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  ACCEPTED(capsule_bridge_close(bridge.get(), error));
  open.end();
  CHECK_EQ(record_of(log, "bridge_closed"), "event=bridge_closed rejected=1");
}

CAPSULE_TEST(a_durable_end_that_the_server_does_not_hear_of) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Front front;
  FaultProxy proxy(front);
  const std::string url = proxy.url();
  capsule_promise_store_options options = server_options(url);
  options.request_timeout_ms = 3'000;
  const Store store = open_store(options);
  const Session session = open_session(SessionOptions::echo());
  PromiseRow row;
  Run run(begin_durable(session, store, "unheard", "input ?\nvalue 1", row));
  run.until(CAPSULE_EVENT_INPUT);
  proxy.set("{\"down\":true}");
  run.answer("");
  const std::string record = record_of(log, "durable_not_recorded");
  CHECK_CONTAINS(record, "session=" + std::to_string(info_of(session).session_id) + " execution=1 status=CAPSULE_E_");
  const std::string lost = log.wait_for("event=promise_stream_lost ");
  CHECK_CONTAINS(lost, "event=promise_stream_lost again_in_ms=");
  CHECK_CONTAINS(lost, " status=CAPSULE_E_");
  CHECK_LACKS(lost, "://");
  proxy.set("{\"down\":false}");
}

namespace {

// All that stands behind `before` in a text, as far as it is a name.
std::set<std::string> names_in(const std::string &text, const std::string &before) {
  std::set<std::string> names;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    const std::size_t begin = at + before.size();
    names.insert(text.substr(begin, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", begin) - begin));
  }
  names.erase("");
  return names;
}

// The same in all files of these folders.
std::set<std::string> names_behind(const std::string &before, const std::vector<std::string> &folders) {
  std::set<std::string> names;
  for (const std::string &folder : folders) {
    const std::string path = std::string(CAPSULE_TEST_SOURCE_DIR) + "/" + folder;
    for (const auto &file : std::filesystem::recursive_directory_iterator(path)) {
      names.merge(names_in(file.is_regular_file() ? read_file(file.path().string()) : "", before));
    }
  }
  return names;
}

}  // namespace

CAPSULE_TEST(every_event_has_its_test) {
  const std::set<std::string> events =
      names_in(read_file(std::string(CAPSULE_TEST_SOURCE_DIR) + "/src/base/log_events.hpp"), "\n  X(");
  const std::vector<std::string> folders = {"tests/integration", "tests/fault", "tests/unit"};
  std::set<std::string> tested = names_behind("event=", folders);
  tested.merge(names_behind("record_of(log, \"", folders));
  std::string untested;
  for (const std::string &event : events) {
    untested += tested.contains(event) ? "" : event + " ";
  }
  CHECK_AT_LEAST(events.size(), 30);
  CHECK_EQ(untested, "");
}
