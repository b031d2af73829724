// Python exceptions are events: type, message, and what became of the session.
#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;

namespace {

Event error_of(const Session &session, std::string_view source) {
  Run run(session, source);
  const Event end = run.end();
  CHECK_EQ(end.kind, CAPSULE_EVENT_ERROR);
  CHECK_EQ(end.outcome, "error");
  CHECK_EQ(end.cancel_phase, "none");
  CHECK(is_utf8(end.message));
  CHECK(is_utf8(end.error_type));
  CHECK(is_utf8(end.traceback.value_or("")));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  return end;
}

void check_error(const Session &session, std::string_view source, std::string_view type, std::string_view message) {
  const Event end = error_of(session, source);
  CHECK_EQ(end.error_type, type);
  CHECK_EQ(end.message, message);
}

}  // namespace

CAPSULE_TEST(an_exception_has_type_and_message) {
  const Session session = open_session();
  check_error(session, "1 / 0", "ZeroDivisionError", "division by zero");
  check_error(session, "{}['key']", "KeyError", "'key'");
  check_error(session, "raise ValueError", "ValueError", "");
  check_error(session, "raise ValueError('a', 2)", "ValueError", "('a', 2)");
  check_error(session, "assert False", "AssertionError", "");
  check_error(session, "raise ValueError('雪 🐍')", "ValueError", "雪 🐍");
  check_error(session, "raise GeneratorExit('g')", "GeneratorExit", "g");
  check_error(session, "raise MemoryError('m')", "MemoryError", "m");
}

CAPSULE_TEST(types_of_exceptions_are_qualified_outside_builtins) {
  const Session session = open_session();
  CHECK_EQ(error_of(session, "import json; json.loads('{')").error_type, "json.decoder.JSONDecodeError");
  CHECK_EQ(error_of(session, "import decimal; decimal.Decimal('x')").error_type, "decimal.InvalidOperation");
  CHECK_CONTAINS(error_of(session, "class Mine(Exception): pass\nraise Mine('m')").error_type, "Mine");
}

CAPSULE_TEST(an_error_is_not_printed_as_well) {
  const Session session = open_session();
  Run run(session, "print('out')\n1 / 0");
  CHECK_EQ(run.end().outcome, "error");
  CHECK_EQ(run.out(), "out\n");
  CHECK_EQ(run.err(), "");
}

CAPSULE_TEST(syntax_errors_are_errors_of_the_code) {
  const Session session = open_session();
  for (const char *source : {"x = = 1", "def f(:\n  pass", "print('unclosed", "return 5", "1 +", "x = 1\n  y = 2",
                             "if True:\npass", "break", "'\\N{no such name}'", "f'{'", "nonlocal x", "*a"}) {
    const Event end = error_of(session, source);
    CHECK(end.error_type == "SyntaxError" || end.error_type == "IndentationError");
    CHECK(!end.message.empty());
  }
  CHECK_EQ(error_of(session, "if True:\n\tx = 1\n        y = 2").error_type, "TabError");
}

CAPSULE_TEST(a_syntax_error_runs_nothing_of_the_source) {
  const Session session = open_session();
  Run run(session, "print('never')\nmarked = 1\nx = = 1");
  CHECK_EQ(run.end().error_type, "SyntaxError");
  CHECK_EQ(run.output(), "");
  CHECK_EQ(value_of(session, "'marked' in globals()"), "False");
}

CAPSULE_TEST(system_exit_is_told_by_its_code) {
  const Session session = open_session();
  const struct {
    const char *source;
    int code;
  } exits[] = {
      {"import sys; sys.exit(3)", 3}, {"raise SystemExit", 0},    {"raise SystemExit(None)", 0}, {"exit(7)", 7}, {"quit(1)", 1},
      {"sys.exit('text')", 1},        {"raise SystemExit(0)", 0}, {"sys.exit(True)", 1}};
  for (const auto &[source, code] : exits) {
    const Event end = error_of(session, source);
    CHECK_EQ(end.error_type, "SystemExit");
    CHECK_EQ(end.exit_code, code);
    CHECK(end.state_preserved);
    CHECK_EQ(end.death_reason, "none");
  }
  CHECK_EQ(error_of(session, "sys.exit('a reason')").message, "a reason");
}

