// The value of the trailing expression: repr, type name, JSON.
#include <nlohmann/json.hpp>

#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;
using nlohmann::json;

namespace {

Event result_of(const Session &session, std::string_view source) {
  Run run(session, source);
  const Event end = run.end();
  if (end.kind != CAPSULE_EVENT_RESULT) {
    FAIL(show(source) + " has no result: " + show(end));
  }
  return end;
}

void check_value(const Session &session, const char *source, const char *repr, const char *type, const json &value) {
  const Event result = result_of(session, source);
  CHECK_EQ(result.repr, repr);
  CHECK_EQ(result.type_name, type);
  CHECK_EQ(result.repr_size_bytes, std::string_view(repr).size());
  if (!result.json) {
    FAIL(show(source) + " has no JSON");
  }
  CHECK_EQ(json::parse(*result.json).dump(), value.dump());
}

void check_value_without_json(const Session &session, const char *source, const char *repr, const char *type) {
  const Event result = result_of(session, source);
  CHECK_EQ(result.repr, repr);
  CHECK_EQ(result.type_name, type);
  CHECK_EQ(result.json, std::nullopt);
}

// A result whose repr cannot be had: the code did run to its end, and the session lives on.
void check_survives(const Session &session, const std::string &source) {
  const Event result = result_of(session, source);
  CHECK(result.repr && !result.repr->empty());
  CHECK(is_utf8(*result.repr));
  CHECK(is_utf8(result.type_name.value_or("")));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

}  // namespace

CAPSULE_TEST(plain_values_have_repr_type_and_json) {
  const Session session = open_session();
  check_value(session, "1 + 1", "2", "int", 2);
  check_value(session, "-7", "-7", "int", -7);
  check_value(session, "0.5", "0.5", "float", 0.5);
  check_value(session, "True", "True", "bool", true);
  check_value(session, "'a' + 'b'", "'ab'", "str", "ab");
  check_value(session, "''", "''", "str", "");
  check_value(session, "[1, 'x', None, [2.5]]", "[1, 'x', None, [2.5]]", "list", json::parse(R"([1, "x", null, [2.5]])"));
  check_value(session, "{'a': 1, 'b': [True]}", "{'a': 1, 'b': [True]}", "dict", json::parse(R"({"a": 1, "b": [true]})"));
  check_value(session, "'雪'", "'雪'", "str", "雪");
  check_value(session, "'\"\\\\\\n'", "'\"\\\\\\n'", "str", "\"\\\n");
}

CAPSULE_TEST(values_that_json_does_not_know_have_none) {
  const Session session = open_session();
  check_value_without_json(session, "float('nan')", "nan", "float");
  check_value_without_json(session, "float('inf')", "inf", "float");
  check_value_without_json(session, "[1, float('-inf')]", "[1, -inf]", "list");
  check_value_without_json(session, "1j", "1j", "complex");
  check_value_without_json(session, "b'bytes'", "b'bytes'", "bytes");
  check_value_without_json(session, "l = []; l.append(l); l", "[[...]]", "list");
  check_value_without_json(session, "{1, }", "{1}", "set");
}

CAPSULE_TEST(no_value_and_none_have_no_repr) {
  const Session session = open_session();
  for (const char *source : {"None", "x = 1", "pass", "print('x')", "if True: 3", "# nothing", "   \n\n", "def f(): return 1",
                             "for i in range(3): i", "import os"}) {
    const Event result = result_of(session, source);
    CHECK_EQ(result.repr, std::nullopt);
    CHECK_EQ(result.type_name, std::nullopt);
    CHECK_EQ(result.repr_size_bytes, 0);
  }
}

CAPSULE_TEST(the_trailing_expression_is_the_value) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "x = 1\nx + 1"), "2");
  CHECK_EQ(value_of(session, "1; 2"), "2");
  CHECK_EQ(value_of(session, "x = 5; x"), "5");
  CHECK_EQ(value_of(session, "3  # a comment\n# another\n"), "3");
  CHECK_EQ(value_of(session, "(\n  4\n)\n\n"), "4");
  CHECK_EQ(value_of(session, "(y := 6)"), "6");
  CHECK_EQ(value_of(session, "'text'"), "'text'");
  CHECK_EQ(value_of(session, "1\r\n2\r\n"), "2");
}

