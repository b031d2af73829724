// Code that pulls the rug from under its own worker: it may lose its session, and nothing else.
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Whatever the code does to itself, its execution ends once (I5), and a restart gives a whole session.
Event check_contained(const std::string &source) {
  const Session session = open_session();
  const Session other = open_session();
  Run run(session, source);
  const Event end = run.end();
  if (end.state_preserved) {
    Run next(session, "21 * 2");
    if (next.end().repr != "42" && next.end().outcome != "died" && next.end().outcome != "error") {
      FAIL("after " + show(source) + ": " + show(next.end()));
    }
  }
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(printed_by(session, "print('whole')"), "whole\n");
  CHECK_EQ(value_of(other, "1 + 1"), "2");
  return end;
}

}  // namespace

CAPSULE_TEST(all_descriptors_closed) {
  check_contained("import os\nos.closerange(3, 1000)");
  check_contained("import os\nos.closerange(0, 1000)\nprint('x')");
  check_contained("import os\nos.closerange(3, 1000)\nwhile True: pass  # nobody could tell it to stop");
}

CAPSULE_TEST(standard_descriptors_closed) {
  const Session session = open_session();
  Run run(session, "import os\nos.close(0)\nos.close(1)\nos.close(2)\nprint('from python')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "from python\n");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(printed_by(session, "print('again')"), "again\n");
}

CAPSULE_TEST(standard_descriptors_replaced) {
  const Session session = open_session();
  value_of(session, "import os\nnull = os.open('/dev/null', os.O_RDWR)\nos.dup2(null, 1)\nos.dup2(null, 2)");
  CHECK_EQ(printed_by(session, "print('python')"), "python\n");
}

CAPSULE_TEST(a_fork_whose_child_ends_at_once) {
  const Session session = open_session();
  Run run(session,
          "import os\npid = os.fork()\nif pid == 0:\n    os._exit(3)\nos.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])");
  CHECK_EQ(run.end().repr, "3");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_fork_whose_child_prints) {
  const Session session = open_session();
  Run run(session,
          "import os, sys\npid = os.fork()\nif pid == 0:\n    print('child', flush=True)\n    os._exit(0)\nos.waitpid(pid, "
          "0)\nprint('parent')");
  const Event end = run.end();
  CHECK_EQ(end.outcome, "ok");
  CHECK_CONTAINS(run.out(), "parent\n");
  CHECK_EQ(printed_by(session, "print('after')"), "after\n");
}

CAPSULE_TEST(a_fork_whose_child_writes_to_the_descriptor) {  // I3
  const Session session = open_session();
  Run run(session,
          "import os\npid = os.fork()\nif pid == 0:\n    os.write(1, b'child\\n')\n    os._exit(0)\nos.waitpid(pid, "
          "0)\nprint('parent')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_CONTAINS(run.out(), "child\n");
  CHECK_CONTAINS(run.out(), "parent\n");
}

CAPSULE_TEST(a_fork_whose_child_comes_back_from_the_code) {  // I5: only one of the two may answer
  for (const char *tail :
       {"pid", "raise SystemExit(3)", "1 / 0 if pid == 0 else 'parent'", "import sys; sys.exit(0) if pid == 0 else 7"}) {
    const Session session = open_session();
    Run run(session, std::string("import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\n") + tail);
    run.end();
    CHECK_EQ(value_of(session, "1 + 1"), "2");
    CHECK_EQ(value_of(session, "2 + 2"), "4");
    CHECK_EQ(info_of(session).frames_rejected, 0);
  }
}

CAPSULE_TEST(a_forked_child_that_asks_for_input_is_declined_or_dies) {
  const Session session = open_session();
  Run run(session, R"(
import os
pid = os.fork()
if pid == 0:
    try: input('from the child')
    except BaseException: pass
    os._exit(0)
os.waitpid(pid, 0)
'parent')");
  const Deadline deadline;
  while (!run.next(deadline).terminal()) {
    if (run.events().back().kind == CAPSULE_EVENT_INPUT) {
      run.decline();
    }
  }
  CHECK_EQ(run.events().back().repr, "'parent'");
}

CAPSULE_TEST(multiprocessing_works) {
  const Session session = open_session();
  value_of(session, "import multiprocessing\ndef square(n): return n * n");
  CHECK_EQ(
      value_of(session, "with multiprocessing.get_context('fork').Pool(2) as pool:\n    r = pool.map(square, range(5))\nr"),
      "[0, 1, 4, 9, 16]");
}

CAPSULE_TEST(streams_replaced_and_closed) {
  const Session session = open_session();
  for (const char *source :
       {"import sys, io\nsys.stdout = io.StringIO()\nprint('lost')", "import sys\nsys.stdout = None\nprint('lost')",
        "import sys\nsys.stdout = 5", "import sys\ndel sys.stdout", "import sys\nsys.stderr = sys.stdin = None"}) {
    Run run(session, source);
    run.end();
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
  Run restored(session, "sys.stdout = sys.__stdout__\nprint('back')");
  restored.end();
  CHECK_EQ(restored.out(), "back\n");
  Run closed(session, "sys.stdout.close()");
  closed.end();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_replaced_stream_s_text_is_flushed_before_the_end) {  // I2
  const Session session = open_session();
  Run run(session,
          "import io, sys\nsys.stdout = io.TextIOWrapper(open(1, 'wb', closefd=False))\nprint('through the descriptor')");
  run.end();
  CHECK_EQ(run.out(), "through the descriptor\n");
}

CAPSULE_TEST(builtins_removed) {
  check_contained("import builtins\ndel builtins.input\ndel builtins.print\ndel builtins.len");
  check_contained("import builtins\nbuiltins.__dict__.clear()");
  check_contained("import builtins\nbuiltins.compile = builtins.exec = builtins.eval = builtins.repr = None");
  check_contained("import builtins\nbuiltins.__import__ = None");
}

CAPSULE_TEST(modules_removed_and_replaced) {
  check_contained("import sys\nsys.modules.clear()");
  check_contained(
      "import sys\nfor name in ('traceback', 'linecache', 'json', 'signal', 'io', 'os'): sys.modules[name] = None\n1 / 0");
  check_contained("import json\njson.dumps = None\n[1]");
  check_contained("import os\nos.environ = None");
  check_contained("import sys\nsys.meta_path.clear()\nsys.path.clear()\nsys.path_hooks.clear()\n1 / 0");
}

CAPSULE_TEST(interpreter_settings_turned) {
  check_contained("import sys\nsys.setrecursionlimit(50)\n1 / 0");
  check_contained("import sys\nsys.settrace(lambda *a: 1 / 0)\ndef f(): pass\nf()");
  check_contained("import sys\nsys.setprofile(lambda *a: 1 / 0)\nlen([])");
  check_contained("import gc\ngc.disable()\ngc.freeze()");
  check_contained("import sys\nsys.displayhook = sys.excepthook = sys.unraisablehook = None\n1 / 0");
  check_contained("import sys\ndef hook(*a): raise RuntimeError\nsys.addaudithook(hook)");
  check_contained("import threading\nthreading.excepthook = None\nthreading.Thread(target=lambda: 1 / 0).start()");
  check_contained("import atexit\natexit._run_exitfuncs()\natexit.register(lambda: 1 / 0)");
  check_contained("import warnings\nwarnings.simplefilter('error')");
}

CAPSULE_TEST(limits_set_low) {
  check_contained("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n'x'");
  check_contained("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\nprint('x' * 100_000)");
  check_contained("import resource\nresource.setrlimit(resource.RLIMIT_STACK, (65536, 65536))\n'x'");
}

CAPSULE_TEST(a_thread_that_prints_without_end) {
  const Session session = open_session();
  value_of(session,
           "import threading\ndef chatter():\n    while True: print('chatter')\nthreading.Thread(target=chatter, "
           "daemon=True).start()");
  for (int i = 0; i < 5; ++i) {
    Run run(session, "'still'");
    CHECK_EQ(run.end().repr, "'still'");
  }
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(printed_by(session, "print('quiet')"), "quiet\n");
}

CAPSULE_TEST(garbage_written_into_the_engine_s_descriptors) {  // I5
  const std::string sockets = R"(
import os, stat
sockets = [fd for fd in range(3, 256) if os.path.exists('/proc/self/fd/%d' % fd) and stat.S_ISSOCK(os.fstat(fd).st_mode)]
)";
  const std::string garbage[] = {"b'garbage' * 1000",
                                 "b'\\xff' * 64",
                                 "b'\\x00' * 4096",
                                 "(2 ** 31 - 1).to_bytes(4, 'little')",
                                 "(8).to_bytes(4, 'little') + b'AAAAAAAA'",
                                 "os.urandom(1000)"};
  for (const std::string &bytes : garbage) {
    const Event end = check_contained(sockets + "for fd in sockets: os.write(fd, " + bytes + ")\n'done'");
    CHECK(end.outcome == "died" || end.outcome == "ok" || end.outcome == "error");
    if (end.outcome == "died") {
      CHECK_EQ(end.death_reason, "protocol");
    }
  }
}

CAPSULE_TEST(shared_memory_scribbled_over) {  // I5
  check_contained(R"(
import ctypes
shared = [line for line in open('/proc/self/maps') if ' rw-s ' in line]
assert shared
for line in shared:
    begin, end = (int(x, 16) for x in line.split()[0].split('-'))
    ctypes.memset(begin, 0xFF, end - begin)
print('after'))");
}
