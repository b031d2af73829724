// Tracebacks read as Python prints them: the user's lines are there, the engine's frames are not.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

std::string traceback_of(const Session &session, std::string_view source, ExecutionOptions options = {}) {
  Run run(session, source, std::move(options));
  const Event end = run.end();
  CHECK_EQ(end.outcome, "error");
  if (!end.traceback) {
    FAIL(show(source) + " has no traceback");
  }
  return *end.traceback;
}

// How many frames the traceback has.
std::size_t frames_in(const std::string &traceback) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = traceback.find("  File \"", at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

}  // namespace

CAPSULE_TEST(a_traceback_shows_the_line_and_nothing_of_the_engine) {
  const Session session = open_session();
  const std::string text = traceback_of(session, "x = 0\n1 / x");
  CHECK(text.starts_with("Traceback (most recent call last):\n  File \"<execution 1>\", line 2, in <module>\n    1 / x\n"));
  CHECK_CONTAINS(text, "ZeroDivisionError: division by zero");
  CHECK_EQ(frames_in(text), 1);
}

CAPSULE_TEST(each_frame_of_the_user_is_there) {
  const Session session = open_session();
  const std::string text =
      traceback_of(session, "def inner():\n    raise ValueError('deep')\ndef outer():\n    inner()\nouter()");
  CHECK_EQ(frames_in(text), 3);
  CHECK_CONTAINS(text, "line 5, in <module>\n    outer()");
  CHECK_CONTAINS(text, "line 4, in outer\n    inner()");
  CHECK_CONTAINS(text, "line 2, in inner\n    raise ValueError('deep')");
}

CAPSULE_TEST(functions_of_earlier_executions_show_their_source) {
  const Session session = open_session();
  value_of(session, "# a comment\ndef earlier(d):\n    return 1 / d");
  value_of(session, "def middle(d):\n    return earlier(d)");
  const std::string text = traceback_of(session, "middle(0)");
  CHECK_CONTAINS(text, "File \"<execution 3>\", line 1, in <module>\n    middle(0)");
  CHECK_CONTAINS(text, "File \"<execution 2>\", line 2, in middle\n    return earlier(d)");
  CHECK_CONTAINS(text, "File \"<execution 1>\", line 3, in earlier\n    return 1 / d");
  CHECK_EQ(frames_in(text), 3);
}

CAPSULE_TEST(a_file_name_is_used_as_given) {
  const Session session = open_session();
  ExecutionOptions options;
  options.file_name = "folder/näme.py";
  CHECK_CONTAINS(traceback_of(session, "1 / 0", options), "File \"folder/näme.py\", line 1, in <module>\n    1 / 0");
  CHECK_CONTAINS(traceback_of(session, "x = = 1", options), "File \"folder/näme.py\", line 1\n    x = = 1");
}

CAPSULE_TEST(one_file_name_given_twice_shows_each_source_s_own_lines) {
  const Session session = open_session();
  ExecutionOptions options;
  options.file_name = "cell.py";
  CHECK_CONTAINS(traceback_of(session, "raise ValueError('first')", options), "    raise ValueError('first')\n");
  CHECK_CONTAINS(traceback_of(session, "raise KeyError('second')", options), "    raise KeyError('second')\n");
}

CAPSULE_TEST(a_syntax_error_shows_the_line_and_a_caret) {
  const Session session = open_session();
  const std::string text = traceback_of(session, "a = 1\nb = = 2\n");
  CHECK_CONTAINS(text, "File \"<execution 1>\", line 2\n    b = = 2\n        ^");
  CHECK_CONTAINS(text, "SyntaxError: invalid syntax");
  CHECK_EQ(frames_in(text), 1);
}

CAPSULE_TEST(a_syntax_error_of_code_that_the_user_compiles_has_the_user_s_frame) {
  const Session session = open_session();
  const std::string text = traceback_of(session, "exec('x = = 1')");
  CHECK_CONTAINS(text, "File \"<execution 1>\", line 1, in <module>");
  CHECK_CONTAINS(text, "File \"<string>\", line 1");
  CHECK_EQ(frames_in(text), 2);
}

