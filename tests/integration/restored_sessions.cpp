// Whatever a session can do, one that went back, branched or was rolled back can do too.
#include "offspring.hpp"
#include "process.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

void check_code(const Session &session) {
  const std::string pid = std::to_string(info_of(session).pid);
  CHECK_EQ(value_of(session, "import os, threading\nos.getpid()"), pid);
  CHECK_EQ(value_of(session, "threading.current_thread() is threading.main_thread(), threading.get_native_id() == os.getpid()"),
           "(True, True)");
  CHECK_EQ(printed_by(session, "thread = threading.Thread(target=print, args=('of a thread',)); thread.start(); thread.join()"),
           "of a thread\n");
  CHECK_EQ(value_of(session, "import subprocess\nsubprocess.run(['echo', 'child'], capture_output=True).stdout"),
           "b'child\\n'");
  CHECK_EQ(printed_by(session, "subprocess.run(['echo', 'descriptor']); None"), "descriptor\n");
  CHECK_EQ(value_of(session,
                    "import asyncio\nchild = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)\n"
                    "(await child.communicate(b'piped'))[0]"),
           "b'piped'");
  CHECK_EQ(value_of(session, "await asyncio.to_thread(os.getpid)"), pid);
  CHECK_EQ(value_of(session,
                    "import multiprocessing, math\nwith multiprocessing.get_context('fork').Pool(1) as pool: "
                    "result = pool.map(math.sqrt, [4])\nresult"),
           "[2.0]");
}

void check_events(const Session &session) {
  Run run(session, "display('shown', raw=False); progress(1, 2)\nimport sys; print('err', file=sys.stderr)\ninput('?') * 2");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("ab");
  CHECK_EQ(run.end().repr, "'abab'");
  CHECK_EQ(run.story(), "started display progress output input result");
  CHECK_EQ(run.err(), "err\n");
  Run fails(session, "def f(): raise ValueError('no')\nf()");
  CHECK_EQ(fails.end().error_type, "ValueError");
  CHECK_CONTAINS(fails.end().traceback.value_or(""), "def f(): raise ValueError('no')");
  CHECK_EQ(fails.end().state, "preserved");
}

void check_stops(const Session &session) {
  for (const char *source :
       {"print('in', flush=True)\nwhile True: pass", "import time\nprint('in', flush=True)\ntime.sleep(60)",
        "import asyncio\nprint('in', flush=True)\nawait asyncio.sleep(60)"}) {
    Run canceled(session, source);
    canceled.until_output("in");
    canceled.cancel(kPatienceMs);
    CHECK_EQ(canceled.end().outcome, "canceled");
    CHECK_EQ(canceled.end().cancel_phase, "interrupted");
    Run timed(session, source, ExecutionOptions::with_timeout_ms(30));
    CHECK_EQ(timed.end().outcome, "timeout");
    CHECK_EQ(timed.end().state, "preserved");
  }
  Run interrupted(session,
                  "import time\ntry:\n  print('in', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: pass\n'on'");
  interrupted.until_output("in");
  interrupted.interrupt();
  CHECK_EQ(interrupted.end().repr, "'on'");
}

void check_late_output(const Session &session) {
  Run run(session,
          "import threading\ngo = threading.Event()\n"
          "late = threading.Thread(target=lambda: (go.wait(), print('late', flush=True))); late.start()");
  run.end();
  Run next(session, "go.set(); late.join()");
  next.end();
  CHECK_EQ(next.out(), "late\n");
  CHECK(next.events().at(1).late);
  CHECK_EQ(next.events().at(1).writer_execution_id, run.end().execution_id);
}

void check_volume(const Session &session) {
  Run run(session, "for i in range(3000): print('x' * 999)");
  run.end();
  CHECK_EQ(run.out().size(), 3'000'000);
}

// By the death of its worker at the end of it: what it has started is gone then.
void check_everything(const Session &session) {
  CHECK_EQ(value_of(session, "x"), "'carried'");
  check_code(session);
  check_events(session);
  check_stops(session);
  check_late_output(session);
  check_volume(session);
  Run run(session, kStartOffspring);
  run.end();
  const auto offspring = offspring_in(run.out());
  Run dies(session, "print('last words')\nimport os; os._exit(3)");
  CHECK_EQ(dies.end().outcome, "died");
  CHECK_EQ(dies.end().exit_code, 3);
  CHECK(dies.end().death_certain);
  CHECK_EQ(dies.out(), "last words\n");
  check_gone(offspring, Deadline(with_slack_ms(2000)), "offspring");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

Session prepared(SessionOptions options = {}) {
  Session session = open_session(std::move(options));
  value_of(session, "import asyncio\nx = 'carried'\nawait asyncio.sleep(0)");
  return session;
}

SessionOptions spawned() {
  SessionOptions options;
  options.raw.start = CAPSULE_START_SPAWN;
  return options;
}

}  // namespace

