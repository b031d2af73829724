// capsule_session_get_executor_metrics: each counter moves by exactly what happened.
#include <csignal>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(a_fresh_session_has_counted_nothing) {
  const Session session = open_session();
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.outputs_enqueued + metrics.outputs_captured + metrics.outputs_sent + metrics.drains, 0);
  CHECK_EQ(metrics.input_requests + metrics.output_queue_bytes_max, 0);
}

CAPSULE_TEST(printed_output_is_counted_by_piece_and_byte) {
  const Session session = open_session();
  value_of(session, "import sys\nfor i in range(3): sys.stdout.write('12345\\n')");
  capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.outputs_enqueued, 3);
  CHECK_EQ(metrics.output_bytes_enqueued, 18);
  CHECK_EQ(metrics.outputs_sent, 3);
  CHECK_EQ(metrics.output_bytes_sent, 18);
  CHECK_EQ(metrics.outputs_captured, 0);
  CHECK_EQ(metrics.drains, 1);
  CHECK_AT_LEAST(metrics.drain_ns, 1);
  CHECK_AT_LEAST(metrics.output_queue_bytes_max, 6);
  value_of(session, "None");
  metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.outputs_sent, 3);
  CHECK_EQ(metrics.drains, 2);
}

CAPSULE_TEST(captured_output_is_counted_beside_it) {
  const Session session = open_session();
  value_of(session, "import os\nos.write(1, b'seven\\n\\n')");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.outputs_enqueued, 0);
  CHECK_EQ(metrics.output_bytes_captured, 7);
  CHECK_EQ(metrics.output_bytes_sent, 7);
  CHECK_EQ(metrics.outputs_captured, metrics.outputs_sent);
}

CAPSULE_TEST(writes_that_wait_are_counted) {
  SessionOptions options;
  options.raw.output_queue_bytes = 64U << 10U;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, "print('x' * 1_000_000)");
  run.end();
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_AT_LEAST(metrics.output_waits, 1);
  CHECK_AT_MOST(metrics.output_queue_bytes_max, 64U << 10U);
  CHECK_EQ(metrics.output_bytes_sent, 1'000'001);
}

CAPSULE_TEST(input_is_counted_by_how_it_ended) {
  const Session session = open_session();
  const std::string ask = "try: input()\nexcept EOFError: pass";
  for (const bool decline : {false, true, true}) {
    Run run(session, ask);
    run.until(CAPSULE_EVENT_INPUT);
    decline ? run.decline() : run.answer("line");
    run.end();
  }
  Run run(session, ask);
  run.until(CAPSULE_EVENT_INPUT);
  run.cancel(60'000);
  run.end();
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.input_requests, 4);
  CHECK_EQ(metrics.input_answered, 1);
  CHECK_EQ(metrics.input_declined, 2);
  CHECK_EQ(metrics.input_canceled, 1);
}

CAPSULE_TEST(the_counters_survive_deaths_and_restarts) {  // I9
  const Session session = open_session();
  Run run(session, "import os, signal\nprint('a', end='')\nos.kill(os.getpid(), signal.SIGKILL)");
  run.end();
  CHECK_EQ(executor_metrics_of(session).output_bytes_enqueued, 1);
  ACCEPTED(capsule_session_restart(session.get(), error));
  value_of(session, "print('bc', end='')");
  CHECK_EQ(executor_metrics_of(session).output_bytes_enqueued, 3);
  ACCEPTED(capsule_session_close(session.get(), 5000, error));
  CHECK_EQ(executor_metrics_of(session).output_bytes_enqueued, 3);
}

CAPSULE_TEST(bad_arguments_are_named) {
  const Session session = open_session();
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_executor_metrics(session.get(), nullptr, error));
  capsule_executor_metrics metrics{};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_executor_metrics(session.get(), &metrics, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_get_executor_metrics(nullptr, &metrics, error));
}
