// Where the Python code of a worker stood when a fatal signal ended it: written by CPython's faulthandler, read by the host.
#include <csignal>

#include "process.hpp"
#include "snapshots.hpp"
#include "stacks.hpp"

using namespace capsule_test;

namespace {

void die(const Session &session, const std::string &source) {
  Run run(session, source);
  const Event &end = run.end();
  if (end.outcome != "died") {
    FAIL(show(source) + " ended as " + show(end));
  }
}

std::string refused_stack(const Session &session, capsule_status status) {
  StackHandle stack;
  return REFUSED(status, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
}

void check_cause(const std::string &signal, const std::string &cause) {
  const Session session = open_told();
  die(session,
      "import os, signal\ndef inner():\n    os.kill(os.getpid(), signal." + signal + ")\ndef outer():\n    inner()\nouter()");
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.info.source, CAPSULE_STACK_DEATH);
  CHECK_EQ(stack.info.process_state, CAPSULE_TASK_DEAD);
  CHECK_CONTAINS(stack.cause, cause);
  CHECK_EQ(stack.threads.size(), 1);
  CHECK_EQ(stack.main().story(), "inner < outer < <module>");
  CHECK_EQ(stack.main().raw.hit, 1);
  CHECK_EQ(stack.main().raw.frames_omitted, 0);
  const std::vector<ToldFrame> &frames = stack.main().frames;
  CHECK_EQ(frames[0].file, "<execution 1>");
  CHECK_EQ(frames[0].line, 3);
  CHECK_EQ(frames[1].line, 5);
  CHECK_EQ(frames[2].line, 6);
}

}  // namespace

CAPSULE_TEST(fatal_signals_leave_the_stack) {  // I9
  check_cause("SIGABRT", "Aborted");
  check_cause("SIGFPE", "Floating");  // point exception, since 3.13 with a hyphen
  check_cause("SIGBUS", "Bus error");
  check_cause("SIGILL", "Illegal instruction");
  check_cause("SIGSEGV", "Segmentation fault");
}

CAPSULE_TEST(a_crash_in_c_code_tells_who_called_it) {
  const Session session = open_told();
  die(session, "import ctypes\ndef read_nothing():\n    ctypes.string_at(0)\nread_nothing()");
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.cause, "Segmentation fault");
  CHECK_EQ(stack.main().story(), "string_at < read_nothing < <module>");
  CHECK(stack.main().frames[0].file.ends_with("/ctypes/__init__.py"));
  // The next worker leaves its own, or none.
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(stack_of(session).info.source, CAPSULE_STACK_MEMORY);
  die(session, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)");
  refused_stack(session, CAPSULE_E_DIED);
}

CAPSULE_TEST(every_thread_is_told_and_the_one_that_was_hit) {
  const Session session = open_told();
  die(session,
      "import ctypes, threading\ndef crash():\n    ctypes.string_at(0)\ndef wait():\n    t.join()\n"
      "t = threading.Thread(target=crash)\nt.start()\nwait()");
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.threads.size(), 2);
  const ToldThread *crashed = stack.beginning("string_at < crash < ");
  CHECK(crashed != nullptr);
  CHECK_EQ(crashed->raw.hit, 1);
  CHECK_EQ(crashed->raw.is_main, 0);
  CHECK_EQ(stack.main().raw.hit, 0);
  CHECK_EQ(stack.main().name, "main");
  CHECK(stack.main().story().ends_with("<module>"));
}

CAPSULE_TEST(a_spawned_session_leaves_it_too) {
  SessionOptions options;
  options.raw.start = CAPSULE_START_SPAWN;
  const Session session = open_told(std::move(options));
  die(session, "import os\ndef end(): os.abort()\nend()");
  CHECK_EQ(stack_of(session).main().story(), "end < <module>");
}

