// Small things that code expects of the interpreter it runs in: exits, warnings, tracebacks, atexit, and a print() that is print().
#include "interpreters.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;
using namespace std::string_view_literals;

namespace {

Event error_of(const Session &session, std::string_view source) {
  Run run(session, source);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  CHECK_LACKS(end.traceback.value_or(""), "<capsule>");
  return end;
}

std::string traceback_of(const Session &session, std::string_view source) {
  return error_of(session, source).traceback.value_or("");
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) {
    ++count;
  }
  return count;
}

// In order of their appearance, with anything in between.
void check_in_order(std::string_view text, std::initializer_list<std::string_view> parts) {
  std::size_t at = 0;
  for (const std::string_view part : parts) {
    at = text.find(part, at);
    if (at == std::string_view::npos) {
      FAIL("there is no " + show(part) + " in its place in " + show(text));
    }
    at += part.size();
  }
}

// What the session prints after its end, on its last execution's handle.
std::string late_output_of(Run &run) {
  std::string text;
  for (;;) {
    EventStruct event;
    const capsule_status status = capsule_execution_next(run.get(), kPatienceMs, event.get(), nullptr);
    if (status == CAPSULE_E_END) {
      return text;
    }
    CHECK_EQ(status, CAPSULE_OK);
    CHECK_EQ(event->kind, CAPSULE_EVENT_OUTPUT);
    CHECK_EQ(event->late, 1);
    text += string_of(event->data);
  }
}

Session session_with_late_output() {
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  return open_session(options);
}

// Runs the source in a session that tells what comes late, closes it, and returns what came.
std::string printed_at_close(std::string_view source) {
  const Session session = session_with_late_output();
  Run run(session, source);
  run.late_may_follow = true;
  CHECK_EQ(run.end().outcome, "ok");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  return late_output_of(run);
}

}  // namespace

CAPSULE_TEST(sys_exit_is_told_with_its_code_wherever_it_is_called) {
  const Session session = open_session();
  value_of(session, "import sys, asyncio\ndef leave(code): sys.exit(code)\nclass Mine(SystemExit): pass");
  const struct {
    const char *source;
    int code;
  } exits[] = {{"leave(3)", 3},
               {"try: leave(4)\nfinally: print('cleaned')", 4},
               {"try: 1 / 0\nexcept ZeroDivisionError: leave(5)", 5},
               {"[leave(i) for i in (6, 7)]", 6},
               {"await asyncio.sleep(0)\nleave(8)", 8},
               {"exec('leave(9)')", 9},
               {"leave('a reason')", 1},
               {"leave(None)", 0}};
  for (const auto &[source, code] : exits) {
    const Event end = error_of(session, source);
    CHECK_EQ(end.error_type, "SystemExit");
    CHECK_EQ(end.exit_code, code);
    CHECK(end.state_preserved);
  }
  CHECK_EQ(error_of(session, "raise Mine(10)").exit_code, 10);
  CHECK_EQ(value_of(session, "try: leave(11)\nexcept SystemExit as e: code = e.code\ncode"), "11");
  CHECK_EQ(printed_by(session, "import threading\nt = threading.Thread(target=leave, args=[12])\nt.start(); t.join()"), "");
}

CAPSULE_TEST(a_warning_shows_once_an_execution) {
  const Session session = open_session();
  const char *const source = "import warnings\nfor i in range(3):\n    warnings.warn('look out')";
  for (int i = 1; i <= 2; ++i) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(count_of(run.err(), "UserWarning: look out"), 1);
    CHECK_CONTAINS(run.err(), "<execution " + show(i) + ">:3: UserWarning: look out\n  warnings.warn('look out')\n");
    CHECK_EQ(run.out(), "");
  }
  CHECK_EQ(printed_by(session, "warnings.simplefilter('ignore')\nwarnings.warn('look out')"), "");
  CHECK_EQ(error_of(session, "warnings.simplefilter('error')\nwarnings.warn('look out')").error_type, "UserWarning");
}

