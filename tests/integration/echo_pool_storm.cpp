// Threads that acquire, run, kill, cancel, lose and give back sessions at random, by a seed that is printed: in the end all that was
// counted balances, and nothing is left. CAPSULE_TEST_SEED repeats one.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <random>

#include "pool.hpp"
#include "process.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr int kThreads = 6;
constexpr int kRounds = kSanitized ? 25 : 60;

std::uint32_t seed_of_run() {
  const char *given = std::getenv("CAPSULE_TEST_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::atol(given)) : std::random_device()();
  std::printf("seed %u\n", seed);
  return seed;
}

// What the threads saw happen.
struct Seen {
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> acquired{0};
  std::atomic<std::uint64_t> given_back{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> canceled{0};
  std::atomic<std::uint64_t> executions{0};
};

class Storm {
 public:
  Storm(const Pool &pool, Seen &seen, std::uint32_t seed) : pool_(pool), seen_(seen), random_(seed) {}

  void run() {
    for (int i = 0; i < kRounds; ++i) {
      Session session = acquire();
      if (session.get() != nullptr) {
        use(session);
        leave(std::move(session));
      }
      if (i % 8 == 0) {
        check_balance(metrics_of(pool_));
      }
    }
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  Session acquire() {
    ++seen_.attempts;
    const int how = below(8);
    Session session;
    const capsule_acquire_options options = acquire_options(how == 0   ? 0
                                                            : how == 1 ? 1
                                                                       : kPatienceMs,
                                                            how == 2 ? "key" : nullptr);
    if (how == 3) {
      Acquisition acquisition = acquire_async(pool_);
      if (below(2) == 0) {
        return cancel(acquisition);
      }
      session = take(acquisition);
    } else {
      capsule_error error{.struct_size = sizeof error};
      const capsule_status status = capsule_pool_acquire(pool_.get(), &options, session.out(), &error);
      if (status == CAPSULE_E_TIMEOUT && how <= 1) {
        ++seen_.timeouts;
        return session;
      }
      CHECK_EQ(std::string(status == CAPSULE_OK ? "" : error.message), "");
    }
    ++seen_.acquired;
    return session;
  }

  // Which of the two came first, only the pool knows.
  Session cancel(Acquisition &acquisition) {
    acquisition.reset();
    ++seen_.canceled;
    return {};
  }

  void use(const Session &session) {
    switch (below(8)) {
      case 0:  // killed from outside
        if (const std::int32_t pid = info_of(session).pid; pid != 0) {
          Watched(pid).kill(SIGKILL);
        }
        return;
      case 1:
        execute(session, "kill");
        return;
      case 2: {  // still running when it is given back
        Execution execution;
        if (create(session, "spin", execution)) {
          Run run(std::move(execution));
          count(run.next());
        }
        return;
      }
      case 3:
        return;
      default:
        execute(session, "out hello");
    }
  }

  // False where a worker that was killed when it was idle is just being found dead.
  static bool create(const Session &session, const std::string &source, Execution &execution) {
    const capsule_status status =
        capsule_execution_create(session.get(), source.data(), source.size(), nullptr, execution.out(), nullptr);
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_DIED);
    return status == CAPSULE_OK;
  }

  void execute(const Session &session, const char *source) {
    Execution execution;
    if (create(session, source, execution)) {
      Run run(std::move(execution));
      run.end();
      count(run.events().front());
    }
  }

  // Those that end in the queue have not started.
  void count(const Event &first) { seen_.executions += first.kind == CAPSULE_EVENT_STARTED ? 1 : 0; }

  void leave(Session session) {
    if (below(6) == 0) {
      ++seen_.lost;
      session.reset();
    } else {
      ++seen_.given_back;
      give_back(pool_, std::move(session));
    }
  }

  const Pool &pool_;
  Seen &seen_;
  std::mt19937 random_;
};

void storm(std::int32_t reset) {
  const std::uint32_t seed = seed_of_run();
  const Runtime runtime = make_runtime();
  PoolOptions options = PoolOptions::echo();
  options.raw.reset = reset;
  options.raw.max_sessions = 4;
  options.raw.recycle_executions = 7;
  options.raw.health_interval_ms = 50;
  options.raw.breaker_failures = 1'000;  // what is killed at its birth is no reason to stop
  options.session.raw.cancel_grace_ms = 100;
  const Pool pool = make_pool(options, runtime);
  Seen seen;
  run_at_once(kThreads, [&](int which) { Storm(pool, seen, seed + static_cast<std::uint32_t>(which)).run(); });
  const capsule_pool_metrics calm = until(pool, "all is in order", [](const auto &m) {
    return m.sessions_idle >= 2 && m.sessions_resetting + m.sessions_warming == 0;
  });
  CHECK_EQ(calm.acquisition_attempts, seen.attempts.load());
  CHECK_EQ(calm.acquisition_successes + calm.acquisition_canceled, seen.acquired + seen.canceled);
  CHECK_EQ(calm.given_back, seen.given_back.load());
  CHECK_EQ(calm.reclaimed, seen.lost + seen.canceled - calm.acquisition_canceled);
  CHECK_EQ(calm.acquisition_timeouts, seen.timeouts.load());
  CHECK_EQ(calm.acquisition_errors + calm.acquisition_refused, 0);
  CHECK_EQ(calm.executions, seen.executions.load());
  CHECK_EQ(calm.sessions_active, 0);
  CHECK_AT_MOST(calm.sessions_total, 4);
  close_pool(pool);
  const capsule_pool_metrics end = metrics_of(pool);
  check_balance(end);
  CHECK_EQ(end.acquisition_successes, end.given_back + end.reclaimed);
  CHECK_EQ(end.sessions_created, end.sessions_removed);
  CHECK_EQ(end.sessions_total, 0);
  CHECK_EQ(info_of(runtime).sessions_open, 0);
}

}  // namespace

CAPSULE_TEST(a_storm_over_pristine_sessions) { storm(CAPSULE_RESET_PRISTINE); }
CAPSULE_TEST(a_storm_over_kept_sessions) { storm(CAPSULE_RESET_KEEP); }
CAPSULE_TEST(a_storm_over_new_processes) { storm(CAPSULE_RESET_NEW_PROCESS); }

// With threads that acquire while it is closed: each gets a session or is refused, and none waits for ever.
CAPSULE_TEST(a_close_in_the_storm) {
  const std::uint32_t seed = seed_of_run();
  for (int round = 0; round < (kSanitized ? 5 : 15); ++round) {
    const Pool pool = make_pool([] {
      PoolOptions options = PoolOptions::echo();
      options.raw.max_sessions = 3;
      return options;
    }());
    std::atomic<int> refused{0};
    std::mt19937 random(seed + static_cast<std::uint32_t>(round));
    const int close_after = std::uniform_int_distribution<int>(1, 12)(random);
    Counter served;
    Threads threads;
    for (int i = 0; i < 5; ++i) {
      threads.start([&] {
        for (;;) {
          Session session;
          const capsule_status status = capsule_pool_acquire(pool.get(), nullptr, session.out(), nullptr);
          if (status != CAPSULE_OK) {
            CHECK_EQ(status, CAPSULE_E_CLOSED);
            ++refused;
            return;
          }
          served.add();
          capsule_session *token = session.take();
          if (capsule_pool_give_back(pool.get(), token, nullptr) != CAPSULE_OK) {
            capsule_session_release(token);  // the pool has closed it
          }
        }
      });
    }
    served.wait_for(close_after, "sessions were served");
    close_pool(pool);
    threads.join();
    CHECK_EQ(refused.load(), 5);
    const capsule_pool_metrics metrics = metrics_of(pool);
    check_balance(metrics);
    // One whose session came and was closed before its thread woke is told so too.
    CHECK_EQ(metrics.acquisition_refused + metrics.acquisition_successes, served.value() + 5);
    CHECK_AT_LEAST(metrics.acquisition_successes, served.value());
    CHECK_EQ(metrics.sessions_created, metrics.sessions_removed);
  }
}
