// Where a session stands: what it costs to ask, and what being asked costs the session.
#include <algorithm>
#include <csignal>

#include "client.hpp"
#include "support.hpp"

namespace bench {
namespace {

// What a worker does under twenty calls of Python.
struct Doing {
  const char *row;
  const char *what;
  const char *source;
  bool stopped;
};
constexpr Doing kDoings[] = {
    {"stack", "in a Python loop", "while True: pass", false},
    {"stack_blocked", "that sleeps", "time.sleep(600)", false},
    {"stack_hung_in_c", "that hangs in C with the GIL", "ctypes.PyDLL(None).sleep(600)", false},
    {"stack_stopped", "that is stopped", "while True: pass", true},
};

std::string source_of(const Doing &doing) {
  return std::string(
             "import ctypes, time\n"
             "def down(n):\n"
             "    if n: return down(n - 1)\n"
             "    print('x')\n"
             "    ") +
         doing.source + "\ndown(20)";
}

std::int32_t pid_of(const Session &session) {
  capsule_error error = empty_error();
  capsule_session_info info{};
  info.struct_size = sizeof info;
  check(capsule_session_get_info(session.get(), &info, &error), error, "capsule_session_get_info");
  return info.pid;
}

void take_stack(const Session &session) {
  capsule_error error = empty_error();
  capsule_stack *stack = nullptr;
  check(capsule_session_get_stack(session.get(), nullptr, &stack, &error), error, "capsule_session_get_stack");
  capsule_stack_release(stack);
}

Row time_of(const Context &context, const Runtime &runtime, const Doing &doing) {
  constexpr int kCount = 300;
  constexpr double kGoalMs = 10;
  const Session session(runtime, context);
  Event event;
  Execution execution(session, source_of(doing));
  execution.next_of(event, CAPSULE_EVENT_OUTPUT);
  if (doing.stopped) {
    ::kill(pid_of(session), SIGSTOP);
  }
  std::vector<double> samples;
  for (int i = 0; i < kCount; ++i) {
    const std::uint64_t start = now_ns();
    take_stack(session);
    samples.push_back(ms_between(start, now_ns()));
  }
  if (doing.stopped) {
    ::kill(pid_of(session), SIGCONT);
  }
  execution.cancel(0);
  execution.finish(event);
  return {
      .name = doing.row,
      .value = median(samples),
      .unit = "ms",
      .floor = kGoalMs,
      .peer = "the goal",
      .how =
          format("p50 of %d calls of capsule_session_get_stack on a session %s under 22 frames, native ones too (p99 %.3f ms, "
                 "longest %.3f ms), Python %s",
                 kCount, doing.what, percentile(samples, 99), *std::max_element(samples.begin(), samples.end()),
                 context.version.c_str()),
      .goal = Goal::kAtMost,
  };
}

}  // namespace

Rows stack(const Context &context) {
  const Runtime runtime;
  capsule_introspection_policy policy;
  capsule_introspection_policy_init(&policy, sizeof policy);
  policy.stack = CAPSULE_INSPECT_FULL;  // with its frames
  capsule_error error = empty_error();
  check(capsule_runtime_set_introspection_policy(runtime.get(), &policy, &error), error, "set_introspection_policy");
  Rows rows;
  for (const Doing &doing : kDoings) {
    rows.push_back(time_of(context, runtime, doing));
  }
  return rows;
}

}  // namespace bench
