// What a source is, told from its syntax tree, and what that found, counted.
#include "log.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_with(std::uint32_t flags) {
  SessionOptions options;
  options.raw.async_flags = flags;
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
  CHECK_CONTAINS(line, "event=blocking_import session=" + std::to_string(info_of(session).session_id) +
                           " source=worker execution=1 detail=time");
  CHECK_LACKS(line, "canary");
  const Session calls = open_session();
  value_of(calls, "import time\ntime.sleep(0)");
  const std::string whose = "session=" + std::to_string(info_of(calls).session_id);
  CHECK_CONTAINS(log.wait_for("event=blocking_call " + whose), " source=worker execution=1 detail=time.sleep");
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

CAPSULE_TEST(an_await_is_one_where_the_tree_has_it_and_nowhere_else) {  // W-28
  const Session session = open_session();
  value_of(session, "import asyncio\nasync def y():\n    yield 1\nasync def g(): return 2");
  for (const char *source : {"[x async for x in y()]", "{x async for x in y()}", "[await g() for _ in '1']", "f'{await g()}'",
                             "await g()", "if True:\n    await g()", "async with asyncio.Lock(): pass",
                             "async for x in y(): pass", "def f(a=await g()): pass", "class A(type(await g())): pass"}) {
    CHECK_EQ(class_of(session, source), "top_level_await");
  }
  for (const char *source : {"'await'", "x = 'await g()'", "# await g()\nx = 1", "'''async for x in y(): await g()'''",
                             "awaited = 1", "x = {'async with': 1}\nx", "lambda: 'await'", "def f(): return 'await'"}) {
    CHECK_EQ(class_of(session, source), "simple_sync");
  }
  for (const char *source :
       {"async def f(): await g()", "def f():\n    async def h(): await g()\n    return h",
        "class A:\n    async def m(self): return [x async for x in y()]", "import time\nasync def f(): time.sleep(1)"}) {
    CHECK_EQ(class_of(session, source), "async_def");
  }
  CHECK_EQ(async_metrics_of(session).errors, 0);
}

CAPSULE_TEST(one_line_without_parentheses_is_classified_as_any_other) {
  const Session session = open_session();
  const auto tallies = [&] {
    const capsule_async_metrics metrics = async_metrics_of(session);
    return std::vector<std::uint64_t>{metrics.mode_simple_sync, metrics.mode_blocking_sync, metrics.mode_unknown};
  };
  for (const char *source : {"1", "x = 1", "x", "x\n", "'a' 'b'", "x; x", "pass", "del x", "import math"}) {
    CHECK_EQ(class_of(session, source), "simple_sync");
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({9, 0, 0}));
  for (const char *source : {"import time", "from os import path", "import os.path as p", "import math, time\n"}) {
    CHECK_EQ(class_of(session, source), "blocking_sync");
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({9, 4, 0}));
  CHECK_EQ(async_metrics_of(session).detected_blocking_imports, 4);
  std::uint64_t unknown = 0;
  for (const char *source : {"1 +", "x = = 1", "'open", "  1", "x y"}) {
    CHECK_EQ(class_of(session, source), "unknown");
    CHECK_EQ(tallies(), std::vector<std::uint64_t>({9, 4, ++unknown}));
  }
  // An error at run time says nothing against the source.
  CHECK_EQ(class_of(session, "no_such_name"), "simple_sync");
}

CAPSULE_TEST(what_is_no_python_is_unknown_with_its_error) {
  const Session session = open_session();
  for (const char *source : {"def (", "x = = 1\nprint('never')", "(", "if True:\nprint('never')", "await", "1 +"}) {
    Run run(session, source);
    const Event &end = run.end();
    CHECK_EQ(end.code_class, "unknown");
    CHECK_EQ(end.outcome, "error");
    CHECK(end.error_type == "SyntaxError" || end.error_type == "IndentationError");
    CHECK(!end.message.empty());
    CHECK_CONTAINS(end.traceback.value_or(""), "File \"<execution ");
    CHECK_LACKS(end.traceback.value_or(""), "<capsule>");
    CHECK_EQ(run.output(), "");
  }
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.mode_unknown, 6);
  CHECK_EQ(metrics.executions, 0);
  CHECK_EQ(metrics.ast_fallbacks, 0);
}