CAPSULE_TEST(a_warning_of_the_loop_s_code_shows_once_an_execution) {
  const Session session = open_session();
  for (int i = 0; i < 2; ++i) {
    Run run(session, "import asyncio, warnings\nfor i in range(3):\n    await asyncio.sleep(0)\n    warnings.warn('look out')");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(count_of(run.err(), "UserWarning: look out"), 1);
  }
}

CAPSULE_TEST(a_deprecation_shows_as_code_of_main_and_a_function_of_before_warns_again) {
  const Session session = open_session();
  value_of(session, "import warnings\ndef old(): warnings.warn('is old', DeprecationWarning)");
  for (int i = 0; i < 2; ++i) {
    const std::string text = printed_by(session, "old(); old()");
    CHECK_EQ(count_of(text, "DeprecationWarning: is old"), 1);
    CHECK_CONTAINS(text, "<execution 1>:2: DeprecationWarning");
  }
}

CAPSULE_TEST(a_warning_of_the_compiler_shows_once_whatever_way_a_source_is_compiled) {
  const Session session = open_session();
  value_of(session, "import asyncio");
  for (const char *source : {"1 is 1", "x = 1 is 1", "x = (1 is 1)\nx", "await asyncio.sleep(0)\n1 is 1",
                             "x = 1 is 1\nawait asyncio.sleep(0)\nif x: return x"}) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "ok");
    if (count_of(run.err(), "SyntaxWarning: ") != 1) {
      FAIL(show(source) + " warns as " + show(run.err()));
    }
    CHECK_CONTAINS(run.err(), "<execution ");
  }
}

CAPSULE_TEST(a_warning_of_the_compiler_shows_again_where_the_source_comes_again) {
  const Session session = open_session();
  for (const char *source : {"1 is 1", "x = (1 is 1)\nx"}) {
    for (int i = 0; i < 2; ++i) {
      CHECK_CONTAINS(printed_by(session, source), "SyntaxWarning: ");
    }
  }
}

CAPSULE_TEST(what_atexit_prints_comes_late_and_in_its_order) {
  CHECK_EQ(printed_at_close("import atexit\nfor word in ('last', 'first'): atexit.register(print, word)"), "first\nlast\n");
  CHECK_EQ(printed_at_close("import atexit, os\n_ = atexit.register(os.write, 1, b'at the descriptor\\n')"),
           "at the descriptor\n");
  CHECK_EQ(printed_at_close("import atexit, sys\n_ = atexit.register(print, 'no newline', end='', file=sys.stderr)"),
           "no newline");
  CHECK_EQ(printed_at_close("import atexit, asyncio\nawait asyncio.sleep(0)\n_ = atexit.register(print, 'after the loop')"),
           "after the loop\n");
}

CAPSULE_TEST(an_atexit_function_that_fails_is_told_and_hinders_no_other) {
  const std::string text = printed_at_close(
      "import atexit\n_ = atexit.register(print, 'other')\ndef failing(): 1 / 0\n_ = atexit.register(failing)");
  CHECK_CONTAINS(text, "ZeroDivisionError: division by zero");
  CHECK_CONTAINS(text, "in failing");
  CHECK_CONTAINS(text, "other\n");
  CHECK_LACKS(text, "<capsule>");
}

CAPSULE_TEST(what_atexit_prints_goes_to_the_last_execution_s_handle) {
  const Session session = session_with_late_output();
  Run first(session, "import atexit\n_ = atexit.register(print, 'bye')");
  first.late_may_follow = true;
  first.end();
  Run last(session, "1 + 1");
  last.late_may_follow = true;
  last.end();
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(late_output_of(last), "bye\n");
  CHECK_EQ(late_output_of(first), "");
  CHECK_EQ(info_of(session).late_output_delivered_bytes, 4);
}

