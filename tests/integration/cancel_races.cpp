// A cancel at any moment ends its own execution once, and never touches another (I5).
#include <random>

#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr int kRounds = kSanitized ? 60 : 200;

// Runs at once after the canceled one: a stray KeyboardInterrupt would end it.
void check_untouched(const Session &session, int round) {
  Run next(session, "total = 0\nfor i in range(300): total += i\ntotal");
  const Event end = next.end();
  if (end.repr != "44850") {
    FAIL("round " + show(round) + ": the next execution was hit: " + show(end));
  }
}

}  // namespace

CAPSULE_TEST(a_cancel_right_after_create_is_never_lost) {  // W-24
  const Session session = open_session();
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "while True: pass");
    run.cancel(kPatienceMs);
    const Event end = run.end();
    CHECK_EQ(end.outcome, "canceled");
    CHECK(end.cancel_phase == "queued" || end.cancel_phase == "interrupted");
    check_untouched(session, round);
  }
  CHECK_EQ(info_of(session).executions_canceled, kRounds);
}

CAPSULE_TEST(a_cancel_of_a_short_execution_never_hits_the_next) {
  const Session session = open_session();
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "x = 1");
    run.cancel(kPatienceMs);
    check_untouched(session, round);
    const Event end = run.end();
    CHECK(end.outcome == "ok" || end.outcome == "canceled");
    CHECK(end.outcome == "ok" || end.error_type == "KeyboardInterrupt");
  }
}

CAPSULE_TEST(a_cancel_while_the_next_one_is_queued_never_hits_it) {
  const Session session = open_session();
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "while True: pass");
    Run next(session, "sum(range(1000))");
    run.cancel(kPatienceMs);
    CHECK_EQ(run.end().outcome, "canceled");
    CHECK_EQ(next.end().repr, "499500");
  }
}

CAPSULE_TEST(a_cancel_at_a_random_moment_of_a_short_execution) {
  const Session session = open_session();
  const unsigned seed = 20'240'613;
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "t = 0\nfor i in range(" + show(random() % 20'000) + "): t += i\nprint(t)");
    // The time that these take stands for the random moment.
    for (auto i = random() % 200; i > 0; --i) {
      info_of(session);
    }
    run.cancel(kPatienceMs);
    check_untouched(session, round);
    CHECK(run.end().state_preserved);
  }
}

CAPSULE_TEST(an_interrupt_never_hits_a_later_execution) {
  const Session session = open_session();
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "x = 1");
    const capsule_status status = capsule_execution_interrupt(run.get(), nullptr);
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_STATE);
    check_untouched(session, round);
    const Event end = run.end();
    CHECK(end.outcome == "ok" || end.error_type == "KeyboardInterrupt");
  }
}

CAPSULE_TEST(cancels_from_several_threads_end_it_once) {  // I5
  const Session session = open_session();
  for (int round = 0; round < kRounds / 10; ++round) {
    Run run(session, "while True: pass");
    run_at_once(4, [&](int) { run.cancel(kPatienceMs); });
    CHECK_EQ(run.end().outcome, "canceled");
    check_untouched(session, round);
  }
}

CAPSULE_TEST(a_timeout_and_a_cancel_at_once_end_it_once) {  // I5
  const Session session = open_session();
  for (int round = 0; round < kRounds / 10; ++round) {
    Run run(session, "while True: pass", ExecutionOptions::with_timeout_ms(1 + round % 5));
    run.until(CAPSULE_EVENT_STARTED);
    run.cancel(kPatienceMs);
    const Event end = run.end();
    CHECK(end.outcome == "canceled" || end.outcome == "timeout");
    check_untouched(session, round);
  }
}

CAPSULE_TEST(timeouts_of_executions_that_just_end_never_hit_the_next) {
  const Session session = open_session();
  for (int round = 0; round < kRounds / 4; ++round) {
    Run run(session, "import time\ntime.sleep(0.005)", ExecutionOptions::with_timeout_ms(5));
    check_untouched(session, round);
    const Event end = run.end();
    CHECK(end.outcome == "ok" || end.outcome == "timeout");
  }
}
