// What a pool is told that cannot be used: refused with a message that names it.
#include "pool.hpp"

using namespace capsule_test;

namespace {

std::string refuse(PoolOptions options) {
  Pool pool;
  const std::string message =
      REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_create(shared_runtime().get(), options.get(), pool.out(), error));
  CHECK(pool.get() == nullptr);
  return message;
}

template <typename T>
void check_range(const char *name, T capsule_pool_options::*field, const std::vector<T> &bad, const std::vector<T> &good) {
  for (const T value : bad) {
    PoolOptions options = PoolOptions::echo();
    options.raw.pre_warm = 0;
    options.raw.*field = value;
    CHECK_CONTAINS(refuse(options), name);
  }
  for (const T value : good) {
    PoolOptions options = PoolOptions::echo();
    options.raw.pre_warm = 0;
    options.raw.*field = value;
    make_pool(options);
  }
}

}  // namespace

CAPSULE_TEST(the_defaults_are_as_documented) {
  capsule_pool_options pool;
  capsule_pool_options_init(&pool, sizeof pool);
  CHECK_EQ(pool.min_idle, 2);
  CHECK_EQ(pool.max_sessions, 10);
  CHECK_EQ(pool.reset, CAPSULE_RESET_PRISTINE);
  CHECK(pool.session == nullptr && pool.imports == nullptr && pool.import_count == 0 && pool.warmup.size == 0);
  CHECK_EQ(pool.warmup_timeout_ms, 30'000);
  CHECK_EQ(pool.imports_fatal, 0);
  CHECK_EQ(pool.pre_warm, 1);
  CHECK_EQ(pool.idle_timeout_ms, 300'000);
  CHECK_EQ(pool.health_interval_ms, 60'000);
  CHECK_EQ(pool.acquire_timeout_ms, 30'000);
  CHECK_EQ(pool.recycle_executions, 100);
  CHECK_EQ(pool.recycle_age_ms, 0);
  CHECK_EQ(pool.recycle_growth_bytes, 0);
  CHECK_EQ(pool.session_memory_bytes, 0);
  CHECK_EQ(pool.pool_memory_bytes, 0);
  CHECK_EQ(pool.max_waiters, 10'000);
  CHECK_EQ(pool.trace_bytes, 256U << 10U);
  CHECK_EQ(pool.breaker_failures, 3);
  CHECK_EQ(pool.breaker_pause_ms, 200);
  CHECK_EQ(pool.breaker_pause_max_ms, 30'000);
  capsule_acquire_options acquire;
  capsule_acquire_options_init(&acquire, sizeof acquire);
  CHECK_EQ(acquire.timeout_ms, CAPSULE_POOL_TIMEOUT);
  CHECK_EQ(acquire.key.size, 0);
}

CAPSULE_TEST(numbers_out_of_range_are_refused_by_name) {
  constexpr std::int64_t kDayMs = 86'400'000;
  using O = capsule_pool_options;
  check_range<std::uint32_t>("max_sessions", &O::max_sessions, {0, 10'001}, {2, 10'000});
  check_range<std::uint32_t>("min_idle", &O::min_idle, {11, 1'000'000}, {0, 10});
  check_range<std::int32_t>("reset", &O::reset, {-1, 4}, {0, 1, 3});
  check_range<std::int64_t>("warmup_timeout_ms", &O::warmup_timeout_ms, {-1, 0, kDayMs + 1}, {1, kDayMs});
  check_range<std::uint32_t>("imports_fatal", &O::imports_fatal, {2}, {0, 1});
  check_range<std::uint32_t>("pre_warm", &O::pre_warm, {2}, {0});
  check_range<std::int64_t>("idle_timeout_ms", &O::idle_timeout_ms, {-1, kDayMs + 1}, {0, kDayMs});
  check_range<std::int64_t>("health_interval_ms", &O::health_interval_ms, {-1, 0, 9, kDayMs + 1}, {10, kDayMs});
  check_range<std::int64_t>("acquire_timeout_ms", &O::acquire_timeout_ms, {-2, kDayMs + 1}, {-1, 0, kDayMs});
  check_range<std::int64_t>("recycle_age_ms", &O::recycle_age_ms, {-1, 365 * kDayMs + 1}, {0, 365 * kDayMs});
  check_range<std::uint32_t>("max_waiters", &O::max_waiters, {1'000'001}, {0, 1'000'000});
  check_range<std::uint32_t>("breaker_failures", &O::breaker_failures, {0, 1'001}, {1, 1'000});
  check_range<std::int64_t>("breaker_pause_ms", &O::breaker_pause_ms, {-1, 0, kDayMs + 1}, {1, 30'000});
  check_range<std::int64_t>("breaker_pause_max_ms", &O::breaker_pause_max_ms, {199, kDayMs + 1}, {200, kDayMs});
}

CAPSULE_TEST(imports_and_warm_up_are_checked) {
  for (const char *name : {"", "a b", ".json", "json.", "os;x", "a'b"}) {
    PoolOptions options = PoolOptions::echo();
    options.imports = {"json", name};
    CHECK_CONTAINS(refuse(options), "options.imports[1]");
  }
  PoolOptions missing = PoolOptions::echo();
  missing.get();
  capsule_pool_options raw = missing.raw;
  raw.imports = nullptr;
  raw.import_count = 1;
  Pool pool;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_create(shared_runtime().get(), &raw, pool.out(), error)), "imports");
  PoolOptions bad_code = PoolOptions::echo();
  bad_code.warmup = "out \xff";
  CHECK_CONTAINS(refuse(bad_code), "options.warmup");
}

CAPSULE_TEST(what_the_echo_executor_cannot_do_is_refused) {
  PoolOptions imports = PoolOptions::echo();
  imports.imports = {"json"};
  CHECK_CONTAINS(refuse(imports), "options.imports");
  PoolOptions clears = PoolOptions::echo();
  clears.raw.reset = CAPSULE_RESET_CLEAR_NAMES;
  CHECK_CONTAINS(refuse(clears), "options.reset");
}

CAPSULE_TEST(options_of_its_sessions_are_checked) {
  PoolOptions options = PoolOptions::echo();
  options.session.raw.queue_limit = 1'000'000;
  CHECK_CONTAINS(refuse(options), "options.session: options.queue_limit");
  PoolOptions restarts = PoolOptions::echo();
  restarts.session.raw.restart_policy = CAPSULE_RESTART_FRESH;
  CHECK_CONTAINS(refuse(restarts), "restart_policy");
}

CAPSULE_TEST(acquisitions_are_checked) {
  const Pool pool = make_pool(PoolOptions::echo());
  Session session;
  for (const std::int64_t timeout_ms : {std::int64_t{-3}, std::int64_t{86'400'001}}) {
    const capsule_acquire_options options = acquire_options(timeout_ms);
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_acquire(pool.get(), &options, session.out(), error)), "timeout_ms");
  }
  capsule_acquire_options options = acquire_options();
  const std::string key(CAPSULE_POOL_KEY_SIZE + 1, 'k');
  options.key = text_of(key);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_acquire(pool.get(), &options, session.out(), error)), "key");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_acquire(pool.get(), nullptr, nullptr, error)), "session");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_wait_ready(pool.get(), 0, error)), "timeout_ms");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_close(pool.get(), -1, error)), "timeout_ms");
  CHECK_EQ(metrics_of(pool).acquisition_attempts, 0);
}

CAPSULE_TEST(released_handles_and_those_of_other_kinds_are_refused) {
  Pool pool = make_pool(PoolOptions::echo());
  Acquisition acquisition = acquire_async(pool);
  capsule_acquisition *old = acquisition.get();
  acquisition.reset();
  std::int32_t fd = 0;
  Session session;
  REFUSED(CAPSULE_E_HANDLE, capsule_acquisition_get_fd(old, &fd, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_acquisition_take(old, 0, session.out(), error));
  REFUSED(CAPSULE_E_HANDLE, capsule_acquisition_cancel(old, error));
  capsule_pool *gone = pool.get();
  pool.reset();
  capsule_pool_info info{.struct_size = sizeof info};
  capsule_pool_metrics metrics{.struct_size = sizeof metrics};
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_get_info(gone, &info, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_get_metrics(nullptr, &metrics, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_acquire(gone, nullptr, session.out(), error));
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_close(gone, 0, error));
  capsule_pool_release(gone);
  capsule_acquisition_release(old);
  capsule_pool_release(nullptr);
  capsule_acquisition_release(nullptr);
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_create(nullptr, nullptr, pool.out(), error));
}
