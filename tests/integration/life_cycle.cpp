// The states of a session, and its end.
#include "files.hpp"
#include "interpreters.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kEndless = "print('running', flush=True)\nwhile True: pass";

void close(const Session &session, std::int64_t timeout_ms) {
  ACCEPTED(capsule_session_close(session.get(), timeout_ms, error));
}

void check_closed(const Session &session) {
  CHECK_EQ(state_of(session), "terminated");
  CHECK_EQ(info_of(session).pid, 0);
  Execution execution;
  REFUSED(CAPSULE_E_CLOSED, capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_restart(session.get(), error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_wait_ready(session.get(), 0, error));
}

}  // namespace

CAPSULE_TEST(the_states_of_a_quiet_life) {
  const Session session = open_session();
  CHECK_EQ(state_of(session), "ready");
  CHECK(info_of(session).ready_ns >= info_of(session).created_ns);
  Run run(session, kEndless);
  run.until_output("running");
  CHECK_EQ(state_of(session), "busy");
  CHECK_EQ(info_of(session).current_execution_id, 1);
  run.cancel(kPatienceMs);
  run.end();
  CHECK_EQ(state_of(session), "idle");
  CHECK_EQ(info_of(session).current_execution_id, 0);
  close(session, kPatienceMs);
  check_closed(session);
}

CAPSULE_TEST(a_session_that_is_not_waited_for_gets_ready_by_itself) {
  SessionOptions options;
  options.raw.wait_ready = 0;
  const Session session = open_session(options);
  const std::string state = state_of(session);
  CHECK(state == "creating" || state == "warming" || state == "ready");
  ACCEPTED(capsule_session_wait_ready(session.get(), kPatienceMs, error));
  CHECK_EQ(state_of(session), "ready");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(wait_ready_looks_and_times_out) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.raw.wait_ready = 0;
  options.preload = {"time"};
  const Session session = open_session(runtime, options);
  // An interpreter has to start first: it cannot be ready yet.
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_wait_ready(session.get(), 0, error));
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_wait_ready(session.get(), 1, error));
  ACCEPTED(capsule_session_wait_ready(session.get(), -1, error));
}

CAPSULE_TEST(wait_ready_of_a_busy_or_idle_session_is_ok) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  ACCEPTED(capsule_session_wait_ready(session.get(), 0, error));
  run.cancel(kPatienceMs);
  run.end();
  ACCEPTED(capsule_session_wait_ready(session.get(), 0, error));
}

CAPSULE_TEST(a_dead_session_answers_died_until_restarted) {
  const Session session = open_session();
  Run run(session, "import os; os._exit(0)");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(state_of(session), "error");
  CHECK_EQ(info_of(session).pid, 0);
  Execution execution;
  REFUSED(CAPSULE_E_DIED, capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), error));
  REFUSED(CAPSULE_E_DIED, capsule_session_wait_ready(session.get(), 0, error));
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_graceful_close_runs_atexit_functions) {
  const TempFolder folder;
  const Session session = open_session();
  value_of(session,
           format("import atexit\natexit.register(lambda: open({}, 'w').close())", {py_quote(folder.path() + "/mark")}));
  close(session, kPatienceMs);
  CHECK(exists(folder.path() + "/mark"));
  check_closed(session);
}

CAPSULE_TEST(a_graceful_close_is_quick_when_idle) {
  const Session session = open_session();
  const Stopwatch watch;
  close(session, 60'000);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(0));
}

CAPSULE_TEST(a_close_lets_the_running_execution_end) {
  const Session session = open_session();
  const TempFolder folder;
  Run running(session,
              "import os, time\nwhile not os.path.exists(" + py_quote(folder.path() + "/go") + "): time.sleep(0.005)\n'whole'");
  Run queued(session, "1");
  running.until(CAPSULE_EVENT_STARTED);
  Threads threads;
  threads.start([&] {
    for (const Deadline deadline; state_of(session) != "shutting_down";) {
      CHECK(!deadline.over());
      before_the_next_look();
    }
    folder.write("go", "");
  });
  close(session, kPatienceMs);
  threads.join();
  CHECK_EQ(running.end().repr, "'whole'");
  CHECK_EQ(queued.end().outcome, "killed");
  CHECK_EQ(queued.story(), "error");
  check_closed(session);
}

CAPSULE_TEST(a_close_kills_what_is_not_done_at_the_deadline) {
  const Session session = open_session();
  Run run(session, kEndless);
  run.until_output("running");
  const Stopwatch watch;
  close(session, 200);
  CHECK_AT_LEAST(watch.elapsed_ms(), 199);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(200));
  const Event end = run.end();
  CHECK_EQ(end.outcome, "killed");
  CHECK_EQ(end.error_type, "WorkerKilled");
  CHECK_EQ(end.death_reason, "host_request");
  CHECK(!end.state_preserved);
  check_closed(session);
}

