// What the host does while an execution is rolled back: the process that is to be the session's is held by SIGSTOP meanwhile.
#include <unistd.h>

#include <csignal>
#include <optional>

#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr std::int32_t kOnFailure = CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE;

void wait_for_state(const Session &session, const std::string &state) {
  const Deadline deadline;
  while (state_of(session) != state) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

// A session in a runtime of its own whose execution waits for input, and will then fail; its frozen process is stopped, so that the
// rollback goes no further than that.
class HeldRollback {
 public:
  explicit HeldRollback(const std::string &source = "x = 2; input(); 1 / 0") {
    value_of(session, "x = 1");
    run.emplace(session, source, transaction(kOnFailure));
    run->until(CAPSULE_EVENT_INPUT);
    // It takes its name a moment after the host is told of it.
    const Deadline deadline;
    while (!frozen) {
      CHECK(!deadline.over());
      for (const Process &process : descendants(getpid())) {
        if (process.name == "capsule-frozen") {
          frozen.emplace(process.pid);
        }
      }
    }
    frozen->kill(SIGSTOP);
  }
  ~HeldRollback() {
    if (frozen) {
      frozen->kill(SIGCONT);
    }
  }

  // Until the old process is gone and the new one is waited for.
  void begin() {
    run->answer("");
    wait_for_state(session, "warming");
  }
  void go_on() const { frozen->kill(SIGCONT); }

  Runtime runtime = make_runtime();
  Session session = open_session(runtime);
  std::optional<Run> run;
  std::optional<Watched> frozen;
};

}  // namespace

CAPSULE_TEST(a_cancel_during_the_rollback_is_a_noop) {
  HeldRollback held;
  held.begin();
  held.run->cancel(0);
  held.run->cancel(kPatienceMs);
  CHECK_EQ(info_of(held.session).cancels_noop, 2);
  REFUSED(CAPSULE_E_STATE, capsule_execution_interrupt(held.run->get(), error));
  held.go_on();
  CHECK_EQ(held.run->end().outcome, "error");
  CHECK_EQ(held.run->end().state, "rolled_back");
  CHECK_EQ(held.run->end().cancel_phase, "none");
  CHECK_EQ(value_of(held.session, "x"), "1");
}

CAPSULE_TEST(what_is_submitted_during_the_rollback_runs_behind_it) {
  HeldRollback held;
  held.begin();
  Run behind(held.session, "x");
  held.go_on();
  CHECK_EQ(behind.end().repr, "1");
  CHECK_EQ(held.run->end().state, "rolled_back");
}

CAPSULE_TEST(calls_wait_for_the_rollback) {
  HeldRollback held;
  held.begin();
  Snapshot snapshot;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_snapshot(held.session.get(), 30, snapshot.out(), error));
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_wait_ready(held.session.get(), 30, error));
  held.go_on();
  ACCEPTED(capsule_session_snapshot(held.session.get(), kPatienceMs, snapshot.out(), error));
  CHECK_EQ(value_of(branch_of(snapshot), "x"), "1");
  CHECK_EQ(held.run->end().state, "rolled_back");
}

CAPSULE_TEST(a_close_at_once_during_the_rollback_ends_it_once) {  // I5
  HeldRollback held;
  held.begin();
  ACCEPTED(capsule_session_close(held.session.get(), 0, error));
  CHECK_EQ(held.run->end().outcome, "error");
  CHECK_EQ(held.run->end().error_type, "ZeroDivisionError");
  CHECK_EQ(held.run->end().state, "lost");
  CHECK_EQ(state_of(held.session), "terminated");
  CHECK(held.frozen->wait_gone(Deadline()));
}

CAPSULE_TEST(a_close_whose_deadline_comes_during_the_rollback_ends_it_once) {  // I5
  HeldRollback held;
  held.begin();
  ACCEPTED(capsule_session_close(held.session.get(), 100, error));
  CHECK_EQ(held.run->end().outcome, "error");
  CHECK_EQ(held.run->end().state, "lost");
  CHECK(held.frozen->wait_gone(Deadline()));
}

CAPSULE_TEST(a_graceful_close_during_the_rollback_ends_it_once_and_does_not_wait_for_its_deadline) {  // I5
  HeldRollback held;
  held.begin();
  const Stopwatch watch;
  Threads threads;
  threads.start([&] { ACCEPTED(capsule_session_close(held.session.get(), kPatienceMs, error)); });
  wait_for_state(held.session, "shutting_down");
  held.go_on();
  CHECK_EQ(held.run->end().outcome, "error");
  CHECK_EQ(held.run->end().error_type, "ZeroDivisionError");
  threads.join();
  CHECK_EQ(state_of(held.session), "terminated");
  CHECK_AT_MOST(watch.elapsed_ms(), kPatienceMs / 2);
}

