// Executions whose effects are undone: what is rolled back by which end, and what the terminal event says of it.
#include <unistd.h>

#include <csignal>
#include <optional>

#include "offspring.hpp"
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

enum class Act { kNone, kCancel, kKillWorker };

struct End {
  const char *source;
  const char *outcome;
  Act act = Act::kNone;
  std::int64_t timeout_ms = 0;
  bool dies = false;
  std::int64_t grace_ms = kPatienceMs;
};

constexpr End kResult{"'the value'", "ok"};
constexpr End kFailures[] = {
    {"1 / 0", "error"},
    {"sys.exit(3)", "error"},
    {"raise KeyboardInterrupt", "error"},
    {"await asyncio.sleep(0)\n1 / 0", "error"},
    {"import time; time.sleep(60)", "canceled", Act::kCancel},
    {"await asyncio.sleep(60)", "canceled", Act::kCancel},
    {"while True: pass", "timeout", Act::kNone, 200},
};
constexpr const char *kDeaf = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass";
constexpr const char *kStubborn =
    "while True:\n  try:\n    os.write(2, b'stubborn\\n')\n    while True: pass\n  except BaseException: pass";
constexpr End kDeaths[] = {
    {"os._exit(3)", "died", Act::kNone, 0, true},
    {"import ctypes; ctypes.string_at(0)", "died", Act::kNone, 0, true},
    {"import time; time.sleep(60)", "died", Act::kKillWorker, 0, true},
    {kDeaf, "canceled", Act::kCancel, 0, true, 0},
    {kStubborn, "canceled", Act::kCancel, 0, true, 50},
    {kStubborn, "timeout", Act::kNone, 200, true},
};

constexpr const char *kBefore =
    "import asyncio, math, os, sys\nx = [1]; d = {'a': [1]}; keep = 'kept'; folder = os.getcwd(); limit = "
    "sys.getrecursionlimit()\n"
    "class C: attribute = 1\nasync def forever(): await asyncio.Event().wait()\nawait asyncio.sleep(0)";
constexpr const char *kChange =
    "x.append(2); d['a'].append(2); del keep; C.attribute = 2; math.pi = 4; import colorsys; new = 1\n"
    "os.environ['CHANGED'] = '1'; sys.setrecursionlimit(limit + 100); os.chdir('/')\n"
    "print('printed'); os.write(2, b'written\\n')\n";
// What is undone, one each.
constexpr const char *kLook =
    "(x, d, 'keep' in globals(), C.attribute, math.pi == 4, 'colorsys' in sys.modules, 'new' in globals(), "
    "'CHANGED' in os.environ, sys.getrecursionlimit() == limit, os.getcwd() == folder)";
constexpr const char *kUndone = "([1], {'a': [1]}, True, 1, False, False, False, False, True, True)";
constexpr const char *kDone = "([1, 2], {'a': [1, 2]}, False, 2, True, True, True, True, False, False)";

Session prepared() {
  SessionOptions options;
  options.raw.cancel_grace_ms = kSanitized ? 3000 : 1000;
  Session session = open_session(options);
  value_of(session, kBefore);
  return session;
}

const Event &play(const Session &session, Run &run, const End &end) {
  if (end.act != Act::kNone) {
    run.until_output(end.source == kStubborn ? "stubborn" : "written");
  }
  if (end.act == Act::kCancel) {
    run.cancel(end.grace_ms);
  } else if (end.act == Act::kKillWorker) {
    Watched(info_of(session).pid).kill(SIGKILL);
  }
  return run.end();
}

// The state that the event tells, and what the session then holds.
void check_end(const Session &session, const End &end, std::int32_t policy, std::int32_t scope, const std::string &state,
               const std::string &seen) {
  const capsule_session_info before = info_of(session);
  ExecutionOptions options = transaction(policy, scope);
  options.raw.timeout_ms = end.timeout_ms;
  Run run(session, std::string(kChange) + end.source, options);
  std::optional<Run> behind;
  if (state != "lost") {
    behind.emplace(session, kLook);
  }
  const Event &last = play(session, run, end);
  if (last.outcome != end.outcome || last.state != state) {
    FAIL(std::string(end.source) + " ended as " + show(last) + ", not " + end.outcome + " " + state);
  }
  if (end.dies && end.act == Act::kCancel) {
    CHECK_EQ(last.cancel_phase, "killed");
  }
  CHECK_CONTAINS(run.out(), "printed\n");
  CHECK_CONTAINS(run.err(), "written\n");
  if (behind) {
    CHECK_EQ(behind->end().repr, seen);
  }
  const bool rolled_back = state == "rolled_back";
  CHECK_EQ(info_of(session).rollbacks, before.rollbacks + (rolled_back ? 1 : 0));
  if (scope == CAPSULE_SCOPE_MEMORY && state != "lost") {
    CHECK_EQ(info_of(session).pid == before.pid, !rolled_back);
  }
  if (end.outcome == std::string("ok")) {
    CHECK_EQ(last.repr, "'the value'");
  }
}

}  // namespace

