// Where the Python code of a living worker stands, read without its doing.
#include "stacks.hpp"

#include <csignal>

#include "process.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

bool all_sleep(const ToldStack &stack) {
  return std::all_of(stack.threads.begin(), stack.threads.end(),
                     [](const ToldThread &thread) { return thread.raw.state == CAPSULE_TASK_SLEEPING; });
}

// Runs the source, whose last words are "in", until it hangs.
Run hang(const Session &session, const std::string &source) {
  Run run(session, "def ready(): print('in', flush=True)\n" + source);
  run.until_output("in");
  return run;
}

// Until the main thread sleeps at that place. What the kernel says of a thread is asked for after its frames are read, so that one
// that is on its way may be told as if it slept there already.
ToldStack stack_asleep(const Session &session, const std::string &story, std::uint32_t line, std::int32_t holds_gil) {
  return stack_when(session, [&](const ToldStack &now) {
    const ToldThread &main = now.main();
    return main.story() == story && main.frames[0].line == line && main.raw.holds_gil == holds_gil && all_sleep(now);
  });
}

ToldStack stack_at(const Session &session, const std::string &story) {
  return stack_when(session, [&](const ToldStack &stack) { return stack.main().story() == story; });
}

void kill_run(Run &run) {
  run.cancel(0);
  run.end();
}

}  // namespace

CAPSULE_TEST(a_loop_in_python) {
  const Session session = open_told();
  Run run = hang(session, "def spin():\n    ready()\n    while True:\n        pass\nspin()");
  const ToldStack stack = stack_when(
      session, [](const ToldStack &now) { return now.main().story() == "spin < <module>" && now.main().frames[0].line > 3; });
  CHECK_EQ(stack.info.source, CAPSULE_STACK_MEMORY);
  CHECK_EQ(stack.info.pid, info_of(session).pid);
  CHECK_EQ(stack.threads.size(), 1);
  const ToldThread &main = stack.main();
  CHECK_EQ(main.raw.tid, stack.info.pid);
  CHECK_EQ(main.name, "main");
  CHECK_EQ(main.raw.holds_gil, 1);
  CHECK_EQ(main.raw.frames_omitted, 0);
  CHECK_EQ(main.frames[0].file, "<execution 1>");
  CHECK(main.frames[0].line == 4 || main.frames[0].line == 5);
  CHECK_EQ(main.frames[1].line, 6);
  CHECK_EQ(main.raw.state, CAPSULE_TASK_RUNNING);
  run.cancel();
  run.end();
  CHECK_EQ(stack_of(session).main().frames.size(), 0);  // idle: the worker's own frames are nobody's business
}

CAPSULE_TEST(c_code_without_the_gil) {
  const Session session = open_told();
  Run run = hang(session, "import time\ndef rest():\n    ready()\n    time.sleep(60)\nrest()");
  const ToldStack stack = stack_asleep(session, "rest < <module>", 5, 0);
  CHECK_EQ(stack.main().raw.torn, 0);
  CHECK_EQ(stack.info.process_state, CAPSULE_TASK_SLEEPING);
  kill_run(run);
}

CAPSULE_TEST(c_code_that_keeps_the_gil) {
  const Session session = open_told();
  Run run = hang(session, "import ctypes\nsleep = ctypes.PyDLL(None).sleep\ndef grip():\n    ready()\n    sleep(60)\ngrip()");
  stack_asleep(session, "grip < <module>", 6, 1);
  kill_run(run);
}

CAPSULE_TEST(a_number_that_takes_for_ever) {
  const Session session = open_told();
  Run run = hang(session, "def compute():\n    ready()\n    return 3 ** (10 ** 9)\ncompute()");
  stack_when(session, [](const ToldStack &now) {
    return now.main().story() == "compute < <module>" && now.main().frames[0].line == 4 && now.main().raw.holds_gil == 1;
  });
  kill_run(run);
}