CAPSULE_TEST(each_branch_leaves_its_own) {
  const Session session = open_told();
  value_of(session, "import os\ndef first(): os.abort()\ndef second(): os.abort()");
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  const Session other = branch_of(snapshot);
  die(branch, "first()");
  CHECK_EQ(stack_of(branch).main().story(), "first < <module>");
  CHECK_EQ(value_of(other, "1 + 1"), "2");
  die(session, "second()");
  CHECK_EQ(stack_of(session).main().story(), "second < <module>");
  CHECK_EQ(stack_of(branch).main().story(), "first < <module>");
  restore(session, snapshot);
  die(session, "first()");
  CHECK_EQ(stack_of(session).main().story(), "first < <module>");
  die(other, "os.kill(os.getpid(), 9)");
  refused_stack(other, CAPSULE_E_DIED);
}

CAPSULE_TEST(a_child_that_crashes_writes_nothing) {
  const Session session = open_told();
  Run run(session,
          "import os, signal\npid = os.fork()\nif pid == 0:\n    os.abort()\nstatus = os.waitpid(pid, 0)[1]\n"
          "print(os.WTERMSIG(status), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.out(), "6\n");
  CHECK_LACKS(run.err(), "Fatal Python error");
  refused_stack(session, CAPSULE_E_DIED);
}

CAPSULE_TEST(what_the_user_tells_faulthandler_is_done) {
  const Session session = open_told();
  Run run(session, "import faulthandler, os, sys\nfaulthandler.enable(2)\ndef end(): os.abort()\nend()");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_CONTAINS(run.err(), "Fatal Python error: Aborted");
  CHECK_CONTAINS(run.err(), "in end\n");
  refused_stack(session, CAPSULE_E_DIED);

  SessionOptions options;
  options.environment = {"PYTHONFAULTHANDLER=1"};
  const Session environment = open_session(make_runtime(), std::move(options));
  Run second(environment, "import os\nos.abort()");
  CHECK_EQ(second.end().outcome, "died");
  CHECK_CONTAINS(second.err(), "Fatal Python error: Aborted");
  refused_stack(environment, CAPSULE_E_DIED);
}

CAPSULE_TEST(a_user_s_own_signal_handler_is_left_alone) {
  const Session session = open_told();
  CHECK_EQ(value_of(session,
                    "import os, signal\nseen = []\nsignal.signal(signal.SIGFPE, lambda *_: seen.append(1))\n"
                    "os.kill(os.getpid(), signal.SIGFPE)\nseen"),
           "[1]");
}

CAPSULE_TEST(what_is_written_has_a_bound) {  // I6
  const Session session = open_told();
  die(session,
      "import os, threading\n"
      "def down(n):\n    if n: down(n - 1)\n    else:\n        ready.release()\n        threading.Event().wait()\n"
      "ready = threading.Semaphore(0)\n"
      "down.__code__ = down.__code__.replace(co_filename='a long name ' * 30)\n"
      "for _ in range(30): threading.Thread(target=down, args=(40,), daemon=True).start()\n"
      "for _ in range(30): ready.acquire()\n"
      "os.abort()");
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.cause, "Aborted");
  CHECK_AT_LEAST(stack.info.threads_omitted, 1);
  CHECK_AT_LEAST(stack.threads.size(), 2);
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(frames_beyond_a_hundred_are_told_as_missing) {
  const Session session = open_told();
  die(session,
      "import os, signal\ndef down(n):\n    if n: down(n - 1)\n    else: os.kill(os.getpid(), signal.SIGSEGV)\ndown(300)");
  const ToldStack stack = stack_of(session);
  CHECK_CONTAINS(stack.main().story(), "down < down < down");
  CHECK_AT_LEAST(stack.main().raw.frames_omitted, 1);
}

CAPSULE_TEST(hostile_text_is_no_more_than_text) {
  const Session session = open_told();
  Run run(session,
          "import os, signal\nos.write(200, b'Fatal Python error: \\xff\\nThread 0x1 (most recent call first):\\n' + b'  File "
          "\"' * 9000 + b'\\n')\n"
          "os.kill(os.getpid(), signal.SIGKILL)");
  CHECK_EQ(run.end().outcome, "died");
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.cause, "\xef\xbf\xbd");
  CHECK_EQ(stack.threads.size(), 1);
}
