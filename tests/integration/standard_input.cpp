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

// The request as the library tells it.
std::int64_t timeout_told_by(const Session &session) {
  const Execution execution = submit(session, "input()");
  const Deadline deadline;
  for (EventStruct event;;) {
    ACCEPTED(capsule_execution_next(execution.get(), deadline.left_ms(), event.get(), error));
    if (event->kind == CAPSULE_EVENT_INPUT) {
      const std::int64_t told = event->input_timeout_ms;
      ACCEPTED(capsule_execution_answer(execution.get(), event->input_id, "x", 1, error));
      return told;
    }
  }
}

// Answers one pdb command, and returns what it prints up to the next request, which has to come.
std::string pdb_answer(Run &run, const std::string &command) {
  const std::size_t before = run.out().size();
  run.answer(command);
  CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "(Pdb) ");
  return run.out().substr(before);
}

// Steps until pdb is at that line of code: from Python 3.13 on it stops at its own call first.
void step_to(Run &run, const std::string &code, std::string at) {
  for (int steps = 0; at.find("-> " + code) == std::string::npos; ++steps) {
    CHECK_AT_MOST(steps, 3);
    at = pdb_answer(run, "n");
  }
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

CAPSULE_TEST(each_line_is_asked_for_when_it_is_needed) {
  const Session session = open_session();
  Run run(session, "import sys\nfor line in sys.stdin:\n    print('got', line, end='')\n'over'");
  for (const char *line : {"one", "two"}) {
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "");
    CHECK(!run.events().back().secret);
    run.answer(line);
  }
  run.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(run.out(), "got one\ngot two\n");
  run.decline();
  CHECK_EQ(run.end().repr, "'over'");
  CHECK_EQ(run.story(), "started input output input output input result");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.input_requests, 3);
  CHECK_EQ(metrics.input_answered, 2);
  CHECK_EQ(metrics.input_declined, 1);
}

CAPSULE_TEST(the_end_of_the_file_is_that_of_one_read) {
  const Session session = open_session();
  value_of(session, "import sys");
  CHECK_EQ(repr_with(session, "sys.stdin.read()", {}), "''");
  CHECK_EQ(repr_with(session, "sys.stdin.readlines()", {"a"}), "['a\\n']");
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {"again"}), "'again\\n'");
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {""}), "'\\n'");  // an empty line is no end
}

CAPSULE_TEST(no_more_is_asked_for_than_a_read_needs) {
  const Session session = open_session();
  value_of(session, "import sys");
  CHECK_EQ(repr_with(session, "sys.stdin.readline(3), sys.stdin.readline()", {"abcdef"}), "('abc', 'def\\n')");
  CHECK_EQ(repr_with(session, "sys.stdin.read(0), sys.stdin.read(4)", {"abc"}), "('', 'abc\\n')");
  CHECK_EQ(repr_with(session, "sys.stdin.buffer.readline()", {"ü"}), "b'\\xc3\\xbc\\n'");
  CHECK_EQ(repr_with(session, "sys.stdin.buffer.read(2), sys.stdin.buffer.read(2)", {"abc"}), "(b'ab', b'c\\n')");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.input_requests, 4);
  CHECK_EQ(metrics.input_answered, 4);
}

CAPSULE_TEST(a_readline_of_no_characters_asks_nothing) {
  const Session session = open_session();
  Run run(session, "import sys; sys.stdin.readline(0)");
  CHECK_EQ(run.next().kind, CAPSULE_EVENT_STARTED);
  CHECK_EQ(run.next().kind, CAPSULE_EVENT_RESULT);
  CHECK_EQ(run.end().repr, "''");
  CHECK_EQ(executor_metrics_of(session).input_requests, 0);
}

CAPSULE_TEST(it_is_mixed_with_input_and_getpass) {
  const Session session = open_session();
  Run run(session, "import sys, getpass\nsys.stdin.readline(), input('Name: '), getpass.getpass('Secret: '), next(sys.stdin)");
  const struct {
    const char *prompt;
    bool secret;
    const char *answer;
  } requests[] = {{"", false, "a"}, {"Name: ", false, "b"}, {"Secret: ", true, "c"}, {"", false, "d"}};
  for (const auto &[prompt, secret, answer] : requests) {
    const Event &request = run.until(CAPSULE_EVENT_INPUT);
    CHECK_EQ(request.prompt, prompt);
    CHECK_EQ(request.secret, secret);
    run.answer(answer);
  }
  CHECK_EQ(run.end().repr, "('a\\n', 'b', 'c', 'd\\n')");
}