CAPSULE_TEST(a_close_with_0_kills_at_once) {
  const TempFolder folder;
  const Session session = open_session();
  value_of(session,
           format("import atexit\natexit.register(lambda: open({}, 'w').close())", {py_quote(folder.path() + "/mark")}));
  Run run(session, kEndless);
  run.until_output("running");
  const Watched worker(info_of(session).pid);
  close(session, 0);
  CHECK_EQ(run.end().outcome, "killed");
  CHECK(worker.wait_gone(Deadline(0)));
  CHECK(!exists(folder.path() + "/mark"));
  check_closed(session);
}

CAPSULE_TEST(atexit_functions_that_hang_are_killed_at_the_deadline) {
  const Session session = open_session();
  value_of(session, "import atexit, time\natexit.register(lambda: time.sleep(60))");
  const Watched worker(info_of(session).pid);
  const Stopwatch watch;
  close(session, 200);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(200));
  CHECK(worker.wait_gone(Deadline(0)));
  check_closed(session);
}

CAPSULE_TEST(threads_of_the_user_do_not_outlive_the_close) {
  const Session session = open_session();
  value_of(session, "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()");
  const Watched worker(info_of(session).pid);
  const Stopwatch watch;
  close(session, 200);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(200));
  CHECK(worker.wait_gone(Deadline(0)));
}

CAPSULE_TEST(a_closing_session_says_so_and_takes_nothing) {
  const Session session = open_session();
  Run running(session, kEndless);
  Run queued(session, "1");
  running.until_output("running");
  Threads threads;
  threads.start([&] { close(session, kPatienceMs); });
  CHECK_EQ(queued.end().outcome, "killed");  // the first thing that a close does
  CHECK_EQ(state_of(session), "shutting_down");
  Execution execution;
  REFUSED(CAPSULE_E_CLOSED, capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_restart(session.get(), error));
  close(session, 0);  // an earlier deadline holds
  threads.join();
  CHECK_EQ(running.end().outcome, "killed");
  check_closed(session);
}

CAPSULE_TEST(a_running_execution_can_be_answered_and_canceled_while_closing) {
  const Session session = open_session();
  Run running(session, "name = input()\nprint(name, flush=True)\nwhile True: pass");
  Run queued(session, "1");
  running.until(CAPSULE_EVENT_INPUT);
  Threads threads;
  threads.start([&] { close(session, 60'000); });
  CHECK_EQ(queued.end().outcome, "killed");
  running.answer("answered");
  running.until_output("answered");
  running.cancel(kPatienceMs);
  CHECK_EQ(running.end().outcome, "canceled");
  threads.join();
  check_closed(session);
}

CAPSULE_TEST(a_close_may_be_repeated) {
  const Session session = open_session();
  for (int i = 0; i < 3; ++i) {
    close(session, 1000);
    check_closed(session);
  }
  run_at_once(4, [&](int) { close(session, 0); });
}

CAPSULE_TEST(closes_at_once_all_return) {
  for (int round = 0; round < 5; ++round) {
    const Session session = open_session();
    Run run(session, kEndless);
    run_at_once(4, [&](int i) { close(session, i * 20); });
    CHECK_EQ(run.end().outcome, "killed");
    check_closed(session);
  }
}

CAPSULE_TEST(a_session_closed_while_it_starts_is_gone) {
  SessionOptions options;
  options.raw.wait_ready = 0;
  for (int i = 0; i < 10; ++i) {
    const Session session = open_session(options);
    Run run(session, "1");
    close(session, i % 2 == 0 ? 0 : 1000);
    const std::string outcome = run.end().outcome;
    CHECK(outcome == "killed" || outcome == "ok");
    check_closed(session);
  }
}

CAPSULE_TEST(events_can_be_drained_after_the_close) {
  const Session session = open_session();
  Run run(session, "print('kept')\n5");
  value_of(session, "1");  // by then the first one has ended
  close(session, 0);
  CHECK_EQ(run.end().repr, "5");
  CHECK_EQ(run.out(), "kept\n");
}

CAPSULE_TEST(state_names_are_stable) {
  const char *names[] = {"unknown", "creating", "warming",       "ready",      "busy",
                         "idle",    "error",    "shutting_down", "terminated", "unknown"};
  for (int state = 0; state < 10; ++state) {
    CHECK_EQ(std::string(capsule_session_state_name(state)), names[state]);
  }
  CHECK_EQ(std::string(capsule_session_state_name(INT32_MIN)), "unknown");
}
