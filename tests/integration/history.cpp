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
