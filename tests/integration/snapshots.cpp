// Snapshots of a session, and sessions made of them.
#include "snapshots.hpp"

using namespace capsule_test;

CAPSULE_TEST(a_branch_begins_where_its_session_stands_and_goes_its_own_way) {
  const Session session = open_session();
  value_of(session, "x = [1]");
  const Session branch = branch_of(session);
  CHECK_EQ(value_of(branch, "x.append(2); x"), "[1, 2]");
  CHECK_EQ(value_of(session, "x"), "[1]");
  CHECK_EQ(info_of(branch).parent_session_id, info_of(session).session_id);
  CHECK(info_of(branch).pid != info_of(session).pid);
}

CAPSULE_TEST(a_snapshot_is_gone_back_to_again_and_again) {
  const Session session = open_session();
  value_of(session, "x = [1]");
  const Snapshot snapshot = snapshot_of(session);
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(value_of(session, "x.append(2); x"), "[1, 2]");
    restore(session, snapshot);
    CHECK_EQ(value_of(session, "x"), "[1]");
  }
  CHECK_EQ(info_of(session).restores, 5);
  CHECK_EQ(info_of(snapshot).uses, 5);
}

CAPSULE_TEST(branches_of_a_snapshot_know_nothing_of_each_other) {
  const Session session = open_session();
  value_of(session, "x = [1]");
  const Snapshot snapshot = snapshot_of(session);
  const Session first = branch_of(snapshot);
  const Session second = branch_of(snapshot);
  value_of(first, "x.append('first')");
  value_of(second, "x.append('second')");
  CHECK_EQ(value_of(first, "x"), "[1, 'first']");
  CHECK_EQ(value_of(second, "x"), "[1, 'second']");
  CHECK_EQ(value_of(session, "x"), "[1]");
}

CAPSULE_TEST(what_failed_is_rolled_back_objects_and_modules_too) {
  const Session session = open_session();
  value_of(session, "import math, sys\nx = [1]");
  Run run(session, "x.append(2); y = 3; math.pi = 4; import colorsys; print('out'); 1 / 0",
          transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  const Event &end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "ZeroDivisionError");
  CHECK_EQ(end.state, "rolled_back");
  CHECK_EQ(run.out(), "out\n");
  CHECK_EQ(value_of(session, "x, 'y' in globals(), math.pi == 4, 'colorsys' in sys.modules"), "([1], False, False, False)");
  CHECK_EQ(info_of(session).rollbacks, 1);
}

CAPSULE_TEST(a_session_in_error_goes_back_to_a_snapshot) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  Run run(session, "import os; os._exit(3)");
  CHECK_EQ(run.end().state, "lost");
  CHECK_EQ(state_of(session), "error");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, "x"), "1");
}
