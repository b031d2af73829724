// What a cancel and an interrupt answer in each phase of an execution.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Loops inside `try` have a body: CPython 3.11 and 3.12 do not cover `while True: pass` by the handler around it.
constexpr const char *kEndless = "print('running', flush=True)\nwhile True: pass";

void check_canceled_in_queue(Run &run) {
  const Event end = run.end();
  CHECK_EQ(run.story(), "error");  // it never reached the worker: no STARTED
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "queued");
  CHECK_EQ(end.death_reason, "none");
  CHECK(end.state_preserved);
  CHECK_EQ(end.duration_ns, 0);
}

// In a function of its own: CPython 3.11 and 3.12 do not guard the jump at the end of a loop by the `try` around it.
const char *const kSwallow = R"(
def spin():
    print('in', flush=True)
    while True: x = 1
while True:
    try: spin()
    except KeyboardInterrupt: pass
)";

}  // namespace

CAPSULE_TEST(an_interrupted_execution_keeps_the_session) {
  const Session session = open_session();
  value_of(session, "x = 'before'");
  Run run(session, kEndless);
  run.until_output("running");
  run.cancel(kPatienceMs);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "interrupted");
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
  CHECK_EQ(end.death_reason, "none");
  CHECK_EQ(end.exit_code, 0);
  CHECK(end.state_preserved);
  CHECK_EQ(value_of(session, "x"), "'before'");
}

CAPSULE_TEST(a_cancel_breaks_the_loop_long_before_the_grace_ends) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  const Stopwatch watch;
  run.cancel(60'000);
  run.end();
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(0));
}

CAPSULE_TEST(what_finally_prints_is_delivered) {  // I2
  const Session session = open_session();
  Run run(session, "try:\n    print('in', flush=True)\n    while True: x = 1\nfinally:\n    print('cleanup')\n    done = True");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.out(), "in\ncleanup\n");
  CHECK_EQ(value_of(session, "done"), "True");
}

CAPSULE_TEST(context_managers_are_left) {
  const Session session = open_session();
  Run run(session, R"(
import contextlib
log = []
@contextlib.contextmanager
def managed():
    log.append('enter')
    try:
        yield
    finally:
        log.append('exit')
with managed():
    print('in', flush=True)
    while True: pass)");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "log"), "['enter', 'exit']");
}

CAPSULE_TEST(code_that_ends_by_itself_after_the_cancel_is_told_as_delivered) {
  const Session session = open_session();
  Run run(session, "try:\n    print('in', flush=True)\n    while True: x = 1\nexcept KeyboardInterrupt:\n    pass\n'went on'");
  run.until_output("in");
  run.cancel(kPatienceMs);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "ok");
  CHECK_EQ(end.repr, "'went on'");
  CHECK_EQ(end.cancel_phase, "delivered");
}

CAPSULE_TEST(another_exception_after_the_cancel_is_told_as_delivered) {
  const Session session = open_session();
  Run run(
      session,
      "try:\n    print('in', flush=True)\n    while True: x = 1\nexcept KeyboardInterrupt:\n    raise ValueError('instead')");
  run.until_output("in");
  run.cancel(kPatienceMs);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "ValueError");
  CHECK_EQ(end.cancel_phase, "delivered");
}

CAPSULE_TEST(grace_0_kills_at_once) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  const Stopwatch watch;
  run.cancel(0);
  const Event end = run.end();
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(0));
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "killed");
  CHECK_EQ(end.error_type, "WorkerKilled");
  CHECK_EQ(end.death_reason, "host_request");
  CHECK_EQ(end.signal_number, 9);
  CHECK(end.death_certain);
  CHECK(!end.state_preserved);
}

CAPSULE_TEST(a_second_cancel_does_not_hit_the_handler_of_the_first) {
  const Session session = open_session();
  for (int round = 0; round < 10; ++round) {
    Run run(session, R"(
import time
try:
    print('in', flush=True)
    while True: x = 1
except KeyboardInterrupt:
    end = time.monotonic() + 0.03
    while time.monotonic() < end: x = 1
    cleaned_up = True
cleaned_up)");
    run.until_output("in");
    for (int i = 0; i < 20; ++i) {
      run.cancel(kPatienceMs);
    }
    CHECK_EQ(run.end().repr, "True");
    CHECK_EQ(run.end().cancel_phase, "delivered");
  }
}

CAPSULE_TEST(the_session_s_grace_is_the_default) {
  SessionOptions options;
  options.raw.cancel_grace_ms = 100;
  const Session session = open_session(options);
  Run run(session, kSwallow);
  run.until_output("in");
  const Stopwatch watch;
  run.cancel();
  CHECK_EQ(run.end().cancel_phase, "killed");
  CHECK_AT_LEAST(watch.elapsed_ms(), 99);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(100));
}

CAPSULE_TEST(a_grace_of_0_in_the_options_kills_at_once) {
  SessionOptions options;
  options.raw.cancel_grace_ms = 0;
  const Session session = open_session(options);
  Run run(session, kEndless);
  run.until_output("running");
  run.cancel();
  CHECK_EQ(run.end().cancel_phase, "killed");
}