CAPSULE_TEST(a_lock_that_nobody_gives_back) {
  const Session session = open_told();
  Run run =
      hang(session,
           "import threading\nlock = threading.Lock()\ndef again():\n    with lock:\n        ready()\n        lock.acquire()\n"
           "again()");
  stack_asleep(session, "again < <module>", 7, 0);
  kill_run(run);
}

CAPSULE_TEST(several_threads) {
  const Session session = open_told();
  Run run = hang(session,
                 "import threading\n"
                 "class Work:\n    def one(self): gate.acquire()\n    def two(self): gate.acquire()\n"
                 "gate = threading.Semaphore(0)\n"
                 "for name in ('one', 'two'):\n    threading.Thread(target=getattr(Work(), name), daemon=True).start()\n"
                 "def meet():\n    ready()\n    gate.acquire()\n"
                 "meet()");
  const ToldStack stack = stack_when(session, [](const ToldStack &now) {
    return now.threads.size() == 3 && now.threads[0].story().find("acquire < meet < <module>") != std::string::npos &&
           now.threads[1].story().find("acquire < Work.one < ") != std::string::npos &&
           now.threads[2].story().find("acquire < Work.two < ") != std::string::npos;
  });
  CHECK(stack.threads[0].raw.is_main == 1 && stack.threads[1].raw.is_main == 0);
  CHECK(stack.threads[1].raw.tid != stack.threads[2].raw.tid && stack.threads[1].raw.ident != stack.threads[2].raw.ident);
  kill_run(run);
}

CAPSULE_TEST(deep_recursion_has_a_bound) {  // I6
  const Session session = open_told();
  Run run = hang(session,
                 "import sys, time\nsys.setrecursionlimit(9000)\n"
                 "def down(n):\n    if n:\n        return down(n - 1)\n    ready()\n    time.sleep(60)\ndown(2000)");
  const ToldStack stack =
      stack_when(session, [](const ToldStack &now) { return all_sleep(now) && now.main().frames[0].line == 8; });
  CHECK_EQ(stack.main().frames.size(), 128);
  CHECK_EQ(stack.main().frames[127].line, 6);
  CHECK_AT_LEAST(stack.main().raw.frames_omitted, 2002 - 128);
  CHECK_AT_MOST(stack.main().raw.frames_omitted, 2002 - 128 + 20);  // the worker's own are among them
  CHECK_EQ(stack_of(session, 1).main().frames.size(), 1);
  CHECK_EQ(stack_of(session, 4096).main().frames.size(), 2002);
  kill_run(run);
}

