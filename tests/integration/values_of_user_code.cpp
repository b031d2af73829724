// Values whose own code runs when they are read: it raises, prints, asks, hangs, ends; the session goes on.
#include <csignal>
#include <cstring>

#include "process.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

std::string get_refused(const Session &session, capsule_status status, std::string_view name,
                        std::int32_t kind = CAPSULE_VALUE_REPR, std::int64_t timeout_ms = kPatienceMs) {
  capsule_value value{.struct_size = sizeof value};
  return REFUSED(status, capsule_session_get(session.get(), name.data(), name.size(), kind, timeout_ms, &value, error));
}

void check_usable(const Session &session) {
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  set_json(session, "usable", "true");
  CHECK_EQ(Value(session, "usable").data(), "true");
}

// Binds `x` to a value whose repr() does that.
void bind_repr(const Session &session, const std::string &body) {
  value_of(session, "class R:\n  def __repr__(self):\n    " + body + "\nx = R(); None");
}

}  // namespace

CAPSULE_TEST(a_repr_that_raises) {
  const Session session = open_session();
  for (const char *body : {"raise ValueError('the reason')", "return 5", "raise SystemExit(3)", "raise KeyboardInterrupt",
                           "raise BaseException('odd')", "return repr(self)"}) {
    bind_repr(session, body);
    const std::string message = get_refused(session, CAPSULE_E_TYPE, "x");
    CHECK(!message.empty());
    check_usable(session);
  }
  bind_repr(session, "raise ValueError('the reason')");
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_TYPE, "x"), "ValueError");
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_TYPE, "x"), "the reason");
}

CAPSULE_TEST(an_exception_that_cannot_be_told) {
  const Session session = open_session();
  bind_repr(session, "class E(Exception):\n      def __str__(self): raise self\n    raise E");
  get_refused(session, CAPSULE_E_TYPE, "x");
  check_usable(session);
  bind_repr(session, "raise ValueError('\\ud800')");
  get_refused(session, CAPSULE_E_TYPE, "x");
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_hangs_is_canceled) {
  const Session session = open_session();
  for (const char *body : {"while True: pass", "import time; time.sleep(60)", "import threading; threading.Event().wait()"}) {
    bind_repr(session, body);
    const Stopwatch watch;
    get_refused(session, CAPSULE_E_TIMEOUT, "x", CAPSULE_VALUE_REPR, 50);
    CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(50));
    check_usable(session);
  }
  CHECK_EQ(info_of(session).restarts, 0);
}

CAPSULE_TEST(a_repr_that_swallows_its_cancel_is_killed) {
  SessionOptions options;
  options.raw.cancel_grace_ms = 50;
  const Session session = open_session(options);
  bind_repr(session, "while True:\n      try:\n        n = 0\n        while True: n += 1\n      except BaseException: pass");
  const Deadline deadline;
  while (state_of(session) != "error") {  // one that is canceled before it has begun kills nobody
    CHECK(!deadline.over());
    capsule_value value{.struct_size = sizeof value};
    CHECK(capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_REPR, 50, &value, nullptr) != CAPSULE_OK);
  }
  get_refused(session, CAPSULE_E_DIED, "x");
  ACCEPTED(capsule_session_restart(session.get(), error));
  check_usable(session);
}

CAPSULE_TEST(a_cancel_of_a_call_hits_no_execution_behind_it) {
  const Session session = open_session();
  bind_repr(session, "import time; time.sleep(60)");
  for (int i = 0; i < 20; ++i) {
    get_refused(session, CAPSULE_E_TIMEOUT, "x", CAPSULE_VALUE_REPR, 1 + i % 5);
    Run run(session, "sum(range(100000))");
    CHECK_EQ(run.end().outcome, "ok");
  }
}

CAPSULE_TEST(a_cancel_that_comes_before_its_call_has_begun_is_not_lost) {
  SessionOptions options;
  options.raw.cancel_grace_ms = kPatienceMs;
  const Session session = open_session(options);
  bind_repr(session, "import time; time.sleep(60)");
  for (int i = 0; i < 10; ++i) {
    const Watched worker(info_of(session).pid);
    worker.kill(SIGSTOP);
    get_refused(session, CAPSULE_E_TIMEOUT, "x", CAPSULE_VALUE_REPR, 20);  // both lie there when it goes on
    worker.kill(SIGCONT);
    const Stopwatch watch;
    check_usable(session);
    CHECK_AT_MOST(watch.elapsed_ms(), kPatienceMs / 2);
  }
}

