// How far the code has come: told at a set rate, the last value always.
#include <cmath>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_with(double rate) {
  SessionOptions options;
  options.raw.progress_rate_per_s = rate;
  return open_session(options);
}

std::string told(const Run &run) {
  std::string values;
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_PROGRESS) {
      values += (values.empty() ? "" : " ") + event.display_id + show(event.progress_value);
    }
  }
  return values;
}

std::vector<Event> progress_of(const Run &run) {
  std::vector<Event> events;
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_PROGRESS) {
      events.push_back(event);
    }
  }
  return events;
}

}  // namespace

CAPSULE_TEST(values_in_between_are_passed_over_and_counted) {
  const Session session = open_with(0.1);
  Run run(session, "for i in range(1, 1001): progress(i, 1000, 'work')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.story(), "started progress progress result");
  CHECK_EQ(told(run), show(1.0) + " " + show(1000.0));
  CHECK_EQ(run.events()[1].progress_label, "work");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.progress_calls, 1000);
  CHECK_EQ(metrics.progress_skipped, 998);
}

CAPSULE_TEST(without_a_limit_all_are_told) {
  const Session session = open_with(0);
  Run run(session, "for i in range(1000): progress(i)");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(info_of(session).displays, 1000);
  CHECK_EQ(executor_metrics_of(session).progress_skipped, 0);
}

CAPSULE_TEST(a_value_held_back_is_told_while_the_code_goes_on) {
  const Session session = open_with(20);
  Run run(session, "progress(1); progress(2)\nwhile True: pass");
  run.until(CAPSULE_EVENT_PROGRESS);
  CHECK(run.until(CAPSULE_EVENT_PROGRESS).progress_value == 2);
  run.cancel();
  CHECK_EQ(run.end().outcome, "canceled");
}

CAPSULE_TEST(each_bar_has_a_rate_of_its_own) {
  const Session session = open_with(0.1);
  Run run(session, "for i in range(3):\n    progress(i, id='a')\n    progress(i, id='b')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(told(run), "a" + show(0.0) + " b" + show(0.0) + " a" + show(2.0) + " b" + show(2.0));
}

CAPSULE_TEST(bad_arguments_are_refused_by_name) {
  const Session session = open_session();
  const char *const cases[][2] = {{"progress('x')", "value"}, {"progress(1, 'x')", "total"}, {"progress(1, 2, 3)", "label"}};
  for (const auto &[source, name] : cases) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "error");
    CHECK_CONTAINS(run.end().message, name);
    CHECK_LACKS(*run.end().traceback, "<capsule>");
  }
}

CAPSULE_TEST(an_event_has_all_that_was_said) {
  const Session session = open_with(0);
  Run run(session, "progress(1)\nprogress(2.5, 10, 'wörk', id='bar')\nprogress(True, total=2)");
  CHECK_EQ(run.end().outcome, "ok");
  const auto events = progress_of(run);
  CHECK_EQ(events.size(), 3);
  CHECK(events[0].progress_value == 1);
  CHECK(std::isnan(events[0].progress_total));
  CHECK_EQ(events[0].progress_label, "");
  CHECK_EQ(events[0].display_id, "");
  CHECK_EQ(events[0].writer_execution_id, 1);
  CHECK(!events[0].late);
  CHECK(events[1].progress_value == 2.5 && events[1].progress_total == 10);
  CHECK_EQ(events[1].progress_label, "wörk");
  CHECK_EQ(events[1].display_id, "bar");
  CHECK(events[2].progress_value == 1 && events[2].progress_total == 2);
}

CAPSULE_TEST(without_a_limit_the_events_are_the_calls_in_order_with_prints) {
  const Session session = open_with(0);
  Run run(session, "for i in range(100):\n    progress(i)\n    print(i)");
  CHECK_EQ(run.end().outcome, "ok");
  std::string told;
  std::string expected;
  for (const Event &event : run.events()) {
    told += event.kind == CAPSULE_EVENT_PROGRESS ? show(event.progress_value) + ":" : event.data;
  }
  for (int i = 0; i < 100; ++i) {
    expected += show(static_cast<double>(i)) + ":" + show(i) + "\n";
  }
  CHECK_EQ(told, expected);
  CHECK_EQ(executor_metrics_of(session).progress_calls, 100);
}