CAPSULE_TEST(causes_and_contexts_are_chained) {
  const Session session = open_session();
  const std::string cause =
      traceback_of(session, "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e");
  CHECK_CONTAINS(cause, "ZeroDivisionError: division by zero");
  CHECK_CONTAINS(cause, "The above exception was the direct cause of the following exception:");
  CHECK_CONTAINS(cause, "KeyError: 'k'");
  CHECK_EQ(frames_in(cause), 2);
  const std::string context = traceback_of(session, "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('k')");
  CHECK_CONTAINS(context, "During handling of the above exception, another exception occurred:");
  const std::string none =
      traceback_of(session, "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('k') from None");
  CHECK_LACKS(none, "ZeroDivisionError");
}

CAPSULE_TEST(a_chain_that_bites_its_tail_ends) {
  const Session session = open_session();
  const std::string text =
      traceback_of(session, "a = ValueError('a')\nb = ValueError('b')\na.__context__ = b\nb.__context__ = a\nraise a");
  CHECK_CONTAINS(text, "ValueError: a");
}

CAPSULE_TEST(exception_groups_show_their_members) {
  const Session session = open_session();
  const std::string text = traceback_of(session, R"(
def failing(n):
    raise ValueError('member %d' % n)
errors = []
for n in (1, 2):
    try:
        failing(n)
    except ValueError as e:
        errors.append(e)
raise ExceptionGroup('several', errors))");
  CHECK_CONTAINS(text, "ExceptionGroup: several (2 sub-exceptions)");
  CHECK_CONTAINS(text, "ValueError: member 1");
  CHECK_CONTAINS(text, "ValueError: member 2");
  CHECK_CONTAINS(text, "raise ValueError('member %d' % n)");
}

CAPSULE_TEST(notes_are_shown) {
  const Session session = open_session();
  CHECK_CONTAINS(traceback_of(session, "e = ValueError('x')\ne.add_note('look here')\nraise e"), "ValueError: x\nlook here");
}

CAPSULE_TEST(a_recursion_is_abbreviated) {
  const Session session = open_session();
  const std::string text = traceback_of(session, "def f():\n    return f()\nf()");
  CHECK_CONTAINS(text, "[Previous line repeated");
  CHECK_AT_MOST(frames_in(text), 20);
}

CAPSULE_TEST(frames_of_the_standard_library_are_there) {
  const Session session = open_session();
  const std::string text = traceback_of(session, "import json\njson.loads('{')");
  CHECK_CONTAINS(text, "json/decoder.py");
  CHECK_CONTAINS(text, "File \"<execution 1>\", line 2, in <module>\n    json.loads('{')");
}

CAPSULE_TEST(a_failing_repr_or_import_shows_no_engine_frame) {
  const Session session = open_session();
  CHECK_EQ(frames_in(traceback_of(session, "import no_such_module")), 1);
  CHECK_EQ(frames_in(traceback_of(session, "raise SystemExit(2)")), 1);
  CHECK_EQ(frames_in(traceback_of(session, "raise KeyboardInterrupt")), 1);
}

CAPSULE_TEST(user_code_that_prints_a_traceback_sees_its_lines) {
  const Session session = open_session();
  const std::string text = printed_by(session, R"(
import traceback
def f():
    raise ValueError('caught')
try:
    f()
except ValueError:
    traceback.print_exc())");
  CHECK_CONTAINS(text, "    raise ValueError('caught')\n");
  CHECK_CONTAINS(text, "ValueError: caught");
}

CAPSULE_TEST(inspect_finds_the_source_of_functions) {
  const Session session = open_session();
  value_of(session, "def documented():\n    return 'body'");
  CHECK_EQ(value_of(session, "import inspect; inspect.getsource(documented)"), "\"def documented():\\n    return 'body'\\n\"");
}

CAPSULE_TEST(traceback_of_a_canceled_execution_shows_where_it_was) {
  const Session session = open_session();
  Run run(session, "def loop():\n    print('in', flush=True)\n    while True:\n        pass\nloop()");
  run.until_output("in");
  run.cancel(kPatienceMs);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "canceled");
  const std::string text = end.traceback.value_or("");
  CHECK_CONTAINS(text, "in loop\n");
  CHECK_EQ(frames_in(text), 2);
}