CAPSULE_TEST(the_trailing_expression_is_evaluated_exactly_once) {  // W-25
  const Session session = open_session();
  CHECK_EQ(printed_by(session, "x = 1\nprint('once')"), "once\n");
  CHECK_EQ(printed_by(session, "print('once')"), "once\n");
  CHECK_EQ(value_of(session, "calls = []\ncalls.append(1)"), "");
  CHECK_EQ(value_of(session, "calls"), "[1]");
  CHECK_EQ(value_of(session, "def call():\n    calls.append(2)\n    return len(calls)\ncall()"), "2");
  CHECK_EQ(value_of(session, "calls"), "[1, 2]");
  Run failing(session, "calls.append(3) or 1 / 0");
  CHECK_EQ(failing.end().error_type, "ZeroDivisionError");
  CHECK_EQ(value_of(session, "calls"), "[1, 2, 3]");
}

CAPSULE_TEST(the_repr_is_computed_once) {
  const Session session = open_session();
  value_of(session,
           "count = 0\nclass R:\n    def __repr__(self):\n        global count\n        count += 1\n        return 'R'");
  CHECK_EQ(value_of(session, "R()"), "R");
  CHECK_EQ(value_of(session, "count"), "1");
}

CAPSULE_TEST(type_names_are_qualified_outside_builtins) {
  const Session session = open_session();
  CHECK_EQ(result_of(session, "import collections; collections.OrderedDict()").type_name, "collections.OrderedDict");
  CHECK_EQ(result_of(session, "import decimal; decimal.Decimal('1')").type_name, "decimal.Decimal");
  CHECK_EQ(result_of(session, "object").type_name, "type");
  CHECK_CONTAINS(*result_of(session, "class Mine: pass\nMine()").type_name, "Mine");
  CHECK_CONTAINS(*result_of(session, "def f():\n  class In: pass\n  return In()\nf()").type_name, "f.<locals>.In");
}

CAPSULE_TEST(large_integers_keep_their_digits) {
  const Session session = open_session();
  const Event result = result_of(session, "10 ** 30");
  CHECK_EQ(result.repr, "1000000000000000000000000000000");
  // JSON has no limit on digits; whether it carries so many is the library's choice, but they may not be other ones.
  CHECK(!result.json || *result.json == "1000000000000000000000000000000");
  check_value(session, "2 ** 53 + 1", "9007199254740993", "int", 9007199254740993);
  check_value(session, "-2 ** 63", "-9223372036854775808", "int", INT64_MIN);
}

CAPSULE_TEST(a_huge_repr_is_cut_and_its_size_told) {
  const Session session = open_session();
  const Event result = result_of(session, "'x' * 50_000_000");
  CHECK_EQ(result.repr_size_bytes, 50'000'002);
  CHECK(result.repr->size() > 1000 && result.repr->size() < 50'000'002);
  CHECK_EQ(result.repr->substr(0, 100), "'" + std::string(99, 'x'));
  CHECK_EQ(result.type_name, "str");
  CHECK_EQ(value_of(session, "1"), "1");
}

CAPSULE_TEST(a_cut_falls_between_characters) {
  const Session session = open_session();
  for (const char *source : {"'雪' * 20_000_000", "'x' + '雪' * 20_000_000", "'xy' + '雪' * 20_000_000"}) {
    const Event result = result_of(session, source);
    CHECK(is_utf8(*result.repr));
    CHECK_AT_LEAST(result.repr_size_bytes, 60'000'002);
  }
}

CAPSULE_TEST(a_value_larger_than_a_frame_is_no_failure) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  const Event result = result_of(session, "list(range(100_000))");
  CHECK_EQ(result.repr_size_bytes, 688'890);
  CHECK_EQ(result.repr->substr(0, 9), "[0, 1, 2,");
  CHECK_EQ(value_of(session, "1"), "1");
}

