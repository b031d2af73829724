// A zygote that dies is started again; its sessions live on.
#include <csignal>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Kills the runtime's zygote and waits until it is dead.
void kill_zygote(const Runtime &runtime) {
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
}

}  // namespace

CAPSULE_TEST(sessions_live_on_and_new_ones_open) {
  const Runtime runtime = make_runtime();
  const Session before = open_session(runtime);
  value_of(before, "x = 'kept'");
  const pid_t first = info_of(runtime).zygote_pid;
  kill_zygote(runtime);
  CHECK_EQ(value_of(before, "x"), "'kept'");
  const Session after = open_session(runtime);
  CHECK_EQ(value_of(after, "1 + 1"), "2");
  CHECK_EQ(value_of(before, "x"), "'kept'");
  const capsule_runtime_info info = info_of(runtime);
  CHECK(info.zygote_pid != first && info.zygote_pid > 0);
  CHECK_EQ(info.zygotes_started, 2);
  CHECK_EQ(info.zygotes_restarted, 1);
}

CAPSULE_TEST(a_running_execution_does_not_notice) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "import time\nprint('in', flush=True)\ntime.sleep(0.3)\nprint('out')\ninput('?')");
  run.until_output("in");
  kill_zygote(runtime);
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("still here");
  CHECK_EQ(run.end().repr, "'still here'");
}

CAPSULE_TEST(a_cancel_works_without_the_zygote) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  kill_zygote(runtime);
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().cancel_phase, "interrupted");
}

CAPSULE_TEST(a_kill_works_without_the_zygote) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session,
          "import subprocess\nchild = subprocess.Popen(['sleep', '60'])\nprint(child.pid, flush=True)\nwhile True: pass");
  run.until_output("\n");
  const Watched worker(info_of(session).pid);
  const Watched child(std::stoi(run.out()));
  kill_zygote(runtime);
  run.cancel(0);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().death_reason, "host_request");
  CHECK(worker.wait_gone(Deadline()));
  CHECK(child.wait_gone(Deadline()));
}

CAPSULE_TEST(a_death_after_the_zygote_s_is_noticed_and_honest) {
  for (const char *source : {"import os; os._exit(5)", "import os; os.kill(os.getpid(), 11)"}) {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    Run run(session, std::string("input()\nprint('last words')\n") + source);
    run.until(CAPSULE_EVENT_INPUT);
    kill_zygote(runtime);
    run.answer("");
    const Event end = run.end();
    CHECK_EQ(end.outcome, "died");
    CHECK_EQ(run.out(), "last words\n");
    if (end.death_certain) {
      CHECK(end.exit_code == 5 || end.signal_number == 11);
    } else {
      CHECK_EQ(end.death_reason, "unknown");
      CHECK_EQ(end.exit_code, 0);
      CHECK_EQ(end.signal_number, 0);
    }
    ACCEPTED(capsule_session_restart(session.get(), error));
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}

CAPSULE_TEST(a_session_closes_gracefully_without_the_zygote) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const Watched worker(info_of(session).pid);
  kill_zygote(runtime);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK(worker.wait_gone(Deadline(0)));
  CHECK_EQ(state_of(session), "terminated");
}

CAPSULE_TEST(a_runtime_closes_without_the_zygote) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  const Watched worker(info_of(session).pid);
  kill_zygote(runtime);
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK_EQ(run.end().outcome, "killed");
  CHECK(worker.wait_gone(Deadline(0)));
}

CAPSULE_TEST(a_zygote_killed_by_its_own_session) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n'alive'");
  const Event end = run.end();
  CHECK_EQ(end.repr, "'alive'");
  const Session other = open_session(runtime);
  CHECK_EQ(value_of(other, "1 + 1"), "2");
  CHECK_EQ(value_of(session, "2 + 2"), "4");
}

CAPSULE_TEST(a_zygote_killed_again_and_again) {
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  for (int i = 0; i < 8; ++i) {
    sessions.push_back(open_session(runtime));
    kill_zygote(runtime);
  }
  for (const Session &session : sessions) {
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
  CHECK_AT_LEAST(info_of(runtime).zygotes_started, 8);
}

CAPSULE_TEST(a_stopped_zygote_holds_up_no_session) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGSTOP);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().cancel_phase, "interrupted");
  SessionOptions hurried;
  hurried.raw.start_timeout_ms = 300;
  Session late;
  const Stopwatch watch;
  // It may have a spare child ready, or not; it may not hang.
  const capsule_status status = capsule_session_open(runtime.get(), hurried.get(), late.out(), nullptr);
  CHECK(status == CAPSULE_OK || status == CAPSULE_E_TIMEOUT);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(300));
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK(zygote.wait_gone(Deadline(0)));
}
