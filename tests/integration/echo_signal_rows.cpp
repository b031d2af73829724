// The rows of SIGNALS.md that need no Python: of the rate limiter, of pools and of traces. As in signal_rows.cpp.
#include <csignal>

#include "pool.hpp"
#include "process.hpp"
#include "signal_rows.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint32_t kHour = 3'600'000;

const std::set<std::string> kLimiter = {"limiter_acquires_total", "limiter_waits_total", "limiter_wait_seconds_total",
                                        "limiter_wakeups_total", "limiter_canceled_total"};

const std::set<std::string> kTraces = {"trace_events_total", "trace_events_lost_total", "trace_stored_bytes"};

const std::set<std::string> kPools = {"pool_acquisitions_total",
                                      "pool_warmup_triggers_total",
                                      "pool_warmup_iterations_total",
                                      "pool_warmup_created_total",
                                      "pool_sessions_created_total",
                                      "pool_sessions_removed_total",
                                      "pool_health_triggers_total",
                                      "pool_health_runs_total",
                                      "pool_health_removed_total",
                                      "pool_recycled_total",
                                      "pool_restarted_total",
                                      "pool_breaker_opened_total",
                                      "pool_sessions",
                                      "pool_waiters",
                                      "pool_breaker_state",
                                      "pool_creations_requested_total",
                                      "pool_creations_failed_total",
                                      "pool_memory_bytes",
                                      "pool_waiters_peak",
                                      "pool_acquire_duration_max_seconds",
                                      "pool_acquire_duration_seconds_count",
                                      "pool_acquire_duration_seconds_sum"};

// Pools of which each has counted something else.
struct Pools {
  explicit Pools(const Runtime &on) : runtime(on) {
    serve();
    look_for_health();
    fail();
  }

  static PoolOptions options(const char *name) {
    PoolOptions made = PoolOptions::echo();
    made.raw.name = capsule_text_from(name);
    made.raw.reset = CAPSULE_RESET_KEEP;
    made.raw.max_sessions = 1;
    made.session.raw.heartbeat_interval_ms = kHour;
    return made;
  }

  // A hit, one that timed out, one that waits; one session recycled, one that died.
  void serve() {
    PoolOptions made = options("serves");
    made.raw.min_idle = 1;
    made.raw.recycle_executions = 3;
    all.push_back(make_pool(std::move(made), runtime));
    const Pool &pool = all.back();
    wait_ready(pool);
    Session session = acquire(pool);
    for (int i = 0; i < 3; ++i) {
      Run(session, "value 1").end();
    }
    give_back(pool, std::move(session));
    session = acquire(pool);
    Run(session, "kill").end();
    give_back(pool, std::move(session));
    session = acquire(pool);
    refuse_acquire(pool, CAPSULE_E_TIMEOUT, 1);
    leased.push_back(std::move(session));
    waiting.push_back(acquire_async(pool, kPatienceMs));
    wait_for([&] { return metrics_of(pool).sessions_recycled == 1 && metrics_of(pool).sessions_restarted == 1; });
  }

  // One that hangs is let go.
  void look_for_health() {
    PoolOptions made = options("looks");
    made.raw.min_idle = 1;
    made.raw.health_interval_ms = 300;  // long enough for the two looks between which nothing may move
    all.push_back(make_pool(std::move(made), runtime));
    const Pool &pool = all.back();
    wait_ready(pool);
    Session session = acquire(pool);
    const Watched worker(info_of(session).pid);
    give_back(pool, std::move(session));
    worker.kill(SIGSTOP);
    wait_for([&] { return metrics_of(pool).removed_by_health >= 1; });
    leased.push_back(acquire(pool));  // nothing is to be looked at any more
  }

  void fail() {
    PoolOptions made = options("fails");
    made.raw.min_idle = 1;
    made.warmup = "exit 3";
    made.session.raw.start = CAPSULE_START_SPAWN;  // each session has its own warm-up, and fails by it
    made.raw.breaker_pause_ms = made.raw.breaker_pause_max_ms = 86'400'000;
    all.push_back(make_pool(std::move(made), runtime));
    wait_for([&] { return metrics_of(all.back()).breaker_opened == 1; });
  }