// What the parser takes and the compiler does not: the class that the end tells is the one that is counted.
CAPSULE_TEST(what_parses_and_does_not_compile_is_counted_as_it_is_told) {
  const Session session = open_session();
  std::uint64_t unknown = 0;
  for (const char *source : {"return 1", "nonlocal x", "lambda: await x", "import time\nbreak", "def f(): return await x"}) {
    Run run(session, source);
    CHECK_EQ(run.end().error_type, "SyntaxError");
    CHECK_EQ(run.end().code_class, "unknown");
    const capsule_async_metrics metrics = async_metrics_of(session);
    CHECK_EQ(metrics.mode_unknown, ++unknown);
    CHECK_EQ(metrics.mode_simple_sync + metrics.mode_blocking_sync + metrics.mode_top_level_await, 0);
  }
}

CAPSULE_TEST(each_method_of_each_module_counts_once_a_call) {
  const Session session = open_session();
  const struct {
    const char *module;
    std::vector<const char *> methods;
  } table[] = {{"time", {"sleep", "wait"}},
               {"socket", {"recv", "send", "accept", "connect"}},
               {"requests", {"get", "post", "put", "delete", "patch", "head", "options"}},
               {"urllib", {"urlopen"}},
               {"os", {"system"}},
               {"subprocess", {"run", "Popen", "call", "check_call", "check_output"}},
               {"pathlib", {"read_text", "read_bytes", "write_text", "write_bytes"}}};
  std::uint64_t calls = 0;
  std::uint64_t imports = 0;
  for (const auto &[module, methods] : table) {
    const std::string name = module;
    for (const std::string method : methods) {
      // Of the module, of what its functions give, and from it: none is run.
      for (const std::string &source : {"import " + name + "\n    " + name + "." + method + "()",
                                        "import " + name + " as m\n    m.A[0].b().c." + method + "()",
                                        "from " + name + " import " + method + " as f\n    f()",
                                        "import " + name + ".sub\n    " + name + "." + method + "(1, k=2)"}) {
        CHECK_EQ(class_of(session, "def never():\n    " + source), "blocking_sync");
        CHECK_EQ(async_metrics_of(session).detected_blocking_calls, ++calls);
        CHECK_EQ(async_metrics_of(session).detected_blocking_imports, ++imports);
      }
    }
    // Other attributes of it do not count; its import does.
    CHECK_EQ(class_of(session, "def never():\n    import " + name + "\n    " + name + ".harmless()"), "blocking_sync");
    CHECK_EQ(async_metrics_of(session).detected_blocking_calls, calls);
    CHECK_EQ(async_metrics_of(session).detected_blocking_imports, ++imports);
  }
  CHECK_EQ(calls, 24 * 4);
  // A method that blocks is none of another module's; what is relative is none of the table.
  for (const char *source : {"import json\n    json.sleep()", "from json import get\n    get()",
                             "from . import time\n    time.sleep()", "from .time import sleep\n    sleep()"}) {
    CHECK_EQ(class_of(session, std::string("def never():\n    ") + source), "simple_sync");
  }
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, calls);
  CHECK_EQ(async_metrics_of(session).missed_attribute_chains, 0);
}

CAPSULE_TEST(calls_in_a_source_are_counted_one_by_one_and_its_imports_once) {
  const Session session = open_session();
  CHECK_EQ(class_of(session,
                    "if False:\n    import os, time, socket\n    time.sleep(1); time.sleep(2)\n    open('x'); input()\n"
                    "    def deep(): return [os.system('x') for _ in range(3)]"),
           "blocking_sync");
  capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.detected_blocking_imports, 1);
  CHECK_EQ(metrics.detected_blocking_calls, 5);
  // Whatever the class.
  class_of(session, "async def never(): open('x')");
  class_of(session, "async def f(): pass\nawait f()\nif False: open('x')");
  metrics = async_metrics_of(session);
  CHECK_EQ(metrics.detected_blocking_imports, 1);
  CHECK_EQ(metrics.detected_blocking_calls, 7);
  CHECK_EQ(metrics.mode_async_def + metrics.mode_top_level_await, 2);
}

