// Cancel of code that awaits: CancelledError inside, told like the KeyboardInterrupt of synchronous code.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

void check_interrupted(const Event &end) {
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "interrupted");
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
  CHECK(end.state_preserved);
}

// Cancels the source once it has printed "in"; returns the terminal event.
Event cancel_in(Run &run) {
  run.until_output("in\n");
  const Stopwatch watch;
  run.cancel(kPatienceMs);
  const Event end = run.end();
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(0));
  return end;
}

}  // namespace

CAPSULE_TEST(a_sleep_is_canceled) {
  const Session session = open_session();
  Run run(session, "import asyncio\nprint('in', flush=True)\nawait asyncio.sleep(3600)");
  const Event end = cancel_in(run);
  check_interrupted(end);
  CHECK_CONTAINS(*end.traceback, "await asyncio.sleep(3600)");
  CHECK_EQ(end.traceback->find("<capsule>"), std::string::npos);
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'usable')"), "'usable'");
  CHECK_EQ(info_of(session).executions_canceled, 1);
}

CAPSULE_TEST(the_code_sees_cancelled_error_and_cleans_up) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
log = []
try:
    print('in', flush=True)
    await asyncio.sleep(3600)
except asyncio.CancelledError:
    log.append('cancelled')
    raise
finally:
    await asyncio.sleep(0.02)
    print('cleaned')
    log.append('finally'))");
  check_interrupted(cancel_in(run));
  CHECK_EQ(run.out(), "in\ncleaned\n");
  CHECK_EQ(value_of(session, "log"), "['cancelled', 'finally']");
}

CAPSULE_TEST(gather_takes_its_children_along) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
ended = []
async def child(i):
    try: await asyncio.sleep(3600)
    finally: ended.append(i)
async def report(): print('in', flush=True)
await asyncio.gather(child(0), child(1), child(2), report()))");
  check_interrupted(cancel_in(run));
  CHECK_EQ(value_of(session, "sorted(ended)"), "[0, 1, 2]");
}

CAPSULE_TEST(other_tasks_survive) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
go = asyncio.Event()
async def work():
    await go.wait()
    return 'survived'
task = asyncio.create_task(work())
await asyncio.sleep(0)
print('in', flush=True)
await asyncio.sleep(3600))");
  check_interrupted(cancel_in(run));
  CHECK_EQ(value_of(session, "go.set()\nawait task"), "'survived'");
}

CAPSULE_TEST(synchronous_code_that_blocks_the_loop_is_interrupted) {
  const Session session = open_session();
  for (const char *blocking : {"time.sleep(3600)", "while True: x = 1", "queue.Queue().get()"}) {
    Run run(session, std::string("import asyncio, time, queue\nasync def block():\n    await asyncio.sleep(0)\n"
                                 "    print('in', flush=True)\n    ") +
                         blocking + "\nawait block()");
    check_interrupted(cancel_in(run));
  }
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'usable')"), "'usable'");
}

CAPSULE_TEST(a_task_that_blocks_the_loop_is_interrupted_with_the_execution) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio, time
async def block():
    print('in', flush=True)
    time.sleep(3600)
task = asyncio.create_task(block())
try:
    await asyncio.sleep(3600)
finally:
    print('cleaned'))");
  check_interrupted(cancel_in(run));
  CHECK_EQ(run.out(), "in\ncleaned\n");
  CHECK_EQ(value_of(session, "type(task.exception()).__name__"), "'KeyboardInterrupt'");
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'usable')"), "'usable'");
}

CAPSULE_TEST(a_callback_that_blocks_the_loop_is_interrupted) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio, time
def block():
    print('in', flush=True)
    time.sleep(3600)
asyncio.get_running_loop().call_soon(block)
await asyncio.sleep(3600))");
  check_interrupted(cancel_in(run));
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, 'usable')"), "'usable'");
}

CAPSULE_TEST(code_that_swallows_cancelled_error_is_killed) {
  const Session session = open_session();
  Run run(session, R"(
import asyncio
print('in', flush=True)
while True:
    try: await asyncio.sleep(3600)
    except BaseException: pass)");
  run.until_output("in\n");
  run.cancel(400);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "canceled");
  CHECK_EQ(end.cancel_phase, "killed");
  CHECK(!end.state_preserved);
}

CAPSULE_TEST(code_that_ends_by_itself_after_the_cancel_is_told_as_delivered) {
  const Session session = open_session();
  Run run(session,
          "import asyncio\ntry:\n    print('in', flush=True)\n    await asyncio.sleep(3600)\n"
          "except asyncio.CancelledError:\n    pass\n'went on'");
  const Event end = cancel_in(run);
  CHECK_EQ(end.outcome, "ok");
  CHECK_EQ(end.repr, "'went on'");
  CHECK_EQ(end.cancel_phase, "delivered");
}

CAPSULE_TEST(cancelled_error_of_the_code_s_own_is_an_error) {
  const Session session = open_session();
  Run run(session, "import asyncio\ntask = asyncio.ensure_future(asyncio.sleep(3600))\ntask.cancel()\nawait task");
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "asyncio.exceptions.CancelledError");
  CHECK_EQ(end.cancel_phase, "none");
}

CAPSULE_TEST(an_interrupt_is_told_as_keyboardinterrupt) {
  const Session session = open_session();
  Run run(session, "import asyncio\nprint('in', flush=True)\nawait asyncio.sleep(3600)");
  run.until_output("in\n");
  run.interrupt();
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
  CHECK_EQ(end.cancel_phase, "none");
}

CAPSULE_TEST(a_timeout_ends_code_that_awaits) {
  const Session session = open_session();
  Run run(session, "import asyncio\nawait asyncio.sleep(3600)", ExecutionOptions::with_timeout_ms(50));
  const Event end = run.end();
  CHECK_EQ(end.outcome, "timeout");
  CHECK_EQ(end.cancel_phase, "interrupted");
}

CAPSULE_TEST(a_cancel_at_any_moment_of_the_start_is_effective) {  // W-24
  const Session session = open_session();
  value_of(session, "import asyncio\nasync def nap(): await asyncio.sleep(3600)\nawait asyncio.sleep(0)");
  for (int i = 0; i < 50; ++i) {
    Run run(session, "ran = await nap()");
    run.until(CAPSULE_EVENT_STARTED);
    run.cancel(kPatienceMs);
    check_interrupted(run.end());
  }
  CHECK_EQ(value_of(session, "'ran' in globals()"), "False");
}

CAPSULE_TEST(a_cancel_after_the_end_is_counted_and_changes_nothing) {
  const Session session = open_session();
  Run run(session, "import asyncio\nawait asyncio.sleep(0, 1)");
  CHECK_EQ(run.end().repr, "1");
  run.cancel();
  CHECK_EQ(info_of(session).cancels_noop, 1);
  CHECK_EQ(value_of(session, "await asyncio.sleep(0.01, 2)"), "2");
}
