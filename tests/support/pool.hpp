// Pools, as tests use them.
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using Pool = Handle<capsule_pool, capsule_pool_release>;
using Acquisition = Handle<capsule_acquisition, capsule_acquisition_release>;

// The numbers are in `raw`; the texts are put into it by get().
class PoolOptions {
 public:
  explicit PoolOptions(SessionOptions sessions = {}) : session(std::move(sessions)) {
    capsule_pool_options_init(&raw, sizeof raw);
    raw.acquire_timeout_ms = kPatienceMs;
  }
  static PoolOptions echo() { return PoolOptions(SessionOptions::echo()); }

  capsule_pool_options raw;
  SessionOptions session;
  std::vector<std::string> imports;
  std::string warmup;

  // Valid until the options change.
  const capsule_pool_options *get() {
    views_.clear();
    for (const std::string &name : imports) {
      views_.push_back(text_of(name));
    }
    raw.imports = views_.data();
    raw.import_count = views_.size();
    raw.warmup = text_of(warmup);
    raw.session = session.get();
    return &raw;
  }

 private:
  std::vector<capsule_text> views_;
};

inline Pool make_pool(PoolOptions options, const Runtime &runtime = shared_runtime()) {
  Pool pool;
  ACCEPTED(capsule_pool_create(runtime.get(), options.get(), pool.out(), error));
  return pool;
}

inline void wait_ready(const Pool &pool) { ACCEPTED(capsule_pool_wait_ready(pool.get(), kPatienceMs, error)); }

inline capsule_acquire_options acquire_options(std::int64_t timeout_ms = CAPSULE_POOL_TIMEOUT, const char *key = nullptr) {
  capsule_acquire_options options;
  capsule_acquire_options_init(&options, sizeof options);
  options.timeout_ms = timeout_ms;
  options.key = capsule_text_from(key);
  return options;
}

inline Session acquire(const Pool &pool, const char *key = nullptr) {
  Session session;
  const capsule_acquire_options options = acquire_options(CAPSULE_POOL_TIMEOUT, key);
  ACCEPTED(capsule_pool_acquire(pool.get(), &options, session.out(), error));
  return session;
}

inline std::string refuse_acquire(const Pool &pool, capsule_status status, std::int64_t timeout_ms = CAPSULE_POOL_TIMEOUT) {
  Session session;
  const capsule_acquire_options options = acquire_options(timeout_ms);
  return REFUSED(status, capsule_pool_acquire(pool.get(), &options, session.out(), error));
}

inline Acquisition acquire_async(const Pool &pool, std::int64_t timeout_ms = CAPSULE_POOL_TIMEOUT) {
  Acquisition acquisition;
  const capsule_acquire_options options = acquire_options(timeout_ms);
  ACCEPTED(capsule_pool_acquire_async(pool.get(), &options, acquisition.out(), error));
  return acquisition;
}

inline Session take(const Acquisition &acquisition) {
  Session session;
  ACCEPTED(capsule_acquisition_take(acquisition.get(), kPatienceMs, session.out(), error));
  return session;
}

inline void give_back(const Pool &pool, Session session) {
  ACCEPTED(capsule_pool_give_back(pool.get(), session.take(), error));
}

inline void close_pool(const Pool &pool, std::int64_t timeout_ms = 0) {
  ACCEPTED(capsule_pool_close(pool.get(), timeout_ms, error));
}

inline capsule_pool_metrics metrics_of(const Pool &pool) {
  capsule_pool_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_pool_get_metrics(pool.get(), &metrics, error));
  return metrics;
}

inline capsule_pool_info info_of(const Pool &pool) {
  capsule_pool_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_pool_get_info(pool.get(), &info, error));
  return info;
}

// What pool.h says of the sums, at any moment.
inline void check_balance(const capsule_pool_metrics &m) {
  CHECK_EQ(m.acquisition_attempts, m.acquisition_successes + m.acquisition_timeouts + m.acquisition_canceled +
                                       m.acquisition_refused + m.acquisition_errors + m.waiters_now);
  CHECK_EQ(m.acquisition_successes, m.pool_hits + m.pool_misses);
  CHECK_EQ(m.acquisition_successes, m.given_back + m.reclaimed + m.sessions_active);
  CHECK_EQ(m.creations_requested, m.sessions_created + m.creations_failed + m.creations_abandoned + m.sessions_warming);
  CHECK_EQ(m.sessions_created, m.sessions_idle + m.sessions_active + m.sessions_resetting + m.sessions_removed);
  CHECK_EQ(m.sessions_total, m.sessions_idle + m.sessions_active + m.sessions_resetting + m.sessions_warming);
  CHECK_EQ(m.sessions_removed, m.removed_used + m.sessions_recycled + m.sessions_restarted + m.removed_by_health +
                                   m.removed_idle + m.removed_at_close);
  std::uint64_t counted = 0;
  for (const std::uint64_t bucket : m.acquire_buckets) {
    counted += bucket;
  }
  CHECK_EQ(counted, m.acquisition_successes);
}

// Waits until the metrics are as `settled` wants them, and returns them.
template <typename Settled>
capsule_pool_metrics until(const Pool &pool, const char *what, Settled settled) {
  const Deadline deadline;
  for (;;) {
    const capsule_pool_metrics metrics = metrics_of(pool);
    check_balance(metrics);
    if (settled(metrics)) {
      return metrics;
    }
    if (deadline.over()) {
      FAIL(std::string("not in time: ") + what);
    }
    before_the_next_look();
  }
}

}  // namespace capsule_test
