// A cancel breaks whatever Python can interrupt, on every interpreter and whatever the user did to SIGINT.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Both say "blocking" shortly after the code that follows has begun, so that the main thread is inside of it.
constexpr const char *kFromThread = R"(
import threading as _threading, time as _time
def _announce():
    _time.sleep(0.03)
    print('blocking', flush=True)
_threading.Thread(target=_announce, daemon=True).start()
)";
// For code that does not let other threads run.
constexpr const char *kFromProcess = R"(
import subprocess as _subprocess
_announcer = _subprocess.Popen(['sh', '-c', 'sleep 0.1; echo blocking'])
)";

// The code must be ended by KeyboardInterrupt, and leave the session as good as before.
void check_interrupted(const std::string &blocking, const std::string &before = "", const char *announce = kFromThread) {
  const Session session = open_session();
  Run run(session, "kept = 'state'\n" + before + announce + blocking);
  run.until_output("blocking");
  run.cancel(kPatienceMs);
  const Event end = run.end();
  if (end.outcome != "canceled" || end.cancel_phase != "interrupted") {
    FAIL("this was not interrupted: " + show(blocking) + ": " + show(end));
  }
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
  CHECK_EQ(end.death_reason, "none");
  CHECK(end.state_preserved);
  CHECK_EQ(state_of(session), "idle");
  CHECK_EQ(value_of(session, "kept"), "'state'");
}

// The code cannot be interrupted, so that its worker is killed when the grace is over.
void check_killed(const std::string &code, std::int64_t grace_ms) {
  const Session session = open_session();
  Run run(session, std::string(kFromProcess) + code);
  run.until_output("blocking");
  const Stopwatch watch;
  run.cancel(grace_ms);
  const Event end = run.end();
  if (end.outcome != "canceled" || end.cancel_phase != "killed") {
    FAIL("this was not killed: " + show(code) + ": " + show(end));
  }
  CHECK_AT_LEAST(watch.elapsed_ms(), grace_ms - 1);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(grace_ms));
  CHECK_EQ(end.death_reason, "host_request");
  CHECK_EQ(end.signal_number, 9);
  CHECK(!end.state_preserved);
  CHECK_EQ(state_of(session), "error");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

}  // namespace

CAPSULE_TEST(pure_loops) {
  check_interrupted("while True: pass");
  check_interrupted("while True:\n    x = 1\n    y = x + 1");
  check_interrupted("for i in iter(int, 1): pass");
  check_interrupted("def f():\n    while True: pass\nf()");
  check_interrupted("[None for _ in iter(int, 1)]");
  check_interrupted("def g():\n    while True: yield\nfor _ in g(): pass");
}

CAPSULE_TEST(a_loop_of_one_line) {
  const Session session = open_session();
  Run run(session, "while True: pass");
  run.until(CAPSULE_EVENT_STARTED);
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().cancel_phase, "interrupted");
}

CAPSULE_TEST(sleeps) {
  check_interrupted("import time; time.sleep(60)");
  check_interrupted("import signal; signal.pause()");
  check_interrupted("import threading; threading.Event().wait()");
  check_interrupted("import threading; threading.Event().wait(60)");
}

CAPSULE_TEST(locks_and_queues) {
  check_interrupted("import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()");
  check_interrupted("import threading; c = threading.Condition(); c.acquire(); c.wait()");
  check_interrupted("import queue; queue.Queue().get()");
  check_interrupted("import queue; queue.SimpleQueue().get()");
  check_interrupted("import multiprocessing; multiprocessing.Semaphore(0).acquire()");
}

CAPSULE_TEST(sockets_and_pipes) {
  check_interrupted("import socket; a, b = socket.socketpair(); a.recv(1)");
  check_interrupted("import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()");
  check_interrupted("import os; r, w = os.pipe(); os.read(r, 1)");
  check_interrupted("import os, select; r, w = os.pipe(); select.select([r], [], [])");
  check_interrupted("import select; select.poll().poll()");
  check_interrupted("import selectors; selectors.DefaultSelector().select()");
}

CAPSULE_TEST(processes_and_threads) {
  check_interrupted("import subprocess; subprocess.run(['sleep', '60'])");
  check_interrupted("import subprocess; subprocess.check_output(['sleep', '60'])");
  check_interrupted("import os; pid = os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '60'); os.waitpid(pid, 0)");
  check_interrupted(
      "import threading, time; t = threading.Thread(target=time.sleep, args=(60,), daemon=True); t.start(); t.join()");
  check_interrupted("from concurrent.futures import Future; Future().result()");
}

CAPSULE_TEST(asyncio_runs) {
  check_interrupted("import asyncio; asyncio.run(asyncio.sleep(60))");
  check_interrupted("import asyncio\nasync def f():\n    while True: await asyncio.sleep(0)\nasyncio.run(f())");
}

CAPSULE_TEST(whatever_was_done_to_sigint) {
  const std::string loop = "while True: pass";
  check_interrupted(loop, "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n");
  check_interrupted(loop, "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)\n");
  check_interrupted(loop, "import signal; signal.signal(signal.SIGINT, lambda *a: None)\n");
  check_interrupted("import time; time.sleep(60)",
                    "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n");
  check_interrupted(loop, "import signal; signal.set_wakeup_fd(-1)\n");
  check_interrupted(loop, "import sys; sys.setswitchinterval(100)\n", kFromProcess);
}

CAPSULE_TEST(a_destructor_that_swallows_the_interrupt) {
  check_interrupted("class D:\n    def __del__(self):\n        while True: pass\nD()\nwhile True: pass");
  check_interrupted("import time\nclass D:\n    def __del__(self): time.sleep(60)\nD()\nwhile True: pass");
}

CAPSULE_TEST(code_that_waits_behind_a_busy_thread) {
  check_interrupted(
      "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\nspin()");
}

CAPSULE_TEST(c_code_that_never_returns_is_killed) { check_killed("sum(range(10 ** 11))", 100); }

CAPSULE_TEST(a_pathological_regular_expression) {
  check_interrupted("import re; re.match('(a+)+$', 'a' * 64 + 'b')", "", kFromProcess);
}

CAPSULE_TEST(the_compile_of_a_huge_source_is_killed) { check_killed("compile('x = 1\\n' * 200_000, 'huge', 'exec')", 20); }

CAPSULE_TEST(code_that_swallows_every_interrupt_is_killed) {
  // The loop is in a function of its own: an interrupt between two instructions of the outer one would not be swallowed.
  check_killed("def spin():\n    while True: pass\nwhile True:\n    try: spin()\n    except BaseException: pass", 200);
  check_killed("class D:\n    def __del__(self):\n        while True: pass\nwhile True: D()", 200);
  check_killed("import time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass", 200);
}

CAPSULE_TEST(code_that_blocks_or_ignores_every_signal_ends_all_the_same) {
  for (const char *shield : {"import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n",
                             "import signal\nfor s in signal.valid_signals():\n    try: signal.signal(s, signal.SIG_IGN)\n"
                             "    except (OSError, ValueError): pass\n"}) {
    const Session session = open_session();
    Run run(session, std::string(shield) + "print('blocking', flush=True)\nwhile True: pass");
    run.until_output("blocking");
    run.cancel(200);
    CHECK_EQ(run.end().outcome, "canceled");
  }
}