CAPSULE_TEST(what_is_not_held_back_is_in_order_with_prints_under_a_limit_too) {
  const Session session = open_with(0.1);
  Run run(session, "print('a')\nprogress(1)\nprint('b')\nprogress(1, id='other')\nprint('c')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.story(), "started output progress output progress output result");
  CHECK_EQ(run.out(), "a\nb\nc\n");
}

CAPSULE_TEST(the_last_value_comes_behind_the_output_and_before_the_end_of_a_failure_too) {
  const Session session = open_with(0.1);
  Run run(session, "progress(1); progress(2); progress(3)\nprint('out')\n1 / 0");
  CHECK_EQ(run.end().error_type, "ZeroDivisionError");
  CHECK_EQ(run.story(), "started progress output progress error");
  CHECK_EQ(told(run), show(1.0) + " " + show(3.0));
  CHECK_EQ(executor_metrics_of(session).progress_skipped, 1);
}

CAPSULE_TEST(an_execution_begins_with_a_rate_of_its_own) {
  const Session session = open_with(0.1);
  for (int i = 0; i < 3; ++i) {
    Run run(session, "progress(1)\nprint('not held back')");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(run.story(), "started progress output result");
  }
}

CAPSULE_TEST(a_value_held_back_is_told_while_the_code_waits) {
  const Session session = open_with(5);
  Run run(session, "progress(1); progress(2)\ninput()");
  run.until(CAPSULE_EVENT_PROGRESS);
  // The request comes before the value, or behind it where the machine is slow; nothing is answered before both are there.
  CHECK(run.until(CAPSULE_EVENT_PROGRESS).progress_value == 2);
  if (run.story().find("input") == std::string::npos) {
    run.until(CAPSULE_EVENT_INPUT);
  }
  run.answer("go on");
  CHECK_EQ(run.end().repr, "'go on'");
  CHECK_EQ(told(run), show(1.0) + " " + show(2.0));
  CHECK_EQ(executor_metrics_of(session).progress_skipped, 0);
}

CAPSULE_TEST(each_call_is_told_or_counted_as_skipped) {
  // An interval so short that values fall due all the time while the code goes on: by itself, and by the next call.
  for (const double rate : {2'000.0, 20'000.0, 200'000.0}) {
    const Session session = open_with(rate);
    Run run(session, "for i in range(50_000): progress(i)");
    CHECK_EQ(run.end().outcome, "ok");
    const auto events = progress_of(run);
    const capsule_executor_metrics metrics = executor_metrics_of(session);
    CHECK_EQ(metrics.progress_calls, 50'000);
    double last = -1;
    for (const Event &event : events) {
      CHECK(event.progress_value > last);
      last = event.progress_value;
    }
    CHECK(last == 49'999);
    CHECK_EQ(events.size() + metrics.progress_skipped, metrics.progress_calls);
  }
}

CAPSULE_TEST(what_is_no_finite_number_or_no_text_is_refused_by_name) {
  const Session session = open_session();
  const struct {
    const char *call;
    const char *type;
    const char *name;
  } cases[] = {
      {"progress(None)", "TypeError", "value must be a real number, not NoneType"},
      {"progress(1j)", "TypeError", "value must be a real number, not complex"},
      {"progress(float('nan'))", "ValueError", "value must be finite"},
      {"progress(10 ** 400)", "ValueError", "value is too large"},
      {"progress(1, [])", "TypeError", "total must be a real number, not list"},
      {"progress(1, float('inf'))", "ValueError", "total must be finite"},
      {"progress(1, 2, None)", "TypeError", "label must be a str, not NoneType"},
      {"progress(1, id=7)", "TypeError", "id must be a str, not int"},
      {"progress(1, id='a\\0b')", "ValueError", "id must be a text"},
      {"progress(1, id='x' * 257)", "ValueError", "id must be a text of at most 256"},
  };
  for (const auto &[call, type, name] : cases) {
    Run run(session, call);
    CHECK_EQ(run.end().error_type, type);
    CHECK_CONTAINS(run.end().message, name);
    CHECK_EQ(run.story(), "started error");
  }
  CHECK_EQ(executor_metrics_of(session).progress_calls, 0);
}
