// Snapshots of a session, and sessions made of them.
#include "snapshots.hpp"

#include <unistd.h>

#include <atomic>

#include "files.hpp"
#include "interpreters.hpp"
#include "process.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

std::string snapshot_refused(const Session &session, capsule_status status, std::int64_t timeout_ms = kPatienceMs) {
  Snapshot snapshot;
  const std::string message = REFUSED(status, capsule_session_snapshot(session.get(), timeout_ms, snapshot.out(), error));
  CHECK(snapshot.get() == nullptr);
  return message;
}

std::string branch_refused(const Session &session, capsule_status status, std::int64_t timeout_ms = kPatienceMs) {
  Session branch;
  const std::string message = REFUSED(status, capsule_session_branch(session.get(), timeout_ms, branch.out(), error));
  CHECK(branch.get() == nullptr);
  return message;
}

// Refused both, and the session goes on; once the source has run, neither.
void check_in_the_way(const Session &session, const std::string &named, const std::string &source_that_ends_it) {
  CHECK_CONTAINS(snapshot_refused(session, CAPSULE_E_STATE), named);
  CHECK_CONTAINS(branch_refused(session, CAPSULE_E_STATE), named);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  if (!source_that_ends_it.empty()) {
    value_of(session, source_that_ends_it);
    snapshot_of(session);
    branch_of(session);
  }
}

}  // namespace

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

CAPSULE_TEST(a_snapshot_says_of_what_it_was_taken) {
  const Session session = open_session();
  value_of(session, "1");
  value_of(session, "2");
  const Snapshot first = snapshot_of(session);
  const Snapshot second = snapshot_of(session);
  const capsule_snapshot_info info = info_of(first);
  CHECK_EQ(info.session_id, info_of(session).session_id);
  CHECK_EQ(info.execution_id, 2);
  CHECK(info.pid > 0 && info.pid != info_of(session).pid);
  CHECK_AT_LEAST(info.created_ns, info_of(session).ready_ns);
  CHECK(info.duration_ns > 0);
  CHECK_AT_LEAST(info.resident_bytes, 1 << 20);
  CHECK_AT_MOST(info.private_bytes, info.resident_bytes);
  CHECK_EQ(info.uses, 0);
  CHECK_EQ(info.evicted, 0);
  CHECK_EQ(info_of(second).snapshot_id, info.snapshot_id + 1);
  CHECK_EQ(info_of(session).snapshots, 2);
  CHECK_EQ(info_of(session).snapshots_evicted, 0);
  branch_of(first);
  restore(session, first);
  CHECK_EQ(info_of(first).uses, 2);
  CHECK_EQ(info_of(second).uses, 0);
}

CAPSULE_TEST(threads_are_in_the_way_and_are_named) {
  const Session session = open_session();
  value_of(session,
           "import threading\nstop = threading.Event()\n"
           "threads = [threading.Thread(target=stop.wait, name=name) for name in ('the-first', 'the-second')]\n"
           "for thread in threads: thread.start()");
  CHECK_CONTAINS(snapshot_refused(session, CAPSULE_E_STATE), "the-second");
  check_in_the_way(session, "the-first", "stop.set()\nfor thread in threads: thread.join()");
  value_of(session, "stop.clear()\nthread = threading.Thread(target=stop.wait, name='a-daemon', daemon=True)\nthread.start()");
  check_in_the_way(session, "a-daemon", "stop.set(); thread.join()");
}

CAPSULE_TEST(the_threads_of_a_pool_are_in_the_way) {
  const Session session = open_session();
  value_of(session,
           "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor(1, 'pool-of-mine')\n"
           "pool.submit(int).result()");
  check_in_the_way(session, "pool-of-mine", "pool.shutdown()");
}

CAPSULE_TEST(a_thread_that_the_threading_module_does_not_know_is_in_the_way) {
  const Session session = open_session();
  value_of(session,
           "import _thread\nbegun, go, over = (_thread.allocate_lock() for _ in range(3))\n"
           "for lock in (begun, go, over): lock.acquire()\n"
           "def wait():\n  begun.release(); go.acquire(); over.release()\n"
           "_thread.start_new_thread(wait, ()); begun.acquire()");
  check_in_the_way(session, "1 Python thread", "");
  value_of(session, "go.release(); over.acquire()\nwhile _thread._count(): pass");
  snapshot_of(session);
}

CAPSULE_TEST(an_open_socket_of_the_event_loop_is_in_the_way) {
  const Session session = open_session();
  value_of(session, "import asyncio\nserver = await asyncio.start_server(lambda *_: None, '127.0.0.1', 0)");
  check_in_the_way(session, "event loop", "server.close()\nawait server.wait_closed()");
}

CAPSULE_TEST(a_child_process_of_the_event_loop_is_in_the_way) {
  const Session session = open_session();
  value_of(session,
           "import asyncio\nchild = await asyncio.create_subprocess_exec('sleep', '60', stdout=asyncio.subprocess.PIPE)");
  CHECK(!snapshot_refused(session, CAPSULE_E_STATE).empty());
  CHECK(!branch_refused(session, CAPSULE_E_STATE).empty());
  CHECK_EQ(value_of(session, "child.kill()\nawait child.wait()"), "-9");
}