CAPSULE_TEST(chains_that_begin_with_no_name_or_are_too_deep_are_missed) {
  const Session session = open_session();
  const auto missed = [&](const std::string &source) {
    const std::uint64_t before = async_metrics_of(session).missed_attribute_chains;
    CHECK_EQ(class_of(session, "def never():\n    " + source), "simple_sync");
    return async_metrics_of(session).missed_attribute_chains - before;
  };
  CHECK_EQ(missed("'a'.strip()"), 1);
  CHECK_EQ(missed("[].append(1); {}.get(2); (1 + 2).bit_length()"), 3);
  CHECK_EQ(missed("'a'.strip().lower()"), 2);
  CHECK_EQ(missed("a.b(); a().b(); a[0].b(); a(1)[2].b.c()"), 0);
  CHECK_EQ(missed("(lambda: 0)()"), 0);
  std::string chain = "a";
  for (int i = 0; i < 50; ++i) {
    chain += ".b";
  }
  CHECK_EQ(missed(chain + "()"), 0);
  CHECK_EQ(missed(chain + ".b()"), 1);
}

CAPSULE_TEST(each_way_to_bind_a_name_guards_the_calls_behind_it) {
  const Session session = open_session();
  const char *const binders[] = {"open = print",
                                 "first, (open, *rest) = 1, (print,)",
                                 "[open] = [print]",
                                 "for open in [print]: pass",
                                 "open: object = print",
                                 "import contextlib\nwith contextlib.nullcontext(print) as open: pass",
                                 "try: pass\nexcept Exception as open: pass",
                                 "class open: pass",
                                 "async def open(): pass",
                                 "def open(): pass"};
  std::uint64_t skips = 0;
  for (const char *binder : binders) {
    const std::string source = std::string(binder) + "\nif False: open('x')";
    const std::string expected = std::string(binder).starts_with("async") ? "async_def" : "simple_sync";
    CHECK_EQ(class_of(session, source), expected);
    CHECK_EQ(async_metrics_of(session).overshadow_guard_skips, ++skips);
  }
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, 0);
  // Bound later, in a block, in a function, by nothing but a note of its type, or in another source: not guarded.
  for (const char *source :
       {"if False: open('x')\nopen = 1", "if True: open = 1\nif False: open('x')", "def f(open): open('x')",
        "open: int\nif False: open('x')", "if False: open('x')", "if False: open('x'); open = 1"}) {
    CHECK_EQ(class_of(session, source), "blocking_sync");
  }
  CHECK_EQ(async_metrics_of(session).overshadow_guard_skips, skips);
  CHECK_EQ(class_of(session, "import time\ntime = 0\nif False: time.sleep(1)"), "blocking_sync");  // for its import
  CHECK_EQ(async_metrics_of(session).overshadow_guard_skips, skips + 1);
  // A name that would not have counted is no skip.
  CHECK_EQ(class_of(session, "mine = 1\nif False: mine(); mine.sleep()"), "simple_sync");
  CHECK_EQ(async_metrics_of(session).overshadow_guard_skips, skips + 1);
}

CAPSULE_TEST(of_two_imports_of_one_name_the_later_counts) {
  const Session session = open_session();
  CHECK_EQ(class_of(session, "def never():\n    from time import sleep\n    from math import sleep\n    sleep(1)"),
           "blocking_sync");
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, 0);
  CHECK_EQ(class_of(session, "def never():\n    from math import sleep\n    from time import sleep\n    sleep(1)"),
           "blocking_sync");
  CHECK_EQ(async_metrics_of(session).detected_blocking_calls, 1);
}

CAPSULE_TEST(without_the_import_requirement_only_the_name_counts) {
  const Session strict = open_session();
  const Session loose = open_with(CAPSULE_ASYNC_NO_IMPORT_REQUIREMENT);
  for (const Session *session : {&strict, &loose}) {
    value_of(*session, "def never():\n    time.sleep(1); requests.get('x'); other.sleep(1)\n    sleep(1)");
    value_of(*session, "def never():\n    import math as time\n    time.sleep(1)");
  }
  CHECK_EQ(async_metrics_of(strict).detected_blocking_calls, 0);
  CHECK_EQ(async_metrics_of(loose).detected_blocking_calls, 2);
  CHECK_EQ(async_metrics_of(loose).detected_blocking_imports, 0);
}

