// The echo executor: the same events and ends as Python's, for hosts and bindings that test without one.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_echo() { return open_session(SessionOptions::echo()); }

}  // namespace

CAPSULE_TEST(lines_run_in_order) {  // I2
  const Session session = open_echo();
  Run run(session, "out one\nerr two\nout three\nvalue four");
  const Event end = run.end();
  CHECK_EQ(run.output(), "one\ntwo\nthree\n");
  CHECK_EQ(run.out(), "one\nthree\n");
  CHECK_EQ(run.err(), "two\n");
  CHECK_EQ(end.repr, "four");
  CHECK_EQ(end.type_name, "str");
  CHECK_EQ(end.json, "\"four\"");
  CHECK_EQ(run.story(), "started output result");
}

CAPSULE_TEST(without_a_value_there_is_none) {
  const Session session = open_echo();
  Run run(session, "out x");
  CHECK_EQ(run.end().repr, std::nullopt);
  CHECK_EQ(run.end().type_name, std::nullopt);
}

CAPSULE_TEST(descriptor_level_output_is_captured) {  // I3
  const Session session = open_echo();
  for (int i = 0; i < 50; ++i) {
    Run run(session, "fd raw " + show(i));
    run.end();
    CHECK_EQ(run.out(), "raw " + show(i) + "\n");
  }
}

CAPSULE_TEST(a_flood_arrives_whole) {
  const Session session = open_echo();
  Run run(session, "flood 50000");
  CHECK_EQ(run.end().stdout_bytes, 5'000'000);
}

CAPSULE_TEST(unicode_passes_through) {
  const Session session = open_echo();
  Run run(session, "out naïve 雪 🐍\nvalue \"雪\"");
  CHECK_EQ(run.end().repr, "\"雪\"");
  CHECK_EQ(run.end().json, "\"\\\"雪\\\"\"");
  CHECK_EQ(run.out(), "naïve 雪 🐍\n");
}

CAPSULE_TEST(questions_are_asked_and_answered) {
  const Session session = open_echo();
  Run run(session, "out before\ninput Name: \nsecret Word:\nout after");
  const Event name = run.until(CAPSULE_EVENT_INPUT);
  CHECK(!name.secret);
  CHECK(name.prompt.starts_with("Name:"));
  CHECK_EQ(run.out(), "before\n");
  run.answer("Ada");
  CHECK(run.until(CAPSULE_EVENT_INPUT).secret);
  run.answer("hunter2");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "before\nAda\nhunter2\nafter\n");
}

CAPSULE_TEST(a_declined_question_is_an_eoferror) {
  const Session session = open_echo();
  Run run(session, "input ?\nout never");
  run.until(CAPSULE_EVENT_INPUT);
  run.decline();
  CHECK_EQ(run.end().error_type, "EOFError");
  CHECK_EQ(run.out(), "");
}

CAPSULE_TEST(errors_end_the_execution_and_not_the_session) {
  const Session session = open_echo();
  Run raised(session, "out before\nraise ValueError some words\nout never");
  CHECK_EQ(raised.end().error_type, "ValueError");
  CHECK_EQ(raised.end().message, "some words");
  CHECK_EQ(raised.end().outcome, "error");
  CHECK_EQ(raised.out(), "before\n");
  Run unknown(session, "dance");
  CHECK_EQ(unknown.end().error_type, "SyntaxError");
  CHECK_EQ(value_of(session, "value still here"), "still here");
}

CAPSULE_TEST(a_cancel_breaks_spin_and_sleep) {
  const Session session = open_echo();
  for (const char *source : {"out in\nspin", "out in\nsleep 60000"}) {
    Run run(session, source);
    run.until_output("in");
    run.cancel(kPatienceMs);
    CHECK_EQ(run.end().outcome, "canceled");
    CHECK_EQ(run.end().cancel_phase, "interrupted");
    CHECK_EQ(run.end().error_type, "KeyboardInterrupt");
    CHECK(run.end().state_preserved);
  }
}

CAPSULE_TEST(a_cancel_breaks_a_question) {
  const Session session = open_echo();
  Run run(session, "input ?");
  run.until(CAPSULE_EVENT_INPUT);
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(value_of(session, "value next"), "next");
}

CAPSULE_TEST(an_interrupt_is_an_error_of_the_code) {
  const Session session = open_echo();
  Run run(session, "out in\nspin");
  run.until_output("in");
  run.interrupt();
  CHECK_EQ(run.end().outcome, "error");
  CHECK_EQ(run.end().error_type, "KeyboardInterrupt");
}

CAPSULE_TEST(what_is_stubborn_is_killed_when_the_grace_ends) {
  const Session session = open_echo();
  const Session clock = open_echo();
  Run run(session, "out in\nstubborn");
  run.until_output("in");
  value_of(clock, "sleep 100");  // a cancel between the two lines would be an interrupt
  const Stopwatch watch;
  run.cancel(100);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "killed");
  CHECK_AT_LEAST(watch.elapsed_ms(), 99);
  CHECK_EQ(state_of(session), "error");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "value back"), "back");
}

CAPSULE_TEST(a_timeout_ends_it) {
  const Session session = open_echo();
  Run run(session, "spin", ExecutionOptions::with_timeout_ms(50));
  CHECK_EQ(run.end().outcome, "timeout");
  CHECK_EQ(run.end().error_type, "TimeoutError");
  CHECK_EQ(value_of(session, "value next"), "next");
}

CAPSULE_TEST(deaths_are_told_apart) {
  const Session session = open_echo();
  const struct {
    const char *source;
    const char *reason;
    int exit_code;
    int signal_number;
  } deaths[] = {{"out last\nexit 7", "exit", 7, 0},
                {"out last\nexit 0", "exit", 0, 0},
                {"out last\nabort", "signal", 0, 6},
                {"out last\nkill", "signal", 0, 9}};
  for (const auto &[source, reason, exit_code, signal_number] : deaths) {
    Run run(session, source);
    const Event end = run.end();
    CHECK_EQ(end.outcome, "died");
    CHECK_EQ(end.error_type, "WorkerDied");
    CHECK_EQ(end.death_reason, reason);
    CHECK(end.death_certain);
    CHECK_EQ(end.exit_code, exit_code);
    CHECK_EQ(end.signal_number, signal_number);
    CHECK(!end.state_preserved);
    CHECK_EQ(run.out(), "last\n");
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}

CAPSULE_TEST(the_info_says_that_it_is_echo) {
  const Session session = open_echo();
  CHECK_EQ(info_of(session).executor, CAPSULE_EXECUTOR_ECHO);
  CHECK_EQ(state_of(session), "ready");
}

CAPSULE_TEST(sources_are_checked_as_for_python) {
  const Session session = open_echo();
  Execution execution;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "", 0, nullptr, execution.out(), error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "\xff", 1, nullptr, execution.out(), error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "o\0", 2, nullptr, execution.out(), error));
  Run blank(session, "\n\n");
  CHECK_EQ(blank.end().outcome, "ok");
}
