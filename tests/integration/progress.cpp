// How far the code has come: told at a set rate, the last value always.
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
