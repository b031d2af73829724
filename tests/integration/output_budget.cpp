// The bound of what one execution may print: head and tail reach the host, and exact numbers of what lies between.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_with(std::uint64_t budget) {
  SessionOptions options;
  options.raw.output_budget_bytes = budget;
  return open_session(options);
}

// What the code wrote, without the library's notice.
std::string written(const Run &run) {
  std::string text;
  for (const Event &event : run.events()) {
    text += event.origin == "library" ? "" : event.raw;
  }
  return text;
}

std::string notice_of(const Run &run) {
  std::string text;
  for (const Event &event : run.events()) {
    text += event.origin == "library" ? event.raw : "";
  }
  return text;
}

std::string lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) {
    text += std::to_string(1'000'000 + i).substr(1) + "\n";  // seven bytes each
  }
  return text;
}

const char *const kLines = "for i in range(100_000): print(f'{i:06}')";

}  // namespace

CAPSULE_TEST(what_fits_is_left_alone) {
  const Session session = open_with(1400);
  Run run(session, "for i in range(200): print(f'{i:06}')\n'value'");
  const Event &end = run.end();
  CHECK_EQ(end.repr, "'value'");
  CHECK_EQ(run.out(), lines(0, 200));
  CHECK_EQ(end.left_out_bytes, 0);
  CHECK_EQ(notice_of(run), "");
}

CAPSULE_TEST(of_more_head_and_tail_are_kept_and_the_rest_is_counted) {
  const Session session = open_with(1400);
  Run run(session, kLines);
  const Event &end = run.end();
  CHECK_EQ(end.outcome, "ok");
  CHECK_EQ(end.stdout_bytes, 700'000);
  CHECK_EQ(written(run), lines(0, 100) + lines(99'900, 100'000));
  CHECK_EQ(end.left_out_bytes, 700'000 - 1400);
  CHECK_EQ(end.left_out_lines, 100'000 - 200);
  CHECK_EQ(notice_of(run), "[capsule: 698600 bytes in 99800 lines of output left out]\n");
  CHECK_EQ(info_of(session).left_out_output_bytes, 698'600);
  CHECK_EQ(printed_by(session, "print('again')"), "again\n");
}

CAPSULE_TEST(an_execution_s_own_budget_goes_before_the_session_s) {
  const Session session = open_with(1400);
  ExecutionOptions options;
  options.raw.output_budget_bytes = 1U << 20U;
  Run run(session, kLines, options);
  CHECK_EQ(run.end().left_out_bytes, 0);
  CHECK_EQ(run.out().size(), 700'000);
}

CAPSULE_TEST(characters_are_not_cut) {
  const Session session = open_with(1025);
  Run run(session, "import sys\n_ = sys.stdout.write('雪' * 10_000)");
  const Event &end = run.end();
  CHECK_EQ(end.stdout_bytes, 30'000);
  for (const Event &event : run.events()) {
    CHECK_EQ(event.invalid_bytes, 0);
  }
  CHECK_EQ(written(run).size() % 3, 0);
  CHECK_AT_MOST(written(run).size(), 1025);
  CHECK_AT_LEAST(written(run).size(), 1020);
  CHECK_EQ(end.left_out_lines, 0);
  CHECK_EQ(notice_of(run).substr(0, 11), "\n[capsule: ");  // on a line of its own
}

CAPSULE_TEST(streams_and_writers_stay_in_order_in_the_tail) {
  const Session session = open_with(1024);
  Run run(session, R"(
import sys
print('x' * 5000)
for i in range(3):
    print('out', i)
    print('err', i, file=sys.stderr))");
  run.end();
  const std::string all = written(run);
  CHECK_EQ(all.substr(all.size() - 36), "out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n");
  CHECK_CONTAINS(run.err(), "err 2\n");
}

CAPSULE_TEST(a_worker_that_dies_leaves_its_tail) {
  const Session session = open_with(1400);
  Run run(session, std::string(kLines) + "\nimport os; os._exit(1)");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(written(run), lines(0, 100) + lines(99'900, 100'000));
  CHECK_EQ(run.end().left_out_bytes, 698'600);
}

CAPSULE_TEST(a_host_that_takes_nothing_does_not_stop_what_is_left_out) {
  SessionOptions options;
  options.raw.output_budget_bytes = 2048;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, "for i in range(100_000): print(f'{i:06}')\nprint(input('done'))");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("yes");
  run.end();
  const std::string all = written(run);
  CHECK_EQ(all.substr(all.size() - 4), "yes\n");
}

CAPSULE_TEST(budgets_out_of_range_are_refused) {
  const Session session = open_with(0);
  for (const std::uint64_t budget : {std::uint64_t{1}, std::uint64_t{1023}, (std::uint64_t{1} << 30U) + 1, UINT64_MAX}) {
    SessionOptions of_session;
    of_session.raw.output_budget_bytes = budget;
    Session none;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), of_session.get(), none.out(), error));
    ExecutionOptions options;
    options.raw.output_budget_bytes = budget;
    Execution execution;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, options.get(), execution.out(), error));
  }
}