CAPSULE_TEST(notes_and_chains_and_groups_read_as_python_prints_them) {
  const Session session = open_session();
  check_in_order(traceback_of(session, R"(
try:
    try:
        1 / 0
    except ZeroDivisionError as e:
        e.add_note('first note')
        e.add_note('second\nin two lines')
        raise KeyError('direct') from e
except KeyError:
    raise ValueError('in handling'))"),
                 {"Traceback (most recent call last):\n", "    1 / 0\n",
                  "ZeroDivisionError: division by zero\nfirst note\nsecond\nin two lines\n",
                  "direct cause of the following exception:\n", "raise KeyError('direct') from e\n", "KeyError: 'direct'\n",
                  "During handling of the above exception, another exception occurred:\n", "ValueError: in handling\n"});
  const Event group = error_of(session, R"(
def failing(kind):
    try: raise kind('inner')
    except kind as e:
        e.add_note('noted')
        return e
raise ExceptionGroup('outer', [failing(ValueError), ExceptionGroup('nested', [failing(KeyError)])]))");
  CHECK_EQ(group.error_type, "ExceptionGroup");
  CHECK_EQ(group.message, "outer (2 sub-exceptions)");
  check_in_order(*group.traceback, {"ExceptionGroup: outer (2 sub-exceptions)\n", "+-+---------------- 1 ----------------\n",
                                    "in failing\n", "ValueError: inner\n", "noted\n",
                                    "ExceptionGroup: nested (1 sub-exception)\n", "KeyError: 'inner'\n", "noted\n"});
  check_in_order(traceback_of(session,
                              "import asyncio\nasync def fail(): raise OSError('in a task')\n"
                              "async with asyncio.TaskGroup() as g: g.create_task(fail())"),
                 {"ExceptionGroup: unhandled errors in a TaskGroup", "OSError: in a task\n"});
}

CAPSULE_TEST(lines_of_functions_of_earlier_executions_are_shown) {
  const Session session = open_session();
  value_of(session, "import asyncio\nclass Earlier:\n    def fail(self):\n        return 1 / 0  # here");
  value_of(session, "async def middle():\n    await asyncio.sleep(0)\n    return Earlier().fail()");
  check_in_order(
      traceback_of(session, "await middle()"),
      {"File \"<execution 3>\", line 1, in <module>\n    await middle()\n", "File \"<execution 2>\", line 3, in middle\n",
       "File \"<execution 1>\", line 4, in fail\n    return 1 / 0  # here\n"});
}

CAPSULE_TEST(a_recursion_error_leaves_the_session_working) {
  const Session session = open_session();
  value_of(session,
           "import asyncio, sys\ndef f(): return f()\nasync def g(): return await g()\nclass R:\n    def __str__(self): return "
           "str(self)");
  for (int i = 0; i < 3; ++i) {
    for (const char *source : {"f()", "await g()", "print(R())", "[f() for _ in range(2)]"}) {
      const Event end = error_of(session, source);
      CHECK_EQ(end.error_type, "RecursionError");
      CHECK_CONTAINS(end.traceback.value_or(""), "[Previous line repeated");
      CHECK(end.state_preserved);
    }
    CHECK_EQ(printed_by(session, "await asyncio.sleep(0)\nprint('on')"), "on\n");
  }
  CHECK_CONTAINS(value_of(session, "value = []\nfor _ in range(100_000): value = [value]\nvalue"), "RecursionError");
  CHECK_EQ(value_of(session, "value = None\n1 + 1"), "2");
}