CAPSULE_TEST(a_plain_child_process_is_not_in_the_way) {
  const Session session = open_session();
  value_of(session, "import subprocess\nchild = subprocess.Popen(['sleep', '60'])");
  const Session branch = branch_of(session);
  CHECK_EQ(value_of(session, "child.poll() is None"), "True");
  CHECK_EQ(value_of(branch, "child.poll() is None"), "False");  // not the branch's
  CHECK_EQ(value_of(session, "child.kill(); child.wait()"), "-9");
}

CAPSULE_TEST(a_snapshot_waits_its_turn) {
  const Session session = open_session();
  Run first(session, "x = [1]; input()");
  Run second(session, "x.append(2)");
  Run third(session, "x.append(3)");
  first.until(CAPSULE_EVENT_INPUT);
  first.answer("");
  const Snapshot snapshot = snapshot_of(session);
  CHECK_EQ(third.end().outcome, "ok");
  CHECK_EQ(info_of(snapshot).execution_id, 3);
  CHECK_EQ(value_of(branch_of(snapshot), "x"), "[1, 2, 3]");
  CHECK_EQ(second.end().outcome, "ok");
}

CAPSULE_TEST(a_snapshot_that_waits_too_long_is_given_up) {
  const Session session = open_session();
  Run run(session, "input()");
  run.until(CAPSULE_EVENT_INPUT);
  snapshot_refused(session, CAPSULE_E_TIMEOUT, 50);
  branch_refused(session, CAPSULE_E_TIMEOUT, 50);
  run.answer("x");
  CHECK_EQ(run.end().repr, "'x'");
  CHECK_EQ(info_of(session).snapshots, 0);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  snapshot_of(session);
}

CAPSULE_TEST(a_restore_that_waits_too_long_is_given_up) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  Run run(session, "x = 2; input()");
  run.until(CAPSULE_EVENT_INPUT);
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_restore(session.get(), snapshot.get(), 50, error));
  run.answer("");
  run.end();
  CHECK_EQ(value_of(session, "x"), "2");
  CHECK_EQ(info_of(session).restores, 0);
}

CAPSULE_TEST(the_oldest_snapshot_is_let_go_beyond_the_limit) {
  SessionOptions options;
  options.raw.snapshot_limit = 2;
  const Session session = open_session(options);
  std::vector<Snapshot> snapshots;
  for (int i = 0; i < 3; ++i) {
    value_of(session, "x = " + std::to_string(i));
    snapshots.push_back(snapshot_of(session));
  }
  CHECK_EQ(info_of(session).snapshots, 3);
  CHECK_EQ(info_of(session).snapshots_evicted, 1);
  CHECK_EQ(info_of(snapshots[0]).evicted, 1);
  CHECK_EQ(info_of(snapshots[0]).pid, 0);
  CHECK_EQ(info_of(snapshots[1]).evicted, 0);
  Session branch;
  REFUSED(CAPSULE_E_DIED, capsule_snapshot_branch(snapshots[0].get(), kPatienceMs, branch.out(), error));
  REFUSED(CAPSULE_E_DIED, capsule_session_restore(session.get(), snapshots[0].get(), kPatienceMs, error));
  CHECK_EQ(value_of(session, "x"), "2");
  restore(session, snapshots[1]);
  CHECK_EQ(value_of(session, "x"), "1");
  CHECK_EQ(value_of(branch_of(snapshots[2]), "x"), "2");
  // One that was released does not count.
  snapshots[1].reset();
  snapshots.push_back(snapshot_of(session));
  CHECK_EQ(info_of(snapshots[2]).evicted, 0);
  CHECK_EQ(info_of(session).snapshots_evicted, 1);
  branch_of(session);  // counts for nothing
  CHECK_EQ(info_of(session).snapshots_evicted, 1);
  CHECK_EQ(info_of(session).snapshots, 4);
}

CAPSULE_TEST(snapshots_that_take_too_much_memory_are_let_go_the_oldest_first) {
  SessionOptions options;
  options.raw.snapshot_memory_limit_bytes = 60U << 20U;
  const Session session = open_session(options);
  std::vector<Snapshot> snapshots;
  // Each keeps pages of its own once the session has written anew what they hold.
  for (int i = 0; i < 4; ++i) {
    value_of(session, "x = bytearray(b'" + std::to_string(i) + "') * (25 << 20)");
    snapshots.push_back(snapshot_of(session));
  }
  CHECK_EQ(info_of(snapshots[0]).evicted, 1);
  CHECK_EQ(info_of(snapshots[3]).evicted, 0);
  CHECK_EQ(value_of(branch_of(snapshots[3]), "x[-1:]"), "bytearray(b'3')");
  const capsule_session_info info = info_of(session);
  CHECK(info.snapshots_evicted >= 1 && info.snapshots_evicted <= 3);
  // The new one stays, whatever it takes.
  SessionOptions tight;
  tight.raw.snapshot_memory_limit_bytes = 1;
  const Session other = open_session(tight);
  const Snapshot first = snapshot_of(other);
  const Snapshot second = snapshot_of(other);
  CHECK_EQ(info_of(first).evicted, 1);
  CHECK_EQ(info_of(second).evicted, 0);
  CHECK_EQ(info_of(other).snapshots_evicted, 1);
}

