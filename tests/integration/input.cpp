// input() and getpass ask the host, in the order of everything else.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

capsule_status answer_to(const Run &run, std::uint64_t id, std::string_view text, capsule_error *error) {
  return capsule_execution_answer(run.get(), id, text.data(), text.size(), error);
}

}  // namespace

CAPSULE_TEST(an_input_request_has_its_place_in_the_output) {
  const Session session = open_session();
  Run run(session, "print('before')\nname = input('Name: ')\nprint('after', name)\nname");
  const Event request = run.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(request.prompt, "Name: ");
  CHECK(!request.secret);
  CHECK_EQ(run.out(), "before\n");
  run.answer("Ada");
  CHECK_EQ(run.end().repr, "'Ada'");
  CHECK_EQ(run.story(), "started output input output result");
  CHECK_EQ(run.out(), "before\nafter Ada\n");  // the prompt is not in the output as well
}

CAPSULE_TEST(output_without_newline_comes_before_the_request) {
  const Session session = open_session();
  Run run(session, "import sys\nprint('no newline', end='')\nsys.stderr.write('err')\nx = input()\nprint('.', end='')");
  const Event request = run.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(request.prompt, "");
  CHECK_EQ(run.output(), "no newlineerr");
  run.answer("");
  run.end();
  CHECK_EQ(run.output(), "no newlineerr.");
}

CAPSULE_TEST(several_inputs_in_one_execution) {
  const Session session = open_session();
  Run run(session, "sum(int(input('%d? ' % i)) for i in range(20))");
  std::uint64_t before = 0;
  for (int i = 0; i < 20; ++i) {
    const Event &request = run.until(CAPSULE_EVENT_INPUT);
    CHECK_EQ(request.prompt, show(i) + "? ");
    CHECK(request.input_id != before);
    before = request.input_id;
    run.answer(show(i));
  }
  CHECK_EQ(run.end().repr, "190");
  CHECK_EQ(info_of(session).input_requests, 20);
}

CAPSULE_TEST(inputs_in_every_execution_of_a_session) {  // W-21
  const Session session = open_session();
  for (int i = 0; i < 5; ++i) {
    Run run(session, "input('again')");
    run.until(CAPSULE_EVENT_INPUT);
    run.answer(show(i));
    CHECK_EQ(run.end().repr, "'" + show(i) + "'");
  }
}

CAPSULE_TEST(getpass_asks_secretly) {
  const Session session = open_session();
  Run run(session, "import getpass\ngetpass.getpass('Password for you: ')");
  const Event request = run.until(CAPSULE_EVENT_INPUT);
  CHECK(request.secret);
  CHECK_EQ(request.prompt, "Password for you: ");
  run.answer("hunter2");
  CHECK_EQ(run.end().repr, "'hunter2'");
  CHECK_EQ(run.output(), "");

  Run unprompted(session, "getpass.getpass()");
  CHECK_EQ(unprompted.until(CAPSULE_EVENT_INPUT).prompt, "Password: ");
  unprompted.answer("");
  CHECK_EQ(unprompted.end().repr, "''");
}

CAPSULE_TEST(answers_arrive_unchanged) {
  const Session session = open_session();
  for (const std::string &text : {std::string("naïve 雪 🐍"), std::string(""), std::string("  spaces  "),
                                  std::string("tab\t\x01\x7f"), std::string(1'000'000, 'x'), std::string("\\n 'quotes\"")}) {
    Run run(session, "answer = input()");
    run.until(CAPSULE_EVENT_INPUT);
    run.answer(text);
    CHECK_EQ(run.end().outcome, "ok");
    Run read(session, "print(answer, end='')");
    read.end();
    CHECK_EQ(read.out(), text);
  }
}

CAPSULE_TEST(prompts_of_any_kind) {
  const Session session = open_session();
  for (const auto &[source, prompt] : {std::pair("input(5)", "5"), std::pair("input(None)", "None"),
                                       std::pair("input('雪? ')", "雪? "), std::pair("input('two\\nlines')", "two\nlines")}) {
    Run run(session, source);
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, prompt);
    run.answer("x");
    CHECK_EQ(run.end().repr, "'x'");
  }
}

CAPSULE_TEST(hostile_prompts_do_not_wedge_the_session) {
  const Session session = open_session();
  for (const char *source :
       {"class P:\n    def __str__(self): return 1 / 0\ninput(P())", "input('a', 'b')", "input(prompt='k')"}) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "error");
  }
  Run large(session, "input('y' * 20_000_000)");
  if (large.next().kind == CAPSULE_EVENT_STARTED && large.next().kind == CAPSULE_EVENT_INPUT) {
    large.answer("x");
  }
  large.end();
  Run surrogate(session, "input('\\ud800')");
  if (surrogate.next().kind == CAPSULE_EVENT_STARTED && surrogate.next().kind == CAPSULE_EVENT_INPUT) {
    surrogate.answer("x");
  }
  surrogate.end();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_declined_input_raises_eoferror) {
  const Session session = open_session();
  Run run(session, "input('?')");
  run.until(CAPSULE_EVENT_INPUT);
  run.decline();
  CHECK_EQ(run.end().error_type, "EOFError");
  CHECK_EQ(run.end().outcome, "error");

  Run secret(session, "import getpass\ntry:\n    getpass.getpass()\nexcept EOFError:\n    r = 'declined'\nr");
  secret.until(CAPSULE_EVENT_INPUT);
  secret.decline();
  CHECK_EQ(secret.end().repr, "'declined'");
}