CAPSULE_TEST(what_the_engine_s_own_functions_raise_has_no_frame_of_theirs) {
  const Session session = open_session();
  value_of(session, "import sys, threading, concurrent.futures, getpass, io");
  for (const char *source : {"progress('x')",
                             "progress(1, label=2)",
                             "progress()",
                             "display(1, raw=True)",
                             "display(1, metadata=2)",
                             "update_display(1)",
                             "update_display(1, display_id=[])",
                             "sys.stdin.readline('x')",
                             "sys.stdin.read('x')",
                             "sys.stdin.buffer.read('x')",
                             "sys.stdin.write('x')",
                             "input(1, 2)",
                             "getpass.getpass(1, 2, 3, 4)",
                             "t = threading.Thread()\nt.start()\nt.start()",
                             "concurrent.futures.ThreadPoolExecutor(1).submit(lambda: 1 / 0).result()",
                             "sys.stdout.write(1)",
                             "sys.stdout.buffer.write('x')",
                             "print(sep=1)",
                             "print('x', file=5)",
                             "await 1",
                             "await progress('x')",
                             "import no_such_module",
                             "import threading.no_such_module"}) {
    // What fails is said with the source, as there are many.
    Run run(session, source);
    while (!run.next().terminal()) {
      if (run.events().back().kind == CAPSULE_EVENT_INPUT) {
        run.answer("a line");
      }
    }
    const Event end = run.end();
    const std::string text = end.traceback.value_or("");
    if (end.outcome != "error" || count_of(text, "<capsule>") + count_of(text, "capsule.") != 0 ||
        count_of(text, "<module>") != 1) {
      FAIL(show(source) + " ends as " + end.outcome + " with " + show(text));
    }
  }
}

CAPSULE_TEST(what_the_user_s_methods_raise_in_display_has_their_frames) {
  const Session session = open_session();
  value_of(session, R"(
class Failing:
    def _repr_html_(self): raise self.error
    def __repr__(self): return 'Failing()'
failing = Failing()
None)");
  // An error of the protocol's method is told on stderr, and what leaves the code ends it.
  value_of(session, "failing.error = ValueError('in html')");
  Run told(session, "display(failing)");
  CHECK_EQ(told.end().outcome, "ok");
  CHECK_CONTAINS(told.err(), "ValueError: in html");
  CHECK_LACKS(told.err(), "<capsule>");
  value_of(session, "failing.error = SystemExit(3)");
  const Event end = error_of(session, "display(failing)");
  CHECK_EQ(end.exit_code, 3);
  CHECK_CONTAINS(*end.traceback, "in _repr_html_\n");
}

// The interpreter's own frames have lines that a reader can look up; ours do not.
CAPSULE_TEST(tracebacks_that_the_code_itself_prints_have_no_frame_of_the_engine) {
  const Session session = open_session();
  value_of(session, "import sys, threading, traceback");
  for (const char *source :
       {"progress('x')", "display(1, raw=True)", "sys.stdin.readline('x')", "t = threading.Thread(); t.start(); t.start()"}) {
    const std::string text = printed_by(session, std::string("try: ") + source + "\nexcept Exception: traceback.print_exc()");
    CHECK_CONTAINS(text, "Traceback (most recent call last):\n");
    CHECK_LACKS(text, "<capsule>");
  }
}

CAPSULE_TEST(a_thread_s_uncaught_error_is_printed_without_frames_of_the_engine) {
  const Session session = open_session();
  const std::string text = printed_by(
      session, "import threading\ndef failing(): progress('x')\nt = threading.Thread(target=failing)\nt.start()\nt.join()");
  CHECK_CONTAINS(text, "in failing\n");
  CHECK_LACKS(text, "<capsule>");
}

CAPSULE_TEST(an_interrupted_input_shows_the_user_s_line_only) {
  const Session session = open_session();
  value_of(session, "import sys");
  for (const char *source :
       {"sys.stdin.readline()", "input('? ')", "sys.stdin.read()", "next(sys.stdin)", "sys.stdin.buffer.readline()"}) {
    Run run(session, source);
    run.until(CAPSULE_EVENT_INPUT);
    run.cancel(kPatienceMs);
    const Event end = run.end();
    CHECK_EQ(end.outcome, "canceled");
    CHECK_EQ(end.error_type, "KeyboardInterrupt");
    CHECK_LACKS(end.traceback.value_or(""), "<capsule>");
    CHECK_CONTAINS(end.traceback.value_or(""), source);
  }
}