CAPSULE_TEST(the_request_says_how_long_the_code_waits) {
  CHECK_EQ(timeout_told_by(open_session()), 300'000);
  for (const std::int64_t timeout : {std::int64_t{0}, std::int64_t{kPatienceMs}}) {
    SessionOptions options;
    options.raw.input_timeout_ms = timeout;
    CHECK_EQ(timeout_told_by(open_session(options)), timeout);
  }
}

CAPSULE_TEST(a_readline_that_runs_out_raises_timeout_error_and_may_be_repeated) {
  SessionOptions options;
  options.raw.input_timeout_ms = 50;
  const Session session = open_session(options);
  Run run(session, R"(
import sys
caught = 0
for read in (sys.stdin.readline, sys.stdin.read, sys.stdin.buffer.readline):
    try: read()
    except TimeoutError: caught += 1
caught)");
  std::vector<std::uint64_t> ids;
  while (!run.next().terminal()) {
    if (run.events().back().kind == CAPSULE_EVENT_INPUT) {
      ids.push_back(run.events().back().input_id);
    }
  }
  CHECK_EQ(run.end().repr, "3");
  CHECK_EQ(ids.size(), 3);
  for (const std::uint64_t id : ids) {
    REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), id, "late", 4, error));
    REFUSED(CAPSULE_E_STATE, capsule_execution_decline(run.get(), id, error));
  }
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.input_requests, 3);
  CHECK_EQ(metrics.input_timed_out, 3);
  CHECK_EQ(metrics.input_answered + metrics.input_declined + metrics.input_canceled, 0);
}

CAPSULE_TEST(an_answer_given_after_the_time_is_refused_while_the_code_goes_on) {
  SessionOptions options;
  options.raw.input_timeout_ms = 50;
  const Session session = open_session(options);
  Run run(session, "try: input()\nexcept TimeoutError: print('too late')\nwhile True: pass");
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  run.until_output("too late\n");
  REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), id, "late", 4, error));
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
}

CAPSULE_TEST(a_cancel_wakes_what_reads_at_once) {
  const Session session = open_session();
  for (const char *source :
       {"import sys; sys.stdin.readline()", "sys.stdin.read()", "for line in sys.stdin: pass", "sys.stdin.buffer.read()"}) {
    Run run(session, source);
    const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
    const Stopwatch watch;
    run.cancel(kPatienceMs);
    CHECK_EQ(run.end().outcome, "canceled");
    CHECK_EQ(run.end().cancel_phase, "interrupted");
    CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(0));
    REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), id, "late", 4, error));
  }
  CHECK_EQ(executor_metrics_of(session).input_canceled, 4);
  CHECK_EQ(repr_with(session, "sys.stdin.readline()", {"fresh"}), "'fresh\\n'");
}

CAPSULE_TEST(pdb_steps_through_the_code_and_shows_it) {
  const Session session = open_session();
  Run run(session, "import pdb\nx = 41\npdb.set_trace()\ny = x + 1\nz = y * 2\nz");
  CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "(Pdb) ");
  CHECK_CONTAINS(run.out(), "<execution 1>(");
  step_to(run, "y = x + 1", run.out());
  CHECK_EQ(pdb_answer(run, "p x"), "41\n");
  CHECK_CONTAINS(pdb_answer(run, "n"), "-> z = y * 2");
  CHECK_EQ(pdb_answer(run, "p y"), "42\n");
  const std::string listed = pdb_answer(run, "l");
  CHECK_CONTAINS(listed, "  1  \timport pdb");
  CHECK_CONTAINS(listed, "  5  ->\tz = y * 2");
  run.answer("c");
  CHECK_EQ(run.end().repr, "84");
  CHECK_EQ(run.err(), "");
}

CAPSULE_TEST(a_breakpoint_in_a_function_of_an_earlier_execution_shows_its_lines) {
  const Session session = open_session();
  value_of(session, "def double(n):\n    breakpoint()\n    twice = n * 2\n    return twice\nNone");
  Run run(session, "double(21)");
  CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "(Pdb) ");
  CHECK_CONTAINS(run.out(), "<execution 1>(");
  step_to(run, "twice = n * 2", run.out());
  CHECK_EQ(pdb_answer(run, "p n"), "21\n");
  CHECK_CONTAINS(pdb_answer(run, "l"), "    return twice");
  CHECK_CONTAINS(pdb_answer(run, "w"), "double(21)");
  run.answer("c");
  CHECK_EQ(run.end().repr, "42");
}

CAPSULE_TEST(a_declined_pdb_command_quits_the_debugger) {
  const Session session = open_session();
  Run run(session, "import pdb\npdb.set_trace()\nx = 1\nx");
  CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "(Pdb) ");
  run.decline();
  CHECK_EQ(run.end().error_type, "bdb.BdbQuit");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}
