// The native frames of a living worker's threads: of those that wait in the kernel or are stopped, read without their doing.
#include <csignal>

#include "child.hpp"
#include "files.hpp"
#include "process.hpp"
#include "stacks.hpp"

using namespace capsule_test;

namespace {

Run hang(const Session &session, const std::string &source) {
  Run run(session, "def ready(): print('in', flush=True)\n" + source);
  run.until_output("in");
  return run;
}

// Until the main thread waits in that function.
ToldStack stack_in(const Session &session, const std::string &function) {
  return stack_when(session, [&](const ToldStack &now) { return now.main().is_in(function); });
}

// Until it sleeps, under Python.
ToldStack stack_asleep(const Session &session) {
  return stack_when(session, [](const ToldStack &now) {
    const ToldThread &main = now.main();
    return main.is_in("_PyEval_EvalFrameDefault") && main.native.front().symbol.find("nanosleep") != std::string::npos;
  });
}

void kill_run(Run &run) {
  run.cancel(0);
  run.end();
}

std::string built(const TempFolder &folder, const std::string &source) {
  if (!has_tool("cc")) {
    skip_test("no C compiler");
  }
  const std::string path = folder.path() + "/libstuck.so";
  run_tool({"cc", "-O2", "-shared", "-fPIC", "-pthread", "-Wl,-z,norelro", "-o", path, folder.write("stuck.c", source)});
  return path;
}

}  // namespace

CAPSULE_TEST(c_code_that_sleeps) {
  const Session session = open_told();
  Run run = hang(session, "import time\nready()\ntime.sleep(60)");
  const ToldStack stack = stack_asleep(session);
  const ToldThread &main = stack.main();
  CHECK_EQ(main.raw.native_state,
           CAPSULE_UNWIND_PARTIAL);  // the worker's outermost functions never return, and keep no registers
  CHECK_AT_LEAST(main.raw.system_call, 0);
  CHECK_EQ(main.raw.native_frames_omitted, 0);
  CHECK_CONTAINS(main.native.front().module, "libc.so");
  CHECK_AT_LEAST(main.native.front().symbol_offset, 1);
  bool has_worker = false;
  for (const ToldNative &frame : main.native) {
    has_worker = has_worker || frame.module.find("_capsule_worker") != std::string::npos;
    CHECK_AT_LEAST(frame.module_offset, 1);
  }
  CHECK(has_worker);
  kill_run(run);
}

CAPSULE_TEST(an_extension_that_hangs_in_a_lock_with_the_gil) {
  const TempFolder folder;
  const std::string library = built(folder, R"(
#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
int stuck_inside(int n) { return pthread_mutex_lock(&lock) + n; }
int stuck_outside(int n) { return stuck_inside(n) + stuck_inside(n + 1); }
)");
  const Session session = open_told();
  Run run = hang(session, "import ctypes\nlib = ctypes.PyDLL('" + library + "')\nready()\nlib.stuck_outside(1)");
  const ToldStack stack = stack_in(session, "stuck_inside");
  CHECK_CONTAINS(stack.main().native_story(), "stuck_inside < stuck_outside < ");
  CHECK_EQ(stack.main().raw.holds_gil, 1);
  for (const ToldNative &frame : stack.main().native) {
    CHECK_EQ(frame.symbol.starts_with("stuck_"), frame.module == library);
  }
  kill_run(run);
}

CAPSULE_TEST(a_thread_that_waits_while_another_runs) {
  const Session session = open_told();
  Run run = hang(session,
                 "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
                 "ready()\nwhile True: pass");
  const ToldStack stack = stack_when(session, [](const ToldStack &now) {
    return now.threads.size() == 2 && now.main().raw.native_state == CAPSULE_UNWIND_RUNNING &&
           now.threads[1].raw.native_state == CAPSULE_UNWIND_WHOLE &&
           now.threads[1].native_story().find("nanosleep") != std::string::npos;
  });
  CHECK_EQ(stack.main().native.size(), 0);
  CHECK_EQ(stack.main().raw.system_call, -1);
  CHECK_CONTAINS(stack.threads[1].native.back().module, "libc.so");
  kill_run(run);
}

CAPSULE_TEST(a_stopped_loop) {
  const Session session = open_told();
  Run run = hang(session, "ready()\nwhile True: pass");
  stack_when(session, [](const ToldStack &now) { return !now.main().frames.empty() && now.main().frames[0].line == 3; });
  const Watched worker(info_of(session).pid);
  worker.kill(SIGSTOP);
  const ToldStack stack = stack_in(session, "_PyEval_EvalFrameDefault");
  CHECK_EQ(stack.main().raw.system_call, -1);
  CHECK_AT_LEAST(stack.main().native.size(), 3);
  worker.kill(SIGCONT);
  kill_run(run);
}

