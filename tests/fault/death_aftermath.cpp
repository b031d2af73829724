// After a worker's death: every call says so, the counters add up, and a restart leads out.
#include <csignal>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Nothing runs, so that no event tells: looks at the session until it is in error.
void await_error_state(const Session &session) {
  const Deadline deadline;
  while (state_of(session) != "error") {
    if (deadline.over()) {
      FAIL("the session is " + state_of(session) + ", not in error");
    }
    before_the_next_look();
  }
}

// What every call says of a session whose worker is dead.
void check_dead(const Session &session) {
  CHECK_EQ(state_of(session), "error");
  CHECK_EQ(info_of(session).pid, 0);
  CHECK_EQ(info_of(session).current_execution_id, 0);
  Execution execution;
  const std::string message =
      REFUSED(CAPSULE_E_DIED, capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), error));
  CHECK(!message.empty());
  CHECK(execution.get() == nullptr);
  REFUSED(CAPSULE_E_DIED, capsule_session_wait_ready(session.get(), 0, error));
  REFUSED(CAPSULE_E_DIED, capsule_session_wait_ready(session.get(), -1, error));
}

// The restarted session is new, and alive.
void check_revived(const Session &session) {
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(state_of(session), "ready");
  ACCEPTED(capsule_session_wait_ready(session.get(), 0, error));
  CHECK_EQ(value_of(session, "'left' in globals()"), "False");
}

void check_idle_kill(const Session &session, int signal_number) {
  const Watched worker(info_of(session).pid);
  worker.kill(signal_number);
  await_error_state(session);
  CHECK(worker.wait_gone(Deadline(0)));
  check_dead(session);
  CHECK_EQ(std::string(capsule_death_reason_name(info_of(session).death_reason)), "signal");
  CHECK_EQ(info_of(session).executions_died, 0);
  check_revived(session);
}

}  // namespace

CAPSULE_TEST(every_call_says_that_the_worker_died) {
  for (const char *crash : {"import os; os._exit(7)", "import os; os.kill(os.getpid(), 9)",
                            "import ctypes; ctypes.string_at(0)", "import os; os.abort()"}) {
    const Session session = open_session();
    Run run(session, std::string("left = 1\n") + crash);
    CHECK_EQ(run.end().outcome, "died");
    check_dead(session);
    REFUSED(CAPSULE_E_STATE, capsule_execution_interrupt(run.get(), error));
    ACCEPTED(capsule_execution_cancel(run.get(), 0, error));  // it has ended: left alone
    EventStruct more;
    REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), 0, more.get(), error));  // I5
    check_revived(session);
  }
}

CAPSULE_TEST(a_worker_killed_while_idle_is_noticed_though_nobody_asks) {
  const Session session = open_session();
  value_of(session, "left = 1");
  CHECK_EQ(state_of(session), "idle");
  check_idle_kill(session, SIGKILL);
}

CAPSULE_TEST(a_worker_killed_before_its_first_use_is_noticed_though_nobody_asks) {
  const Session session = open_session();
  CHECK_EQ(state_of(session), "ready");
  check_idle_kill(session, SIGSEGV);
}

CAPSULE_TEST(an_idle_worker_that_exits_by_a_thread_is_noticed) {
  const Session session = open_session();
  value_of(session,
           "import os, threading, time\n"
           "threading.Thread(target=lambda: (time.sleep(0.05), os._exit(6)), daemon=True).start()\nNone");
  await_error_state(session);
  check_dead(session);
  CHECK_EQ(std::string(capsule_death_reason_name(info_of(session).death_reason)), "exit");
  check_revived(session);
}

CAPSULE_TEST(the_counters_add_up_over_many_deaths) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(value_of(session, "1 + 1"), "2");
    Run run(session, "import os; os._exit(7)");
    CHECK_EQ(run.end().exit_code, 7);
    // Numbers of executions go on over restarts.
    CHECK_EQ(run.end().execution_id, 2 * i + 2);
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.executions_started, 10);
  CHECK_EQ(info.executions_succeeded, 5);
  CHECK_EQ(info.executions_died, 5);
  CHECK_EQ(info.restarts, 5);
  CHECK_EQ(info_of(runtime).workers_started, 6);
  CHECK_EQ(info_of(runtime).workers_died, 5);
  CHECK_EQ(info_of(runtime).sessions_open, 1);
}

CAPSULE_TEST(a_dead_session_can_be_closed_and_released) {
  const Runtime runtime = make_runtime();
  Session session = open_session(runtime);
  Run run(session, "import os; os._exit(7)");
  run.end();
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(state_of(session), "terminated");
  REFUSED(CAPSULE_E_CLOSED, capsule_session_restart(session.get(), error));
  CHECK_EQ(info_of(runtime).sessions_open, 0);
  Session other = open_session(runtime);
  Run(other, "import os; os._exit(7)").end();
  other.reset();  // never closed
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK_EQ(info_of(runtime).sessions_open, 0);
}

CAPSULE_TEST(events_of_a_dead_worker_can_be_drained_long_after) {  // I2, I5
  Session session = open_session();
  Run run(session, "print('kept')\nimport os; os._exit(7)");
  await_error_state(session);
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  session.reset();
  const Event end = run.end();
  CHECK_EQ(end.outcome, "died");
  CHECK_EQ(end.exit_code, 7);
  CHECK_EQ(run.story(), "started output error");
  CHECK_EQ(run.out(), "kept\n");
}
