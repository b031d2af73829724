// In, Out, _, __, ___ and what an interpreter or a notebook does besides.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(values_and_sources_are_numbered_by_the_execution) {
  const Session session = open_session();
  value_of(session, "'one'");
  value_of(session, "None");
  Run(session, "1 / 0").end();
  value_of(session, "'four'");
  CHECK_EQ(value_of(session, "_, __, ___, sorted(Out), In[1:5]"),
           "('four', 'one', '', [1, 4], [\"'one'\", 'None', '1 / 0', \"'four'\"])");
  CHECK_EQ(value_of(session, "_i, _ii, _iii"), "('_, __, ___, sorted(Out), In[1:5]', \"'four'\", '1 / 0')");
}

CAPSULE_TEST(values_of_code_that_awaits_are_kept_too) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0, 'slept')");
  CHECK_EQ(value_of(session, "_, Out[1]"), "('slept', 'slept')");
}

CAPSULE_TEST(a_name_that_the_code_took_is_left_alone) {
  const Session session = open_session();
  value_of(session, "_ = 'mine'");
  value_of(session, "'value'");
  CHECK_EQ(value_of(session, "_, Out[2]"), "('mine', 'value')");
}

CAPSULE_TEST(names_that_were_deleted_harm_nothing) {
  const Session session = open_session();
  value_of(session, "del In, Out, _, __, ___, _i, _ii, _iii, _ih, _oh");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(value_of(session, "'In' in globals()"), "False");
}

CAPSULE_TEST(lists_that_were_changed_harm_nothing) {
  const Session session = open_session();
  value_of(session, "In.clear(); In.extend([1, 2]); Out.clear(); Out['x'] = 1");
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}

CAPSULE_TEST(it_is_bounded) {  // I6
  const Session session = open_session();
  for (int i = 0; i < 1100; ++i) {
    value_of(session, "1");
  }
  CHECK_EQ(value_of(session, "len(Out), In[5], In[1000]"), "(1000, '', '1')");
}

CAPSULE_TEST(numbers_go_on_after_a_restart) {
  const Session session = open_session();
  value_of(session, "'before'");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'after'"), "'after'");
  CHECK_EQ(value_of(session, "sorted(Out), In[1]"), "([2], '')");
}

CAPSULE_TEST(print_passes_for_the_builtin) {
  const Session session = open_session();
  CHECK_EQ(printed_by(session, "print('a', 1, 2.5, None, True, sep='-', end='!\\n')"), "a-1-2.5-None-True!\n");
  CHECK_EQ(value_of(session, "import inspect, pickle; str(inspect.signature(print))"),
           "\"(*args, sep=' ', end='\\\\n', file=None, flush=False)\"");
  CHECK_EQ(value_of(session, "print.__module__, print.__name__, pickle.loads(pickle.dumps(print)) is print"),
           "('builtins', 'print', True)");
  CHECK_EQ(printed_by(session, R"(
class Loud:
    def __str__(self):
        print('inner')
        return 'outer'
print('before', Loud()))"),
           "before inner\nouter\n");
  Run failing(session, "print('kept', type('F', (), {'__str__': lambda self: 1 / 0})())");
  CHECK_EQ(failing.end().error_type, "ZeroDivisionError");
  CHECK_EQ(failing.out(), "kept ");
  CHECK_EQ(
      printed_by(session,
                 "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as f: print('x')\nprint(f.getvalue())"),
      "x\n\n");
  CHECK_EQ(printed_by(session, "print('\\ud800')"), "?\n");
  Run wrong(session, "print('a', sep=1)");
  CHECK_EQ(wrong.end().message, "sep must be None or a string, not int");
  Run huge(session, "print(10 ** 10_000)");
  CHECK_EQ(huge.end().error_type, "ValueError");
}

CAPSULE_TEST(tracebacks_have_no_frames_of_the_engine) {
  const Session session = open_session();
  for (const char *source : {"progress('x')", "import threading; t = threading.Thread(); t.start(); t.start()", "await 1",
                             "import getpass; getpass.getpass(1, 2, 3, 4)"}) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "error");
    CHECK_LACKS(run.end().traceback.value_or(""), "<capsule>");
  }
}

CAPSULE_TEST(a_fresh_session_has_empty_ones) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "In, len(Out), _, __, ___, _i, _ii, _iii"),
           "(['', 'In, len(Out), _, __, ___, _i, _ii, _iii'], 0, '', '', '', '', '', '')");
  CHECK_EQ(value_of(session, "In is _ih, Out is _oh, type(In).__name__, type(Out).__name__"), "(True, True, 'list', 'dict')");
}

