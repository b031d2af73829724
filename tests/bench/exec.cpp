// What a caller that blocks waits for: a result, and the first line of output.
#include <charconv>
#include <memory>
#include <thread>

#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kBlocks = 20;
constexpr int kBlockSize = 100;

// Prints when it prints. It goes on for a while, so that the end of the code is not what sends the line.
constexpr std::string_view kStampedLine = "import time; print(time.monotonic_ns()); time.sleep(0.003)";

struct RoundTrips {
  std::vector<double> ours_us;
  std::vector<double> bare_us;
  std::vector<double> eval_ns;
  std::vector<double> pipe_ns;

  [[nodiscard]] double floor_us() const { return median(bare_us) + median(eval_ns) / 1e3; }
};

RoundTrips measure_roundtrips(const Context &context) {
  PingPong ping_pong;
  PythonPeer eval_loop(context, "eval_loop.py");
  PythonPeer pipe_eval(context, "pipe_eval.py");
  const Runtime runtime;
  const Session session(runtime, context);
  sums_us(session, kBlockSize);
  pipe_eval.ask(kBlockSize);
  RoundTrips samples;
  for (int i = 0; i < kBlocks; ++i) {
    append(samples.ours_us, sums_us(session, kBlockSize));
    append(samples.bare_us, ping_pong.block(kBlockSize));
    append(samples.eval_ns, eval_loop.ask(kBlockSize));
    append(samples.pipe_ns, pipe_eval.ask(kBlockSize));
  }
  return samples;
}

// Two processes that talk are several times slower on two cores than on one, and the scheduler's choice holds for a
// whole run, for each pair its own: only on one core are ratios of such latencies the same in each run.
RoundTrips measure_roundtrips_on_one_cpu(const Context &context) {
  const OneCpu pin;
  return measure_roundtrips(context);
}

double first_line_us(const Session &session) {
  Event event;
  Execution execution(session, kStampedLine);
  execution.next_of(event, CAPSULE_EVENT_OUTPUT);
  const std::uint64_t received = now_ns();
  std::uint64_t printed = 0;
  const std::string_view text = event.data();
  if (std::from_chars(text.data(), text.data() + text.size(), printed).ec != std::errc() || printed > received) {
    fail("not a time of the past: %.*s", static_cast<int>(text.size()), text.data());
  }
  execution.finish(event);
  event.expect_result();
  return us_between(printed, received);
}

// Sessions of the same runtime that run something without end, and a thread for each that takes its output.
class Load {
 public:
  Load(const Runtime &runtime, const Context &context, std::string_view source) {
    for (int i = 0; i < kSessions; ++i) {
      sessions_.push_back(std::make_unique<Session>(runtime, context));
      executions_.push_back(std::make_unique<Execution>(*sessions_.back(), source));
      Event started;
      executions_.back()->next_of(started, CAPSULE_EVENT_STARTED);
      threads_.emplace_back([execution = executions_.back().get()] {
        Event event;
        execution->finish(event);
      });
    }
  }
  Load(const Load &) = delete;
  Load &operator=(const Load &) = delete;
  ~Load() {
    for (const auto &execution : executions_) {
      execution->cancel(-1);
    }
    for (std::thread &thread : threads_) {
      thread.join();
    }
  }

  static constexpr int kSessions = 8;

 private:
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<std::unique_ptr<Execution>> executions_;
  std::vector<std::thread> threads_;
};

Row first_line_beside(const Context &context, const char *name, const char *what, std::string_view source) {
  constexpr int kLines = 300;
  constexpr double kGoalUs = 1000;
  const Runtime runtime;
  const Session session(runtime, context);
  const Load load(runtime, context, source);
  PingPong ping_pong;
  std::vector<double> ours;
  std::vector<double> bare;
  for (int line = 0; line < kLines; ++line) {
    ours.push_back(first_line_us(session));
    append(bare, ping_pong.block(1));
  }
  return {
      .name = name,
      .value = median(ours),
      .unit = "us",
      .floor = kGoalUs,
      .peer = "the goal",
      .how = format(
          "p50 of %d times as in first_line while %d other sessions %s (p95 %.1f us; half of a bare ping-pong meanwhile: "
          "p50 %.1f us, p95 %.1f us), Python %s",
          kLines, Load::kSessions, what, percentile(ours, 95), median(bare) / 2, percentile(bare, 95) / 2,
          context.version.c_str()),
      .goal = Goal::kAtMost,
  };
}

}  // namespace

Rows exec_roundtrip(const Context &context) {
  const RoundTrips free = measure_roundtrips(context);
  const RoundTrips pinned = measure_roundtrips_on_one_cpu(context);
  const double p95_us = percentile(pinned.ours_us, 95);
  const double pipe_us = median(pinned.pipe_ns) / 1e3;
  const Row against_floor{
      .name = "exec_roundtrip",
      .value = median(pinned.ours_us),
      .unit = "us",
      .floor = pinned.floor_us(),
      .peer = format("64-byte socketpair ping-pong %.1f us + compile, eval and repr in the interpreter %.1f us; a bare "
                     "multiprocessing.Pipe eval loop takes %.1f us",
                     median(pinned.bare_us), median(pinned.eval_ns) / 1e3, pipe_us),
      .how = format("p50 of %zu times create, next up to the result of 1+1, release (p95 %.1f us), and of as many "
                    "ping-pongs, in %d interleaved blocks, all processes on one CPU (left to the scheduler: %.1f us, "
                    "floor %.1f us); the interpreter's share is the median of %d loops of %d, timed by a script in "
                    "Python %s, less the empty loop",
                    pinned.ours_us.size(), p95_us, kBlocks, median(free.ours_us), free.floor_us(), kBlocks, kBlockSize,
                    context.version.c_str()),
  };
  const Row against_pipe{
      .name = "exec_roundtrip_vs_pipe",
      .value = median(pinned.ours_us),
      .unit = "us",
      .floor = pipe_us,
      .peer = "a bare multiprocessing.Pipe between two Python processes: '1+1' there, repr(eval()) back",
      .how = format("the value of exec_roundtrip against the p50 of %zu round trips that the peer's parent timed, in "
                    "the same interleaved blocks on one CPU (left to the scheduler: %.1f us, peer %.1f us), Python %s",
                    pinned.pipe_ns.size(), median(free.ours_us), median(free.pipe_ns) / 1e3, context.version.c_str()),
  };
  return {against_floor, against_pipe};
}

Rows first_line(const Context &context) {
  constexpr int kLinesPerBlock = 10;
  PingPong ping_pong;
  const Runtime runtime;
  const Session session(runtime, context);
  first_line_us(session);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int i = 0; i < kBlocks; ++i) {
    for (int line = 0; line < kLinesPerBlock; ++line) {
      ours.push_back(first_line_us(session));
    }
    append(bare, ping_pong.block(kBlockSize));
  }
  const Row idle{
      .name = "first_line",
      .value = median(ours),
      .unit = "us",
      .floor = median(bare) / 2,
      .peer = "half of a 64-byte socketpair ping-pong",
      .how = format("p50 of %zu times from just before a print in code that goes on for 3 ms to the waiting caller "
                    "having the event (p95 %.1f us), in %d blocks interleaved with blocks of %d ping-pongs, Python %s",
                    ours.size(), percentile(ours, 95), kBlocks, kBlockSize, context.version.c_str()),
  };
  return {idle, first_line_beside(context, "first_line_beside_loops", "compute without end", "while True: pass"),
          first_line_beside(context, "first_line_beside_floods", "print without end", "while True: print('x' * 99)")};
}

}  // namespace bench
