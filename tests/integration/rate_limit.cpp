// rate_limit_per_s: executions that must wait for a token stay in order, can be canceled, and are counted.
#include <cmath>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_limited(double per_second, std::uint32_t burst, bool metrics = true) {
  SessionOptions options;
  options.raw.rate_limit_per_s = per_second;
  options.raw.rate_limit_burst = burst;
  options.raw.enable_metrics = metrics ? 1 : 0;
  return open_session(options);
}

capsule_limiter_metrics metrics_of(const Session &session) {
  capsule_limiter_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_session_get_limiter_metrics(session.get(), &metrics, error));
  return metrics;
}

}  // namespace

CAPSULE_TEST(executions_beyond_the_burst_wait_for_their_token) {
  const Session session = open_limited(1, 2);
  const Stopwatch watch;
  std::vector<Run> runs;
  for (int i = 0; i < 4; ++i) {
    runs.emplace_back(session, "import time; time.monotonic_ns()");
  }
  std::uint64_t before = 0;
  for (Run &run : runs) {
    const std::uint64_t at = std::stoull(run.end().repr.value_or("0"));
    CHECK(at > before);  // in order
    before = at;
  }
  CHECK_AT_LEAST(watch.elapsed_ms(), 1'999);  // two of them, a second apart
  const capsule_limiter_metrics metrics = metrics_of(session);
  CHECK_EQ(metrics.acquires, 4);
  CHECK_EQ(metrics.waits, 2);
  CHECK_EQ(metrics.wakeups, 2);
  CHECK_EQ(metrics.canceled, 0);
  // Of the two seconds, but for the time that the executions took: a machine may be busy.
  CHECK_AT_LEAST(metrics.wait_ns, 500'000'000U);
  CHECK(metrics.tokens >= 0 && metrics.tokens < 2);
}

CAPSULE_TEST(one_that_waits_for_a_token_can_be_canceled) {
  const Session session = open_limited(0.001, 1);
  value_of(session, "1");
  Run run(session, "2");
  run.cancel(0);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "queued");
  const capsule_limiter_metrics metrics = metrics_of(session);
  CHECK_EQ(metrics.acquires, 2);
  CHECK_EQ(metrics.waits, 1);
  CHECK_EQ(metrics.canceled, 1);
  CHECK_EQ(metrics.wakeups, 0);
}

CAPSULE_TEST(a_limited_session_closes_at_once) {
  const Session session = open_limited(0.001, 1);
  value_of(session, "1");
  Run run(session, "2");
  const Stopwatch watch;
  ACCEPTED(capsule_session_close(session.get(), 10'000, error));
  CHECK_EQ(run.end().outcome, "killed");
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(1000));
}

CAPSULE_TEST(input_answers_and_cancels_are_not_limited) {
  const Session session = open_limited(0.001, 1);
  Run run(session, "input()\nwhile True: x = 1");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("go");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().cancel_phase, "interrupted");
}

CAPSULE_TEST(without_a_limit_nothing_is_counted) {
  const Session session = open_limited(0, 1);
  value_of(session, "1");
  const capsule_limiter_metrics metrics = metrics_of(session);
  CHECK_EQ(metrics.acquires + metrics.waits, 0);
  CHECK(metrics.tokens == 0);
}

CAPSULE_TEST(the_metrics_are_opt_in) {
  const Session session = open_limited(1, 1, /*metrics=*/false);
  capsule_limiter_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  REFUSED(CAPSULE_E_STATE, capsule_session_get_limiter_metrics(session.get(), &metrics, error));
}

CAPSULE_TEST(rates_that_are_none_are_refused) {
  for (const double rate : {-1.0, 0.0001, 2e9, std::nan(""), HUGE_VAL}) {
    SessionOptions options;
    options.raw.rate_limit_per_s = rate;
    Session session;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error));
  }
  SessionOptions options;
  options.raw.rate_limit_burst = 0;
  Session session;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error));
}