CAPSULE_TEST(values_shift_by_value_and_sources_by_execution) {
  const Session session = open_session();
  const char *const sources[] = {"'a'", "x = 1", "None", "'b'", "for i in []: pass", "'c'"};
  for (const char *source : sources) {
    value_of(session, source);
  }
  CHECK_EQ(value_of(session, "_, __, ___"), "('c', 'b', 'a')");
  CHECK_EQ(value_of(session, "_i, _ii, _iii"), "('_, __, ___', \"'c'\", 'for i in []: pass')");
  // The last value itself, not its text.
  value_of(session, "[1, 2]");
  CHECK_EQ(value_of(session, "_.append(3); Out[9]"), "[1, 2, 3]");
  CHECK_EQ(value_of(session, "_ is __ is Out[9] is Out[10]"), "True");
}

CAPSULE_TEST(an_error_keeps_its_source_and_shifts_no_value) {
  const Session session = open_session();
  value_of(session, "'a'");
  for (const char *source : {"1 / 0", "def (", "raise SystemExit(3)", "x = 'y'; no_such_name"}) {
    CHECK_EQ(Run(session, source).end().outcome, "error");
  }
  CHECK_EQ(value_of(session, "_, sorted(Out)"), "('a', [1])");
  CHECK_EQ(value_of(session, "In[2:6]"), "['1 / 0', 'def (', 'raise SystemExit(3)', \"x = 'y'; no_such_name\"]");
}

CAPSULE_TEST(an_execution_sees_its_own_source_and_not_yet_its_value) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "In[-1], len(In), list(Out)"), "('In[-1], len(In), list(Out)', 2, [])");
  CHECK_EQ(value_of(session, "list(Out)"), "[1]");
}

CAPSULE_TEST(out_as_a_value_is_not_kept_in_itself) {
  const Session session = open_session();
  value_of(session, "'a'");
  CHECK_EQ(value_of(session, "Out"), "{1: 'a'}");
  CHECK_EQ(value_of(session, "_oh"), "{1: 'a'}");
  CHECK_EQ(value_of(session, "_, list(Out)"), "('a', [1])");
}

// IPython and the interpreter make the text of a value first, and keep the value then.
CAPSULE_TEST(a_value_that_holds_out_shows_it_without_itself) {
  const Session session = open_session();
  value_of(session, "'a'");
  CHECK_EQ(value_of(session, "Out, 1"), "({1: 'a'}, 1)");
  CHECK_EQ(value_of(session, "class Shown:\n    def __repr__(self): return f'after {_[1]}, of {len(Out)}'\nShown()"),
           "after 1, of 2");
}

CAPSULE_TEST(each_of_the_three_names_that_the_code_took_stops_the_shift) {
  for (const char *name : {"_", "__", "___"}) {
    const Session session = open_session();
    value_of(session, "'a'");
    value_of(session, std::string(name) + " = 'mine'");
    value_of(session, "'b'");
    CHECK_EQ(value_of(session, name), "'mine'");
    CHECK_EQ(value_of(session, "Out[3], In[3]"), "('b', \"'b'\")");
    // Given back, the shift goes on with the next value.
    value_of(session, std::string("del ") + name);
    value_of(session, "'c'");
    CHECK_EQ(value_of(session, "_"), "'c'");
  }
}

CAPSULE_TEST(a_name_taken_by_a_loop_or_an_import_is_the_user_s) {
  const Session session = open_session();
  value_of(session, "for _ in range(3): pass");
  value_of(session, "'value'");
  CHECK_EQ(value_of(session, "_"), "2");
  const Session other = open_session();
  value_of(other, "from gettext import gettext as _");
  value_of(other, "'value'");
  CHECK_EQ(value_of(other, "_('text')"), "'text'");
}

CAPSULE_TEST(canceled_in_the_queue_leaves_an_empty_entry) {
  const Session session = open_session();
  Run running(session, "input()");
  running.until(CAPSULE_EVENT_INPUT);
  Run queued(session, "'never'");
  Run behind(session, "'third'");
  queued.cancel();
  CHECK_EQ(queued.end().outcome, "canceled");
  running.answer("answered");
  CHECK_EQ(running.end().repr, "'answered'");
  CHECK_EQ(behind.end().repr, "'third'");
  CHECK_EQ(value_of(session, "In[1:4], dict(Out), _i"),
           "(['input()', '', \"'third'\"], {1: 'answered', 3: 'third'}, \"'third'\")");
}

CAPSULE_TEST(a_canceled_execution_keeps_its_source) {
  const Session session = open_session();
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "In[1], _i, len(Out)"),
           "(\"print('in', flush=True)\\nwhile True: pass\", \"print('in', flush=True)\\nwhile True: pass\", 0)");
}

CAPSULE_TEST(a_restart_begins_anew_at_the_next_number) {
  const Session session = open_session();
  value_of(session, "'a'");
  value_of(session, "'b'");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "len(In), In[:3], len(Out), _, _i"), "(4, ['', '', ''], 0, '', '')");
  CHECK_EQ(value_of(session, "list(Out), _ is Out[3]"), "([3], True)");
  Run dying(session, "import os; os._exit(3)");
  CHECK_EQ(dying.end().outcome, "died");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "len(In), set(In[:6]), len(Out)"), "(7, {''}, 0)");
}

