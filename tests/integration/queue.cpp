// Executions of a session run in order, up to a bound (I6).
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kEndless = "print('running', flush=True)\nwhile True: pass";

SessionOptions with_queue_limit(std::uint32_t limit) {
  SessionOptions options;
  options.raw.queue_limit = limit;
  return options;
}

void check_busy(const Session &session) {
  capsule_execution *execution = reinterpret_cast<capsule_execution *>(&execution);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_BUSY, capsule_execution_create(session.get(), "1", 1, nullptr, &execution, error)), "busy");
  CHECK(execution == nullptr);
}

}  // namespace

CAPSULE_TEST(executions_run_in_the_order_submitted) {
  const Session session = open_session();
  std::vector<Run> runs;
  for (int i = 0; i < 40; ++i) {
    runs.emplace_back(session, "order = globals().get('order', []) + [" + show(i) + "]\nprint(order[-1])");
  }
  for (int i = 0; i < 40; ++i) {
    CHECK_EQ(runs[static_cast<std::size_t>(i)].end().execution_id, i + 1);
    CHECK_EQ(runs[static_cast<std::size_t>(i)].out(), show(i) + "\n");
  }
  CHECK_EQ(value_of(session, "order == list(range(40))"), "True");
}

CAPSULE_TEST(one_runs_at_a_time) {
  const Session session = open_session();
  Run first(session, "input()");
  first.until(CAPSULE_EVENT_INPUT);
  Run second(session, "2");
  const std::uint64_t submitted_ns = now_ns();
  const std::uint64_t answered_ns = now_ns();
  first.answer("");
  const Event first_end = first.end();
  const Event second_start = second.next();
  CHECK_EQ(second_start.kind, CAPSULE_EVENT_STARTED);
  CHECK_AT_LEAST(second_start.time_ns, first_end.time_ns);
  CHECK_AT_LEAST(second.end().queue_ns, answered_ns - submitted_ns);
}

CAPSULE_TEST(an_error_does_not_stop_the_queue) {
  const Session session = open_session();
  Run failing(session, "1 / 0");
  Run next(session, "'ran'");
  Run syntax(session, "= =");
  Run last(session, "'ran too'");
  CHECK_EQ(failing.end().outcome, "error");
  CHECK_EQ(next.end().repr, "'ran'");
  CHECK_EQ(syntax.end().error_type, "SyntaxError");
  CHECK_EQ(last.end().repr, "'ran too'");
}

CAPSULE_TEST(with_a_limit_of_0_a_second_one_is_refused) {
  const Session session = open_session(with_queue_limit(0));
  Run run(session, kEndless);
  check_busy(session);
  run.until_output("running");
  check_busy(session);
  run.cancel(kPatienceMs);
  run.end();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(info_of(session).executions_refused, 2);
}

CAPSULE_TEST(the_queue_has_room_for_exactly_its_limit) {
  const Session session = open_session(with_queue_limit(3));
  Run running(session, kEndless);
  running.until_output("running");
  std::vector<Run> queued;
  for (int i = 0; i < 3; ++i) {
    queued.emplace_back(session, show(i));
  }
  check_busy(session);
  CHECK_EQ(info_of(session).executions_queued, 3);
  queued[1].cancel();  // makes room for one
  Run another(session, "'another'");
  check_busy(session);
  running.cancel(kPatienceMs);
  CHECK_EQ(another.end().repr, "'another'");
  CHECK_EQ(info_of(session).executions_queued, 0);
  CHECK_EQ(info_of(session).executions_refused, 2);
}

CAPSULE_TEST(the_default_limit_is_64) {
  const Session session = open_session();
  Run running(session, kEndless);
  running.until_output("running");
  std::vector<Run> queued;
  for (int i = 0; i < 64; ++i) {
    queued.emplace_back(session, show(i));
  }
  check_busy(session);
  running.cancel(kPatienceMs);
  for (int i = 0; i < 64; ++i) {
    CHECK_EQ(queued[static_cast<std::size_t>(i)].end().repr, show(i));
  }
}

CAPSULE_TEST(a_refused_submission_takes_no_number) {  // I5: it makes no event
  const Session session = open_session(with_queue_limit(0));
  Run run(session, kEndless);
  run.until_output("running");
  check_busy(session);
  run.cancel(kPatienceMs);
  run.end();
  Run next(session, "1");
  CHECK_EQ(next.end().execution_id, 2);
}

CAPSULE_TEST(queued_executions_wait_for_the_worker) {
  SessionOptions options;
  options.raw.wait_ready = 0;
  const Session session = open_session(options);
  std::vector<Run> runs;
  for (int i = 0; i < 5; ++i) {
    runs.emplace_back(session, show(i));
  }
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(runs[static_cast<std::size_t>(i)].end().repr, show(i));
  }
}

CAPSULE_TEST(a_released_execution_in_the_queue_still_runs) {
  const Session session = open_session();
  Run running(session, "import time; time.sleep(0.1)");
  submit(session, "released = 'ran'");
  CHECK_EQ(value_of(session, "released"), "'ran'");
  CHECK_EQ(running.end().outcome, "ok");
}

CAPSULE_TEST(threads_submit_to_one_session) {
  const Session session = open_session(with_queue_limit(1000));
  value_of(session, "count = 0");
  run_at_once(8, [&](int) {
    for (int i = 0; i < 25; ++i) {
      CHECK_EQ(value_of(session, "count += 1"), "");
    }
  });
  CHECK_EQ(value_of(session, "count"), "200");
  CHECK_EQ(info_of(session).executions_succeeded, 202);
}

CAPSULE_TEST(limits_out_of_range_are_refused) {
  Session session;
  SessionOptions options = with_queue_limit(65'537);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error)),
                 "queue_limit");
  CHECK(session.get() == nullptr);
  const Session largest = open_session(with_queue_limit(65'536));
  CHECK_EQ(value_of(largest, "1"), "1");
}