CAPSULE_TEST(every_failure_is_rolled_back_on_failure) {
  const Session session = prepared();
  for (const End &end : kFailures) {
    check_end(session, end, CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_MEMORY, "rolled_back", kUndone);
  }
}

CAPSULE_TEST(every_death_is_rolled_back_on_failure) {
  const Session session = prepared();
  for (const End &end : kDeaths) {
    check_end(session, end, CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_MEMORY, "rolled_back", kUndone);
    CHECK_EQ(state_of(session), "idle");
  }
}

CAPSULE_TEST(a_result_is_kept_on_failure_and_rolled_back_always) {
  const Session session = prepared();
  check_end(session, kResult, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_MEMORY, "rolled_back", kUndone);
  check_end(session, kResult, CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_MEMORY, "preserved", kDone);
}

CAPSULE_TEST(every_end_is_rolled_back_always) {
  const Session session = prepared();
  for (const End &end : kFailures) {
    check_end(session, end, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_MEMORY, "rolled_back", kUndone);
  }
  for (const End &end : kDeaths) {
    check_end(session, end, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_MEMORY, "rolled_back", kUndone);
  }
}

CAPSULE_TEST(commit_undoes_nothing) {
  for (const End &end : kFailures) {
    check_end(prepared(), end, CAPSULE_TRANSACTION_COMMIT, CAPSULE_SCOPE_MEMORY, "preserved", kDone);
  }
  check_end(prepared(), kResult, CAPSULE_TRANSACTION_COMMIT, CAPSULE_SCOPE_MEMORY, "preserved", kDone);
  check_end(prepared(), kDeaths[0], CAPSULE_TRANSACTION_COMMIT, CAPSULE_SCOPE_MEMORY, "lost", "");
}

CAPSULE_TEST(the_scope_of_names_undoes_what_is_bound_and_no_more) {
  // Names alone: `keep` is back and `new` is gone; what they are bound to stays as it was left.
  const char *seen = "([1, 2], {'a': [1, 2]}, True, 2, True, True, False, True, False, False)";
  for (const End &end : kFailures) {
    check_end(prepared(), end, CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_NAMES, "rolled_back", seen);
    check_end(prepared(), end, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_NAMES, "rolled_back", seen);
  }
  check_end(prepared(), kResult, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_NAMES, "rolled_back", seen);
  check_end(prepared(), kResult, CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_NAMES, "preserved", kDone);
  check_end(prepared(), kDeaths[0], CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_NAMES, "lost", "");
}

CAPSULE_TEST(names_are_bound_again_to_what_they_were) {
  const Session session = open_session();
  value_of(session,
           "a = 1; b = [1]; held = b; import threading\nstop = threading.Event()\n"
           "thread = threading.Thread(target=stop.wait); thread.start()");
  // Threads are no obstacle here.
  Run run(session, "a = 2; b = [2]; del held; c = 3; 1 / 0",
          transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE, CAPSULE_SCOPE_NAMES));
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(value_of(session, "a, b, b is held, 'c' in globals()"), "(1, [1], True, False)");
  CHECK_EQ(value_of(session, "stop.set(); thread.join()"), "");
}

CAPSULE_TEST(history_goes_on_behind_a_rollback_of_names) {
  const Session session = open_session();
  value_of(session, "'first'");
  Run run(session, "x = 1; 'second'", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS, CAPSULE_SCOPE_NAMES));
  CHECK_EQ(run.end().repr, "'second'");
  CHECK_EQ(value_of(session, "_, __, Out[2], In[2], 'x' in globals()"),
           "('second', 'first', 'second', \"x = 1; 'second'\", False)");
}

