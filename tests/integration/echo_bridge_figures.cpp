// What became of calls of the host, as session, pool and runtime tell it; and what a runtime's rules let through.
#include "bridge.hpp"
#include "pool.hpp"

using namespace capsule_test;

namespace {

void check_sum(const capsule_bridge_figures &f) {
  CHECK_EQ(f.created,
           f.pending_current + f.resolved + f.rejected + f.denied + f.timed_out + f.canceled + f.rejected_at_shutdown);
}

capsule_runtime_info runtime_info(const Runtime &runtime) {
  capsule_runtime_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_runtime_get_info(runtime.get(), &info, error));
  return info;
}

capsule_session_info info_of(capsule_session *session) {
  capsule_session_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_session_get_info(session, &info, error));
  return info;
}

}  // namespace

CAPSULE_TEST(session_and_runtime_tell_of_calls) {
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(nullptr, runtime.out(), error));
  Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("echo"));
  offer(bridge, capability("closed"));
  Session session = open_with(bridge, {rule("echo")}, SessionOptions::echo(), runtime);
  {
    const Server server(bridge, echo_arguments);
    Run good(session, "call echo {\"a\":1}\ncall echo {\"a\":2}");
    CHECK_EQ(good.end().outcome, "ok");
    Run denied(session, "call closed {}");
    CHECK_EQ(denied.end().error_type, "HostCallFailed");
  }
  Run late(session, "call echo {}");
  late.end();
  const capsule_bridge_figures own = info_of(session.get()).bridge;
  CHECK_EQ(own.created, 4);
  CHECK_EQ(own.resolved, 2);
  CHECK_EQ(own.denied, 1);
  CHECK_EQ(own.rejected_at_shutdown, 1);
  CHECK_EQ(own.pending_current, 0);
  CHECK_EQ(own.pending_hwm, 1);
  check_sum(own);
  // Another bridge's count too, and those that are gone.
  session.reset();
  bridge.reset();
  const Bridge other = make_bridge(runtime);
  offer(other, capability("echo"));
  const Server server(other, echo_arguments);
  const Session second = open_with(other, {rule("echo")}, SessionOptions::echo(), runtime);
  Run again(second, "call echo {}");
  again.end();
  CHECK_EQ(info_of(second.get()).bridge.created, 1);
  const capsule_bridge_figures all = runtime_info(runtime).bridge;
  CHECK_EQ(all.created, 5);
  CHECK_EQ(all.resolved, 3);
  check_sum(all);
}

CAPSULE_TEST(answers_that_nobody_waits_for_are_the_runtime_s) {
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(nullptr, runtime.out(), error));
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("echo"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  Run run(session, "call echo {}");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  respond(bridge, request.id(), "1");
  refuse_respond(bridge, request.id(), CAPSULE_E_STATE);
  run.end();
  CHECK_EQ(runtime_info(runtime).bridge.duplicate_settlements, 1);
  CHECK_EQ(runtime_info(runtime).bridge.late_settlements, 0);
}

CAPSULE_TEST(a_pool_sums_the_calls_of_sessions_that_are_gone) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("echo"));
  const Server server(bridge, echo_arguments);
  PoolOptions options = PoolOptions::echo();
  const capsule_rule all = rule("*");
  options.session.raw.bridge = bridge.get();
  options.session.raw.rules = &all;
  options.session.raw.rule_count = 1;
  options.raw.reset = CAPSULE_RESET_NEW_PROCESS;
  const Pool pool = make_pool(std::move(options));
  for (int i = 0; i < 3; ++i) {
    Session session = acquire(pool);
    Run run(session, "call echo {}");
    run.end();
    ACCEPTED(capsule_pool_give_back(pool.get(), session.get(), error));
  }
  capsule_pool_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_pool_get_info(pool.get(), &info, error));
  CHECK_EQ(info.bridge.created, 3);
  CHECK_EQ(info.bridge.resolved, 3);
  check_sum(info.bridge);
}

// A child never widens what its parent lets through: the runtime's rules hold for every bridge, and every session's.
CAPSULE_TEST(a_runtime_s_rules_hold_for_all_its_bridges) {
  const capsule_rule rules[] = {rule("echo"), rule("counted")};
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.rules = rules;
  options.rule_count = std::size(rules);
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(&options, runtime.out(), error));
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("echo"));
  offer(bridge, capability("other"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  const Server server(bridge, echo_arguments);
  Run allowed(session, "call echo {}");
  CHECK_EQ(allowed.end().outcome, "ok");
  Run denied(session, "call other {}");
  const Event &end = denied.end();
  CHECK_EQ(end.error_type, "HostCallFailed");
  CHECK_CONTAINS(end.message, "no_rule");

  const capsule_rule bad = rule("x", 7);
  options.rules = &bad;
  options.rule_count = 1;
  Runtime none;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(&options, none.out(), error)), "rules[0].decision");
}
