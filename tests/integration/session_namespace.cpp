// Names persist between executions, in a namespace that is the user's alone.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(names_persist_between_executions) {
  const Session session = open_session();
  value_of(session, "import math as m\nx = 1\ndef f(y): return x + y\nclass C:\n    v = 5");
  CHECK_EQ(value_of(session, "f(1), C.v, m.floor(2.5)"), "(2, 5, 2)");
  value_of(session, "x = 10");
  CHECK_EQ(value_of(session, "f(1)"), "11");
  value_of(session, "del x");
  Run run(session, "f(1)");
  CHECK_EQ(run.end().error_type, "NameError");
}

CAPSULE_TEST(names_bound_before_an_error_stay) {
  const Session session = open_session();
  Run run(session, "kept = 'yes'\n1 / 0\nnever = 1");
  CHECK_EQ(run.end().outcome, "error");
  CHECK(run.end().state_preserved);
  CHECK_EQ(value_of(session, "kept"), "'yes'");
  CHECK_EQ(value_of(session, "'never' in globals()"), "False");
}

CAPSULE_TEST(globals_and_locals_are_one) {  // W-30
  const Session session = open_session();
  CHECK_EQ(value_of(session, "n = 1\ndef q(): return n\nq()"), "1");
  CHECK_EQ(value_of(session, "[n + i for i in range(2)]"), "[1, 2]");
  CHECK_EQ(value_of(session, "globals() is locals()"), "True");
}

CAPSULE_TEST(sessions_do_not_share_names) {
  const Session one = open_session();
  const Session two = open_session();
  value_of(one, "secret = 1\nimport json\njson.marked = True");
  CHECK_EQ(value_of(two, "'secret' in globals()"), "False");
  CHECK_EQ(value_of(two, "import json; hasattr(json, 'marked')"), "False");
  CHECK(info_of(one).pid != info_of(two).pid);
}

CAPSULE_TEST(the_engine_leaves_no_names_of_its_own) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "[name for name in globals() if not name.startswith('_')]"), "['In', 'Out']");
  CHECK_EQ(value_of(session, "__name__"), "'__main__'");
}

CAPSULE_TEST(the_engine_s_compiler_flags_do_not_reach_the_code) {  // W-27
  const Session session = open_session();
  CHECK_EQ(value_of(session, "def f(a: int): pass\ntype(f.__annotations__['a']).__name__"), "'type'");
  value_of(session, "from __future__ import annotations\ndef g(a: int): pass");
  CHECK_EQ(value_of(session, "g.__annotations__"), "{'a': 'int'}");
  CHECK_EQ(value_of(session, "def h(a: int): pass\ntype(h.__annotations__['a']).__name__"), "'type'");
}

CAPSULE_TEST(classes_and_functions_can_be_pickled) {
  const Session session = open_session();
  value_of(session, "import pickle\nclass P:\n    def __init__(self): self.v = 3\ndef f(): return 4");
  CHECK_EQ(value_of(session, "pickle.loads(pickle.dumps(P())).v, pickle.loads(pickle.dumps(f))()"), "(3, 4)");
}

CAPSULE_TEST(builtins_survive) {  // I4
  const Session session = open_session();
  Run run(session, "globals().clear()");
  run.end();
  CHECK_EQ(value_of(session, "len([1, 2])"), "2");
  Run removal(session, "del __builtins__");
  removal.end();
  CHECK_EQ(value_of(session, "len([1, 2])"), "2");
}

CAPSULE_TEST(assertions_and_debug_are_on) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "__debug__"), "True");
  Run run(session, "assert 1 == 2, 'not equal'");
  CHECK_EQ(run.end().error_type, "AssertionError");
  CHECK_EQ(run.end().message, "not equal");
}

CAPSULE_TEST(executions_are_numbered_from_one) {
  const Session session = open_session();
  for (std::uint64_t number = 1; number <= 3; ++number) {
    Run run(session, "1");
    std::uint64_t id = 0;
    ACCEPTED(capsule_execution_get_id(run.get(), &id, error));
    CHECK_EQ(id, number);
    CHECK_EQ(run.end().execution_id, number);
  }
}

CAPSULE_TEST(processes_of_sessions_have_a_group_of_their_own) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import os; os.getpgid(0) == os.getpid()"), "True");
  CHECK_EQ(number_of(session, "os.getpid()"), info_of(session).pid);
}

CAPSULE_TEST(the_main_thread_runs_the_code) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import threading; threading.current_thread() is threading.main_thread()"), "True");
  CHECK_EQ(value_of(session, "threading.active_count()"), "1");
  CHECK_EQ(value_of(session, "import signal; signal.signal(signal.SIGUSR1, lambda *_: None) == signal.SIG_DFL"), "True");
}
