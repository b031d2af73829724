// capsule_session_get_executor_metrics: each counter moves by exactly what happened.
#include <csignal>

#include "deadline.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// The worker gives it back behind the end that it has sent.
void wait_for_room(const Session &session) {
  for (const Deadline deadline; executor_metrics_of(session).output_queue_bytes != 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

}  // namespace

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

CAPSULE_TEST(what_waits_in_the_queue_is_told_in_pieces_and_bytes) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, "import sys\nfor i in range(200): sys.stdout.write('x' * 1000)");
  constexpr std::uint64_t kPiece = 1000 + 32;
  capsule_executor_metrics metrics{};
  for (const Deadline deadline; metrics.outputs_enqueued < 200 || metrics.outputs_sent == 0 ||
                                metrics.output_queue_bytes != metrics.output_queue_pieces * kPiece;
       metrics = executor_metrics_of(session)) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  // The window is used up as far as whole pieces go.
  CHECK_EQ(metrics.output_queue_pieces, 200 - metrics.outputs_sent);
  CHECK_AT_LEAST(metrics.output_queue_pieces, 200 - (64U << 10U) / 1000);
  CHECK_AT_MOST(metrics.output_queue_pieces, 199);
  run.end();
  metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.output_queue_pieces, 0);
  wait_for_room(session);
  CHECK_AT_LEAST(metrics.output_queue_pieces_max, 200 - (64U << 10U) / 1000);
  CHECK_EQ(metrics.stale, 0);
}

CAPSULE_TEST(displays_and_progress_leave_nothing_in_the_queue) {
  const Session session = open_session();
  Run run(session,
          "import os\nfor i in range(50):\n    progress(i, 50)\n    display({'text/plain': 'x'}, raw=True)\nos.write(1, b'a')");
  run.end();
  CHECK_EQ(executor_metrics_of(session).output_queue_pieces, 0);
  wait_for_room(session);
}

// The worker's memory as user code can spoil it: as if a step of counting had begun, and not ended.
CAPSULE_TEST(counts_that_cannot_be_copied_whole_are_the_last_and_told_as_stale) {
  const Session session = open_session();
  value_of(session,
           "import ctypes, os, signal\n"
           "line = next(line for line in open('/proc/self/maps') if 'memfd:capsule-session' in line)\n"
           "sequence = ctypes.c_uint64.from_address(int(line.split('-')[0], 16))");
  value_of(session, "print('a')");
  capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.stale, 0);
  CHECK_EQ(metrics.outputs_enqueued, 1);
  value_of(session, "print('b'); sequence.value |= 1");
  metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.stale, 1);
  CHECK_EQ(metrics.outputs_enqueued, 1);
  CHECK_EQ(metrics.outputs_sent, 2);  // by another writer
  CHECK_EQ(async_metrics_of(session).stale, 1);
  value_of(session, "print('c')");
  metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.stale, 0);
  CHECK_EQ(metrics.outputs_enqueued, 3);
  Run(session, "print('d'); sequence.value |= 1; os.kill(os.getpid(), signal.SIGKILL)").end();
  metrics = executor_metrics_of(session);
  CHECK_EQ(metrics.stale, 1);
  CHECK_EQ(metrics.outputs_enqueued, 4);  // what it left counts
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