CAPSULE_TEST(a_queued_execution_is_canceled_without_running) {
  const Session session = open_session();
  Run running(session, kEndless);
  Run queued(session, "ran = True");
  Run behind(session, "'ran' in globals()");
  running.until_output("running");
  queued.cancel();
  check_canceled_in_queue(queued);
  running.cancel(kPatienceMs);
  CHECK_EQ(running.end().outcome, "canceled");
  CHECK_EQ(behind.end().repr, "False");
}

CAPSULE_TEST(the_first_in_a_queue_can_be_canceled_before_and_after_the_others) {
  const Session session = open_session();
  Run running(session, kEndless);
  running.until_output("running");
  std::vector<Run> queued;
  for (int i = 0; i < 10; ++i) {
    queued.emplace_back(session, "order = globals().setdefault('order', []) + [" + show(i) + "]");
  }
  for (const std::size_t i : {0U, 9U, 4U, 5U}) {
    queued[i].cancel();
    check_canceled_in_queue(queued[i]);
  }
  running.cancel(kPatienceMs);
  CHECK_EQ(value_of(session, "order"), "[1, 2, 3, 6, 7, 8]");
  CHECK_EQ(info_of(session).executions_canceled, 5);
}

CAPSULE_TEST(a_cancel_after_the_end_changes_nothing_and_is_counted) {
  const Session session = open_session();
  Run run(session, "1");
  CHECK_EQ(run.end().repr, "1");
  run.cancel();
  run.cancel(0);
  run.cancel(100);
  CHECK_EQ(info_of(session).cancels_noop, 3);
  CHECK_EQ(info_of(session).executions_canceled, 0);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_cancel_after_the_end_does_not_hit_the_running_one) {
  const Session session = open_session();
  Run first(session, "1");
  first.end();
  Run second(session, "import time\nprint('in', flush=True)\ntime.sleep(0.2)\n'whole'");
  second.until_output("in");
  first.cancel(0);
  first.cancel(50);
  CHECK_EQ(second.end().repr, "'whole'");
}

CAPSULE_TEST(canceled_twice_ends_once) {  // I5
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  for (int i = 0; i < 5; ++i) {
    run.cancel(kPatienceMs);
  }
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(info_of(session).executions_canceled, 1);
}

CAPSULE_TEST(a_second_cancel_can_shorten_the_grace_and_not_lengthen_it) {
  // Two cancels at once may hit code that swallows one of them in its handler: C code hears none, and this is in C code
  // before it says so.
  const char *const deaf =
      "import itertools, sys\n"
      "sum(itertools.chain(map(sys.stdout.write, ['in\\n']), range(10 ** 12)))";
  const Session session = open_session();
  Run shortened(session, deaf);
  shortened.until_output("in");
  const Stopwatch watch;
  shortened.cancel(60'000);
  shortened.cancel(50);
  CHECK_EQ(shortened.end().cancel_phase, "killed");
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(50));

  ACCEPTED(capsule_session_restart(session.get(), error));
  Run lengthened(session, deaf);
  lengthened.until_output("in");
  const Stopwatch other;
  lengthened.cancel(100);
  lengthened.cancel(60'000);
  CHECK_EQ(lengthened.end().cancel_phase, "killed");
  CHECK_AT_MOST(other.elapsed_ms(), with_slack_ms(100));
}

CAPSULE_TEST(a_cancel_with_grace_0_kills_what_swallows_the_first) {
  const Session session = open_session();
  Run run(session, kSwallow);
  run.until_output("in");
  run.cancel(60'000);
  run.cancel(0);
  CHECK_EQ(run.end().cancel_phase, "killed");
}

CAPSULE_TEST(an_interrupt_raises_keyboardinterrupt_once) {
  const Session session = open_session();
  Run run(session, R"(
import time
count = 0
try:
    print('in', flush=True)
    while True: x = 1
except KeyboardInterrupt:
    count += 1
try:
    time.sleep(0.3)
except KeyboardInterrupt:
    count += 1
count)");
  run.until_output("in");
  run.interrupt();
  CHECK_EQ(run.end().repr, "1");
  CHECK_EQ(run.end().cancel_phase, "none");
}

CAPSULE_TEST(an_interrupt_that_is_not_caught_is_an_error_of_the_code) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  run.interrupt();
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
  CHECK_EQ(end.cancel_phase, "none");
  CHECK(end.state_preserved);
}

CAPSULE_TEST(only_a_running_execution_can_be_interrupted) {
  const Session session = open_session();
  Run running(session, kEndless);
  Run queued(session, "1");
  running.until_output("running");
  REFUSED(CAPSULE_E_STATE, capsule_execution_interrupt(queued.get(), error));
  running.cancel(kPatienceMs);
  running.end();
  REFUSED(CAPSULE_E_STATE, capsule_execution_interrupt(running.get(), error));
  CHECK_EQ(queued.end().repr, "1");
}

CAPSULE_TEST(graces_out_of_range_are_refused) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  for (const std::int64_t grace : {INT64_MIN, std::int64_t{-2}, std::int64_t{86'400'001}, INT64_MAX}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_cancel(run.get(), grace, error)), "grace_ms");
  }
  CHECK_EQ(state_of(session), "busy");
  run.cancel(86'400'000);
  CHECK_EQ(run.end().outcome, "canceled");
}
