// Sessions whose zygote is dead: they run, end and are buried without it.
#include <csignal>

#include "files.hpp"
#include "interpreters.hpp"
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
  run.until_line();
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

CAPSULE_TEST(what_a_preload_that_fails_has_started_is_gone) {  // I10
  const TempFolder folder;
  folder.write("fails.py",
               "import os, subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
               "open(" +
                   py_quote(folder.path() + "/pid") + ", 'w').write(str(child.pid))\nos._exit(3)\n");
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.environment = {"PYTHONPATH=" + folder.path()};
  options.preload = {"fails"};
  Session session;
  REFUSED(CAPSULE_E_PYTHON, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  const Watched child(std::stoi(read_file(folder.path() + "/pid")));
  CHECK(child.wait_gone(Deadline(with_slack_ms(1000))));
}
