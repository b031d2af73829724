// Code that turns what its process has one of: streams, signals, tracing, folder, limits. Later executions of the session work.
#include "files.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kFewDescriptors =
    "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n";

// The session after whatever was done to it: it runs code, prints, and fails as it should.
void check_whole(const Session &session) {
  CHECK_EQ(value_of(session, "21 * 2"), "42");
  CHECK_EQ(printed_by(session, "print('whole')"), "whole\n");
  Run failing(session, "1 / 0");
  CHECK_EQ(failing.end().error_type, "ZeroDivisionError");
}

// The source has to succeed and leave the session as it was.
void check_harmless(const std::string &source) {
  const Session session = open_session();
  value_of(session, source);
  check_whole(session);
}

void check_cancel(const Session &session) {
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().cancel_phase, "interrupted");
}

}  // namespace

CAPSULE_TEST(stdout_replaced_by_memory_and_put_back) {
  const Session session = open_session();
  Run run(session, R"(
import io, sys
before = sys.stdout
sys.stdout = io.StringIO()
print('kept in memory')
kept, sys.stdout = sys.stdout.getvalue(), before
print('put back')
kept)");
  CHECK_EQ(run.end().repr, "'kept in memory\\n'");
  CHECK_EQ(run.out(), "put back\n");
  check_whole(session);
}

CAPSULE_TEST(stdout_taken_away_and_put_back) {
  const Session session = open_session();
  Run lost(session, "import sys\nbefore, sys.stdout = sys.stdout, None\nprint('lost')\nsys.stdout = before\n1");
  CHECK_EQ(lost.end().repr, "1");
  CHECK_EQ(lost.out(), "");
  check_whole(session);
}

CAPSULE_TEST(a_file_put_in_the_place_of_descriptor_1) {
  const TempFolder folder;
  const std::string path = folder.path() + "/file";
  const Session session = open_session();
  Run run(session, "import os\nsaved = os.dup(1)\nfd = os.open('" + path + "', os.O_CREAT | os.O_WRONLY)\nos.dup2(fd, 1)\n" +
                       "_ = os.write(1, b'to the file')\nos.dup2(saved, 1)\n_ = os.write(1, b'captured again')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "captured again");  // I3
  CHECK_EQ(read_file(path), "to the file");
  check_whole(session);
}

CAPSULE_TEST(standard_descriptors_closed_leave_the_session_its_cancel) {
  const Session session = open_session();
  value_of(session, "import os\nos.close(1)\nos.close(2)");
  check_whole(session);
  check_cancel(session);
}

CAPSULE_TEST(an_alarm_whose_handler_raises) {
  const Session session = open_session();
  Run run(session, R"(
import signal, time
def ring(*arguments): raise RuntimeError('rang')
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.02)
time.sleep(600))");
  CHECK_EQ(run.end().error_type, "RuntimeError");
  CHECK_EQ(run.end().message, "rang");
  check_whole(session);
}

CAPSULE_TEST(an_alarm_that_rings_between_executions_keeps_the_session_usable) {
  const Session session = open_session();
  value_of(session, R"(
import signal
rang = 0
def ring(*arguments):
    global rang
    rang += 1
    raise RuntimeError('rang')
signal.signal(signal.SIGALRM, ring)
_ = signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005))");
  for (int i = 0; i < 30; ++i) {
    Run run(session, "import time\ntime.sleep(0.002)");
    const Event end = run.end();  // I5
    CHECK(end.outcome == "ok" || end.error_type == "RuntimeError");
  }
  // It may ring where nothing catches it, in here too.
  std::string outcome;
  for (const Deadline deadline; outcome != "ok";) {
    CHECK(deadline.left_ms() > 0);
    Run stop(session,
             "while True:\n    try:\n        _ = signal.setitimer(signal.ITIMER_REAL, 0)\n        break\n    except "
             "RuntimeError: pass");
    outcome = stop.end().outcome;
  }
  Run again(session, "try: signal.setitimer(signal.ITIMER_REAL, 0)\nexcept RuntimeError: pass\nrang > 0");
  CHECK_EQ(again.end().repr, "True");
  check_whole(session);
}

