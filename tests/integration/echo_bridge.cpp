// Calls of the host without Python: thousands at once from many sessions, at random, with a balance in the end.
#include <csignal>
#include <random>

#include "bridge.hpp"
#include "process.hpp"

using namespace capsule_test;

namespace {

constexpr int kSessions = 4;
constexpr int kRounds = kSanitized ? 15 : 40;

std::string refuse_session(SessionOptions options) {
  Session session;
  return REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error));
}

}  // namespace

CAPSULE_TEST(a_call_is_answered_without_python) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("echo"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo());
  const Server server(bridge, echo_arguments);
  Run run(session, "call echo {\"a\":1}\ncall nothing {}");
  CHECK_EQ(run.end().error_type, "LookupError");
  CHECK_EQ(run.out(), "{\"a\":1}\n");
}

CAPSULE_TEST(a_session_without_a_bridge_has_no_rules) {
  SessionOptions options = SessionOptions::echo();
  const capsule_rule all = rule("*");
  options.raw.rules = &all;
  options.raw.rule_count = 1;
  CHECK_CONTAINS(refuse_session(options), "options.rules are set without options.bridge");
}

CAPSULE_TEST(rules_are_checked_by_name) {
  const Bridge bridge = make_bridge();
  SessionOptions options = SessionOptions::echo();
  options.raw.bridge = bridge.get();
  capsule_rule bad = rule("x", 3);
  options.raw.rules = &bad;
  options.raw.rule_count = 1;
  CHECK_CONTAINS(refuse_session(options), "rules[0].decision");
  bad = rule("");
  CHECK_CONTAINS(refuse_session(options), "rules[0].capability is empty");
  capsule_constraint odd{.argument = capsule_text_from("a"), .kind = 9};
  bad = rule("x");
  bad.constraints = &odd;
  bad.constraint_count = 1;
  CHECK_CONTAINS(refuse_session(options), "rules[0].constraints[0].kind");
}

// Servers that answer, fail, answer twice or not at all; callers that are killed and canceled.
CAPSULE_TEST(a_storm_of_calls_balances) {
  const std::uint32_t seed = std::random_device()();
  std::printf("seed %u\n", seed);
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  capsule_capability call = capability("any");
  call.timeout_ms = 50;
  offer(bridge, call);
  Threads servers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    servers.start([&, i] {
      std::mt19937 random(seed + i);
      const std::string one = "1";
      Request request;
      while (request.take(bridge) == CAPSULE_OK) {
        const auto how = random() % 8;
        for (auto times = how == 0 ? 0 : how == 1 ? 2 : 1; times > 0; --times) {
          if (how == 2) {
            capsule_bridge_fail(bridge.get(), request.id(), capsule_text_from("ValueError"), {}, nullptr);
          } else {
            const capsule_value value = value_as(CAPSULE_VALUE_JSON, one);
            capsule_bridge_respond(bridge.get(), request.id(), &value, nullptr);
          }
        }
      }
    });
  }
  run_at_once(kSessions, [&](int which) {
    std::mt19937 random(seed + 100 + static_cast<std::uint32_t>(which));
    Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
    for (int i = 0; i < kRounds; ++i) {
      Execution execution;
      const std::string source = "call any {}\ncall any {}\ncall any {}";
      if (capsule_execution_create(session.get(), source.data(), source.size(), nullptr, execution.out(), nullptr) !=
          CAPSULE_OK) {
        session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
        continue;
      }
      Run run(std::move(execution));
      if (random() % 6 == 0) {
        run.cancel();
      } else if (const auto pid = info_of(session).pid; random() % 8 == 0 && pid != 0) {
        Watched(pid).kill(SIGKILL);
      }
      run.end();
      check_balance(metrics_of(bridge));
    }
  });
  ACCEPTED(capsule_bridge_close(bridge.get(), error));
  servers.join();
  const capsule_bridge_metrics metrics = metrics_of(bridge);
  check_balance(metrics);
  CHECK_EQ(metrics.bridge_pending_current, 0);
  CHECK(metrics.ok > 0 && metrics.calls > 0);
}

CAPSULE_TEST(any_order_of_release_is_safe_for_a_bridge) {
  Runtime runtime = make_runtime();
  Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("x"));
  Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  Run run(session, "call x {}");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  runtime.reset();
  bridge.reset();
  CHECK_EQ(run.end().message, "the bridge is closed");
  session.reset();
}