CAPSULE_TEST(without_snapshots_there_are_still_branches_and_rollbacks) {
  SessionOptions options;
  options.raw.snapshot_limit = 0;
  const Session session = open_session(options);
  value_of(session, "x = 1");
  snapshot_refused(session, CAPSULE_E_LIMIT);
  CHECK_EQ(value_of(branch_of(session), "x"), "1");
  Run run(session, "x = 2", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
  CHECK_EQ(run.end().state, "rolled_back");
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(where_descriptors_run_out_there_is_no_snapshot_and_the_session_goes_on) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot before = snapshot_of(session);
  value_of(
      session,
      "import os, resource\nused = max(int(name) for name in os.listdir('/proc/self/fd'))\n"
      "limits = resource.getrlimit(resource.RLIMIT_NOFILE); resource.setrlimit(resource.RLIMIT_NOFILE, (used, limits[1]))\n"
      "held = []\ntry:\n  while True: held.append(os.dup(0))\nexcept OSError: pass");
  snapshot_refused(session, CAPSULE_E_SYSTEM);
  branch_refused(session, CAPSULE_E_SYSTEM);
  Run refused(session, "x = 2", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
  CHECK_EQ(refused.end().error_type, "TransactionRefused");
  CHECK_EQ(value_of(session, "x"), "1");
  value_of(session, "resource.setrlimit(resource.RLIMIT_NOFILE, limits)\nfor fd in held: os.close(fd)");
  snapshot_of(session);
  restore(session, before);
  CHECK_EQ(value_of(session, "x, 'held' in globals()"), "(1, False)");
}

CAPSULE_TEST(a_snapshot_outlives_its_session) {
  Session session = open_session();
  value_of(session, "x = 'kept'");
  const Watched worker(info_of(session).pid);
  const Snapshot snapshot = snapshot_of(session);
  session.reset();
  CHECK(worker.wait_gone(Deadline()));
  CHECK_EQ(value_of(branch_of(snapshot), "x"), "'kept'");
  const Session other = open_session();
  restore(other, snapshot);
  CHECK_EQ(value_of(other, "x"), "'kept'");
}

CAPSULE_TEST(a_released_snapshot_is_gone) {
  const Session session = open_session();
  Snapshot snapshot = snapshot_of(session);
  const Watched frozen(info_of(snapshot).pid);
  const Deadline deadline;
  while (status_field(std::to_string(frozen.pid()), "Name") != "capsule-frozen") {  // its name a moment later
    CHECK(!deadline.over());
  }
  snapshot.reset();
  CHECK(frozen.wait_gone(Deadline()));
}

CAPSULE_TEST(a_session_goes_back_to_a_snapshot_of_another) {
  const Session session = open_session();
  const Session other = open_session();
  value_of(session, "x = 'of the session'");
  value_of(other, "x = 'of the other'; y = 1");
  const Snapshot snapshot = snapshot_of(session);
  restore(other, snapshot);
  CHECK_EQ(value_of(other, "x, 'y' in globals()"), "('of the session', False)");
  CHECK_EQ(info_of(other).parent_session_id, 0);
  CHECK_EQ(info_of(session).restores, 0);
}

CAPSULE_TEST(sessions_that_share_no_zygote_share_no_snapshots) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  SessionOptions options;
  options.preload = {"colorsys"};
  const Session other = open_session(options);
  value_of(other, "x = 2");
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_restore(other.get(), snapshot.get(), kPatienceMs, error));
  CHECK_EQ(value_of(other, "x"), "2");
  const Runtime runtime = make_runtime();
  const Session stranger = open_session(runtime);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_restore(stranger.get(), snapshot.get(), kPatienceMs, error));
  CHECK_EQ(value_of(stranger, "1"), "1");
}

CAPSULE_TEST(what_is_queued_behind_a_restore_runs_in_the_restored_session) {
  const Session session = open_session();
  value_of(session, "x = 'old'");
  const Snapshot snapshot = snapshot_of(session);
  Run before(session, "x = 'new'; input()");
  before.until(CAPSULE_EVENT_INPUT);
  Threads threads;
  std::atomic<pid_t> restorer = 0;
  threads.start([&] {
    restorer = gettid();
    restore(session, snapshot);
  });
  const Deadline deadline;
  while (restorer == 0 || !status_field("self/task/" + std::to_string(restorer), "State").starts_with("S")) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  Run behind(session, "x");
  before.answer("");
  CHECK_EQ(before.end().outcome, "ok");
  CHECK_EQ(behind.end().repr, "'old'");
  threads.join();
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
