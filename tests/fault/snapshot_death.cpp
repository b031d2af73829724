// Snapshots whose process, session, zygote, runtime or host is gone.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <set>

#include "child.hpp"
#include "files.hpp"
#include "offspring.hpp"
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

void wait_until_told(const Snapshot &snapshot) {
  const Deadline deadline;
  while (info_of(snapshot).pid != 0) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

void kill_snapshot(const Snapshot &snapshot) {
  Watched(info_of(snapshot).pid).kill(SIGKILL);
  wait_until_told(snapshot);
}

void kill_zygote(const Runtime &runtime) {
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
}

// Has a zygote whose descriptors a child of a preloaded module keeps open: once it is dead, what it is told goes where nobody reads.
class Outlived {
 public:
  Outlived() {
    folder_.write("outlives.py",
                  "import os, signal\nchild = os.fork()\nif child == 0:\n    os.setsid()\n    signal.alarm(100)\n"
                  "    while True: signal.pause()\n");
  }
  [[nodiscard]] const Runtime &runtime() const { return runtime_; }
  [[nodiscard]] Session open() const {
    SessionOptions options;
    options.environment = {"PYTHONPATH=" + folder_.path()};
    options.preload = {"outlives"};
    return open_session(runtime_, options);
  }
  static Watched child_of(const Session &session) {
    return Watched(static_cast<pid_t>(number_of(session, "import outlives; outlives.child")));
  }

 private:
  TempFolder folder_;
  Runtime runtime_ = make_runtime();
};

// A zygote that stands still: what is told to it waits.
class Halted {
 public:
  explicit Halted(const Runtime &runtime) : zygote_(info_of(runtime).zygote_pid) {
    zygote_.kill(SIGSTOP);
    known_ = children_of_zygote();
  }
  void end(int signal_number) const { zygote_.kill(signal_number); }
  // The next process that is left to it.
  [[nodiscard]] Watched next_child() const {
    const Deadline deadline;
    for (;;) {
      for (const pid_t child : children_of_zygote()) {
        if (!known_.contains(child)) {
          return Watched(child);
        }
      }
      CHECK(!deadline.over());
      before_the_next_look();
    }
  }

 private:
  [[nodiscard]] std::set<pid_t> children_of_zygote() const {
    std::set<pid_t> found;
    for (const Process &process : descendants(zygote_.pid())) {
      if (process.parent == zygote_.pid()) {
        found.insert(process.pid);
      }
    }
    return found;
  }

  Watched zygote_;
  std::set<pid_t> known_;
};

void kill_worker(const Session &session) {
  const Watched worker(info_of(session).pid);
  worker.kill(SIGKILL);
  const Deadline deadline;
  while (state_of(session) != "error") {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

void check_no_more_than_now(const std::function<void()> &what) {
  const std::size_t fds = descriptors().size();
  const std::size_t threads = thread_count();
  const std::size_t processes = descendants(getpid()).size();
  what();
  check_descriptors_at_most(fds);
  check_threads_at_most(threads);
  check_no_zombies();
  check_descendants_at_most(getpid(), processes);
}

}  // namespace

CAPSULE_TEST(a_snapshot_that_was_killed_says_so) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  const Snapshot other = snapshot_of(session);
  kill_snapshot(snapshot);
  value_of(session, "x = 2");
  Session branch;
  REFUSED(CAPSULE_E_DIED, capsule_snapshot_branch(snapshot.get(), kPatienceMs, branch.out(), error));
  REFUSED(CAPSULE_E_DIED, capsule_session_restore(session.get(), snapshot.get(), kPatienceMs, error));
  CHECK_EQ(value_of(session, "x"), "2");
  CHECK_EQ(info_of(snapshot).evicted, 0);
  CHECK_EQ(info_of(session).snapshots_evicted, 0);
  CHECK_EQ(value_of(branch_of(other), "x"), "1");
  restore(session, other);
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(a_snapshot_killed_while_a_session_is_made_of_it) {
  const Session session = open_session();
  value_of(session, "x = 1");
  for (int i = 0; i < 20; ++i) {
    const Snapshot snapshot = snapshot_of(session);
    const Watched frozen(info_of(snapshot).pid);
    Threads threads;
    threads.start([&] {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100 * i);
      while (std::chrono::steady_clock::now() < until) {
      }
      frozen.kill(SIGKILL);
    });
    Session branch;
    const capsule_status status = capsule_snapshot_branch(snapshot.get(), kPatienceMs, branch.out(), nullptr);
    threads.join();
    if (status == CAPSULE_OK) {
      CHECK_EQ(value_of(branch, "x"), "1");
    } else {
      CHECK(status == CAPSULE_E_DIED || status == CAPSULE_E_WORKER);
    }
    CHECK_EQ(value_of(session, "x"), "1");
  }
}

CAPSULE_TEST(a_session_in_error_goes_back_to_its_snapshot) {
  const Session session = open_session();
  value_of(session, "x = 'before'");
  const Snapshot snapshot = snapshot_of(session);
  for (int i = 0; i < 3; ++i) {
    kill_worker(session);
    restore(session, snapshot);
    CHECK_EQ(value_of(session, "x"), "'before'");
  }
  Run dies(session, "import os; os._exit(1)");
  CHECK_EQ(dies.end().outcome, "died");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, "x"), "'before'");
  CHECK_EQ(info_of(session).restores, 4);
  CHECK_EQ(info_of(session).restarts, 0);
}