CAPSULE_TEST(a_stopped_process) {
  const Session session = open_told();
  Run run = hang(session, "def spin():\n    ready()\n    while True:\n        pass\nspin()");
  stack_at(session, "spin < <module>");
  const Watched worker(info_of(session).pid);
  worker.kill(SIGSTOP);
  stack_when(session, [](const ToldStack &now) { return now.info.process_state == CAPSULE_TASK_STOPPED; });
  const ToldStack stack = stack_of(session);
  CHECK_EQ(stack.main().story(), "spin < <module>");
  CHECK_EQ(stack.main().raw.torn, 0);
  worker.kill(SIGCONT);
  run.cancel();
  run.end();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(generators_callbacks_and_names_of_any_script) {
  const Session session = open_told();
  Run run = hang(session,
                 "import time\n"
                 "def λ(x):\n    def 内():\n        ready()\n        time.sleep(60)\n    内()\n"
                 "def generate():\n    yield max([0], key=λ)\n"
                 "exec(compile('list(generate())', '/ÿ/𝄞.py', 'exec'))");
  const ToldStack stack = stack_at(session, "λ.<locals>.内 < λ < generate < <module> < <module>");
  CHECK_EQ(stack.main().frames[3].file, "/ÿ/𝄞.py");
  kill_run(run);
}

CAPSULE_TEST(what_runs_on_is_whole_or_told_as_torn) {
  const Session session = open_told();
  Run run = hang(session,
                 "def leaf(): return 1\ndef left(n): return leaf() if n == 0 else right(n - 1)\n"
                 "def right(n): return leaf() if n == 0 else left(n - 1)\n"
                 "ready()\nwhile True: left(20); right(7)");
  for (int i = 0; i < 300; ++i) {
    const ToldStack stack = stack_of(session);
    const ToldThread &main = stack.main();
    if (main.raw.torn != 0) {
      continue;
    }
    CHECK_AT_LEAST(main.frames.size(), 1);
    CHECK_EQ(main.frames.back().function, "<module>");
    for (std::size_t at = 0; at + 2 < main.frames.size(); ++at) {
      const std::string &caller = main.frames[at + 1].function;
      CHECK(main.frames[at].function == "leaf" || main.frames[at].function != caller);
    }
  }
  run.cancel();
  run.end();
}

CAPSULE_TEST(each_copy_of_a_session_has_its_own) {
  const Session session = open_told();
  value_of(session, "import time\ndef here(): time.sleep(60)\ndef there(): time.sleep(60)");
  const Session branch = branch_of(session);
  Run first(session, "here()");
  Run second(branch, "there()");
  stack_at(session, "here < <module>");
  stack_at(branch, "there < <module>");
  kill_run(first);
  kill_run(second);
}

CAPSULE_TEST(a_spawned_session) {
  SessionOptions options;
  options.raw.start = CAPSULE_START_SPAWN;
  const Session session = open_told(std::move(options));
  Run run = hang(session, "def spin():\n    ready()\n    while True:\n        pass\nspin()");
  stack_at(session, "spin < <module>");
  run.cancel();
  run.end();
}

CAPSULE_TEST(threads_that_come_and_go) {
  const Session session = open_told();
  Run run = hang(session,
                 "import threading\ndef brief(): pass\nready()\n"
                 "while True:\n    t = threading.Thread(target=brief)\n    t.start()\n    t.join()");
  for (int i = 0; i < 200; ++i) {
    CHECK_AT_LEAST(stack_of(session).threads.size(), 1);
  }
  run.cancel();
  run.end();
}

// The descriptor that faulthandler writes to is of the memory; before the room for its text stand 128 bytes of what is read.
constexpr char kFindLayout[] =
    "import ctypes, os, random\n"
    "start = [l for l in open('/proc/self/maps') if 'capsule-session' in l][0].split('-')[0]\n"
    "at = int(start, 16) + os.fstat(200).st_size - (1 << 16) - 128\n"
    "true = ctypes.string_at(at, 128)\n"
    "assert true[8] == 1, true\n";

CAPSULE_TEST(a_worker_that_says_it_has_no_thread) {
  const Session session = open_told();
  value_of(session, std::string(kFindLayout) + "ctypes.memset(at + 16, 0, 8)");
  StackHandle stack;
  REFUSED(CAPSULE_E_STATE, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
}

// What the host reads is the worker's to write: whatever stands there, the host answers, and in time.
CAPSULE_TEST(a_worker_that_lies_about_its_memory) {
  const Session session = open_told();
  Run run = hang(session, std::string(kFindLayout) +
                              "ready()\n"
                              "while True:\n"
                              "    lie = bytearray(true)\n"
                              "    for _ in range(random.randrange(4)):\n"
                              "        offset = random.randrange(16, 120)\n"
                              "        lie[offset:offset + 2] = random.choice((random.randbytes(2), b'\\0\\0', true[40:42]))\n"
                              "    ctypes.memmove(at, bytes(lie), 128)\n"
                              "    sum(range(2000))");
  for (int i = 0; i < 300; ++i) {
    StackHandle stack;
    const Stopwatch watch;
    const capsule_status status = capsule_session_get_stack(session.get(), nullptr, stack.out(), nullptr);
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_STATE || status == CAPSULE_E_TIMEOUT || status == CAPSULE_E_DIED ||
          status == CAPSULE_E_SYSTEM);
    CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(1000));
    if (status == CAPSULE_OK) {
      told(stack);
    }
  }
  kill_run(run);
}