CAPSULE_TEST(each_rewrite_has_its_flag_and_its_limits) {
  const char *const def = "import asyncio\ndef slow(): return await asyncio.sleep(0, 1)";
  const char *const lambda = "import asyncio\nlater = lambda: await asyncio.sleep(0, 2)";
  const Session defs = open_with(CAPSULE_ASYNC_REWRITE_DEF);
  CHECK_EQ(class_of(defs, def), "async_def");
  CHECK_EQ(Run(defs, lambda).end().error_type, "SyntaxError");
  CHECK_EQ(value_of(defs, "await slow()"), "1");
  const Session lambdas = open_with(CAPSULE_ASYNC_REWRITE_LAMBDA);
  CHECK_EQ(class_of(lambdas, lambda), "async_def");
  CHECK_EQ(Run(lambdas, def).end().error_type, "SyntaxError");
  CHECK_EQ(value_of(lambdas, "await later()"), "2");
  for (const Session *session : {&defs, &lambdas}) {
    for (const char *source : {"lambda: await x", "f = lambda a: await x", "f = g = lambda: await x",
                               "class A:\n    def m(self): await x", "def f():\n    def g(): await x"}) {
      CHECK_EQ(Run(*session, source).end().error_type, "SyntaxError");
    }
  }
  CHECK_EQ(async_metrics_of(defs).ast_def_rewrites + async_metrics_of(lambdas).ast_lambda_helpers, 2);
  CHECK_EQ(async_metrics_of(defs).ast_lambda_helpers + async_metrics_of(lambdas).ast_def_rewrites, 0);
}

CAPSULE_TEST(the_fallback_leaves_names_lines_and_errors_as_they_are) {
  const Session session = open_session();
  CHECK_EQ(value_of(session,
                    "'''doc'''\nfrom __future__ import annotations\nimport asyncio as aio\nwait = aio.sleep\n"
                    "await wait(0)\nn: int = 1\nfor i in range(3): pass\ndef q(): return n + i\nclass C: v = q()\n"
                    "if n: return globals() is locals(), q(), C.v, q.__module__\nn"),
           "(True, 3, 3, '__main__')");
  CHECK_EQ(value_of(session, "n = 10\naio.__name__, i, q(), C.v, [k for k in globals() if 'async' in k]"),
           "('asyncio', 2, 12, 3, [])");
  CHECK_EQ(value_of(session, "await wait(0)\nif not n: return 1\nn + 1"), "11");
  CHECK_EQ(value_of(session, "await wait(0)\nreturn"), "");
  CHECK_EQ(async_metrics_of(session).ast_fallbacks, 3);
  Run failing(session, "await wait(0)\nkept = 'yes'\n1 / 0\nreturn");
  CHECK_CONTAINS(*failing.end().traceback, "File \"<execution 5>\", line 3, in <module>\n    1 / 0\n");
  CHECK_LACKS(*failing.end().traceback, "<capsule>");
  CHECK_EQ(value_of(session, "kept"), "'yes'");
  for (const char *source : {"await wait(0)\nyield 1", "return 1", "await wait(0)\nbreak\nreturn"}) {
    CHECK_EQ(Run(session, source).end().error_type, "SyntaxError");
  }
  CHECK_EQ(async_metrics_of(session).ast_fallbacks, 4);
}

CAPSULE_TEST(each_warning_is_told_once_a_session_and_holds_none_of_the_source) {  // I7
  LogSpy log(CAPSULE_LOG_INFO);
  const Session session = open_session();
  const char *const source = "def canary():\n    import requests as canary2\n    canary2.get('canary3')\n    open('canary4')";
  for (int i = 0; i < 3; ++i) {
    value_of(session, source);
  }
  value_of(session, "def never():\n    import requests\n    requests.get(1), requests.get(2), requests.post(3)");
  const std::string whose = " session=" + std::to_string(info_of(session).session_id) + " source=worker ";
  const std::string records[] = {"event=blocking_import" + whose + "execution=1 detail=requests",
                                 "event=blocking_call" + whose + "execution=1 detail=requests.get",
                                 "event=blocking_call" + whose + "execution=1 detail=open",
                                 "event=blocking_call" + whose + "execution=4 detail=requests.post"};
  for (const std::string &record : records) {
    log.wait_for(record);
  }
  CHECK_EQ(log.lines("event=blocking_").size(), std::size(records));
  CHECK_EQ(log.lines("canary").size(), 0);
  CHECK_EQ(async_metrics_of(session).blocking_warnings, 4);
  CHECK_EQ(async_metrics_of(session).blocking_warnings_suppressed, 2 * 3 + 3);
  // Another session is told anew; a quiet one nothing.
  value_of(open_with(CAPSULE_ASYNC_NO_BLOCKING_WARNINGS), source);
  CHECK_EQ(log.lines("event=blocking_").size(), std::size(records));
  const Session other = open_session();
  value_of(other, source);
  log.wait_for("event=blocking_import session=" + std::to_string(info_of(other).session_id) + " ");
}