  [[nodiscard]] std::vector<Row> rows() const {
    capsule_pool_metrics sum{};
    double breakers = 0;
    for (const Pool &pool : all) {
      const capsule_pool_metrics m = metrics_of(pool);
      for (const auto field : {&capsule_pool_metrics::pool_hits,
                               &capsule_pool_metrics::pool_misses,
                               &capsule_pool_metrics::acquisition_timeouts,
                               &capsule_pool_metrics::warmup_triggers,
                               &capsule_pool_metrics::warmup_loop_iterations,
                               &capsule_pool_metrics::sessions_created_from_warmup,
                               &capsule_pool_metrics::sessions_created,
                               &capsule_pool_metrics::sessions_removed,
                               &capsule_pool_metrics::health_check_triggers,
                               &capsule_pool_metrics::health_check_runs,
                               &capsule_pool_metrics::removed_by_health,
                               &capsule_pool_metrics::removed_idle,
                               &capsule_pool_metrics::sessions_recycled,
                               &capsule_pool_metrics::sessions_restarted,
                               &capsule_pool_metrics::breaker_opened,
                               &capsule_pool_metrics::acquisition_successes,
                               &capsule_pool_metrics::acquire_total_ns,
                               &capsule_pool_metrics::creations_requested,
                               &capsule_pool_metrics::creations_failed,
                               &capsule_pool_metrics::memory_bytes}) {
        sum.*field += m.*field;
      }
      sum.waiters_peak = std::max(sum.waiters_peak, m.waiters_peak);
      sum.acquire_max_ns = std::max(sum.acquire_max_ns, m.acquire_max_ns);
      sum.waiters_now += m.waiters_now;
      sum.sessions_active += m.sessions_active;
      breakers += info_of(pool).breaker_state;
    }
    return {{"pool_acquisitions_total", "outcome=\"hit\"", number(sum.pool_hits)},
            {"pool_acquisitions_total", "outcome=\"miss\"", number(sum.pool_misses), true},
            {"pool_acquisitions_total", "outcome=\"timeout\"", number(sum.acquisition_timeouts)},
            {"pool_warmup_triggers_total", "", number(sum.warmup_triggers)},
            {"pool_warmup_iterations_total", "", number(sum.warmup_loop_iterations)},
            {"pool_warmup_created_total", "", number(sum.sessions_created_from_warmup)},
            {"pool_sessions_created_total", "", number(sum.sessions_created)},
            {"pool_sessions_removed_total", "", number(sum.sessions_removed)},
            {"pool_health_triggers_total", "", number(sum.health_check_triggers)},
            {"pool_health_runs_total", "", number(sum.health_check_runs)},
            {"pool_health_removed_total", "", number(sum.removed_by_health + sum.removed_idle)},
            {"pool_recycled_total", "", number(sum.sessions_recycled)},
            {"pool_restarted_total", "", number(sum.sessions_restarted)},
            {"pool_breaker_opened_total", "", number(sum.breaker_opened)},
            {"pool_sessions", "state=\"active\"", number(sum.sessions_active)},
            {"pool_waiters", "", number(sum.waiters_now)},
            {"pool_breaker_state", "", breakers},
            {"pool_creations_requested_total", "", number(sum.creations_requested)},
            {"pool_creations_failed_total", "", number(sum.creations_failed)},
            {"pool_memory_bytes", "", number(sum.memory_bytes), true},
            {"pool_waiters_peak", "", number(sum.waiters_peak)},
            {"pool_acquire_duration_max_seconds", "", seconds(sum.acquire_max_ns)},
            {"pool_acquire_duration_seconds_count", "", number(sum.acquisition_successes)},
            {"pool_acquire_duration_seconds_sum", "", seconds(sum.acquire_total_ns)}};
  }

  const Runtime &runtime;
  std::vector<Pool> all;
  std::vector<Session> leased;
  std::vector<Acquisition> waiting;
};

}  // namespace

CAPSULE_TEST(what_the_rate_limiter_does_is_told) {
  const Runtime runtime = make_runtime();
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = kHour;
  options.raw.enable_metrics = 1;
  options.raw.rate_limit_per_s = 20;
  options.raw.rate_limit_burst = 1;
  const Session session = open_session(runtime, std::move(options));
  Run first(session, "value 1");
  Run second(session, "value 2");
  first.end();
  second.end();
  Run third(session, "value 3");
  third.cancel(0);
  CHECK_EQ(third.end().outcome, "canceled");
  const auto metrics = [&] { return metrics_by<capsule_limiter_metrics>(capsule_session_get_limiter_metrics, session); };
  wait_for([&] { return metrics().wakeups == metrics().waits; });
  compare(kLimiter, runtime, [&] {
    const capsule_limiter_metrics m = metrics();
    return std::vector<Row>{{"limiter_acquires_total", "", number(m.acquires)},
                            {"limiter_waits_total", "", number(m.waits)},
                            {"limiter_wait_seconds_total", "", seconds(m.wait_ns)},
                            {"limiter_wakeups_total", "", number(m.wakeups)},
                            {"limiter_canceled_total", "", number(m.canceled)}};
  });
}

CAPSULE_TEST(what_pools_do_is_told) {
  const Runtime runtime = make_runtime();
  const Pools pools(runtime);
  compare(kPools, runtime, [&] { return pools.rows(); });
}

CAPSULE_TEST(what_traces_lose_is_told_by_reason) {
  const Runtime runtime = make_runtime();
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = kHour;
  options.raw.trace_bytes = 4U << 10U;
  const Session small = open_session(runtime, options);
  options.raw.trace_bytes = 0;
  const Session none = open_session(runtime, options);
  for (int i = 0; i < 20; ++i) {
    Run(small, "value 1").end();
    Run(none, "value 1").end();
  }
  compare(kTraces, runtime, [&] {
    std::vector<capsule_trace_info> infos;
    for (const Session *session : {&small, &none}) {
      std::size_t count = 0;
      infos.push_back({.struct_size = sizeof(capsule_trace_info)});
      ACCEPTED(capsule_session_get_trace(session->get(), nullptr, nullptr, 0, &count, &infos.back(), error));
    }
    const capsule_trace_info &s = infos[0];
    const capsule_trace_info &n = infos[1];
    return std::vector<Row>{{"trace_events_total", "", number(s.emitted + n.emitted)},
                            {"trace_events_lost_total", "reason=\"evicted\"", number(s.evicted)},
                            {"trace_events_lost_total", "reason=\"refused\"", number(n.refused)},
                            {"trace_events_lost_total", "reason=\"dropped\"", number(s.dropped + n.dropped), true},
                            {"trace_events_lost_total", "reason=\"late\"", number(s.late + n.late), true},
                            {"trace_events_lost_total", "reason=\"truncated\"", number(s.truncated + n.truncated), true},
                            {"trace_events_lost_total", "reason=\"invalid\"", number(s.invalid + n.invalid), true},
                            {"trace_stored_bytes", "", number(s.stored_bytes)}};
  });
}
