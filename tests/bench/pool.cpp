// Sessions from a pool: what an acquisition costs, what a clean session costs, how a pool shares two cores, what an idle one holds.
#include <deque>
#include <mutex>
#include <semaphore>
#include <thread>

#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

capsule_pool_options pool_options(std::int32_t reset, std::uint32_t min_idle, std::uint32_t max_sessions) {
  capsule_pool_options options;
  capsule_pool_options_init(&options, sizeof options);
  options.reset = reset;
  options.min_idle = min_idle;
  options.max_sessions = max_sessions;
  options.recycle_executions = 0;
  options.acquire_timeout_ms = kWaitMs;
  return options;
}

// Of acquisitions that find an idle session; what the pool makes behind them is waited for each time.
std::vector<double> acquire_us(const Runtime &runtime, const Context &context, std::int32_t reset, int count) {
  const Pool pool(runtime, context, pool_options(reset, 4, 8));
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) {
    pool.wait_idle(4);
    const std::uint64_t start = now_ns();
    capsule_session *session = pool.acquire();
    samples.push_back(us_between(start, now_ns()));
    pool.give_back(session);
  }
  return samples;
}

// Runs in Python for about a millisecond.
std::string millisecond_of_arithmetic(const Runtime &runtime, const Context &context) {
  const Session session(runtime, context);
  Event event;
  int loops = 1'000;
  for (double ms = 0; ms < 0.9; loops = static_cast<int>(loops * (ms < 0.1 ? 4 : 1 / ms))) {
    std::vector<double> samples;
    for (int i = 0; i < 20; ++i) {
      Execution execution(session, format("for i in range(%d): i * i", loops));
      execution.finish(event);
      event.expect_result();
      samples.push_back(static_cast<double>(event->duration_ns) / 1e6);
    }
    ms = median(samples);
  }
  return format("for i in range(%d): i * i", loops);
}

struct Load {
  double per_second = 0;
  std::vector<double> wait_ms;  // of each acquisition
};

// The least that is fair: sessions handed on from who has one to who has waited longest.
class Line {
 public:
  Line(const Runtime &runtime, const Context &context, int sessions) {
    for (int i = 0; i < sessions; ++i) {
      free_.push_back(sessions_.emplace_back(runtime, context).get());
    }
  }
  Line(const Line &) = delete;
  Line &operator=(const Line &) = delete;

  [[nodiscard]] capsule_session *acquire() {
    Waiter waiter;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        capsule_session *const session = free_.front();
        free_.pop_front();
        return session;
      }
      waiters_.push_back(&waiter);
    }
    waiter.served.acquire();
    return waiter.session;
  }
  void give_back(capsule_session *session) {
    const std::lock_guard lock(mutex_);
    if (waiters_.empty()) {
      free_.push_back(session);
      return;
    }
    Waiter &first = *waiters_.front();
    waiters_.pop_front();
    first.session = session;
    first.served.release();
  }

 private:
  struct Waiter {
    capsule_session *session = nullptr;
    std::binary_semaphore served{0};
  };
  std::deque<Session> sessions_;
  std::mutex mutex_;
  std::deque<capsule_session *> free_;
  std::deque<Waiter *> waiters_;
};

template <typename Source>
Load run_load(Source &pool, const std::string &source, int threads, double seconds) {
  Load load;
  std::mutex mutex;
  std::string failure;
  std::vector<std::thread> running;
  std::uint64_t done = 0;
  const std::uint64_t start = now_ns();
  const std::uint64_t end = start + static_cast<std::uint64_t>(seconds * 1e9);
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      std::vector<double> waits;
      try {
        Event event;
        while (now_ns() < end) {
          const std::uint64_t asked = now_ns();
          capsule_session *session = pool.acquire();
          waits.push_back(ms_between(asked, now_ns()));
          {
            Execution execution(session, source);
            execution.finish(event);
            event.expect_result();
          }
          pool.give_back(session);
        }
      } catch (const std::exception &error) {
        const std::lock_guard lock(mutex);
        failure = error.what();
      }
      const std::lock_guard lock(mutex);
      append(load.wait_ms, waits);
      done += waits.size();
    });
  }
  for (std::thread &thread : running) {
    thread.join();
  }
  if (!failure.empty()) {
    fail("%s", failure.c_str());
  }
  load.per_second = static_cast<double>(done) * 1e9 / static_cast<double>(now_ns() - start);
  return load;
}

}  // namespace

