// What both layers of the C++ wrapper tell: metrics, guarded looks, audit trails, profiles, exporters. Each test runs in each layer.
#include <poll.h>

#include <atomic>
#include <capsule/capsule.hpp>
#include <capsule/capsule_result.hpp>
#include <set>

#include "files.hpp"
#include "introspection.hpp"
#include "session.hpp"
#include "test.hpp"

using namespace capsule_test;
namespace results = capsule::results;

namespace {

constexpr capsule::Milliseconds kPatience{60'000};

// What a call of either layer brings.
template <typename T>
T got(T value) {
  return value;
}
template <typename T>
T got(results::Result<T> result) {
  CHECK_EQ(result.status(), CAPSULE_OK);
  return *std::move(result);
}

// How one of either layer fails.
template <typename Call>
capsule_error failure_of(Call call) {
  capsule_error failure{.struct_size = sizeof(capsule_error), .status = CAPSULE_OK, .message = ""};
  const auto tell = [&](capsule_status status, const std::string &message) {
    failure.status = status;
    message.copy(failure.message, sizeof failure.message - 1);
  };
  try {
    if constexpr (requires { call().failure(); }) {
      if (const auto result = call(); !result) tell(result.failure().status, result.failure().message);
    } else {
      call();
    }
  } catch (const capsule::Error &error) {
    tell(error.status(), error.what());
  }
  return failure;
}
template <typename Call>
capsule_status status_of(Call call) {
  return failure_of(call).status;
}
template <typename Call>
void refused(Call call) {
  const capsule_error failure = failure_of(call);
  CHECK_EQ(failure.status, CAPSULE_E_DENIED);
  CHECK_CONTAINS(failure.message, "policy");
}

#define DONE(call) CHECK_EQ(status_of([&] { return call; }), CAPSULE_OK)

capsule_session_options options_of(std::int32_t executor, const std::string &python) {
  capsule_session_options options = capsule::defaults(capsule_session_options_init);
  options.executor = executor;
  options.python = text_of(python);
  options.enable_metrics = 1;
  return options;
}

struct Throwing {
  using Session = capsule::Session;
  static capsule::Runtime runtime() { return capsule::Runtime(); }
  static Session open(capsule::Runtime &runtime, std::int32_t executor = CAPSULE_EXECUTOR_PYTHON,
                      capsule::Bridge *bridge = nullptr) {
    capsule::SessionOptions options;
    options.executor = executor;
    options.python = python_under_test();
    options.enable_metrics = true;
    options.bridge = bridge;
    if (bridge != nullptr) options.rules = {capsule::Rule("*")};
    return runtime.open(options);
  }
  static void add(capsule::Bridge &bridge, const char *name) { bridge.add(name); }
};

struct Returning {
  using Session = results::Session;
  static results::Runtime runtime() { return got(results::Runtime::create()); }
  static Session open(results::Runtime &runtime, std::int32_t executor = CAPSULE_EXECUTOR_PYTHON,
                      results::Bridge *bridge = nullptr) {
    const std::string python = python_under_test();
    capsule_session_options options = options_of(executor, python);
    const capsule_rule all{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
    if (bridge != nullptr) {
      options.bridge = bridge->capi();
      options.rules = &all;
      options.rule_count = 1;
    }
    return got(runtime.open(&options));
  }
  static void add(results::Bridge &bridge, const char *name) {
    capsule_capability offered = results::defaults(capsule_capability_init);
    offered.name = capsule_text_from(name);
    CHECK(bridge.add(offered));
  }
};

// Runs until it asks for a line.
template <typename Session>
auto asking(Session &session, const char *source, std::uint64_t &input_id) {
  auto execution = got(session.execute(source));
  for (;;) {
    const auto event = got(execution.next(kPatience));
    CHECK(event.has_value());
    if (event->kind() == CAPSULE_EVENT_INPUT) {
      input_id = (*event)->input_id;
      return execution;
    }
  }
}

int message_number(const std::string &name) {
  for (int number = 0; number < CAPSULE_MESSAGES; ++number) {
    const char *found = capsule_message_name(number);
    if (found != nullptr && name == found) return number;
  }
  return -1;
}

template <typename Layer>
void tells_of_a_worker() {
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime);
  const int execute = message_number("Execute");
  const std::uint64_t before = got(session.transport_metrics()).sent.messages[execute];
  const std::string version = got(session.run("import platform; platform.python_version()")).repr.value_or("");
  CHECK_EQ(got(session.transport_metrics()).sent.messages[execute] - before, 1);
  CHECK_EQ("'" + std::string(got(session.worker_info()).python_version) + "'", version);
  CHECK_EQ(got(session.worker_metrics()).pid, got(session.info()).pid);
  CHECK_EQ(got(session.worker_metrics()).heartbeat_interval_ms, 5'000);
  CHECK_EQ(got(session.async_metrics()).mode_simple_sync, 1);
  CHECK_EQ(got(session.limiter_metrics()).waits, 0);
  CHECK_EQ(got(session.bridge_metrics()).calls, 0);
  std::uint64_t input_id = 0;
  auto execution = asking(session, "input()", input_id);
  DONE(execution.cancel());
  while (got(execution.next(kPatience))) continue;
  CHECK_EQ(got(session.cancel_metrics()).triggers, 1);
  CHECK_EQ(got(session.cancel_metrics()).executions_canceled, 1);
  CHECK_EQ(got(session.executor_metrics()).input_canceled, 1);
  const auto moved = std::move(session);
  CHECK_EQ(status_of([&] { return session.worker_metrics(); }), CAPSULE_E_HANDLE);
  CHECK_EQ(status_of([&] { return session.worker_info(); }), CAPSULE_E_HANDLE);
  CHECK_EQ(status_of([&] { return session.inspect_namespace(); }), CAPSULE_E_HANDLE);
  CHECK_EQ(status_of([&] { return session.profile(); }), CAPSULE_E_HANDLE);
}

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
void looks_as_the_policy_says() {
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime);
  got(session.run("def ask():\n    return input('in')"));
  const capsule_inspection full = inspection_of(CAPSULE_INSPECT_FULL);
  refused([&] { return session.inspect_stack(full); });
  refused([&] { return session.inspect_namespace(full); });
  refused([&] { return session.inspect_execution(full); });
  refused([&] { return session.inspect_isolation(full); });
  capsule_introspection_policy policy = policy_of(CAPSULE_INSPECT_FULL);
  policy.max_label_bytes = 1'024;
  DONE(runtime.set_introspection_policy(policy));
  const auto names = got(session.inspect_namespace(full));
  CHECK_EQ(names.rows().size(), 1);
  for (const capsule_namespace_row &row : names.rows()) CHECK_EQ(capsule::detail::view(row.name.text), "ask");
  const auto isolation = got(session.inspect_isolation(full));
  CHECK_EQ(isolation.rows().size(), isolation->count);
  CHECK_EQ(capsule::detail::view(isolation.rows()[0].name), "process");
  std::uint64_t input_id = 0;
  auto execution = asking(session, "ask()", input_id);
  CHECK_EQ(got(session.inspect_execution(full)).waits_for, CAPSULE_WAITS_INPUT);
  const auto stack = got(session.inspect_stack(full));
  const auto frames = got(stack.frames(0));
  CHECK_EQ(capsule::detail::view(frames.at(0).function), "ask");
  CHECK_EQ(frames.at(0).line, 2);
  CHECK_EQ(got(stack.threads()).size(), got(stack.info()).threads);
  CHECK_EQ(status_of([&] { return stack.frames(1'000); }), CAPSULE_E_ARGUMENT);

  capsule_profile_options options = capsule::defaults(capsule_profile_options_init);
  options.rate_hz = 1'000;
  options.duration_ms = 100;
  options.threads = CAPSULE_PROFILE_ALL;
  auto profile = got(session.profile(options));
  CHECK_EQ(status_of([&] { return profile.collapsed(); }), CAPSULE_E_BUSY);
  DONE(profile.wait(kPatience));
  CHECK(got(profile.info()).samples > 0);
  CHECK_CONTAINS(std::string(got(profile.collapsed())), ";ask (");
  auto endless = got(session.profile());
  CHECK_EQ(status_of([&] { return endless.wait(capsule::Milliseconds{1}); }), CAPSULE_E_TIMEOUT);
  DONE(endless.stop());
  DONE(endless.wait(kPatience));
  CHECK_EQ(got(endless.info()).is_running, 0);

  DONE(execution.answer(input_id, "x"));
  while (got(execution.next(kPatience))) continue;
  DONE(session.narrow_introspection(policy_of(CAPSULE_INSPECT_OFF)));
  refused([&] { return session.inspect_execution(); });
  refused([&] { return session.stack(); });
  refused([&] { return session.profile(); });
}

template <typename Layer>
void shows_stores_and_pools() {
  auto runtime = Layer::runtime();
  auto store = got(runtime.open_promises());
  constexpr int kPromises = 300;  // more than a list is first asked for
  for (int i = 0; i < kPromises; ++i) got(store.create("p-" + std::to_string(i)));
  CHECK_EQ(got(store.pending()).size(), kPromises);
  refused([&] { return store.inspect_pending(inspection_of(CAPSULE_INSPECT_FULL)); });
  auto pool = got(runtime.open_pool());
  refused([&] { return pool.inspect(inspection_of(CAPSULE_INSPECT_FULL)); });
  DONE(runtime.set_introspection_policy(policy_of(CAPSULE_INSPECT_FULL)));
  const auto pending = got(store.inspect_pending());
  std::set<std::string_view> ids;
  for (const capsule_pending_row &row : pending.rows()) ids.insert(capsule::detail::view(row.name.text));
  CHECK_EQ(ids.size(), kPromises);
  CHECK(ids.count("p-0") == 1 && ids.count("p-299") == 1);
  DONE(pool.wait_ready(kPatience));
  const auto found = got(pool.inspect());
  const auto sessions = got(pool.sessions());
  CHECK_EQ(found.info.sessions_total, found->total);
  CHECK_EQ(found.rows().size(), found->total);
  CHECK(!sessions.rows().empty());
  CHECK_EQ(found.rows()[0].session_id, sessions.rows()[0].session_id);
  CHECK(got(pool.imports()).rows().empty());
  const auto moved = std::move(pool);
  CHECK_EQ(status_of([&] { return pool.inspect(); }), CAPSULE_E_HANDLE);
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

CAPSULE_TEST(a_worker_tells_of_itself) {
  tells_of_a_worker<Throwing>();
  tells_of_a_worker<Returning>();
}

CAPSULE_TEST(a_runtime_and_a_bridge_add_up) {
  adds_up<Throwing>();
  adds_up<Returning>();
}

CAPSULE_TEST(looks_and_profiles_are_as_the_policy_says) {
  looks_as_the_policy_says<Throwing>();
  looks_as_the_policy_says<Returning>();
}

CAPSULE_TEST(stores_and_pools_are_shown_as_the_policy_says) {
  shows_stores_and_pools<Throwing>();
  shows_stores_and_pools<Returning>();
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