CAPSULE_TEST(a_session_in_error_and_its_snapshot_gone) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  kill_worker(session);
  kill_snapshot(snapshot);
  REFUSED(CAPSULE_E_DIED, capsule_session_restore(session.get(), snapshot.get(), kPatienceMs, error));
  Snapshot none;
  REFUSED(CAPSULE_E_DIED, capsule_session_snapshot(session.get(), kPatienceMs, none.out(), error));
  Session branch;
  REFUSED(CAPSULE_E_DIED, capsule_session_branch(session.get(), kPatienceMs, branch.out(), error));
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_restore_goes_ahead_where_the_execution_before_it_kills_the_worker) {
  const Session session = open_session();
  value_of(session, "x = 'before'");
  const Snapshot snapshot = snapshot_of(session);
  Run dies(session, "import os, time; time.sleep(1.5); os._exit(1)");
  dies.until(CAPSULE_EVENT_STARTED);
  Run queued(session, "x");
  restore(session, snapshot);
  CHECK_EQ(dies.end().outcome, "died");
  CHECK_EQ(queued.end().outcome, "died");
  CHECK_EQ(value_of(session, "x"), "'before'");
}

CAPSULE_TEST(a_worker_that_dies_while_a_snapshot_is_asked_for) {
  const Session session = open_session();
  for (int i = 0; i < 20; ++i) {
    const Watched worker(info_of(session).pid);
    Threads threads;
    threads.start([&] {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50 * i);
      while (std::chrono::steady_clock::now() < until) {
      }
      worker.kill(SIGKILL);
    });
    Snapshot snapshot;
    const capsule_status status = capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), nullptr);
    threads.join();
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_DIED);
    if (status == CAPSULE_OK) {
      branch_of(snapshot);
    }
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}

CAPSULE_TEST(a_snapshot_killed_before_the_zygote_has_looked_at_it) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "x = 1");
  const Halted zygote(runtime);
  Snapshot snapshot;
  capsule_status status = CAPSULE_OK;
  Threads threads;
  threads.start([&] { status = capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), nullptr); });
  const Watched frozen = zygote.next_child();
  frozen.kill(SIGKILL);
  CHECK(frozen.wait_gone(Deadline()));
  zygote.end(SIGCONT);
  threads.join();
  CHECK_EQ(status, CAPSULE_OK);
  wait_until_told(snapshot);
  CHECK_EQ(value_of(branch_of(session), "x"), "1");
}

CAPSULE_TEST(a_zygote_killed_before_it_has_looked_at_a_session_of_a_snapshot) {
  for (const bool restores : {false, true}) {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    const Snapshot snapshot = snapshot_of(session);
    const Halted zygote(runtime);
    Session branch;
    capsule_status status = CAPSULE_OK;
    Threads threads;
    threads.start([&] {
      status = restores ? capsule_session_restore(session.get(), snapshot.get(), kPatienceMs, nullptr)
                        : capsule_snapshot_branch(snapshot.get(), kPatienceMs, branch.out(), nullptr);
    });
    const Watched made = zygote.next_child();
    zygote.end(SIGKILL);
    threads.join();
    CHECK_EQ(status, CAPSULE_E_WORKER);
    CHECK(made.wait_gone(Deadline()));
  }
}