CAPSULE_TEST(an_input_is_answered_once) {
  const Session session = open_session();
  Run run(session, "a = input()\nb = input()\na + b");
  const std::uint64_t first = run.until(CAPSULE_EVENT_INPUT).input_id;
  run.answer("1");
  REFUSED(CAPSULE_E_STATE, answer_to(run, first, "again", error));
  REFUSED(CAPSULE_E_STATE, capsule_execution_decline(run.get(), first, error));
  const std::uint64_t second = run.until(CAPSULE_EVENT_INPUT).input_id;
  REFUSED(CAPSULE_E_STATE, answer_to(run, second + 1000, "x", error));
  REFUSED(CAPSULE_E_STATE, answer_to(run, 0, "x", error));
  run.decline();
  REFUSED(CAPSULE_E_STATE, answer_to(run, second, "late", error));
  CHECK_EQ(run.end().error_type, "EOFError");
  REFUSED(CAPSULE_E_STATE, answer_to(run, second, "later", error));
}

CAPSULE_TEST(an_input_of_another_execution_is_not_answered) {
  const Session one = open_session();
  const Session two = open_session();
  Run asking(one, "input()");
  Run other(two, "import time; time.sleep(60)");
  const std::uint64_t id = asking.until(CAPSULE_EVENT_INPUT).input_id;
  REFUSED(CAPSULE_E_STATE, answer_to(other, id, "x", error));
  asking.answer("mine");
  CHECK_EQ(asking.end().repr, "'mine'");
  other.cancel();
  CHECK_EQ(other.end().outcome, "canceled");
}

CAPSULE_TEST(a_bad_answer_is_refused_and_the_question_stays_open) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  Run run(session, "len(input())");
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, answer_to(run, id, "\xff", error)), "text");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, answer_to(run, id, "\xed\xa0\x80", error)), "text");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_answer(run.get(), id, nullptr, 1, error)), "text");
  const std::string longest((64U << 10U) - 4096, 'x');
  CHECK_CONTAINS(REFUSED(CAPSULE_E_LIMIT, answer_to(run, id, longest + "x", error)), "text");
  ACCEPTED(answer_to(run, id, longest, error));
  CHECK_EQ(run.end().repr, show(longest.size()));
}

CAPSULE_TEST(a_null_answer_is_an_empty_line) {
  const Session session = open_session();
  Run run(session, "input()");
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  ACCEPTED(capsule_execution_answer(run.get(), id, nullptr, 0, error));
  CHECK_EQ(run.end().repr, "''");
}

CAPSULE_TEST(a_cancel_ends_code_that_waits_for_input) {
  const Session session = open_session();
  Run run(session, "input('?')");
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "interrupted");
  CHECK_EQ(run.end().error_type, "KeyboardInterrupt");
  REFUSED(CAPSULE_E_STATE, answer_to(run, id, "late", error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(an_answer_given_late_does_not_reach_the_next_question) {
  const Session session = open_session();
  Run first(session, "input('first')");
  const std::uint64_t id = first.until(CAPSULE_EVENT_INPUT).input_id;
  first.cancel(kPatienceMs);
  first.end();
  Run second(session, "input('second')");
  second.until(CAPSULE_EVENT_INPUT);
  REFUSED(CAPSULE_E_STATE, answer_to(first, id, "wrong", error));
  second.answer("right");
  CHECK_EQ(second.end().repr, "'right'");
}

CAPSULE_TEST(a_timeout_ends_code_that_waits_for_input) {
  const Session session = open_session();
  Run run(session, "input('?')", ExecutionOptions::with_timeout_ms(50));
  CHECK_EQ(run.end().outcome, "timeout");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(code_that_catches_the_interrupt_can_ask_again) {
  const Session session = open_session();
  Run run(session, "try:\n    input('one')\nexcept KeyboardInterrupt:\n    r = input('two')\nr");
  run.until(CAPSULE_EVENT_INPUT);
  run.interrupt();
  CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "two");
  run.answer("second");
  CHECK_EQ(run.end().repr, "'second'");
}

CAPSULE_TEST(inputs_of_a_released_execution_are_declined) {
  const Session session = open_session();
  {
    Run run(session, "try:\n    input('now')\nexcept EOFError:\n    declined = ['waiting']");
    run.until(CAPSULE_EVENT_INPUT);
  }
  CHECK_EQ(value_of(session, "declined"), "['waiting']");
  {
    const Run run(session,
                  "import time\ntime.sleep(0.05)\ntry:\n    input('later')\nexcept EOFError:\n    declined.append('future')");
  }
  CHECK_EQ(value_of(session, "declined"), "['waiting', 'future']");
}

CAPSULE_TEST(threads_can_ask_at_the_same_time) {
  const Session session = open_session();
  Run run(session, R"(
import threading
answers = {}
def ask(name):
    answers[name] = input(name)
threads = [threading.Thread(target=ask, args=(name,)) for name in 'ab']
for t in threads: t.start()
for t in threads: t.join()
sorted(answers.items()))");
  const Event one = run.until(CAPSULE_EVENT_INPUT);
  const Event two = run.until(CAPSULE_EVENT_INPUT);
  CHECK(one.input_id != two.input_id);
  ACCEPTED(answer_to(run, two.input_id, "for " + two.prompt, error));
  ACCEPTED(answer_to(run, one.input_id, "for " + one.prompt, error));
  CHECK_EQ(run.end().repr, "[('a', 'for a'), ('b', 'for b')]");
}

CAPSULE_TEST(descriptor_0_is_at_its_end) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import os; os.read(0, 10)"), "b''");
  CHECK_EQ(value_of(session, "import subprocess; subprocess.run(['cat'], capture_output=True).stdout"), "b''");
}