CAPSULE_TEST(a_repr_that_prints) {
  const Session session = open_session();
  Run before(session, "'before'");
  before.end();
  bind_repr(session, "print('printed'); import os; os.write(1, b'written\\n'); return 'R'");
  CHECK_EQ(Value(session, "x", CAPSULE_VALUE_REPR).data(), "R");
  CHECK_LACKS(printed_by(session, "print('own')"), "\xff");
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_shows) {
  const Session session = open_session();
  bind_repr(session, "display('shown'); progress(1, 2); return 'R'");
  CHECK_EQ(Value(session, "x", CAPSULE_VALUE_REPR).data(), "R");
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_asks_for_input) {
  const Session session = open_session();
  bind_repr(session, "return 'got ' + input('?')");
  capsule_value value{.struct_size = sizeof value};
  const capsule_status status = capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_REPR, 500, &value, nullptr);
  CHECK(status == CAPSULE_E_TYPE || status == CAPSULE_E_TIMEOUT);  // nobody can answer
  capsule_value_release(&value);
  CHECK_EQ(state_of(session), "idle");
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_ends_the_process) {
  const Session session = open_session();
  bind_repr(session, "import os; os._exit(3)");
  CHECK_CONTAINS(get_refused(session, CAPSULE_E_DIED, "x"), "3");
  CHECK_EQ(state_of(session), "error");
  get_refused(session, CAPSULE_E_DIED, "x");
  const capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_JSON, .data = "1", .size_bytes = 1};
  REFUSED(CAPSULE_E_DIED, capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  ACCEPTED(capsule_session_restart(session.get(), error));
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_forks) {
  const Session session = open_session();
  bind_repr(session, "import os\n    pid = os.fork()\n    if pid == 0: os._exit(0)\n    os.waitpid(pid, 0); return 'R'");
  CHECK_EQ(Value(session, "x", CAPSULE_VALUE_REPR).data(), "R");
  check_usable(session);
}

CAPSULE_TEST(a_repr_that_changes_the_namespace) {
  const Session session = open_session();
  bind_repr(session, "global x; del x; globals().clear(); return 'R'");
  CHECK_EQ(Value(session, "x", CAPSULE_VALUE_REPR).data(), "R");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(values_that_lie_of_themselves_do_not_spoil_a_list) {
  const Session session = open_session();
  value_of(session,
           "good = 1\n"
           "class Size:\n  def __sizeof__(self): raise ValueError\n"
           "class Huge:\n  def __sizeof__(self): return 2 ** 70\n"
           "class Proxy:\n  @property\n  def __class__(self): raise RuntimeError('outside of its context')\n"
           "class Meta(type):\n  def __getattribute__(self, name): raise RuntimeError('no')\n"
           "class Odd(metaclass=Meta): pass\n"
           "size, huge, proxy = Size(), Huge(), Proxy()\n");
  NameList list(session);
  CHECK_EQ(list.text(),
           "good int value, Size type class, Huge type class, Proxy type class, Meta type class, Odd Meta class, "
           "size Size value, huge Huge value, proxy Proxy value");
  value_of(session, "odd = object.__new__(Odd); None");
  NameList again(session);
  CHECK_EQ(again->total, 10);
  CHECK_EQ(string_of(Value(session, "proxy", CAPSULE_VALUE_REPR)->type_name), "Proxy");
}

CAPSULE_TEST(a_size_that_hangs_is_canceled) {
  const Session session = open_session();
  value_of(session, "class Size:\n  def __sizeof__(self):\n    while True: pass\nx = Size()");
  capsule_name_list list{.struct_size = sizeof list};
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_list(session.get(), 10, 50, &list, error));
  check_usable(session);
}

CAPSULE_TEST(long_type_names_are_cut_between_characters) {
  const Session session = open_session();
  value_of(session, "x = type('ü' * 300, (), {})()");
  CHECK_EQ(string_of(Value(session, "x", CAPSULE_VALUE_REPR)->type_name).size(), 254);
  CHECK_EQ(NameList(session)->names[0].type_name.size, 254);
}

CAPSULE_TEST(a_name_that_is_no_utf8_is_left_out_of_a_list) {
  const Session session = open_session();
  value_of(session, "a = 1; globals()['\\ud800'] = 2; b = 3");
  NameList list(session);
  CHECK_EQ(list.text(), "a int value, b int value");
  check_usable(session);
}

CAPSULE_TEST(a_buffer_whose_owner_raises) {
  const Session session = open_session();
  value_of(session,
           "class B:\n  def __buffer__(self, flags): raise ValueError('no buffer today')\n"
           "  def __len__(self): raise ValueError\nx = B()\nm = memoryview(bytearray(3)); m.release()");
  for (const std::int32_t kind : {CAPSULE_VALUE_AUTO, CAPSULE_VALUE_BUFFER, CAPSULE_VALUE_BYTES}) {
    get_refused(session, CAPSULE_E_TYPE, "x", kind);
    get_refused(session, CAPSULE_E_TYPE, "m", kind);
  }
  check_usable(session);
}

CAPSULE_TEST(code_that_spoils_what_the_engine_could_use) {
  const Session session = open_session();
  value_of(session,
           "import builtins\nclass Str(str):\n  def encode(self, *a): raise ValueError\n"
           "class Int(int):\n  def __repr__(self): return 'Int'\n"
           "s = Str('text'); i = Int(5)");
  const capsule_value value{.struct_size = sizeof value, .kind = CAPSULE_VALUE_TEXT, .data = "t", .size_bytes = 1};
  ACCEPTED(capsule_session_set(session.get(), "t", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error));
  CHECK_EQ(Value(session, "i").data(), "5");
  capsule_value read{.struct_size = sizeof read};
  const capsule_status status = capsule_session_get(session.get(), "s", 1, CAPSULE_VALUE_TEXT, kPatienceMs, &read, nullptr);
  CHECK(status == CAPSULE_OK || status == CAPSULE_E_TYPE);
  capsule_value_release(&read);
  check_usable(session);
}
