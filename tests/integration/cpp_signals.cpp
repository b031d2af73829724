// What both layers of the C++ wrapper tell of Python code: metrics of workers, guarded looks, profiles, pools. Each test runs in each layer.
#include <set>

#include "cpp_layers.hpp"
#include "introspection.hpp"

using namespace capsule_test;

namespace {

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

}  // namespace

CAPSULE_TEST(a_worker_tells_of_itself) {
  tells_of_a_worker<Throwing>();
  tells_of_a_worker<Returning>();
}

CAPSULE_TEST(looks_and_profiles_are_as_the_policy_says) {
  looks_as_the_policy_says<Throwing>();
  looks_as_the_policy_says<Returning>();
}

CAPSULE_TEST(stores_and_pools_are_shown_as_the_policy_says) {
  shows_stores_and_pools<Throwing>();
  shows_stores_and_pools<Returning>();
}
