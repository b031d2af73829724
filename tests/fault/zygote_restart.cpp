// A zygote that dies is started again, for the sessions to come.
#include <csignal>

#include "metrics.hpp"
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
  CHECK_EQ(Samples(runtime)["zygotes_restarted_total"], 1);
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