Rows pool_acquire(const Context &context) {
  constexpr int kCount = 1'500;
  constexpr double kGoalUs = 3;
  const Runtime runtime;
  const std::vector<double> pristine = acquire_us(runtime, context, CAPSULE_RESET_PRISTINE, kCount);
  const std::vector<double> kept = acquire_us(runtime, context, CAPSULE_RESET_KEEP, kCount);
  return {{
      .name = "pool_acquire",
      .value = median(pristine),
      .unit = "us",
      .floor = kGoalUs,
      .peer = "the goal; of the p99 it is 50 us",
      .how = format(
          "p50 of %d acquisitions that find an idle session, pristine reset (p99 %.1f us), which is replaced after each; "
          "of sessions that are kept: p50 %.1f us, p99 %.1f us, Python %s",
          kCount, percentile(pristine, 99), median(kept), percentile(kept, 99), context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

Rows pool_pristine(const Context &context) {
  constexpr int kCount = 300;
  PythonPeer fork_answer(context, "fork_answer.py");
  const Runtime runtime;
  const Pool pool(runtime, context, pool_options(CAPSULE_RESET_PRISTINE, 2, 8));
  std::vector<double> ours;
  std::vector<double> fork_ns;
  const auto round = [&](std::vector<double> &samples) {
    Event event;
    const std::uint64_t start = now_ns();
    capsule_session *session = pool.acquire();
    run_sum(session, event);
    pool.give_back(session);
    samples.push_back(us_between(start, now_ns()));
  };
  for (int i = 0; i < kCount; ++i) {
    round(ours);
    append(fork_ns, fork_answer.ask(1));
  }
  std::vector<double> without_pause;
  for (int i = 0; i < kCount; ++i) {
    round(without_pause);
  }
  return {{
      .name = "pool_pristine",
      .value = median(ours),
      .unit = "us",
      .floor = median(fork_ns) / 1e3,
      .peer = "a bare os.fork() of a Python process whose child answers one byte over a pipe",
      .how = format(
          "p50 of %d times acquire, 1+1, give back with the pristine reset (p95 %.0f us), each followed by a fork of the "
          "peer; one after the other without it: p50 %.0f us, p95 %.0f us, Python %s",
          kCount, percentile(ours, 95), median(without_pause), percentile(without_pause, 95), context.version.c_str()),
  }};
}

Rows pool_scaling(const Context &context) {
  constexpr int kThreads = 8;
  constexpr double kSeconds = 1;
  constexpr double kGoal = 1.7;
  const Runtime runtime;
  const std::string source = millisecond_of_arithmetic(runtime, context);
  const Pool wide(runtime, context, pool_options(CAPSULE_RESET_KEEP, kThreads, kThreads));
  run_load(wide, source, kThreads, kSeconds / 4);
  std::vector<double> ratios;
  double alone = 0;
  double together = 0;
  for (int round = 0; round < 5; ++round) {
    alone = run_load(wide, source, 1, kSeconds).per_second;
    together = run_load(wide, source, kThreads, kSeconds).per_second;
    ratios.push_back(together / alone);
  }
  return {{
      .name = "pool_scaling",
      .value = median(ratios),
      .unit = "x",
      .floor = kGoal,
      .peer = "the goal, which is a least here",
      .how = format(
          "median of %zu ratios: executions of 1 ms of arithmetic a second by %d threads on %d kept sessions, against "
          "one thread's (last: %.0f and %.0f), %u cores, Python %s",
          ratios.size(), kThreads, kThreads, together, alone, std::thread::hardware_concurrency(), context.version.c_str()),
      .goal = Goal::kAtLeast,
  }};
}

// How long the longest wait is where many more want a session than there are. With few in line a wait is as short as what the
// scheduler takes from one of thousands now and then; both loads are told, and a bare line by turns, which has that in it too.
Rows pool_fairness(const Context &context) {
  constexpr int kSessions = 2;
  constexpr int kManyThreads = 32;
  constexpr int kFewThreads = 8;
  constexpr double kSeconds = 0.6;
  constexpr int kRounds = 5;
  constexpr double kFair = 3;
  const Runtime runtime;
  const std::string source = millisecond_of_arithmetic(runtime, context);
  const Pool pool(runtime, context, pool_options(CAPSULE_RESET_KEEP, kSessions, kSessions));
  Line line(runtime, context, kSessions);
  run_load(pool, source, kManyThreads, kSeconds / 2);
  run_load(line, source, kManyThreads, kSeconds / 2);
  struct Waits {
    std::vector<double> pool;
    std::vector<double> line;
  };
  const auto measure = [&](int threads) {
    Waits waits;
    for (int round = 0; round < kRounds; ++round) {
      append(waits.pool, run_load(pool, source, threads, kSeconds).wait_ms);
      append(waits.line, run_load(line, source, threads, kSeconds).wait_ms);
    }
    return waits;
  };
  const auto longest = [](const std::vector<double> &waits) { return percentile(waits, 100) / median(waits); };
  const Waits many = measure(kManyThreads);
  const Waits few = measure(kFewThreads);
  return {{
      .name = "pool_fairness",
      .value = longest(many.pool),
      .unit = "x",
      .floor = kFair,
      .peer = "the goal",
      .how = format("longest of %zu waits for a session against their median (%.1f ms), %d threads on %d kept sessions, 1 ms "
                    "of arithmetic "
                    "each, by turns in %d rounds of %.1f s with a bare line that hands such sessions on: %.1f of %.1f ms; with "
                    "%d threads "
                    "%.1f of %.1f ms, the bare line %.1f of %.1f ms; Python %s",
                    many.pool.size(), median(many.pool), kManyThreads, kSessions, kRounds, kSeconds, longest(many.line),
                    median(many.line), kFewThreads, longest(few.pool), median(few.pool), longest(few.line), median(few.line),
                    context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

Rows pool_memory(const Context &context) {
  constexpr std::uint32_t kSessions = 50;
  constexpr double kGoalKib = 2'048;
  const Runtime runtime;
  capsule_pool_options options = pool_options(CAPSULE_RESET_PRISTINE, kSessions, kSessions);
  const capsule_text imports[] = {capsule_text_from("json"), capsule_text_from("re"), capsule_text_from("asyncio"),
                                  capsule_text_from("decimal")};
  options.imports = imports;
  options.import_count = std::size(imports);
  const Pool pool(runtime, context, options);
  std::vector<double> private_kib;
  for (const int pid : pool.pids()) {
    private_kib.push_back(read_memory(pid).private_kib);
  }
  return {{
      .name = "pool_memory",
      .value = median(private_kib),
      .unit = "KiB",
      .floor = kGoalKib,
      .peer = "the goal",
      .how = format(
          "median of Private_Clean + Private_Dirty of %u idle sessions of a pool with json, re, asyncio and decimal imported "
          "(%.0f ... %.0f KiB), Python %s",
          kSessions, percentile(private_kib, 0), percentile(private_kib, 100), context.version.c_str()),
      .goal = Goal::kAtMost,
  }};
}

}  // namespace bench
