// What a source is, told from its syntax tree; what that found, counted; and the caches.
#include "log.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

capsule_async_metrics async_metrics_of(const Session &session) {
  capsule_async_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_session_get_async_metrics(session.get(), &metrics, error));
  return metrics;
}

std::string class_of(const Session &session, std::string_view source, ExecutionOptions options = {}) {
  Run run(session, source, std::move(options));
  return run.end().code_class;
}

Session open_with(std::uint32_t flags, std::uint32_t cache_entries = 100) {
  SessionOptions options;
  options.raw.async_flags = flags;
  options.raw.ast_cache_entries = cache_entries;
  options.raw.code_cache_entries = cache_entries;
  return open_session(options);
}

}  // namespace

CAPSULE_TEST(the_first_class_that_fits) {
  const Session session = open_session();
  CHECK_EQ(class_of(session, "import asyncio, time\nasync def f(): pass\nawait f()"), "top_level_await");
  CHECK_EQ(class_of(session, "import time\nasync def f(): pass"), "async_def");
  CHECK_EQ(class_of(session, "import time"), "blocking_sync");
  CHECK_EQ(class_of(session, "x = 1\ny = 2"), "simple_sync");
  CHECK_EQ(class_of(session, "'await'  # await"), "simple_sync");
  CHECK_EQ(class_of(session, "def ("), "unknown");
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.mode_top_level_await, 1);
  CHECK_EQ(metrics.mode_async_def, 1);
  CHECK_EQ(metrics.mode_blocking_sync, 1);
  CHECK_EQ(metrics.mode_simple_sync, 2);
  CHECK_EQ(metrics.mode_unknown, 1);
  CHECK_EQ(metrics.executions, 1);
  CHECK_EQ(metrics.successes, 1);
}

CAPSULE_TEST(a_forced_mode_costs_no_classification) {
  const Session session = open_session();
  ExecutionOptions options;
  options.raw.mode = CAPSULE_MODE_SYNC;
  CHECK_EQ(class_of(session, "import time\nprint(1)", options), "unclassified");
  options.raw.mode = CAPSULE_MODE_ASYNC;
  CHECK_EQ(class_of(session, "import time\nprint(1)", options), "unclassified");
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.mode_blocking_sync + metrics.mode_simple_sync + metrics.detected_blocking_imports, 0);
}

CAPSULE_TEST(every_row_of_the_tables_counts) {
  const Session session = open_session();
  const char *const modules[] = {"requests", "urllib", "socket", "subprocess", "sqlite3", "psycopg2",
                                 "pymongo",  "redis",  "time",   "os",         "shutil",  "pathlib"};
  for (const char *module : modules) {
    CHECK_EQ(class_of(session, std::string("def never():\n    import ") + module), "blocking_sync");
  }
  CHECK_EQ(async_metrics_of(session).detected_blocking_imports, std::size(modules));
  const char *const calls[] = {"time.sleep", "socket.recv",    "requests.get",     "requests.post",    "urllib.urlopen",
                               "os.system",  "subprocess.run", "subprocess.Popen", "pathlib.read_text"};
  for (const char *call : calls) {
    const std::string module = std::string(call).substr(0, std::string(call).find('.'));
    CHECK_EQ(class_of(session, "def never():\n    import " + module + "\n    " + call + "()"), "blocking_sync");
  }
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, std::size(calls));
  CHECK_EQ(class_of(session, "def never():\n    open('x')\n    input()"), "blocking_sync");
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, std::size(calls) + 2);
}

CAPSULE_TEST(a_name_that_was_bound_before_is_guarded) {
  const char *const source = "def open(*names): return 1\nopen('x')";
  const Session guarded = open_session();
  CHECK_EQ(class_of(guarded, source), "simple_sync");
  CHECK_EQ(async_metrics_of(guarded).overshadow_guard_skips, 1);
  const Session bare = open_with(CAPSULE_ASYNC_NO_OVERSHADOW_GUARD);
  CHECK_EQ(class_of(bare, source), "blocking_sync");
  CHECK_EQ(async_metrics_of(bare).overshadow_guard_skips, 0);
}

CAPSULE_TEST(a_module_s_call_needs_its_import_in_the_source) {
  const char *const source = "def never(): time.sleep(1)";
  CHECK_EQ(class_of(open_session(), source), "simple_sync");
  CHECK_EQ(class_of(open_with(CAPSULE_ASYNC_NO_IMPORT_REQUIREMENT), source), "blocking_sync");
}