// Its main thread hangs in its own trap; no deadline frees whom the kernel holds, but the worker's end.
CAPSULE_TEST(a_worker_that_holds_back_its_memory_is_killed) {  // I1
  const Session session = open_told();
  // Its page is one of private memory: UFFDIO_API, UFFDIO_REGISTER for pages that are missing, MADV_DONTNEED.
  const std::string trap =
      "import ctypes, struct, sys\n"
      "libc = ctypes.CDLL(None)\n"
      "fd = libc.syscall({'x86_64': 323, 'aarch64': 282}[__import__('os').uname().machine], 0)\n"
      "def trap():\n"
      "    start = id(sys._getframe().f_code) & ~4095\n"
      "    assert libc.ioctl(fd, 0xc018aa3f, struct.pack('QQQ', 0xaa, 0, 0)) == 0\n"
      "    assert libc.ioctl(fd, 0xc020aa00, struct.pack('QQQQ', start, 4096, 1, 0)) == 0\n"
      "    libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(4096), 4)\n"
      "    while True: pass\n"  // in the trap, where its instructions are on the page too
      "fd";
  if (value_of(session, trap) == "-1") {
    throw Skipped("the kernel lets no process hold back its pages from others");
  }
  Run run(session, "trap()");
  capsule_stack_options options;
  capsule_stack_options_init(&options, sizeof options);
  options.timeout_ms = 100;
  const Deadline deadline;
  capsule_status status = CAPSULE_OK;
  while (status != CAPSULE_E_DIED && !deadline.over()) {  // the trap is not set at once
    StackHandle stack;
    status = capsule_session_get_stack(session.get(), &options, stack.out(), nullptr);
  }
  CHECK_EQ(status, CAPSULE_E_DIED);
  const Event &end = run.end();
  CHECK_EQ(end.outcome, "died");
  CHECK_EQ(end.death_reason, "protocol");
  CHECK_CONTAINS(end.message, "holds back its memory");
}

CAPSULE_TEST(who_has_none) {
  StackHandle stack;
  const Session echo = open_told(SessionOptions::echo());
  REFUSED(CAPSULE_E_STATE, capsule_session_get_stack(echo.get(), nullptr, stack.out(), error));

  const Session session = open_told();
  const Watched worker(info_of(session).pid);
  Run run(session, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)");
  run.end();
  REFUSED(CAPSULE_E_DIED, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
}

CAPSULE_TEST(bad_arguments) {
  const Session session = open_told();
  StackHandle stack;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_stack(session.get(), nullptr, nullptr, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_get_stack(nullptr, nullptr, stack.out(), error));
  capsule_stack_options options;
  for (const auto &[frames, timeout] : {std::pair(0U, 1), std::pair(4097U, 1), std::pair(1U, 0), std::pair(1U, 60'001)}) {
    capsule_stack_options_init(&options, sizeof options);
    options.max_frames = frames;
    options.timeout_ms = timeout;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_stack(session.get(), &options, stack.out(), error));
  }
  ACCEPTED(capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
  capsule_stack_thread thread{.struct_size = sizeof thread};
  capsule_stack_frame frame{.struct_size = sizeof frame};
  capsule_stack_info info{.struct_size = 3};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_info(stack.get(), &info, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_info(stack.get(), nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_thread(stack.get(), 1, &thread, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_frame(stack.get(), 1, 0, &frame, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_frame(stack.get(), 0, 4096, &frame, error));
  capsule_stack *released = stack.get();
  stack.reset();
  REFUSED(CAPSULE_E_HANDLE, capsule_stack_get_info(released, &info, error));
  capsule_stack_release(nullptr);
}

CAPSULE_TEST(it_outlives_its_session) {
  StackHandle stack;
  {
    const Session session = open_told();
    Run run = hang(session, "import time\ndef rest():\n    ready()\n    time.sleep(60)\nrest()");
    stack_at(session, "rest < <module>");
    ACCEPTED(capsule_session_get_stack(session.get(), nullptr, stack.out(), error));
    kill_run(run);
  }
  CHECK_EQ(told(stack).main().story(), "rest < <module>");
}