CAPSULE_TEST(print_takes_what_the_builtin_takes) {
  const Session session = open_session();
  value_of(
      session,
      "class S(str):\n    def __str__(self): return 'of the subclass'\nclass I(int):\n    def __str__(self): return 'an int'");
  const struct {
    std::string_view source;
    std::string_view printed;
  } calls[] = {{"print()", "\n"},
               {"print('')", "\n"},
               {"print(end='')", ""},
               {"print(1, 2, sep=None, end=None)", "1 2\n"},
               {"print(1, 2, 3, sep='')", "123\n"},
               {"print(1, 2, sep='\\n', end='\\n\\n')", "1\n2\n\n"},
               {"print(1, 2, sep=S('-'), end=S('!'))", "1of the subclass2of the subclass"},
               {"print(S('text'), I(5))", "of the subclass an int\n"},
               {"print(True, None, ..., 1.0, -0.0, 1e100, float('nan'), 1j)", "True None Ellipsis 1.0 -0.0 1e+100 nan 1j\n"},
               {"print(b'x', [1, 'a'], {'k': ()}, int)", "b'x' [1, 'a'] {'k': ()} <class 'int'>\n"},
               {"print('é雪🐍', 'nul\\0', '\\x7f')", "é雪🐍 nul\0 \x7f\n"sv},
               {"print('a', flush=True)", "a\n"},
               {"print('a', flush=1)", "a\n"},
               {"print('a', flush=[])", "a\n"},
               {"print('a', file=None)", "a\n"},
               {"print(print('a'))", "a\nNone\n"}};
  for (const auto &[source, printed] : calls) {
    CHECK_EQ(printed_by(session, source), printed);
  }
  // More than is put together on the stack.
  CHECK_EQ(printed_by(session, "print(*['x' * 100] * 100, sep=',')").size(), 100 * 100 + 100);
  value_of(session, "import sys");
  Run err(session, "print('to stderr', file=sys.stderr)\nprint('to stdout')");
  err.end();
  CHECK_EQ(err.err(), "to stderr\n");
  CHECK_EQ(err.out(), "to stdout\n");
}