CAPSULE_TEST(without_the_zygote_a_snapshot_is_refused_and_sessions_live) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "x = 1");
  const Snapshot before = snapshot_of(session);
  kill_zygote(runtime);
  for (int i = 0; i < 3; ++i) {
    Snapshot snapshot;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_STATE, capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), error)),
                   "zygote");
    Session branch;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_STATE, capsule_session_branch(session.get(), kPatienceMs, branch.out(), error)), "zygote");
    Run refused(session, "x = 2", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
    CHECK_EQ(refused.end().error_type, "TransactionRefused");
    CHECK_EQ(value_of(session, "x"), "1");
  }
  Session branch;
  const capsule_status status = capsule_snapshot_branch(before.get(), kPatienceMs, branch.out(), nullptr);
  CHECK(status == CAPSULE_E_WORKER || status == CAPSULE_E_DIED);
  CHECK_EQ(value_of(session, "x"), "1");
  const Session next = open_session(runtime);
  const Snapshot of_next = snapshot_of(next);
  restore(next, of_next);
  CHECK_EQ(value_of(branch_of(of_next), "1 + 1"), "2");
}

CAPSULE_TEST(a_snapshot_whose_zygote_is_gone_makes_no_session_of_the_next_zygote) {
  const Outlived outlived;
  const Session session = outlived.open();
  const Watched child = outlived.child_of(session);
  const Snapshot before = snapshot_of(session);
  kill_zygote(outlived.runtime());
  const Session next = outlived.open();  // has another zygote started
  Session branch;
  const std::string refusal =
      REFUSED(CAPSULE_E_WORKER, capsule_snapshot_branch(before.get(), kPatienceMs, branch.out(), error));
  CHECK_CONTAINS(refusal, "zygote");
  CHECK_EQ(value_of(next, "1 + 1"), "2");
  child.kill(SIGKILL);
}

CAPSULE_TEST(a_session_that_was_rolled_back_stays_with_the_zygote_that_is_gone) {
  const Outlived outlived;
  const Session session = outlived.open();
  const Watched child = outlived.child_of(session);
  Run run(session, "input(); 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  run.until(CAPSULE_EVENT_INPUT);
  kill_zygote(outlived.runtime());
  const Session next = outlived.open();  // has another zygote started
  run.answer("");
  CHECK_EQ(run.end().state, "rolled_back");
  Snapshot none;
  const std::string refusal = REFUSED(CAPSULE_E_STATE, capsule_session_snapshot(session.get(), kPatienceMs, none.out(), error));
  CHECK_CONTAINS(refusal, "zygote");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  child.kill(SIGKILL);
}

CAPSULE_TEST(a_rollback_works_without_the_zygote) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "x = 1");
  Run run(session, "x = 2; input(); 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
  run.until(CAPSULE_EVENT_INPUT);
  kill_zygote(runtime);
  run.answer("");
  const Event end = run.end();
  CHECK_EQ(end.error_type, "ZeroDivisionError");
  if (end.state == "rolled_back") {
    CHECK_EQ(value_of(session, "x"), "1");
  } else {
    CHECK_EQ(end.state, "lost");
  }
}

