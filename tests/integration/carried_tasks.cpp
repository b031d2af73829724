// Tasks of the event loop that a snapshot carries: they go on in the session and in every copy.
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

// A task that waits on a queue, one that sleeps again and again, and one that waits for a lock.
constexpr const char *kStartTasks = R"(
import asyncio
seen, ticks = [], [0]
queue, lock = asyncio.Queue(), asyncio.Lock()
await lock.acquire()
async def consume():
    while True:
        seen.append(await queue.get())
        queue.task_done()
async def tick():
    while True:
        await asyncio.sleep(0.005)
        ticks[0] += 1
async def enter():
    async with lock:
        seen.append('entered')
tasks = [asyncio.create_task(function()) for function in (consume, tick, enter)]
await asyncio.sleep(0)
)";

void check_tasks_go_on(const Session &session) {
  CHECK_EQ(value_of(session, "seen"), "[]");
  CHECK_EQ(value_of(session, "await queue.put('one')\nawait queue.join()\nseen"), "['one']");
  CHECK_EQ(value_of(session, "lock.release()\nawait asyncio.wait_for(tasks[2], 20)\nseen"), "['one', 'entered']");
  CHECK_EQ(value_of(session,
                    "before = ticks[0]\nwhile ticks[0] < before + 3: await asyncio.sleep(0.005)\n"
                    "[task.done() for task in tasks]"),
           "[False, False, True]");
  CHECK_EQ(value_of(session,
                    "tasks[0].cancel(); tasks[1].cancel()\n"
                    "await asyncio.gather(*tasks, return_exceptions=True)\n[task.cancelled() for task in tasks]"),
           "[True, True, False]");
}

}  // namespace

CAPSULE_TEST(waiting_tasks_go_on_in_session_branch_and_restored_session) {
  const Session session = open_session();
  value_of(session, kStartTasks);
  const Snapshot snapshot = snapshot_of(session);
  const Session of_session = branch_of(session);
  const Session of_snapshot = branch_of(snapshot);
  check_tasks_go_on(of_session);
  check_tasks_go_on(session);
  check_tasks_go_on(of_snapshot);
  restore(session, snapshot);
  check_tasks_go_on(session);
  CHECK_EQ(value_of(branch_of(branch_of(snapshot)), "len(tasks)"), "3");
}

CAPSULE_TEST(a_timeout_that_runs_goes_on) {
  const Session session = open_session();
  value_of(session,
           "import asyncio\nasync def wait():\n  try:\n    async with asyncio.timeout(0.05): await asyncio.Event().wait()\n"
           "  except TimeoutError:\n    return 'timed out'\n"
           "task = asyncio.create_task(wait())\nawait asyncio.sleep(0)");
  const Session branch = branch_of(session);
  CHECK_EQ(value_of(branch, "await task"), "'timed out'");
  CHECK_EQ(value_of(session, "await task"), "'timed out'");
}

CAPSULE_TEST(tasks_of_idle_time_go_on_in_a_branch) {
  SessionOptions options;
  options.raw.idle_tasks = 1;
  const Session session = open_session(options);
  value_of(session, kStartTasks);
  const auto check_ticks = [](const Session &ticking) {
    const long long before = number_of(ticking, "ticks[0]");
    const Deadline deadline;
    while (number_of(ticking, "ticks[0]") < before + 3) {
      CHECK(!deadline.over());
    }
  };
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  check_ticks(branch);
  check_ticks(session);
  restore(session, snapshot);
  check_ticks(session);
}

CAPSULE_TEST(signal_handlers_of_the_loop_are_carried) {
  const Session session = open_session();
  value_of(session,
           "import asyncio, os, signal\nasync def arm():\n  asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, "
           "event.set)\nevent = asyncio.Event()\nawait arm()");
  const std::string raise = "os.kill(os.getpid(), signal.SIGUSR1)\nawait asyncio.wait_for(event.wait(), 20)";
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  CHECK_EQ(value_of(branch, raise), "True");
  CHECK_EQ(value_of(session, "event.is_set()"), "False");
  CHECK_EQ(value_of(session, raise), "True");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, raise), "True");
}

CAPSULE_TEST(copies_have_loops_that_know_nothing_of_each_other) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  const Session branch = branch_of(session);
  const std::string serve =
      "async def handle(reader, writer):\n  writer.write(await reader.readline()); writer.close()\n"
      "server = await asyncio.start_server(handle, '127.0.0.1', 0)\n"
      "reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
      "writer.write(b'hello\\n')\nawait reader.readline()";
  CHECK_EQ(value_of(branch, serve), "b'hello\\n'");
  CHECK_EQ(value_of(session, serve), "b'hello\\n'");
  // From another thread: each loop has a wake-up of its own.
  const std::string wake =
      "import threading\nevent = asyncio.Event(); loop = asyncio.get_running_loop()\n"
      "thread = threading.Timer(0.02, lambda: loop.call_soon_threadsafe(event.set)); thread.start()\n"
      "await asyncio.wait_for(event.wait(), 20)";
  CHECK_EQ(value_of(branch, wake), "True");
  CHECK_EQ(value_of(session, wake), "True");
  CHECK_EQ(value_of(branch, wake), "True");
}
