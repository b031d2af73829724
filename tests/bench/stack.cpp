// Where a session stands: what it costs to ask, and what being asked costs the session.
#include "client.hpp"
#include "support.hpp"

namespace bench {
namespace {

// A loop in Python under twenty calls.
constexpr std::string_view kBusy =
    "def down(n):\n"
    "    if n: return down(n - 1)\n"
    "    print('x')\n"
    "    while True: pass\n"
    "down(20)";

void take_stack(const Session &session) {
  capsule_error error = empty_error();
  capsule_stack *stack = nullptr;
  check(capsule_session_get_stack(session.get(), nullptr, &stack, &error), error, "capsule_session_get_stack");
  capsule_stack_release(stack);
}

}  // namespace

Rows stack(const Context &context) {
  constexpr int kCount = 500;
  constexpr double kGoalMs = 10;
  const Runtime runtime;
  capsule_introspection_policy policy;
  capsule_introspection_policy_init(&policy, sizeof policy);
  policy.stack = CAPSULE_INSPECT_FULL;  // with its frames
  capsule_error error = empty_error();
  check(capsule_runtime_set_introspection_policy(runtime.get(), &policy, &error), error, "set_introspection_policy");
  const Session session(runtime, context);
  Event event;
  Execution execution(session, kBusy);
  execution.next_of(event, CAPSULE_EVENT_OUTPUT);
  std::vector<double> samples;
  for (int i = 0; i < kCount; ++i) {
    const std::uint64_t start = now_ns();
    take_stack(session);
    samples.push_back(ms_between(start, now_ns()));
  }
  execution.cancel(-1);
  execution.finish(event);
  return {{
      .name = "stack",
      .value = median(samples),
      .unit = "ms",
      .floor = kGoalMs,
      .peer = "the goal",
      .how = format(
          "p50 of %d calls of capsule_session_get_stack on a session in a Python loop under 22 frames (p99 %.3f ms), Python %s",
          kCount, percentile(samples, 99), context.version.c_str()),
  }};
}

}  // namespace bench
