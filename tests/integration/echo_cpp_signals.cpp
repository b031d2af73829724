// What both layers of the C++ wrapper tell without Python: sums of runtimes and bridges, audit trails, exporters. Each test runs in each layer.
#include <poll.h>

#include <atomic>

#include "cpp_layers.hpp"
#include "files.hpp"
#include "introspection.hpp"

using namespace capsule_test;

namespace {

template <typename Layer>
void adds_up() {
  auto runtime = Layer::runtime();
  auto bridge = got(runtime.open_bridge());
  auto session = Layer::open(runtime, CAPSULE_EXECUTOR_ECHO, &bridge);
  for (int i = 0; i < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    Layer::add(bridge, name.c_str());
    got(session.run("call " + name + "x {}"));  // of no such name: of the row "unknown"
  }
  CHECK_EQ(got(bridge.capability_metrics()).size(), 1);
  auto execution = got(session.execute("call c1 {}"));
  const auto request = got(bridge.next_request(kPatience));
  CHECK_EQ(got(bridge.pending()).at(0).request_id, request->id());
  const auto hidden = got(bridge.inspect_pending());
  CHECK_EQ(hidden->total, 1);
  CHECK(hidden.rows().empty());
  got(runtime.metrics());
  refused([&] { return bridge.inspect_pending(inspection_of(CAPSULE_INSPECT_FULL)); });
  DONE(runtime.set_introspection_policy(policy_of(CAPSULE_INSPECT_FULL)));
  const auto shown = got(bridge.inspect_pending());
  CHECK_EQ(shown.rows().size(), 1);
  CHECK_EQ(capsule::detail::view(shown.rows()[0].name.text), "c1");
  DONE(bridge.fail(request->id(), "ValueError", "no"));
  while (got(execution.next(kPatience))) continue;
  CHECK_EQ(got(bridge.capability_metrics()).at(0).failed, 1);
  DONE(session.close(kPatience));
  CHECK_EQ(got(runtime.metrics()).sessions_closed, 1);
  CHECK_CONTAINS(std::string(got(runtime.prometheus()).text()),
                 "\ncapsule_sessions_ended_total{pool=\"none\",reason=\"closed\"} 1\n");
  const auto moved = std::move(runtime);
  CHECK_EQ(status_of([&] { return runtime.metrics(); }), CAPSULE_E_HANDLE);
  CHECK_EQ(status_of([&] { return runtime.prometheus(); }), CAPSULE_E_HANDLE);
  CHECK_EQ(status_of([&] { return runtime.list_audit(); }), CAPSULE_E_HANDLE);
}

template <typename Layer>
void tells_who_looked() {
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime, CAPSULE_EXECUTOR_ECHO);
  got(session.run("kill"));
  const auto last = [&] {
    const auto records = got(runtime.list_audit());
    const capsule_audit_record &record = records.rows()[records.rows().size() - 1];
    return string_of(record.call) + " by " + string_of(record.caller);
  };
  capsule_trace_filter filter{};
  filter.caller = capsule_text_from("nightly check");
  got(session.trace(filter));
  CHECK_EQ(last(), "trace by nightly check");
  got(session.follow(filter));
  CHECK_EQ(last(), "trace by nightly check");
  got(session.postmortem());
  CHECK_EQ(last(), "postmortem by ");
  got(session.inspect_postmortem(inspection_of(0, "nightly check")));
  CHECK_EQ(last(), "postmortem by nightly check");
  got(session.inspect_trace_label(CAPSULE_TRACE_LABEL_OTHER, inspection_of(0, "nightly check")));
  CHECK_EQ(last(), "trace by nightly check");
  refused([&] { return session.inspect_postmortem(inspection_of(CAPSULE_INSPECT_FULL)); });
  refused([&] { return session.inspect_trace_label(CAPSULE_TRACE_LABEL_OTHER, inspection_of(CAPSULE_INSPECT_FULL)); });
}

