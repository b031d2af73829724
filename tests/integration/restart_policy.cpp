// What a session does when its worker has died.
#include <csignal>

#include "snapshots.hpp"

using namespace capsule_test;

namespace {

Session open_with(std::int32_t policy) {
  SessionOptions options;
  options.raw.restart_policy = policy;
  return open_session(std::move(options));
}

constexpr const char *kDeadly = "import os; print('last words', flush=True); os._exit(3)";

}  // namespace

CAPSULE_TEST(by_default_a_death_leaves_the_session_in_error) {
  const Session session = open_with(CAPSULE_RESTART_MANUAL);
  Run run(session, kDeadly);
  CHECK_EQ(run.end().state, "lost");
  CHECK_EQ(state_of(session), "error");
}

CAPSULE_TEST(a_session_that_begins_anew_says_that_its_state_is_lost_and_runs_what_was_queued) {
  const Session session = open_with(CAPSULE_RESTART_FRESH);
  value_of(session, "x = 1");
  Run run(session, kDeadly);
  Run queued(session, "'x' in globals()");
  const Event &end = run.end();
  CHECK_EQ(end.outcome, "died");
  CHECK_EQ(end.exit_code, 3);
  CHECK_EQ(end.state, "lost");
  CHECK_EQ(run.out(), "last words\n");
  CHECK_EQ(queued.end().repr, "False");
  CHECK_EQ(info_of(session).restarts, 1);
}

CAPSULE_TEST(a_session_goes_back_to_the_last_snapshot_that_is_left) {
  const Session session = open_with(CAPSULE_RESTART_SNAPSHOT);
  value_of(session, "x = 1");
  const Snapshot first = snapshot_of(session);
  value_of(session, "x = 2");
  Snapshot second = snapshot_of(session);
  value_of(session, "x = 3");
  {
    Run run(session, kDeadly);
    CHECK_EQ(run.end().state, "restored");
    CHECK_EQ(run.end().restored_snapshot_id, info_of(second).snapshot_id);
    CHECK_EQ(value_of(session, "x"), "2");
  }
  second.reset();
  {
    Run run(session, kDeadly);
    CHECK_EQ(run.end().restored_snapshot_id, info_of(first).snapshot_id);
    CHECK_EQ(value_of(session, "x"), "1");
  }
  CHECK_EQ(info_of(session).restarts, 2);
}

CAPSULE_TEST(without_a_snapshot_it_begins_anew) {
  const Session session = open_with(CAPSULE_RESTART_SNAPSHOT);
  Run run(session, kDeadly);
  CHECK_EQ(run.end().state, "lost");
  CHECK_EQ(run.end().restored_snapshot_id, 0);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_rollback_comes_before_the_policy) {
  const Session session = open_with(CAPSULE_RESTART_FRESH);
  value_of(session, "x = 1");
  Run run(session, std::string("x = 2; ") + kDeadly, transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(value_of(session, "x"), "1");
  CHECK_EQ(info_of(session).restarts, 0);
}

CAPSULE_TEST(a_death_while_idle_is_mended_too) {
  const Session session = open_with(CAPSULE_RESTART_FRESH);
  value_of(session, "1");
  ::kill(info_of(session).pid, SIGKILL);
  const Deadline deadline;
  while (info_of(session).restarts == 0) {
    CHECK(!deadline.over());
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}