CAPSULE_TEST(history_is_as_it_was_behind_a_rollback_of_memory) {
  const Session session = open_session();
  value_of(session, "'first'");
  Run run(session, "x = 1; 'second'", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
  CHECK_EQ(run.end().repr, "'second'");
  Run next(session, "_, sorted(Out), In[2], len(In)");
  CHECK_EQ(next.end().repr, "('first', [1], '', 4)");
  CHECK_EQ(next.end().execution_id, 3);
}

CAPSULE_TEST(background_tasks_of_what_is_rolled_back_are_gone) {
  const Session session = prepared();
  value_of(session, "old = asyncio.create_task(forever()); await asyncio.sleep(0)");
  Run run(session, "new = asyncio.create_task(forever()); old.cancel(); await asyncio.sleep(0)\n1 / 0",
          transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(value_of(session,
                    "len(asyncio.all_tasks()), old.done()\nawait asyncio.sleep(0)\n"
                    "len(asyncio.all_tasks()), old.done()"),
           "(2, False)");
}

CAPSULE_TEST(children_of_what_is_rolled_back_are_gone) {  // I10
  for (const char *last : {"\n1 / 0", "\nos._exit(1)", "\nos.kill(os.getpid(), 9)"}) {
    const Session session = open_session();
    Run run(session, std::string(kStartOffspring) + last, transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "rolled_back");
    check_gone(offspring_in(run.out()), Deadline(with_slack_ms(2000)), "offspring");
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
  check_no_zombies();
}

CAPSULE_TEST(where_there_can_be_no_snapshot_it_does_not_run) {
  const Session session = open_session();
  value_of(session,
           "import threading\nstop = threading.Event(); x = 1\n"
           "thread = threading.Thread(target=stop.wait, name='in-the-way'); thread.start()");
  Run run(session, "x = 2", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  const Event end = run.end();
  CHECK_EQ(run.story(), "error");
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "TransactionRefused");
  CHECK_CONTAINS(end.message, "in-the-way");
  CHECK_EQ(end.state, "preserved");
  CHECK_EQ(value_of(session, "stop.set(); thread.join(); x"), "1");
  CHECK_EQ(info_of(session).rollbacks, 0);
  Run next(session, "x = 2; 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(next.end().state, "rolled_back");
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(all_output_comes_before_the_end_that_is_rolled_back) {
  const Session session = open_session();
  for (const char *last : {"1 / 0", "import os; os._exit(1)"}) {
    Run run(session, std::string("for i in range(20000): print('line', i)\n") + last,
            transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "rolled_back");
    CHECK(run.out().ends_with("line 19998\nline 19999\n"));
    CHECK_EQ(run.end().stdout_bytes, run.out().size());
  }
}

CAPSULE_TEST(what_is_queued_runs_in_the_state_before) {
  const Session session = open_session();
  value_of(session, "x = [0]");
  std::vector<Run> runs;
  for (int i = 1; i <= 12; ++i) {
    const std::string append = "x.append(" + std::to_string(i) + ")\n";
    runs.emplace_back(session,
                      append + (i % 3 == 0   ? "1 / 0"
                                : i % 3 == 1 ? "x"
                                             : "import os; os._exit(1)"),
                      transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  }
  Run last(session, "x");
  CHECK_EQ(last.end().repr, "[0, 1, 4, 7, 10]");
  for (Run &run : runs) {
    run.end();
  }
  CHECK_EQ(info_of(session).rollbacks, 8);
}

CAPSULE_TEST(fifty_rollbacks_leave_nothing_behind) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "x = [0]");
  const auto round = [&](int i) {
    Run run(session, i % 2 == 0 ? "x.append(1); 1 / 0" : "x.append(1); import os; os._exit(0)",
            transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "rolled_back");
    CHECK_EQ(value_of(session, "x"), "[0]");
  };
  round(0);
  round(1);
  const std::size_t fds = descriptors().size();
  const std::size_t threads = thread_count();
  for (int i = 0; i < 50; ++i) {
    round(i);
  }
  check_descriptors_at_most(fds);
  check_threads_at_most(threads);
  check_no_zombies();
  check_descendants_at_most(info_of(runtime).zygote_pid, 2);  // the session, and the process that the zygote holds ready
  CHECK_EQ(info_of(session).rollbacks, 52);
}

CAPSULE_TEST(a_kept_execution_leaves_no_frozen_process) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  for (int i = 0; i < 10; ++i) {
    Run run(session, "1", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "preserved");
  }
  check_descendants_at_most(info_of(runtime).zygote_pid, 2);  // the session, and the process that the zygote holds ready
}

CAPSULE_TEST(no_late_output_is_waited_for_of_what_is_rolled_back) {
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  const Session session = open_session(options);
  Run run(
      session,
      "import threading\ngo = threading.Event()\nthreading.Thread(target=lambda: (go.wait(), print('never'))).start()\n1 / 0",
      transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(run.end().state, "rolled_back");  // and the end of its queue, as the process that could write more is gone
  Run kept(session, "1", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  kept.late_may_follow = true;
  CHECK_EQ(kept.end().state, "preserved");
}

CAPSULE_TEST(an_execution_that_leaves_threads_is_rolled_back_all_the_same) {
  const Session session = open_session();
  Run run(session, "import threading\nthread = threading.Thread(target=threading.Event().wait); thread.start()\n1 / 0",
          transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(value_of(session, "import threading; threading.active_count()"), "1");
  snapshot_of(session);
}

CAPSULE_TEST(a_rollback_does_not_undo_what_others_hold) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot before = snapshot_of(session);
  Run run(session, "x = 2; 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  const Session branch = branch_of(session);  // behind the rollback
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(value_of(branch, "x"), "1");
  value_of(session, "x = 3");
  restore(session, before);
  CHECK_EQ(value_of(session, "x"), "1");
  Run again(session, "x = 4; 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(again.end().state, "rolled_back");
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(options_out_of_range_are_refused) {
  const Session session = open_session();
  for (const auto &[policy, scope] : {std::pair{-1, 0}, {3, 0}, {0, -1}, {1, 2}}) {
    ExecutionOptions options = transaction(policy, scope);
    Execution execution;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, options.get(), execution.out(), error));
  }
}