CAPSULE_TEST(a_repr_that_fails_does_not_lose_the_result) {  // W-13
  const Session session = open_session();
  value_of(session, "class Bad:\n    def __init__(self, f): self.f = f\n    def __repr__(self): return self.f()");
  check_survives(session, "Bad(lambda: 1 / 0)");
  check_survives(session, "Bad(lambda: 5)");
  check_survives(session, "Bad(lambda: '\\ud800')");
  check_survives(session, "def again(): return repr(Bad(again))\nBad(again)");
  check_survives(session, "10 ** 5000");
  check_survives(session, "deep = []\nfor i in range(100_000): deep = [deep]\ndeep");
}

CAPSULE_TEST(a_repr_that_exits_ends_the_execution_and_not_the_session) {  // I5
  const Session session = open_session();
  value_of(session, "class Bad:\n    def __init__(self, e): self.e = e\n    def __repr__(self): raise self.e");
  for (const char *source : {"Bad(SystemExit(3))", "Bad(KeyboardInterrupt())", "Bad(GeneratorExit())", "Bad(MemoryError())"}) {
    Run run(session, source);
    CHECK(run.end().state_preserved);
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}

CAPSULE_TEST(what_a_repr_prints_comes_before_the_result) {  // I2
  const Session session = open_session();
  Run run(session, "class Loud:\n    def __repr__(self):\n        print('in repr')\n        return 'loud'\nLoud()");
  CHECK_EQ(run.end().repr, "loud");
  CHECK_EQ(run.out(), "in repr\n");
}

CAPSULE_TEST(a_repr_that_never_returns_can_be_canceled) {
  const Session session = open_session();
  Run run(session, R"(
class Endless:
    def __repr__(self):
        print('in repr', flush=True)
        while True: pass
Endless())");
  run.until_output("in repr");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "interrupted");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(lone_surrogates_in_values_are_escaped) {
  const Session session = open_session();
  const Event result = result_of(session, "'a\\ud800b'");
  CHECK_EQ(result.repr, "'a\\ud800b'");
  CHECK(!result.json || is_utf8(*result.json));
}

CAPSULE_TEST(a_hostile_type_name_is_no_trouble) {
  const Session session = open_session();
  check_survives(session, "type('x' * 100_000, (), {})()");
  check_survives(session, "type('T', (), {'__module__': 5})()");
  check_survives(session, "type('T', (), {'__module__': '\\ud800'})()");
}

CAPSULE_TEST(hostile_containers_do_not_break_json) {
  const Session session = open_session();
  check_survives(session, "{(1, 2): 3}");
  check_survives(session, "class D(dict):\n    def items(self): raise RuntimeError\nD(a=1)");
  check_survives(session, "class S(str):\n    def __str__(self): raise RuntimeError\n    __repr__ = lambda self: 'S'\nS('x')");
  check_survives(session, "class I(int):\n    def __repr__(self): return 'not a number'\n[I(5)]");
  check_survives(session, "class F(float):\n    def __repr__(self): return 'nan'\n[F(5)]");
}

CAPSULE_TEST(json_is_always_json) {
  const Session session = open_session();
  for (const char *source :
       {"class I(int):\n    def __repr__(self): return 'no'\n    __str__ = __repr__\nI(5)", "{'k': float('nan')}", "[1e400]",
        "{1: 2}", "{None: 1, True: 2}", "(1, 2)", "class L(list): pass\nL([1])", "[[[[]]]]", "{'a': {'b': {}}}",
        "'\\x00\\x01\\x7f\\u2028'", "import enum\nclass E(enum.IntEnum):\n    A = 1\nE.A"}) {
    const Event result = result_of(session, source);
    if (result.json && !json::accept(*result.json)) {
      FAIL(show(source) + " has as JSON " + show(*result.json));
    }
  }
}
