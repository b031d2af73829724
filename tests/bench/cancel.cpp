// How soon a cancel ends code that would never end.
#include <chrono>
#include <thread>

#include "client.hpp"
#include "support.hpp"

namespace bench {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr std::string_view kPythonLoop = "print('x')\nwhile True: pass";
constexpr std::string_view kCLoop = "print('x')\nsum(range(10**11))";

// From the cancel to the terminal event, once the code has printed and run for a while.
double cancel_ms(const Session &session, std::string_view source, Milliseconds after, std::int64_t grace_ms,
                 std::int32_t phase) {
  Event event;
  Execution execution(session, source);
  execution.next_of(event, CAPSULE_EVENT_OUTPUT);
  std::this_thread::sleep_for(after);
  const std::uint64_t start = now_ns();
  execution.cancel(grace_ms);
  execution.finish(event);
  const double elapsed = ms_between(start, now_ns());
  event.expect_canceled(phase);
  return elapsed;
}

}  // namespace

Rows cancel_loop(const Context &context) {
  constexpr int kCount = 100;
  constexpr double kGoalMs = 5;
  constexpr Milliseconds kAtOnce{0};
  constexpr std::int64_t kSessionGrace = -1;
  const Runtime runtime;
  const Session session(runtime, context);
  std::vector<double> samples;
  for (int i = 0; i < kCount; ++i) {
    samples.push_back(cancel_ms(session, kPythonLoop, kAtOnce, kSessionGrace, CAPSULE_CANCEL_INTERRUPTED));
  }
  return {{
      .name = "cancel_loop",
      .value = percentile(samples, 95),
      .unit = "ms",
      .floor = kGoalMs,
      .peer = "the goal",
      .how = format("p95 of %d cancels of `while True: pass`, from the call, made when the code's first output had "
                    "arrived, to the terminal event (p50 %.3f ms), all in one session, Python %s",
                    kCount, median(samples), context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

Rows cancel_under_flood(const Context &context) {
  constexpr int kCount = 50;
  constexpr double kGoalMs = 50;
  constexpr std::size_t kBefore = 2U << 20U;  // taken before the cancel: by then all buffers have been full
  const Runtime runtime;
  const Session session(runtime, context);
  std::vector<double> samples;
  for (int i = 0; i < kCount; ++i) {
    Event event;
    Execution execution(session, "while True: print('x' * 99)");
    for (std::size_t taken = 0; taken < kBefore; taken += event->data.size) {
      execution.next_of(event, CAPSULE_EVENT_OUTPUT);
    }
    const std::uint64_t start = now_ns();
    execution.cancel(-1);
    execution.finish(event);
    samples.push_back(ms_between(start, now_ns()));
    event.expect_canceled(CAPSULE_CANCEL_INTERRUPTED);
  }
  return {{
      .name = "cancel_under_flood",
      .value = percentile(samples, 95),
      .unit = "ms",
      .floor = kGoalMs,
      .peer = "the goal",
      .how = format("p95 of %d cancels of an endless loop of prints, from the call to the terminal event, the output that came "
                    "before it taken on the way (p50 %.3f ms), all in one session, Python %s",
                    kCount, median(samples), context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

Rows kill_c_loop(const Context &context) {
  constexpr int kCount = 5;
  constexpr std::int64_t kGraceMs = 100;
  // Time to be inside the C loop, where an interrupt has no effect.
  constexpr Milliseconds kRun{20};
  const Runtime runtime;
  Session session(runtime, context);
  std::vector<double> samples;
  for (int i = 0; i < kCount; ++i) {
    samples.push_back(cancel_ms(session, kCLoop, kRun, kGraceMs, CAPSULE_CANCEL_KILLED));
    session.restart();
  }
  return {{
      .name = "kill_c_loop",
      .value = median(samples),
      .unit = "ms",
      .floor = static_cast<double>(kGraceMs),
      .peer = "the grace period",
      .how = format("median of %d cancels of `sum(range(10**11))` with a grace of %d ms, from the call to the terminal "
                    "event, the session restarted after each, Python %s",
                    kCount, static_cast<int>(kGraceMs), context.version.c_str()),
  }};
}

}  // namespace bench