CAPSULE_TEST(print_complains_as_the_builtin_does) {
  const Session session = open_session();
  value_of(session, "import sys");
  const struct {
    const char *source;
    const char *type;
    const char *message;
  } calls[] = {{"print('a', sep=1)", "TypeError", "sep must be None or a string, not int"},
               {"print('a', end=b'')", "TypeError", "end must be None or a string, not bytes"},
               {"print('a', file=5)", "AttributeError", "'int' object has no attribute 'write'"},
               {"print('a', nonsense=1)", "TypeError", "nonsense"},
               {"print(10 ** 10_000)", "ValueError", "Exceeds the limit (4300 digits)"},
               {"print('a', flush=type('B', (), {'__bool__': lambda s: 1 / 0})())", "ZeroDivisionError", ""},
               {"print(type('B', (), {'__str__': lambda s: 5})())", "TypeError", "__str__ returned non-string (type int)"}};
  for (const auto &[source, type, message] : calls) {
    Run run(session, source);
    const Event end = run.end();
    CHECK_EQ(end.error_type, type);
    CHECK_CONTAINS(end.message, message);
    CHECK_EQ(run.output(), "");
  }
  // What comes before the value that fails is printed, as the builtin has it.
  Run run(session, "print('before', 10 ** 10_000, 'after')");
  CHECK_EQ(run.end().error_type, "ValueError");
  CHECK_EQ(run.out(), "before ");
  CHECK_EQ(printed_by(session, "sys.set_int_max_str_digits(0)\nprint(10 ** 5_000)").size(), 5'002);
}

CAPSULE_TEST(print_writes_to_whatever_file_or_stdout_is) {
  const Session session = open_session();
  value_of(session, R"(
import sys, io
class Recorder:
    def __init__(self): self.calls = []
    def write(self, text): self.calls.append(text)
    def flush(self): self.calls.append('FLUSH')
def replaced(stream, *args, **options):
    kept, sys.stdout = sys.stdout, stream
    try: print(*args, **options)
    finally: sys.stdout = kept
r = Recorder())");
  CHECK_EQ(printed_by(session, "print('a', 1, sep='-', end='!', file=r, flush=True)"), "");
  CHECK_EQ(value_of(session, "r.calls"), "['a', '-', '1', '!', 'FLUSH']");
  CHECK_EQ(value_of(session, "r.calls.clear(); replaced(r, 'x'); r.calls"), "['x', '\\n']");
  CHECK_EQ(value_of(session, "replaced(f := io.StringIO(), 'x', 'y'); f.getvalue()"), "'x y\\n'");
  CHECK_EQ(printed_by(session, "replaced(None, 'nowhere')"), "");
  CHECK_EQ(error_of(session, "replaced(5, 'x')").error_type, "AttributeError");
  CHECK_EQ(
      error_of(session, "class Broken:\n    def write(self, text): raise OSError('full')\nreplaced(Broken(), 'x')").message,
      "full");
  const Event lost = error_of(session, "kept = sys.stdout\ndel sys.stdout\ntry: print('x')\nfinally: sys.stdout = kept");
  CHECK_EQ(lost.error_type + ": " + lost.message, "RuntimeError: lost sys.stdout");
  CHECK_EQ(printed_by(session, "import contextlib\nwith contextlib.redirect_stdout(sys.stderr): print('there')"), "there\n");
  CHECK_EQ(printed_by(session, "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'utf-8')\nprint('wrapped')"), "wrapped\n");
}

CAPSULE_TEST(print_of_objects_whose_str_does_things) {
  const Session session = open_session();
  value_of(session, R"(
import sys, io
class Loud:
    def __str__(self): print('inner', end=';'); return 'outer'
class Failing:
    def __str__(self): raise ValueError('in str')
class Taking:
    def __str__(self): sys.stdout, self.kept = io.StringIO(), sys.stdout; return 'taken'
)");
  CHECK_EQ(printed_by(session, "print('a', Loud(), 'b')"), "a inner;outer b\n");
  CHECK_EQ(printed_by(session, "print(Loud(), Loud(), sep='|')"), "inner;outer|inner;outer\n");
  Run run(session, "print('a', Failing(), 'b')");
  CHECK_EQ(run.end().message, "in str");
  CHECK_EQ(run.out(), "a ");
  // The file is looked up once.
  CHECK_EQ(printed_by(session, "t = Taking()\nprint('a', t, 'b')\nsys.stdout = t.kept"), "a taken b\n");
  // A lone surrogate has no UTF-8: it is replaced, in a value, in what separates, by itself or within.
  CHECK_EQ(printed_by(session, "print('a\\ud800b', 'c', sep='\\udfff', end='\\ud83d\\n')"), "a?b?c?\n");
}

CAPSULE_TEST(print_passes_for_the_builtin_to_whoever_looks) {
  const Session session = open_session();
  value_of(session, "import builtins, copy, inspect, pickle, types");
  for (const char *truth :
       {"print is builtins.print", "print.__module__ == 'builtins'", "print.__name__ == print.__qualname__ == 'print'",
        "repr(print) == '<built-in function print>'", "type(print) is types.BuiltinFunctionType", "print.__self__ is builtins",
        "inspect.isbuiltin(print)", "pickle.loads(pickle.dumps(print)) is print", "copy.deepcopy(print) is print",
        "str(inspect.signature(print)) == \"(*args, sep=' ', end='\\\\n', file=None, flush=False)\"",
        "print.__doc__.startswith('Prints the values to a stream')", "hash(print) == hash(builtins.print)",
        "'print' in dir(builtins)"}) {
    if (value_of(session, truth) != "True") {
      FAIL(std::string("this does not hold: ") + truth);
    }
  }
  CHECK_EQ(printed_by(session, "print = lambda *a: builtins.print('mine', *a)\nprint(1)\ndel print\nprint(2)"), "mine 1\n2\n");
  CHECK_EQ(printed_by(session, "list(map(print, 'ab'))\nimport functools\nfunctools.partial(print, 'p', end='!')(1)"),
           "a\nb\np 1!");
}