CAPSULE_TEST(a_runtime_that_closes_leaves_no_snapshot) {
  for (const std::int64_t timeout_ms : {std::int64_t{0}, kPatienceMs}) {
    Runtime runtime = make_runtime();
    std::vector<Session> sessions;
    std::vector<Snapshot> snapshots;
    std::vector<Watched> watched;
    for (int i = 0; i < 3; ++i) {
      sessions.push_back(i == 0 ? open_session(runtime) : branch_of(snapshots.back()));
      snapshots.push_back(snapshot_of(sessions.back()));
      watched.emplace_back(info_of(sessions.back()).pid);
      watched.emplace_back(info_of(snapshots.back()).pid);
    }
    Run run(sessions[1], "input(); 1 / 0", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    run.until(CAPSULE_EVENT_INPUT);
    for (const Process &process : descendants(info_of(runtime).zygote_pid)) {
      watched.emplace_back(process.pid);
    }
    if (timeout_ms != 0) {
      run.answer("");
    }
    ACCEPTED(capsule_runtime_close(runtime.get(), timeout_ms, error));
    check_gone(watched, Deadline(with_slack_ms(0)), "a closed runtime");
    CHECK_EQ(run.end().outcome, timeout_ms == 0 ? "killed" : "error");
    CHECK_EQ(info_of(snapshots[0]).pid, 0);
    Session branch;
    const capsule_status status = capsule_snapshot_branch(snapshots[0].get(), kPatienceMs, branch.out(), nullptr);
    CHECK(status == CAPSULE_E_CLOSED || status == CAPSULE_E_DIED);
    const capsule_status restored = capsule_session_restore(sessions[0].get(), snapshots[1].get(), kPatienceMs, nullptr);
    CHECK(restored == CAPSULE_E_CLOSED || restored == CAPSULE_E_DIED);
    Snapshot none;
    REFUSED(CAPSULE_E_CLOSED, capsule_session_snapshot(sessions[0].get(), kPatienceMs, none.out(), error));
  }
}

CAPSULE_TEST(a_runtime_that_closes_while_snapshots_are_taken) {
  for (int i = 0; i < 10; ++i) {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    value_of(session, "x = 1");
    Counter begun;
    Threads threads;
    for (int which = 0; which < 3; ++which) {
      threads.start([&, which] {
        for (;;) {
          begun.add();
          Snapshot snapshot;
          Session branch;
          const capsule_status status = which == 0
                                            ? capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), nullptr)
                                            : capsule_session_branch(session.get(), kPatienceMs, branch.out(), nullptr);
          if (status != CAPSULE_OK) {
            CHECK_EQ(status, CAPSULE_E_CLOSED);
            return;
          }
        }
      });
    }
    begun.wait_for(5 + i, "calls");
    ACCEPTED(capsule_runtime_close(runtime.get(), i % 2 == 0 ? 0 : kPatienceMs, error));
    threads.join();
  }
}

CAPSULE_HELPER(host_with_snapshots) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(snapshot);
  Run run(branch, "input()", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
  run.until(CAPSULE_EVENT_INPUT);
  std::printf("ready\n");
  std::fflush(stdout);
  run.next();  // for ever, as nobody answers
  return 0;
}

CAPSULE_TEST(a_host_that_is_killed_leaves_no_snapshot) {  // I10
  Child host(helper("host_with_snapshots"));
  CHECK_EQ(host.read_line(), "ready");
  std::vector<Watched> watched;
  for (const Process &process : descendants(host.pid())) {
    watched.emplace_back(process.pid);
  }
  CHECK_AT_LEAST(watched.size(), 5);  // the zygote, two sessions, and what each has frozen
  host.kill(SIGKILL);
  check_gone(watched, Deadline(with_slack_ms(2000)), "a killed host");
}

CAPSULE_TEST(snapshots_and_branches_that_come_and_go_leave_nothing_behind) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const auto round = [&](int i) {
    Snapshot snapshot = snapshot_of(session);
    const Session branch = i % 2 == 0 ? branch_of(session) : branch_of(snapshot);
    CHECK_EQ(value_of(branch, "1"), "1");
    if (i % 3 == 0) {
      kill_snapshot(snapshot);
    }
    const Session third = branch_of(branch);
  };
  for (int i = 0; i < 6; ++i) {
    round(i);
  }
  check_no_more_than_now([&] {
    for (int i = 0; i < (kSanitized ? 12 : 40); ++i) {
      round(i);
    }
  });
}

CAPSULE_TEST(snapshots_that_are_refused_leave_nothing_behind) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()");
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Snapshot snapshot;
      REFUSED(CAPSULE_E_STATE, capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), error));
    }
  };
  constexpr int kRounds = kSanitized ? 500 : 5000;
  rounds(kRounds);
  const std::size_t resident = resident_bytes();
  rounds(kRounds);
  CHECK_AT_MOST(resident_bytes(), resident + (kSanitized ? 16U << 20U : 1U << 20U));
}
