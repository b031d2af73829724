// An execution's time limit: from its start, by the way of a cancel, and without after-effects.
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Run run_limited(const Session &session, std::string_view source, std::int64_t timeout_ms) {
  return {session, source, ExecutionOptions::with_timeout_ms(timeout_ms)};
}

SessionOptions patient() {
  SessionOptions options;
  options.raw.cancel_grace_ms = kPatienceMs;
  return options;
}

}  // namespace

CAPSULE_TEST(a_timeout_ends_a_loop_and_keeps_the_session) {
  const Session session = open_session(patient());
  value_of(session, "x = 'before'");
  const Stopwatch watch;
  Run run = run_limited(session, "print('in')\nwhile True: pass", 100);
  const Event end = run.end();
  CHECK_AT_LEAST(watch.elapsed_ms(), 99);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(100));
  CHECK_EQ(end.outcome, "timeout");
  CHECK_EQ(end.error_type, "TimeoutError");
  CHECK_EQ(end.cancel_phase, "interrupted");
  CHECK_EQ(end.death_reason, "none");
  CHECK(end.state_preserved);
  CHECK_AT_LEAST(end.duration_ns, 90'000'000);
  CHECK_EQ(run.out(), "in\n");
  CHECK_EQ(value_of(session, "x"), "'before'");
}

CAPSULE_TEST(a_timeout_breaks_blocking_calls) {
  const Session session = open_session(patient());
  for (const char *source : {"import time; time.sleep(60)", "import threading; threading.Event().wait()",
                             "import socket; a, b = socket.socketpair(); a.recv(1)"}) {
    Run run = run_limited(session, source, 50);
    CHECK_EQ(run.end().outcome, "timeout");
    CHECK_EQ(run.end().cancel_phase, "interrupted");
  }
}

CAPSULE_TEST(an_execution_that_ends_in_time_is_untouched) {
  const Session session = open_session();
  Run run = run_limited(session, "1 + 1", 60'000);
  CHECK_EQ(run.end().repr, "2");
  CHECK_EQ(run.end().cancel_phase, "none");
  CHECK_EQ(info_of(session).executions_timed_out, 0);
}

CAPSULE_TEST(the_timeout_of_one_execution_does_not_reach_the_next) {
  const Session session = open_session();
  Run limited = run_limited(session, "1", 2000);
  Run free(session, "import time\ntime.sleep(2.2)\n'whole'");
  CHECK_EQ(limited.end().repr, "1");
  CHECK_EQ(free.end().repr, "'whole'");
}

CAPSULE_TEST(many_timeouts_in_a_row_leave_the_session_usable) {
  const Session session = open_session(patient());
  for (int i = 0; i < 20; ++i) {
    Run run = run_limited(session, "while True: pass", 5);
    CHECK_EQ(run.end().outcome, "timeout");
    CHECK_EQ(value_of(session, "sum(range(100))"), "4950");
  }
  CHECK_EQ(info_of(session).executions_timed_out, 20);
}

CAPSULE_TEST(time_in_the_queue_does_not_count) {
  const Session session = open_session();
  Run slow(session, "import time; time.sleep(1.1)");
  Run limited = run_limited(session, "'ran'", 1000);
  CHECK_EQ(limited.end().repr, "'ran'");
  CHECK_AT_LEAST(limited.end().queue_ns, 1'000'000'000);
  CHECK_EQ(slow.end().outcome, "ok");
}

CAPSULE_TEST(code_that_swallows_the_timeout_is_killed_after_the_grace) {
  SessionOptions options;
  options.raw.cancel_grace_ms = 100;
  const Session session = open_session(options);
  const Stopwatch watch;
  Run run = run_limited(
      session, "def spin():\n    while True: pass\nwhile True:\n    try: spin()\n    except KeyboardInterrupt: pass", 100);
  const Event end = run.end();
  CHECK_AT_LEAST(watch.elapsed_ms(), 199);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(200));
  CHECK_EQ(end.outcome, "timeout");
  CHECK_EQ(end.error_type, "TimeoutError");
  CHECK_EQ(end.cancel_phase, "killed");
  CHECK_EQ(end.death_reason, "host_request");
  CHECK(!end.state_preserved);
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(c_code_is_killed_after_its_timeout) {
  const Session session = open_session();
  Run run = run_limited(session, "sum(range(10 ** 11))", 100);
  CHECK_EQ(run.end().outcome, "timeout");
  CHECK_EQ(run.end().cancel_phase, "killed");
}

CAPSULE_TEST(a_kill_at_timeout_takes_child_processes_along) {
  SessionOptions options;
  options.raw.cancel_grace_ms = 0;
  const Session session = open_session(options);
  Run run = run_limited(session, "import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid, flush=True)\np.wait()",
                        kSanitized ? 3000 : 500);
  run.until_line();
  const Watched child(std::stoi(run.out()));
  CHECK_EQ(run.end().outcome, "timeout");
  CHECK_EQ(run.end().cancel_phase, "killed");
  CHECK(child.wait_gone(Deadline()));
}

CAPSULE_TEST(timeouts_out_of_range_are_refused) {
  const Session session = open_session();
  Execution execution;
  for (const std::int64_t timeout : {INT64_MIN, std::int64_t{-1}, std::int64_t{31'536'000'001}, INT64_MAX}) {
    ExecutionOptions options = ExecutionOptions::with_timeout_ms(timeout);
    CHECK_CONTAINS(
        REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, options.get(), execution.out(), error)),
        "timeout_ms");
    CHECK(execution.get() == nullptr);
  }
  for (const std::int64_t timeout : {std::int64_t{0}, std::int64_t{31'536'000'000}}) {
    Run run = run_limited(session, "1", timeout);
    CHECK_EQ(run.end().repr, "1");
  }
}

CAPSULE_TEST(waits_out_of_range_are_refused_and_lose_nothing) {
  const Session session = open_session();
  Run run(session, "print('x')\n1");
  EventStruct event;
  for (const std::int64_t timeout : {INT64_MIN, std::int64_t{-2}, std::int64_t{86'400'001}, INT64_MAX}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_next(run.get(), timeout, event.get(), error)), "timeout_ms");
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_wait_ready(session.get(), timeout, error)), "timeout_ms");
  }
  for (const std::int64_t timeout : {INT64_MIN, std::int64_t{-1}, std::int64_t{86'400'001}, INT64_MAX}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_close(session.get(), timeout, error)), "timeout_ms");
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_close(shared_runtime().get(), timeout, error)), "timeout_ms");
  }
  CHECK_EQ(run.end().repr, "1");
  CHECK_EQ(run.out(), "x\n");
}

CAPSULE_TEST(a_wait_that_runs_out_loses_nothing) {
  const Session session = open_session();
  Run run(session, "input()\n1");
  run.until(CAPSULE_EVENT_INPUT);
  EventStruct event;
  const Stopwatch watch;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(run.get(), 0, event.get(), error));
  REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(run.get(), 50, event.get(), error));
  CHECK_AT_LEAST(watch.elapsed_ms(), 49);
  CHECK_EQ(event->kind, 0);
  run.answer("");
  CHECK_EQ(run.end().repr, "1");
}