// With the default action of its signal, a cancel may end the worker at once: it is told as what it is, and once (I5).
CAPSULE_TEST(every_signal_set_to_its_default) {
  const Session session = open_session();
  value_of(session,
           "import signal\nfor n in signal.valid_signals() - {9, 19}:\n    try: _ = signal.signal(n, signal.SIG_DFL)\n"
           "    except OSError: pass");
  check_whole(session);
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  run.cancel(with_slack_ms(0));
  const Event end = run.end();
  CHECK(end.outcome == "canceled" ||
        (end.outcome == "died" && end.death_reason == "signal" && end.cancel_phase == "delivered"));
  if (!end.state_preserved) {
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  check_whole(session);
}

CAPSULE_TEST(every_signal_handled_and_ignored) {
  for (const char *how : {"signal.SIG_IGN", "lambda *a: None"}) {
    const Session session = open_session();
    value_of(session, std::string("import signal\nfor n in signal.valid_signals() - {9, 19}:\n    try: _ = signal.signal(n, ") +
                          how + ")\n    except OSError: pass");
    CHECK_EQ(value_of(session, "21 * 2"), "42");
    Run run(session, "print('in', flush=True)\nwhile True: pass");
    run.until_output("in");
    run.cancel(200);
    CHECK_EQ(run.end().outcome, "canceled");  // interrupted, or killed when the grace is over
  }
}

CAPSULE_TEST(settings_of_the_interpreter) {
  check_harmless("import sys\nsys.setswitchinterval(1e-6)");
  check_harmless("import sys\nsys.setswitchinterval(100)");
  check_harmless("import sys\nsys.setrecursionlimit(100_000)");
  check_harmless("import gc\ngc.disable()\ngc.set_threshold(1)");
  check_harmless("import sys\nsys.settrace(lambda *a: None)");
  check_harmless("import faulthandler\nfaulthandler.disable()");
}

CAPSULE_TEST(a_switch_interval_of_minutes_leaves_the_session_its_cancel) {
  const Session session = open_session();
  value_of(session, "import sys\nsys.setswitchinterval(600)");
  check_cancel(session);
  check_whole(session);
}

CAPSULE_TEST(hooks_of_threads) {
  const Session session = open_session();
  Run run(session, R"(
import threading
told = []
threading.excepthook = lambda arguments: told.append(arguments.exc_type.__name__)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
told)");
  CHECK_EQ(run.end().repr, "['ZeroDivisionError']");
  check_whole(session);
}

CAPSULE_TEST(a_trace_function_does_not_see_the_engine) {
  const Session session = open_session();
  value_of(session,
           "import sys\nseen = set()\ndef trace(frame, event, arg):\n    seen.add(frame.f_code.co_filename)\n"
           "    return trace\nsys.settrace(trace)");
  value_of(session, "def f(): return 1\nf()");
  Run run(session, "sys.settrace(None)\nsorted(name for name in seen if 'capsule' in name)");
  CHECK_EQ(run.end().outcome, "ok");
  check_whole(session);
}

CAPSULE_TEST(a_current_folder_that_is_gone) {
  const TempFolder folder;
  const Session session = open_session();
  value_of(session, "import os\nos.chdir('" + folder.path() + "')\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')");
  check_whole(session);
  Run run(session, "os.getcwd()");
  CHECK_EQ(run.end().error_type, "FileNotFoundError");
  ACCEPTED(capsule_session_restart(session.get(), error));  // its folder is the session's, not the one before
  CHECK_EQ(value_of(session, "import os\nos.path.isdir(os.getcwd())"), "True");
}

CAPSULE_TEST(no_descriptor_left_for_the_code) {
  const Session session = open_session();
  Run run(session, std::string(kFewDescriptors) + "open('/dev/null')");
  CHECK_EQ(run.end().error_type, "OSError");
  check_whole(session);
}

// poll() refuses more entries than RLIMIT_NOFILE allows descriptors: the heartbeats make the engine poll anew with that limit.
static Session session_without_descriptors() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 10;
  Session session = open_session(options);
  value_of(session, std::string(kFewDescriptors) + "import time\ntime.sleep(0.2)");
  return session;
}

CAPSULE_TEST(no_descriptor_left_does_not_set_the_engine_spinning) {
  const Session session = session_without_descriptors();
  const long long used_ms =
      number_of(session, "begun = time.process_time()\ntime.sleep(0.5)\nround((time.process_time() - begun) * 1000)");
  CHECK_AT_MOST(used_ms, 250);
}

CAPSULE_TEST(no_descriptor_left_leaves_the_session_its_cancel) {
  const Session session = session_without_descriptors();
  Run run(session, "while True: pass");
  run.until(CAPSULE_EVENT_STARTED);
  run.cancel(with_slack_ms(0));
  const Event end = run.end();
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "interrupted");
}

CAPSULE_TEST(the_environment_cleared) {
  check_harmless("import os\nos.environ.clear()");
  check_harmless("import locale\nlocale.setlocale(locale.LC_ALL, 'C')\nNone");
}