CAPSULE_TEST(system_exit_with_hostile_codes) {
  const Session session = open_session();
  for (const char *source : {"raise SystemExit(10 ** 40)", "raise SystemExit(-1)", "raise SystemExit(2 ** 31)",
                             "raise SystemExit([1])", "class E:\n    def __str__(self): 1 / 0\nraise SystemExit(E())"}) {
    CHECK_EQ(error_of(session, source).error_type, "SystemExit");
  }
}

CAPSULE_TEST(a_keyboard_interrupt_of_its_own_is_an_error) {
  const Session session = open_session();
  check_error(session, "raise KeyboardInterrupt('mine')", "KeyboardInterrupt", "mine");
  const Event end = error_of(session, "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)");
  CHECK_EQ(end.error_type, "KeyboardInterrupt");
}

CAPSULE_TEST(endless_recursion_is_an_error) {
  const Session session = open_session();
  const Event end = error_of(session, "def f(): return f()\nf()");
  CHECK_EQ(end.error_type, "RecursionError");
  CHECK_CONTAINS(end.message, "maximum recursion depth exceeded");
  CHECK_AT_MOST(end.traceback.value_or("").size(), 100'000);
}

CAPSULE_TEST(an_exception_whose_str_fails_is_told) {
  const Session session = open_session();
  value_of(session, "class Bad(Exception):\n    def __init__(self, f): self.f = f\n    def __str__(self): return self.f()");
  for (const char *source : {"raise Bad(lambda: 1 / 0)", "raise Bad(lambda: 5)", "raise Bad(lambda: '\\ud800')",
                             "def e(): raise SystemExit(4)\nraise Bad(e)", "def k(): raise KeyboardInterrupt\nraise Bad(k)",
                             "def r(): return str(Bad(r))\nraise Bad(r)"}) {
    CHECK_CONTAINS(error_of(session, source).error_type, "Bad");
  }
}

CAPSULE_TEST(a_hostile_exception_type_is_told) {
  const Session session = open_session();
  const char *sources[] = {
      "raise type('N' * 1_000_000, (Exception,), {})('x')",
      "raise type('E', (Exception,), {'__module__': 7})('x')",
      "class M(type):\n    def __getattribute__(c, n): raise RuntimeError(n)\nclass E(Exception, metaclass=M): pass\nraise E",
      "class E(Exception):\n    __traceback__ = property(lambda s: 1 / 0)\nraise E",
      "class E(Exception):\n    __cause__ = property(lambda s: 1 / 0)\nraise E",
  };
  for (const char *source : sources) {
    CHECK(!error_of(session, source).error_type.empty());
  }
}

CAPSULE_TEST(a_huge_message_arrives_cut_or_whole) {
  const Session session = open_session();
  const Event end = error_of(session, "raise ValueError('雪' * 20_000_000)");
  CHECK_EQ(end.error_type, "ValueError");
  CHECK_EQ(end.message.substr(0, 6), "雪雪");
}

CAPSULE_TEST(lone_surrogates_in_messages_become_utf8) {
  const Session session = open_session();
  CHECK_CONTAINS(error_of(session, "raise ValueError('before \\ud800 after')").message, "before ");
  CHECK_EQ(error_of(session, "open('/no/such/\\udcff')").error_type, "FileNotFoundError");
}

CAPSULE_TEST(an_error_in_a_thread_is_printed_and_is_not_the_end) {
  const Session session = open_session();
  Run run(session, "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\n'end'");
  CHECK_EQ(run.end().repr, "'end'");
  CHECK_CONTAINS(run.err(), "ZeroDivisionError");
}

CAPSULE_TEST(the_type_of_the_last_error_is_in_the_info) {
  const Session session = open_session();
  CHECK_EQ(std::string(info_of(session).last_error_type), "");
  error_of(session, "1 / 0");
  CHECK_EQ(std::string(info_of(session).last_error_type), "ZeroDivisionError");
  error_of(session, "raise type('L' * 200, (Exception,), {})('x')");
  CHECK_EQ(std::string(info_of(session).last_error_type).size(), CAPSULE_INFO_TEXT_SIZE - 1);
}

CAPSULE_TEST(hooks_of_the_user_cannot_hide_an_error) {
  const Session session = open_session();
  value_of(session,
           "import sys\nsys.excepthook = lambda *a: sys._exit(1)\nimport traceback\ntraceback.format_exception = None\n"
           "traceback.TracebackException = None\ntraceback.print_exc = None");
  check_error(session, "1 / 0", "ZeroDivisionError", "division by zero");
}