CAPSULE_TEST(code_on_the_loop_is_kept_as_any_other) {
  const Session session = open_session();
  ExecutionOptions forced;
  forced.raw.mode = CAPSULE_MODE_ASYNC;
  const auto on_loop = [&](std::string_view source) { return Run(session, source, forced).end().repr.value_or(""); };
  CHECK_EQ(on_loop("'one'"), "'one'");
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  value_of(session, "await asyncio.sleep(0, 'three')");
  Run failing(session, "await asyncio.sleep(0)\n1 / 0");
  CHECK_EQ(failing.end().outcome, "error");
  CHECK_EQ(on_loop("_, __, ___, sorted(Out), len(In)"), "('three', 'one', '', [1, 3], 6)");
  CHECK_EQ(value_of(session, "await asyncio.sleep(0, (_i, _ii, In[2]))"),
           "('_, __, ___, sorted(Out), len(In)', 'await asyncio.sleep(0)\\n1 / 0', 'import asyncio\\nawait asyncio.sleep(0)')");
  value_of(session, "_ = await asyncio.sleep(0, 'mine')");
  value_of(session, "await asyncio.sleep(0, 'value')");
  CHECK_EQ(value_of(session, "_, Out[8]"), "('mine', 'value')");
  value_of(session, "del _\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(session, "await asyncio.sleep(0)\nif True: return 'returned'"), "'returned'");
  CHECK_EQ(value_of(session, "_"), "'returned'");
}

CAPSULE_TEST(names_bound_to_something_else_harm_nothing) {
  const Session session = open_session();
  value_of(session, "In = Out = _i = _ii = _iii = _ih = _oh = 5");
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(value_of(session, "'value'"), "'value'");
  }
  CHECK_EQ(value_of(session, "In, Out, _ih, _oh, _"), "(5, 5, 5, 5, 'value')");
}

CAPSULE_TEST(a_value_whose_methods_fail_harms_nothing) {
  const Session session = open_session();
  value_of(session, R"(
class Hostile:
    def __eq__(self, other): 1 / 0
    def __bool__(self): 1 / 0
    def __hash__(self): 1 / 0
    def __repr__(self): 1 / 0
None)");
  for (int i = 0; i < 4; ++i) {
    CHECK_CONTAINS(value_of(session, "Hostile()"), "repr() failed: ZeroDivisionError");
  }
  CHECK_EQ(value_of(session, "type(_).__name__, type(___).__name__, sorted(Out)"), "('Hostile', 'Hostile', [2, 3, 4, 5])");
}

CAPSULE_TEST(the_newest_thousand_are_kept) {  // I6
  const Session session = open_session();
  for (int i = 1; i <= 1005; ++i) {
    value_of(session, i % 5 == 0 ? "None" : "len(In) - 1");
  }
  // Sources by number: the oldest are empty, and their places stay.
  CHECK_EQ(value_of(session, "len(In), In[:8], In[-3:-1]"),
           "(1007, ['', '', '', '', '', '', '', 'len(In) - 1'], ['len(In) - 1', 'None'])");
  CHECK_EQ(value_of(session, "len(Out), min(Out), all(k == v for k, v in Out.items() if k < 1006)"), "(805, 1, True)");
  for (int i = 0; i < 300; ++i) {
    value_of(session, "0");
  }
  CHECK_EQ(value_of(session, "len(Out), min(Out), max(Out), sum(map(bool, In))"), "(1000, 133, 1307, 1000)");
}

CAPSULE_TEST(large_sources_are_let_go_of_by_their_characters) {  // I6
  constexpr std::size_t kChars = 4U << 20U;
  const Session session = open_session();
  // Of a million characters each: four of them and what is small are within the bound, a fifth is not.
  const std::string million = "len('" + std::string(1'000'000 - 7, 'x') + "')";
  for (int i = 0; i < 4; ++i) {
    CHECK_EQ(value_of(session, million), "999993");
  }
  CHECK_EQ(value_of(session, "[len(s) for s in In[:5]]"), "[0, 1000000, 1000000, 1000000, 1000000]");
  CHECK_EQ(value_of(session, million), "999993");
  CHECK_EQ(value_of(session, "[len(s) for s in In[:7]]"), "[0, 0, 1000000, 1000000, 1000000, 24, 1000000]");
  // One larger than the bound is kept while it is the newest, and then goes, with all before it.
  const std::string huge = "len('" + std::string(kChars, 'x') + "')";
  CHECK_EQ(number_of(session, huge), kChars);
  CHECK_EQ(value_of(session, "[len(s) for s in In[1:8]]"), "[0, 0, 0, 0, 0, 0, 0]");
  CHECK_EQ(value_of(session, "In[8:10]"), "['', '[len(s) for s in In[1:8]]']");
}