CAPSULE_TEST(as_many_as_are_wanted) {
  const Session session = open_told();
  Run run = hang(session, "import time\nready()\ntime.sleep(60)");
  stack_asleep(session);
  capsule_stack_options options;
  capsule_stack_options_init(&options, sizeof options);
  StackHandle stack;
  options.max_native_frames = 2;
  ACCEPTED(capsule_session_get_stack(session.get(), &options, stack.out(), error));
  CHECK_EQ(told(stack).main().native.size(), 2);
  CHECK_EQ(told(stack).main().raw.native_state, CAPSULE_UNWIND_PARTIAL);
  capsule_native_frame frame{.struct_size = sizeof frame};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_native_frame(stack.get(), 0, 2, &frame, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_stack_get_native_frame(stack.get(), 9, 0, &frame, error));
  options.max_native_frames = 0;
  ACCEPTED(capsule_session_get_stack(session.get(), &options, stack.out(), error));
  CHECK_EQ(told(stack).main().native.size(), 0);
  CHECK_EQ(told(stack).main().raw.native_state, CAPSULE_UNWIND_NONE);
  options.max_native_frames = 257;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_stack(session.get(), &options, stack.out(), error));
  kill_run(run);
}

CAPSULE_TEST(the_policy_holds_for_them_too) {
  const Session session = open_told();
  Run run = hang(session, "import time\nready()\ntime.sleep(60)");
  stack_asleep(session);
  set_policy(shared_runtime(), policy_of(CAPSULE_INSPECT_COUNTS));
  // There may be no time for them on a busy machine, which is told.
  const ToldStack counts = stack_when(session, [](const ToldStack &now) { return now.main().raw.native_frames_omitted >= 5; });
  CHECK_EQ(counts.main().native.size(), 0);
  set_policy(shared_runtime(), policy_of(CAPSULE_INSPECT_REDACTED));
  const ToldStack redacted = stack_when(session, [](const ToldStack &now) { return !now.main().native.empty(); });
  for (const ToldNative &frame : redacted.main().native) {
    CHECK_EQ(frame.module.substr(0, 2), "h:");
    CHECK(frame.symbol.empty() || frame.symbol.starts_with("h:"));
  }
  kill_run(run);
}

// Headers, symbols and unwind tables lie in the worker's memory, and are its to write: the host answers, and in time.
CAPSULE_TEST(a_worker_that_lies_about_its_libraries) {
  const TempFolder folder;
  const std::string library = built(folder, R"(
#include <unistd.h>
void nap_inside(void) { usleep(200); }
void nap(void) { for (;;) nap_inside(); }
)");
  const Session session = open_told();
  Run run = hang(session, "import ctypes, random, threading\npath = '" + library +
                              "'\nlib = ctypes.CDLL(path)\n"
                              "threading.Thread(target=lib.nap, daemon=True).start()\n"
                              "places = []\n"
                              "for line in open('/proc/self/maps'):\n"
                              "    if path in line and ' r--p ' in line:\n"
                              "        begin, end = (int(n, 16) for n in line.split()[0].split('-'))\n"
                              "        ctypes.CDLL(None).mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), 3)\n"
                              "        places.append((begin, ctypes.string_at(begin, end - begin)))\n"
                              "ready()\n"
                              "while True:\n"
                              "    for begin, true in places:\n"
                              "        lie = bytearray(true)\n"
                              "        for _ in range(random.randrange(60)):\n"
                              "            at = random.randrange(len(lie.rstrip(b'\\0')) - 8)\n"
                              "            lie[at:at + 4] = random.choice((random.randbytes(4), b'\\0' * 4, b'\\xff' * 4))\n"
                              "        ctypes.memmove(begin, bytes(lie), len(lie))");
  int seen = 0;
  const Deadline deadline;
  for (int i = 0; i < 400 || (seen == 0 && !deadline.over()); ++i) {  // a thread that waits for a processor is none that sleeps
    const Stopwatch watch;
    const ToldStack stack = stack_of(session);
    CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(1000));
    seen += stack.threads.size() == 2 && !stack.threads[1].native.empty() ? 1 : 0;
  }
  CHECK_AT_LEAST(seen, 1);
  kill_run(run);
}