CAPSULE_TEST(a_restart_during_the_rollback_comes_behind_it) {
  HeldRollback held;
  held.begin();
  Threads threads;
  threads.start([&] { ACCEPTED(capsule_session_restart(held.session.get(), error)); });
  held.go_on();
  CHECK_EQ(held.run->end().state, "rolled_back");
  threads.join();
  CHECK_EQ(value_of(held.session, "'x' in globals()"), "False");
}

CAPSULE_TEST(a_frozen_process_that_is_killed_during_the_rollback_loses_the_session) {
  HeldRollback held;
  held.begin();
  held.frozen->kill(SIGKILL);
  const Event end = held.run->end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.state, "lost");
  CHECK_EQ(state_of(held.session), "error");
  ACCEPTED(capsule_session_restart(held.session.get(), error));
  CHECK_EQ(value_of(held.session, "1 + 1"), "2");
}

CAPSULE_TEST(a_runtime_that_closes_during_the_rollback_ends_it_once) {  // I5
  HeldRollback held;
  held.begin();
  ACCEPTED(capsule_runtime_close(held.runtime.get(), 0, error));
  CHECK_EQ(held.run->end().outcome, "error");
  CHECK(held.frozen->wait_gone(Deadline()));
}

CAPSULE_TEST(a_released_session_during_the_rollback_is_gone) {
  HeldRollback held;
  held.begin();
  held.run.reset();
  held.session.reset();
  CHECK(held.frozen->wait_gone(Deadline()));
}

CAPSULE_TEST(a_frozen_process_that_is_killed_while_the_code_runs_leaves_the_end_to_the_code) {
  for (const bool dies : {false, true}) {
    HeldRollback held(dies ? "x = 2; input(); import os; os._exit(3)" : "x = 2; input(); 1 / 0");
    held.frozen->kill(SIGKILL);
    CHECK(held.frozen->wait_gone(Deadline()));
    held.run->answer("");
    CHECK_EQ(held.run->end().outcome, dies ? "died" : "error");
    CHECK_EQ(held.run->end().state, dies ? "lost" : "preserved");
    CHECK_EQ(info_of(held.session).rollbacks, 0);
  }
}

CAPSULE_TEST(a_cancel_while_the_snapshot_is_taken_ends_it_unrun) {
  const Session session = open_session();
  value_of(session, "x = 1");
  for (int i = 0; i < 30; ++i) {
    Run run(session, "x = 2; import time; time.sleep(60)", transaction(kOnFailure));
    run.cancel(kPatienceMs);
    CHECK_EQ(run.end().outcome, "canceled");
    CHECK(run.end().state == "rolled_back" || run.end().cancel_phase == "queued");
    CHECK_EQ(value_of(session, "x"), "1");
  }
}

CAPSULE_TEST(sessions_closed_at_any_moment_of_a_transaction) {  // I5
  constexpr int kRounds = kSanitized ? 20 : 60;
  for (int i = 0; i < kRounds; ++i) {
    const Session session = open_session();
    Run run(session, i % 2 == 0 ? "x = 2; 1 / 0" : "import os; os._exit(1)", transaction(kOnFailure));
    Run behind(session, "1", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(150 * i);
    while (std::chrono::steady_clock::now() < until) {
    }
    const Stopwatch watch;
    ACCEPTED(capsule_session_close(session.get(), i % 3 == 0 ? 0 : kPatienceMs, error));
    CHECK_AT_MOST(watch.elapsed_ms(), kPatienceMs / 2);
    run.end();
    behind.end();
  }
}

CAPSULE_TEST(workers_killed_at_any_moment_of_a_transaction) {  // I5
  const Session session = open_session();
  value_of(session, "x = 1");
  for (int i = 0; i < (kSanitized ? 20 : 60); ++i) {
    const Watched worker(info_of(session).pid);
    Run run(session, "x = 2; 1 / 0", transaction(kOnFailure));
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100 * i);
    while (std::chrono::steady_clock::now() < until) {
    }
    worker.kill(SIGKILL);
    const Event end = run.end();
    if (end.state == "rolled_back") {
      CHECK_EQ(value_of(session, "x"), "1");
    } else {
      CHECK_EQ(end.outcome, "died");
      ACCEPTED(capsule_session_restart(session.get(), error));
      value_of(session, "x = 1");
    }
  }
}
