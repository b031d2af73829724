// Sources that await at the top level: what they may hold, what they give, and the one loop they share.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kHelpers = R"(
import asyncio
async def give(value): await asyncio.sleep(0); return value
async def count(n):
    for i in range(n): yield await give(i)
class Managed:
    async def __aenter__(self): return await give('entered')
    async def __aexit__(self, *error): print('left')
)";

Session session_with_helpers() {
  Session session = open_session();
  value_of(session, kHelpers);
  return session;
}

}  // namespace

CAPSULE_TEST(await_gives_the_value) {
  const Session session = session_with_helpers();
  CHECK_EQ(value_of(session, "await give(42)"), "42");
  CHECK_EQ(value_of(session, "x = await give(1)\nx + await give(2)"), "3");
  CHECK_EQ(value_of(session, "x"), "1");
  CHECK_EQ(value_of(session, "y = await give(5)"), "");
  CHECK_EQ(value_of(session, "await give(None)"), "");
}

CAPSULE_TEST(each_asynchronous_construct_may_stand_at_the_top) {
  const Session session = session_with_helpers();
  CHECK_EQ(value_of(session, "total = 0\nasync for i in count(4): total += i\ntotal"), "6");
  CHECK_EQ(printed_by(session, "async with Managed() as m: print(m)"), "entered\nleft\n");
  CHECK_EQ(value_of(session, "[i async for i in count(3)]"), "[0, 1, 2]");
  CHECK_EQ(value_of(session, "{i: [j async for j in count(i)] async for i in count(2)}"), "{0: [], 1: [0]}");
  CHECK_EQ(value_of(session, "[await give(i) for i in range(2)]"), "[0, 1]");
  CHECK_EQ(value_of(session, "f'{await give(7)}'"), "'7'");
  CHECK_EQ(value_of(session, "try:\n    await give(1) / 0\nexcept ZeroDivisionError: caught = True\ncaught"), "True");
  CHECK_EQ(value_of(session, "def with_default(x=await give(3)): return x\nwith_default()"), "3");
}

CAPSULE_TEST(the_trailing_expression_is_evaluated_once) {  // W-25
  const Session session = session_with_helpers();
  CHECK_EQ(value_of(session, "c = []\nawait give(0)\nc.append(1)"), "");
  CHECK_EQ(value_of(session, "c"), "[1]");
  CHECK_EQ(value_of(session, "c.append(await give(2))"), "");
  CHECK_EQ(value_of(session, "c"), "[1, 2]");
}

CAPSULE_TEST(globals_and_locals_are_the_session_s_namespace) {  // W-30
  const Session session = session_with_helpers();
  CHECK_EQ(value_of(session, "n = await give(1)\ndef q(): return n\nq()"), "1");
  CHECK_EQ(value_of(session, "n = 2\nawait give(q())"), "2");
  CHECK_EQ(value_of(session, "await give(0)\nglobals() is locals()"), "True");
  Run failing(session, "before = await give('kept')\nraise ValueError('later')");
  CHECK_EQ(failing.end().error_type, "ValueError");
  CHECK_EQ(value_of(session, "before"), "'kept'");
}

CAPSULE_TEST(an_error_shows_the_user_s_lines_only) {
  const Session session = session_with_helpers();
  Run run(session, "async def fail():\n    await give(0)\n    1 / 0\nx = 1\nawait fail()");
  const Event end = run.end();
  CHECK_EQ(end.error_type, "ZeroDivisionError");
  CHECK_EQ(end.traceback->find("capsule"), std::string::npos);
  CHECK_EQ(end.traceback->find("asyncio"), std::string::npos);
  CHECK_CONTAINS(*end.traceback, "line 5");
  CHECK_CONTAINS(*end.traceback, "    await fail()\n");
  CHECK_CONTAINS(*end.traceback, "line 3, in fail\n    1 / 0\n");
}

CAPSULE_TEST(what_ends_the_process_elsewhere_is_told_with_its_code) {
  const Session session = session_with_helpers();
  Run run(session, "import sys\nawait give(0)\nsys.exit(7)");
  const Event end = run.end();
  CHECK_EQ(end.error_type, "SystemExit");
  CHECK_EQ(end.exit_code, 7);
  CHECK_EQ(value_of(session, "await give('alive')"), "'alive'");
}

CAPSULE_TEST(awaiting_where_python_has_no_place_for_it_is_a_syntax_error) {
  const Session session = session_with_helpers();
  for (const char *source :
       {"lambda: await give(1)", "def f():\n    return await give(1)", "class A:\n    x = await give(1)"}) {
    Run run(session, source);
    const Event end = run.end();
    CHECK_EQ(end.error_type, "SyntaxError");
    CHECK_CONTAINS(end.message, "await");
  }
}

CAPSULE_TEST(all_executions_share_one_loop) {
  const Session session = session_with_helpers();
  value_of(session, "first = await give(asyncio.get_running_loop())");
  CHECK_EQ(value_of(session, "await give(asyncio.get_running_loop() is first)"), "True");
  CHECK_EQ(value_of(session, "event = asyncio.Event()\nawait give(0)"), "0");
  CHECK_EQ(value_of(session, "event.set()\nawait event.wait()"), "True");
}

CAPSULE_TEST(a_loop_that_the_user_closed_is_replaced) {
  const Session session = session_with_helpers();
  value_of(session, "old = await give(asyncio.get_running_loop())");
  value_of(session, "old.close()");
  CHECK_EQ(value_of(session, "await give(asyncio.get_running_loop() is old)"), "False");
}

CAPSULE_TEST(asyncio_run_works_beside_it) {
  const Session session = session_with_helpers();
  CHECK_EQ(value_of(session, "asyncio.run(give('own loop'))"), "'own loop'");
  CHECK_EQ(value_of(session, "await give('ours')"), "'ours'");
  CHECK_EQ(value_of(session, "asyncio.run(give('own again'))"), "'own again'");
}

CAPSULE_TEST(context_variables_persist) {
  const Session session = session_with_helpers();
  value_of(session, "import contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(await give(1))\nNone");
  CHECK_EQ(value_of(session, "v.get()"), "1");
  CHECK_EQ(value_of(session, "v.set(2)\nNone"), "");
  CHECK_EQ(value_of(session, "await give(v.get())"), "2");
}

CAPSULE_TEST(asyncio_is_imported_only_where_something_awaits) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "x = 1\nimport sys\n'asyncio' in sys.modules"), "False");
  value_of(session, "async def f(): pass\nawait f()");
  CHECK_EQ(value_of(session, "'asyncio' in sys.modules, 'asyncio' in globals()"), "(True, False)");
}

// The child has the loop's descriptors, and must not undo in them what the session's loop needs to be woken.
CAPSULE_TEST(a_forked_child_that_comes_to_its_end_leaves_the_loop_as_it_was) {
  const Session session = open_session();
  value_of(session, R"(
import asyncio, os, time
await asyncio.sleep(0)
parent = os.getpid()
os.fork()
await asyncio.sleep(0)
if os.getpid() == parent: os.wait()
None)");
  CHECK_EQ(value_of(session, "await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.05), 5)"), "");
}