template <typename Layer>
void keeps_an_audit_trail() {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit";
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime, CAPSULE_EXECUTOR_ECHO);
  capsule_audit_options options = capsule::defaults(capsule_audit_options_init);
  options.path = text_of(path);
  options.key = capsule_text_from("key");
  DONE(runtime.set_audit(options));
  got(session.inspect_execution(inspection_of(0, "nightly check")));
  refused([&] { return session.inspect_execution(inspection_of(CAPSULE_INSPECT_FULL)); });
  const auto records = got(runtime.list_audit());
  CHECK_EQ(records.rows().size(), 3);
  CHECK_EQ(capsule::detail::view(records.rows()[1].caller), "nightly check");
  CHECK_EQ(got(runtime.list_audit(records.rows()[1].sequence)).rows().size(), 1);
  const capsule_audit_info info = got(runtime.audit_info());
  CHECK_EQ(info.denied, 1);

  using Runtime = decltype(runtime);
  capsule_audit_check check{};
  check.path = options.path;
  check.key = options.key;
  check.head = capsule_text_from(info.head);
  CHECK_EQ(got(Runtime::verify_audit(check)).verdict, CAPSULE_VERDICT_VERIFIED);
  std::string altered = read_file(path);
  altered.replace(altered.find("nightly"), 7, "monthly");
  check.path = {};
  check.data = text_of(altered);
  CHECK_EQ(got(Runtime::verify_audit(check)).verdict, CAPSULE_VERDICT_BROKEN);
  const std::string nowhere = path + "/nowhere";
  options.path = text_of(nowhere);
  CHECK_EQ(status_of([&] { return runtime.set_audit(options); }), CAPSULE_E_SYSTEM);
}

template <typename Layer>
void exports() {
  const TempFolder folder;
  const std::string path = folder.path() + "/events";
  auto runtime = Layer::runtime();
  capsule_exporter_options options = capsule::defaults(capsule_exporter_options_init);
  std::atomic<int> ended = 0;
  auto called = got(runtime.open_exporter(options, [&](const capsule::Rows<capsule_export_group> &groups) {
    bool kept = true;
    for (const capsule_export_group &group : groups) {
      if (group.execution_id != 0) ended += group.outcome == CAPSULE_OUTCOME_OK ? 1 : 100;
      kept = kept && group.execution_id != 2;
    }
    return kept;
  }));
  options.kind = CAPSULE_EXPORTER_NDJSON;
  options.path = text_of(path);
  auto exporter = got(runtime.open_exporter(options));
  auto session = Layer::open(runtime, CAPSULE_EXECUTOR_ECHO);
  for (int i = 0; i < 2; ++i) {
    got(session.run("out a"));
    DONE(called.flush(kPatience));
  }
  CHECK_EQ(ended.load(), 2);
  CHECK_EQ(got(called.info()).batches_failed, 1);
  DONE(session.close(kPatience));
  DONE(exporter.flush(kPatience));
  CHECK_EQ(got(exporter.info()).sent, got(exporter.info()).accepted);
  DONE(exporter.close(kPatience));
  CHECK_EQ(got(exporter.info()).closed, 1);
  CHECK_CONTAINS(read_file(path), "\"execution_finished\"");
  const std::string nowhere = path + "/nowhere";
  options.path = text_of(nowhere);
  CHECK_EQ(status_of([&] { return runtime.open_exporter(options); }), CAPSULE_E_SYSTEM);
  const auto moved = std::move(exporter);
  CHECK_EQ(status_of([&] { return exporter.info(); }), CAPSULE_E_HANDLE);
}

}  // namespace

CAPSULE_TEST(a_runtime_and_a_bridge_add_up) {
  adds_up<Throwing>();
  adds_up<Returning>();
}

CAPSULE_TEST(every_look_tells_who_looked) {
  tells_who_looked<Throwing>();
  tells_who_looked<Returning>();
}

CAPSULE_TEST(an_audit_trail_tells_who_looked_and_shows_tampering) {
  keeps_an_audit_trail<Throwing>();
  keeps_an_audit_trail<Returning>();
}

CAPSULE_TEST(exporters_write_a_file_and_call_a_function) {
  exports<Throwing>();
  exports<Returning>();
}

// Nobody may free what its function stands on before it has returned.
CAPSULE_TEST(the_end_of_an_exporter_waits_for_its_function) {
  capsule::Runtime runtime;
  std::atomic<int> began = 0;
  std::atomic<int> ended = 0;
  {
    capsule_exporter_options options = capsule::defaults(capsule_exporter_options_init);
    options.interval_ms = 0;
    const capsule::Exporter exporter = runtime.open_exporter(options, [&](const capsule::Rows<capsule_export_group> &) {
      ++began;
      began.notify_all();
      poll(nullptr, 0, 100);
      ++ended;
      return true;
    });
    capsule::Session session = Throwing::open(runtime, CAPSULE_EXECUTOR_ECHO);
    session.run("out a");
    began.wait(0);
  }
  CHECK(ended > 0);
  CHECK_EQ(ended.load(), began.load());
}
