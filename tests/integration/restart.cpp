// A restart gives the session a new worker with a fresh namespace.
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kEndless = "print('running', flush=True)\nwhile True: pass";

void restart(const Session &session) { ACCEPTED(capsule_session_restart(session.get(), error)); }

}  // namespace

CAPSULE_TEST(a_restart_makes_a_fresh_namespace_and_process) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Watched worker(info_of(session).pid);
  restart(session);
  CHECK_EQ(state_of(session), "ready");
  CHECK(worker.wait_gone(Deadline(0)));
  CHECK(info_of(session).pid != worker.pid());
  CHECK_EQ(info_of(session).restarts, 1);
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

CAPSULE_TEST(numbers_and_counters_go_on) {
  const Session session = open_session();
  value_of(session, "1");
  restart(session);
  Run run(session, "2");
  CHECK_EQ(run.end().execution_id, 2);
  CHECK_EQ(info_of(session).executions_succeeded, 2);
}

CAPSULE_TEST(the_running_execution_ends_as_killed_and_the_queued_ones_run) {
  const Session session = open_session();
  value_of(session, "old = True");
  Run running(session, kEndless);
  Run queued(session, "'old' in globals()");
  Run behind(session, "'behind'");
  running.until_output("running");
  restart(session);
  const Event end = running.end();
  CHECK_EQ(end.outcome, "killed");
  CHECK_EQ(end.error_type, "WorkerKilled");
  CHECK_EQ(end.death_reason, "host_request");
  CHECK_EQ(end.cancel_phase, "none");
  CHECK(!end.state_preserved);
  CHECK_EQ(queued.end().repr, "False");
  CHECK_EQ(behind.end().repr, "'behind'");
  CHECK_EQ(info_of(session).executions_killed, 1);
}

CAPSULE_TEST(a_restart_brings_back_a_session_that_died) {
  const Session session = open_session();
  for (int i = 1; i <= 3; ++i) {
    Run run(session, "import os; os._exit(3)");
    CHECK_EQ(run.end().outcome, "died");
    CHECK_EQ(state_of(session), "error");
    restart(session);
    CHECK_EQ(value_of(session, "1 + 1"), "2");
    CHECK_EQ(info_of(session).restarts, i);
  }
}

CAPSULE_TEST(a_killed_worker_s_last_output_is_delivered_on_restart) {
  const Session session = open_session();
  Run run(session, "print('last words', flush=True)\nwhile True: pass");
  run.until(CAPSULE_EVENT_STARTED);
  run.until_output("last words");
  restart(session);
  run.end();
  CHECK_EQ(run.out(), "last words\n");
}

CAPSULE_TEST(a_restart_during_input_ends_the_question) {
  const Session session = open_session();
  Run run(session, "input('?')");
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  restart(session);
  CHECK_EQ(run.end().outcome, "killed");
  REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), id, "x", 1, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_cancel_before_the_restart_does_not_follow_into_the_new_worker) {
  const Session session = open_session();
  for (int i = 0; i < 5; ++i) {
    Run run(session, kEndless);
    run.until_output("running");
    run.cancel(50);
    restart(session);
    CHECK(run.end().outcome == "canceled" || run.end().outcome == "killed");
    CHECK_EQ(value_of(session, "import time\ntime.sleep(0.1)\n'whole'"), "'whole'");
  }
}

CAPSULE_TEST(many_restarts_leave_one_process) {
  const Session session = open_session();
  std::vector<Watched> workers;
  for (int i = 0; i < 20; ++i) {
    workers.emplace_back(info_of(session).pid);
    restart(session);
  }
  check_gone(workers, Deadline(), "workers before a restart");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(restarts_at_once_answer_busy_or_work) {
  const Session session = open_session();
  run_at_once(4, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const capsule_status status = capsule_session_restart(session.get(), nullptr);
      CHECK(status == CAPSULE_OK || status == CAPSULE_E_BUSY);
    }
  });
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_restart_while_executions_are_submitted_loses_none) {  // I5
  SessionOptions options;
  options.raw.queue_limit = 1000;
  const Session session = open_session(options);
  Threads threads;
  threads.start([&] {
    for (int i = 0; i < 5; ++i) {
      restart(session);
    }
  });
  for (int t = 0; t < 3; ++t) {
    threads.start([&] {
      for (int i = 0; i < 20; ++i) {
        Run run(session, "print('x')\n7");
        const Event end = run.end();
        CHECK(end.outcome == "killed" || end.repr == "7");
      }
    });
  }
  threads.join();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_close_ends_a_restart) {
  const Session session = open_session();
  Threads threads;
  threads.start([&] {
    for (;;) {
      const capsule_status status = capsule_session_restart(session.get(), nullptr);
      CHECK(status == CAPSULE_OK || status == CAPSULE_E_CLOSED);
      if (status == CAPSULE_E_CLOSED) {
        return;
      }
    }
  });
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  threads.join();
  CHECK_EQ(state_of(session), "terminated");
}

CAPSULE_TEST(a_closed_session_does_not_restart) {
  const Session session = open_session();
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_restart(session.get(), error));
}
