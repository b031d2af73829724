// Tasks that an execution leaves behind: they go on while later ones run on the loop, and clean up at the session's end.
#include <fcntl.h>
#include <sys/stat.h>

#include "files.hpp"
#include "interpreters.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kTicker = R"(
import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0)
        ticks += 1
ticker = asyncio.create_task(tick())
await asyncio.sleep(0)
)";

// For a task to write to: what it did is then waited for, not looked for.
UniqueFd open_fifo(const std::string &path) {
  CHECK_EQ(::mkfifo(path.c_str(), 0600), 0);
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

CAPSULE_TEST(a_task_goes_on_while_a_later_execution_awaits) {
  const Session session = open_session();
  value_of(session, kTicker);
  CHECK_EQ(value_of(session, "before = ticks\nwhile ticks < before + 100: await asyncio.sleep(0)\n'turned'"), "'turned'");
}

CAPSULE_TEST(synchronous_code_stops_the_tasks_as_long_as_it_runs) {
  const Session session = open_session();
  value_of(session, kTicker);
  CHECK_EQ(value_of(session, "import time\nbefore = ticks\ntime.sleep(0.05)\nticks - before"), "0");
}

CAPSULE_TEST(a_task_s_result_can_be_awaited_later) {
  const Session session = open_session();
  value_of(session,
           "import asyncio\nasync def work():\n    await asyncio.sleep(0.01)\n    return 'done'\n"
           "task = asyncio.create_task(work())\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(session, "await task"), "'done'");
}

CAPSULE_TEST(system_exit_in_a_task_ends_the_execution_that_runs) {
  const Session session = open_session();
  Run run(
      session,
      "import asyncio, sys\nasync def leave(): sys.exit(3)\ntask = asyncio.create_task(leave())\nawait asyncio.sleep(3600)");
  const Event end = run.end();
  CHECK_EQ(end.error_type, "SystemExit");
  CHECK_EQ(end.exit_code, 3);
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'alive')"), "'alive'");
}

CAPSULE_TEST(tasks_are_canceled_at_the_end_of_the_session_and_may_clean_up) {
  const TempFolder folder;
  const Session session = open_session();
  const std::string path = folder.path() + "/cleaned";
  value_of(
      session,
      "import asyncio\nasync def work():\n    try: await asyncio.sleep(3600)\n    finally:\n        await asyncio.sleep(0)\n"
      "        open(" +
          py_quote(path) +
          ", 'w').close()\n"
          "task = asyncio.create_task(work())\nawait asyncio.sleep(0)");
  CHECK(!exists(path));
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK(exists(path));
}

CAPSULE_TEST(idle_tasks_go_on_while_no_execution_runs) {
  SessionOptions options;
  options.raw.idle_tasks = 1;
  const Session session = open_session(options);
  const TempFolder folder;
  const std::string path = folder.path() + "/idle";
  const UniqueFd written = open_fifo(path);
  value_of(
      session,
      "import asyncio\nasync def work():\n    await asyncio.sleep(0.02)\n    file = open(" + py_quote(path) +
          ", 'w')\n    print('x', file=file, flush=True)\n    await asyncio.sleep(3600)\ntask = asyncio.create_task(work())\n"
          "await asyncio.sleep(0)");
  CHECK(wait_readable(written.get(), Deadline()));
  CHECK_EQ(value_of(session, "task.done()"), "False");
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'served')"), "'served'");
}

CAPSULE_TEST(idle_tasks_that_end_in_system_exit_leave_the_others) {
  SessionOptions options;
  options.raw.idle_tasks = 1;
  const Session session = open_session(options);
  const TempFolder folder;
  const std::string path = folder.path() + "/idle";
  const UniqueFd written = open_fifo(path);
  value_of(
      session,
      "import asyncio, sys\nasync def leave():\n    await asyncio.sleep(0.01)\n    sys.exit(1)\n"
      "async def work():\n    await asyncio.sleep(0.05)\n    file = open(" +
          py_quote(path) +
          ", 'w')\n    print('x', file=file, flush=True)\ntasks = [asyncio.create_task(leave()), asyncio.create_task(work())]\n"
          "await asyncio.sleep(0)");
  CHECK(wait_readable(written.get(), Deadline()));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(without_idle_tasks_they_wait_for_the_next_execution_on_the_loop) {
  const Session session = open_session();
  value_of(session,
           "import asyncio, time\nran = False\nasync def work():\n    global ran\n    await asyncio.sleep(0.01)\n"
           "    ran = True\ntask = asyncio.create_task(work())\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(session, "time.sleep(0.05)\nran"), "False");
  CHECK_EQ(value_of(session, "ran"), "False");
  CHECK_EQ(value_of(session, "await task\nran"), "True");
}