CAPSULE_TEST(a_branch_can_do_everything) { check_everything(branch_of(prepared())); }

CAPSULE_TEST(a_session_can_do_everything_after_its_snapshot) {
  const Session session = prepared();
  const Snapshot snapshot = snapshot_of(session);
  check_everything(session);
  check_everything(branch_of(snapshot));
}

CAPSULE_TEST(a_restored_session_can_do_everything) {
  const Session session = prepared();
  const Snapshot snapshot = snapshot_of(session);
  value_of(session, "x = 'changed'");
  restore(session, snapshot);
  check_everything(session);
  restore(session, snapshot);
  check_everything(session);
}

CAPSULE_TEST(a_session_that_was_rolled_back_can_do_everything) {
  const Session session = prepared();
  Run run(session, "x = 'changed'; 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  CHECK_EQ(run.end().state, "rolled_back");
  check_everything(session);
}

CAPSULE_TEST(spawned_sessions_have_snapshots_too) {
  const Session session = prepared(spawned());
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  value_of(session, "x = 'changed'");
  restore(session, snapshot);
  check_everything(session);
  check_everything(branch);
  check_everything(branch_of(snapshot));
}

CAPSULE_TEST(a_spawned_session_is_rolled_back) {
  const Session session = prepared(spawned());
  const std::int32_t pid = info_of(session).pid;
  for (const char *source : {"x = 'changed'; 1 / 0", "x = 'changed'; import os; os._exit(1)"}) {
    Run run(session, source, transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "rolled_back");
    CHECK_EQ(value_of(session, "x"), "'carried'");
  }
  CHECK(info_of(session).pid != pid);
}

CAPSULE_TEST(sessions_with_preloaded_modules_have_snapshots_too) {
  SessionOptions options;
  options.preload = {"json", "decimal"};
  const Session session = prepared(options);
  const Snapshot snapshot = snapshot_of(session);
  value_of(session, "import json\njson.marked = True");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, "import sys\n'json' in sys.modules, hasattr(sys.modules['json'], 'marked')"), "(True, False)");
}

CAPSULE_TEST(atexit_functions_run_at_the_graceful_end_of_each) {
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  const Session session = open_session(options);
  const auto run_in = [](const Session &where, const char *source) {
    Run run(where, source);
    run.late_may_follow = true;
    CHECK_EQ(run.end().outcome, "ok");
    return run;
  };
  run_in(session, "import atexit; who = 'session'; atexit.register(lambda: print('end of', who, flush=True)); None");
  const Session branch = branch_of(session);
  for (const auto &[where, name] : {std::pair{&branch, "branch"}, {&session, "session"}}) {
    Run last = run_in(*where, *name == 'b' ? "who = 'branch'" : "who");
    ACCEPTED(capsule_session_close(where->get(), kPatienceMs, error));
    CHECK_EQ(last.next().data, "end of " + std::string(name) + "\n");
    CHECK(last.events().back().late);
  }
}

CAPSULE_TEST(twenty_restores_in_a_row_leave_nothing_behind) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "x = [0]");
  const Snapshot snapshot = snapshot_of(session);
  const auto round = [&] {
    restore(session, snapshot);
    CHECK_EQ(value_of(session, "x.append(1); x"), "[0, 1]");
  };
  round();
  const std::size_t fds = descriptors().size();
  const std::size_t threads = thread_count();
  for (int i = 0; i < 20; ++i) {
    round();
  }
  check_descriptors_at_most(fds);
  check_threads_at_most(threads);
  check_no_zombies();
  CHECK_EQ(descriptors_in(session), descriptors_in(branch_of(snapshot)));
}

CAPSULE_TEST(a_hundred_generations_cost_no_more_than_one) {
  // Each one is a fork of the one before: what a fork left behind in it would add up.
  const Session session = open_session();
  const auto look = [&] {
    return std::pair(descriptors_in(session), number_of(session, "import os\nlen(os.listdir('/proc/self/task'))"));
  };
  const auto generation = [&] {
    Run run(session, "1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    CHECK_EQ(run.end().state, "rolled_back");
  };
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  generation();
  const auto before = look();
  const long long resident = number_of(session, "int(open('/proc/self/statm').read().split()[1])");
  for (int i = 0; i < (kSanitized ? 20 : 100); ++i) {
    generation();
  }
  CHECK(look() == before);
  CHECK_AT_MOST(number_of(session, "int(open('/proc/self/statm').read().split()[1])"),
                resident + (kSanitized ? 20'000 : 1'000));
}
