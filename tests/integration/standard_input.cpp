// sys.stdin, its timeout, and what reads it: each line is asked of the host.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Answers each request with the next of the lines, and declines the one after the last.
std::string repr_with(const Session &session, std::string_view source, std::vector<std::string> lines) {
  Run run(session, source);
  for (std::size_t next = 0; !run.next().terminal();) {
    if (run.events().back().kind == CAPSULE_EVENT_INPUT) {
      CHECK_EQ(run.events().back().prompt, "");
      if (next < lines.size()) {
        run.answer(lines[next++]);
      } else {
        run.decline();
      }
    }
  }
  return run.end().repr.value_or(show(run.end()));
}

}  // namespace

CAPSULE_TEST(it_reads_as_a_text_file_does) {
  const Session session = open_session();
  value_of(session, "import sys");
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {"one"}), "'one\\n'");
  CHECK_EQ(repr_with(session, "sys.stdin.read()", {"one", "two"}), "'one\\ntwo\\n'");
  CHECK_EQ(repr_with(session, "sys.stdin.read(2), sys.stdin.read(3)", {"one", "two"}), "('on', 'e\\nt')");
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {}), "'wo\\n'");  // the rest of the line before
  CHECK_EQ(repr_with(session, "list(sys.stdin)", {"a", "b"}), "['a\\n', 'b\\n']");
  CHECK_EQ(repr_with(session, "sys.stdin.readlines()", {"ü"}), "['ü\\n']");
  CHECK_EQ(repr_with(session, "sys.stdin.buffer.read()", {"ü"}), "b'\\xc3\\xbc\\n'");
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {}), "''");
  CHECK_EQ(value_of(session, "sys.stdin.isatty(), sys.stdin.readable(), sys.stdin.encoding"), "(False, True, 'utf-8')");
}

CAPSULE_TEST(a_wait_that_runs_out_raises_timeout_error) {
  SessionOptions options;
  options.raw.input_timeout_ms = 50;
  const Session session = open_session(options);
  Run run(session, "input('now? ')");
  const Event request = run.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(run.end().error_type, "TimeoutError");
  CHECK_EQ(run.end().message, "input() timed out");
  CHECK_EQ(executor_metrics_of(session).input_timed_out, 1);
  REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), request.input_id, "late", 4, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_thread_that_still_waits_at_the_end_gets_eof) {
  const Session session = open_session();
  // At any moment of the end: before, while and after it is sent.
  for (int round = 0; round < 30; ++round) {
    Run run(session, R"(
import threading
heard = []
def ask():
    try: input('never answered ')
    except EOFError: heard.append('eof')
thread = threading.Thread(target=ask)
thread.start())");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(value_of(session, "thread.join(); heard"), "['eof']");
  }
}

CAPSULE_TEST(pdb_is_driven_through_it) {
  const Session session = open_session();
  Run run(session, "import pdb\nx = 41\npdb.set_trace()\ny = x + 1\ny");
  for (const char *command : {"p x", "l", "c"}) {
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "(Pdb) ");
    run.answer(command);
  }
  CHECK_EQ(run.end().repr, "42");
  CHECK_CONTAINS(run.out(), "41\n");
  CHECK_CONTAINS(run.out(), "y = x + 1");
}

CAPSULE_TEST(a_breakpoint_that_swallows_its_cancel_is_killed) {
  const Session session = open_session();
  Run run(session, "breakpoint()\n1");
  run.until(CAPSULE_EVENT_INPUT);
  run.cancel(200);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "killed");
}