CAPSULE_TEST(caches_count_and_are_bounded) {
  const Session session = open_with(0, 2);
  for (const char *source : {"print(1)", "print(2)", "print(1)", "print(3)", "print(2)"}) {
    class_of(session, source);
  }
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.ast_cache_hits, 1);
  CHECK_EQ(metrics.ast_cache_misses, 4);
  CHECK_EQ(metrics.ast_cache_evictions, 2);
  CHECK_EQ(metrics.code_cache_hits, 1);
  CHECK_EQ(metrics.code_cache_misses, 4);
  CHECK_EQ(metrics.code_cache_evictions, 2);
}

CAPSULE_TEST(a_source_that_comes_again_has_its_own_name_in_tracebacks) {
  const Session session = open_session();
  const char *const source = "def fail():\n    return (lambda: 1 / 0)()\nfail()";
  Run(session, source).end();
  Run again(session, source);
  again.end();
  CHECK_EQ(async_metrics_of(session).code_cache_hits, 1);
  CHECK_CONTAINS(*again.end().traceback, "File \"<execution 2>\", line 2, in fail");
  CHECK_LACKS(*again.end().traceback, "<execution 1>");
}

CAPSULE_TEST(rewrites_are_opt_in_and_counted) {
  const char *const source =
      "import asyncio\ndef slow(): return await asyncio.sleep(0, 1)\nlater = lambda: await asyncio.sleep(0, 2)";
  Run plain(open_session(), source);
  CHECK_EQ(plain.end().error_type, "SyntaxError");
  const Session session = open_with(CAPSULE_ASYNC_REWRITE_DEF | CAPSULE_ASYNC_REWRITE_LAMBDA);
  CHECK_EQ(class_of(session, source), "async_def");
  CHECK_EQ(value_of(session, "await slow() + await later()"), "3");
  CHECK_EQ(async_metrics_of(session).ast_def_rewrites, 1);
  CHECK_EQ(async_metrics_of(session).ast_lambda_helpers, 1);
  CHECK_EQ(async_metrics_of(session).ast_transforms, 1);
}

CAPSULE_TEST(a_return_beside_an_await_falls_back_to_a_coroutine) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import asyncio\nawait asyncio.sleep(0)\nkept = 1\nreturn kept + 1"), "2");
  CHECK_EQ(value_of(session, "kept"), "1");  // W-30
  CHECK_EQ(async_metrics_of(session).ast_fallbacks, 1);
}

CAPSULE_TEST(blocking_code_is_told_once_without_the_user_s_text) {  // I7
  LogSpy log(CAPSULE_LOG_INFO);
  const Session session = open_session();
  value_of(session, "import time as canary_alias");
  value_of(session, "import time as other_alias");
  const std::string line = log.wait_for("event=blocking_import");
  CHECK_CONTAINS(line, "detail=time execution=1");
  CHECK_LACKS(line, "canary");
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.blocking_warnings, 1);
  CHECK_EQ(metrics.blocking_warnings_suppressed, 1);
  const Session quiet = open_with(CAPSULE_ASYNC_NO_BLOCKING_WARNINGS);
  value_of(quiet, "import time");
  CHECK_EQ(async_metrics_of(quiet).blocking_warnings, 0);
  CHECK_EQ(async_metrics_of(quiet).detected_blocking_imports, 1);
}

CAPSULE_TEST(the_loop_s_ends_and_cancels_are_counted) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  Run failing(session, "await asyncio.sleep(0)\n1 / 0");
  failing.end();
  Run canceled(session, "print('in', flush=True)\nawait asyncio.sleep(1000)");
  canceled.until_output("in");
  canceled.cancel(kPatienceMs);
  CHECK_EQ(canceled.end().outcome, "canceled");
  capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.executions, 3);
  CHECK_EQ(metrics.successes, 1);
  CHECK_EQ(metrics.errors, 1);
  CHECK_EQ(metrics.canceled, 1);
  CHECK_EQ(metrics.cancels_requested, 1);
  CHECK_EQ(metrics.cancels_effective, 1);
  value_of(session, "task = asyncio.create_task(asyncio.sleep(1000))\nawait asyncio.sleep(0)");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(async_metrics_of(session).coroutines_closed, 1);
}
