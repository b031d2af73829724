// CAPSULE_MODE_…: automatic, and forced by execution or session.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

ExecutionOptions in_mode(std::int32_t mode) {
  ExecutionOptions options;
  options.raw.mode = mode;
  return options;
}

const char *const kOnLoop = R"(
import asyncio
def on_loop():
    try: asyncio.get_running_loop()
    except RuntimeError: return False
    return True
)";

}  // namespace

CAPSULE_TEST(automatic_is_on_the_loop_where_the_source_awaits) {
  const Session session = open_session();
  value_of(session, kOnLoop);
  CHECK_EQ(value_of(session, "on_loop()"), "False");
  CHECK_EQ(value_of(session, "x = 1\non_loop()"), "False");
  CHECK_EQ(value_of(session, "async def f(): pass\non_loop()"), "False");
  CHECK_EQ(value_of(session, "await asyncio.sleep(0)\non_loop()"), "True");
}

CAPSULE_TEST(forced_to_the_loop_synchronous_code_runs_there) {
  const Session session = open_session();
  value_of(session, kOnLoop);
  for (const char *source : {"on_loop()", "x = 1\non_loop()"}) {
    Run run(session, source, in_mode(CAPSULE_MODE_ASYNC));
    CHECK_EQ(run.end().repr, "True");
  }
  Run run(session, "task = asyncio.create_task(asyncio.sleep(0, 'made without an await'))", in_mode(CAPSULE_MODE_ASYNC));
  CHECK_EQ(run.end().repr, std::nullopt);
  CHECK_EQ(value_of(session, "await task"), "'made without an await'");
}

CAPSULE_TEST(forced_to_be_synchronous_await_is_a_syntax_error) {
  const Session session = open_session();
  value_of(session, kOnLoop);
  Run run(session, "await asyncio.sleep(0)", in_mode(CAPSULE_MODE_SYNC));
  const Event end = run.end();
  CHECK_EQ(end.error_type, "SyntaxError");
  CHECK_CONTAINS(end.message, "'await' outside function");
}

CAPSULE_TEST(the_session_s_mode_is_the_default) {
  SessionOptions options;
  options.raw.mode = CAPSULE_MODE_ASYNC;
  const Session session = open_session(options);
  value_of(session, kOnLoop);
  CHECK_EQ(value_of(session, "on_loop()"), "True");
  Run run(session, "on_loop()", in_mode(CAPSULE_MODE_SYNC));
  CHECK_EQ(run.end().repr, "False");
}

CAPSULE_TEST(a_cancel_works_in_each_mode) {
  const Session session = open_session();
  for (const std::int32_t mode : {CAPSULE_MODE_AUTO, CAPSULE_MODE_SYNC, CAPSULE_MODE_ASYNC}) {
    Run run(session, "import time\nprint('in', flush=True)\ntime.sleep(3600)", in_mode(mode));
    run.until_output("in");
    run.cancel(kPatienceMs);
    const Event end = run.end();
    CHECK_EQ(end.outcome, "canceled");
    CHECK_EQ(end.cancel_phase, "interrupted");
  }
}
