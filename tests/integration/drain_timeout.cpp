// Output before the end (I2), and what becomes of an end whose output cannot be sent.
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "log.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "signal_rows.hpp"
#include "test.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::int64_t kDrainMs = 100;
constexpr int kPrinted = 1'500'001;  // more than a socket takes, less than may wait as late output
const char *const kFailed = R"(output_drain_timeouts_total{pool="none",outcome="failed"})";
const char *const kSuppressed = R"(output_drain_timeouts_total{pool="none",outcome="suppressed"})";
const char *const kPrint = "print('x' * 1_500_000)";

// Stops the host's receiving at the first output, for longer than the drain may take: the socket fills up, though credit is there.
struct Blockade {
  bool over = false;

  static std::int32_t call(void *user_data, const capsule_frame *frame) {
    auto *self = static_cast<Blockade *>(user_data);
    if (std::string_view(frame->kind) == "Output" && !std::exchange(self->over, true)) {
      std::this_thread::sleep_for(std::chrono::milliseconds((kSanitized ? 30 : 10) * kDrainMs));
    }
    return 0;
  }
};

Session open_blocked(Blockade &blockade, SessionOptions options = {}, std::int64_t drain_timeout_ms = kDrainMs,
                     const Runtime &runtime = shared_runtime()) {
  options.raw.drain_timeout_ms = drain_timeout_ms;
  options.raw.output_window_bytes = 16U << 20U;
  Session session = open_session(runtime, std::move(options));
  capsule_interceptor_options interceptor{};
  capsule_interceptor_options_init(&interceptor, sizeof interceptor);
  interceptor.name = text_of("blockade");
  interceptor.callback = Blockade::call;
  interceptor.user_data = &blockade;
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &interceptor, &id, error));
  return session;
}

}  // namespace

CAPSULE_TEST(a_drain_without_progress_ends_as_such_and_no_result_follows) {  // I2
  const long long before = Samples(shared_runtime())[kFailed];
  Blockade blockade;
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  const Session session = open_blocked(blockade, options);
  Run run(session, std::string(kPrint) + "\n'value'");
  EventStruct event;
  std::uint64_t early = 0;
  std::uint64_t late = 0;
  std::string message;
  while (early + late < kPrinted) {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
    CHECK(event->kind != CAPSULE_EVENT_RESULT);
    if (event->kind == CAPSULE_EVENT_ERROR) {
      CHECK_EQ(string_of(event->error_type), "OutputDrainTimeout");
      CHECK_EQ(event->outcome, CAPSULE_OUTCOME_ERROR);
      CHECK_EQ(event->state, CAPSULE_STATE_PRESERVED);
      CHECK_EQ(event->stdout_bytes, early);
      message = string_of(event->message);
    }
    (event->late != 0 ? late : early) += event->raw.size;
  }
  CHECK(late > 0);
  CHECK_CONTAINS(message, "drain_outputs timeout after 100 ms (pending_sends=");
  for (const char *field : {"queue_size=", "sent=", "dropped=0)"}) {
    CHECK_CONTAINS(message, field);
  }
  CHECK_EQ(executor_metrics_of(session).drain_timeouts, 1);
  CHECK_EQ(executor_metrics_of(session).drain_timeouts_suppressed, 0);
  CHECK_EQ(Samples(shared_runtime())[kFailed] - before, 1);
  Run next(session, "1 + 1");
  next.late_may_follow = true;
  CHECK_EQ(next.end().repr, "2");
}

CAPSULE_TEST(its_trace_has_the_numbers_of_its_message) {
  Blockade blockade;
  const Session session = open_blocked(blockade);
  Run run(session, kPrint);
  const Event &end = run.end();
  CHECK_EQ(end.error_type, "OutputDrainTimeout");
  const capsule_trace_event told = only(session, CAPSULE_TRACE_OUTPUT_DRAIN_TIMEOUT);
  CHECK_EQ(told.severity, CAPSULE_LOG_ERROR);
  CHECK_EQ(told.source, CAPSULE_TRACE_SOURCE_OUTPUT);
  CHECK_EQ(told.execution_id, end.execution_id);
  CHECK_AT_LEAST(told.arguments[0] + told.arguments[1], 1);
  CHECK_CONTAINS(end.message,
                 "(pending_sends=" + std::to_string(told.arguments[0]) + ", queue_size=" + std::to_string(told.arguments[1]) +
                     ", sent=" + std::to_string(told.arguments[2]) + ", dropped=" + std::to_string(told.arguments[3]) + ")");
  // It was begun, and did not end.
  CHECK_CONTAINS(kinds_in(session, 800), "output_drain_timeout");
  CHECK_LACKS(kinds_in(session, 800), "output_drain_end");
}

CAPSULE_TEST(the_code_s_own_failure_is_kept_in_it) {
  Blockade blockade;
  const Session session = open_blocked(blockade);
  Run run(session, std::string(kPrint) + "\n1 / 0");
  const Event &end = run.end();
  CHECK_EQ(end.error_type, "OutputDrainTimeout");
  CHECK_CONTAINS(end.message, "the code had failed: ZeroDivisionError");
  CHECK_CONTAINS(*end.traceback, "ZeroDivisionError: division by zero");
}

CAPSULE_TEST(a_host_that_pauses_is_no_failure) {
  SessionOptions options;
  options.raw.drain_timeout_ms = 20;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, std::string(kPrint) + "\n'value'");
  run.next();
  // Nothing is taken for ten times the timeout.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK_EQ(run.end().repr, "'value'");
  CHECK_EQ(run.out().size(), kPrinted);
  CHECK_EQ(executor_metrics_of(session).drain_timeouts, 0);
}

CAPSULE_TEST(on_the_event_loop_it_may_be_suppressed) {
  LogSpy log(CAPSULE_LOG_WARN);
  const long long before = Samples(shared_runtime())[kSuppressed];
  Blockade blockade;
  SessionOptions options;
  options.raw.async_flags = CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT;
  const Session session = open_blocked(blockade, options);
  Run run(session, "import asyncio\nawait asyncio.sleep(0)\n" + std::string(kPrint) + "\n'value'");
  CHECK_EQ(run.end().repr, "'value'");
  CHECK_EQ(run.out().size(), kPrinted);
  CHECK_EQ(executor_metrics_of(session).drain_timeouts, 0);
  CHECK_EQ(executor_metrics_of(session).drain_timeouts_suppressed, 1);
  CHECK_EQ(Samples(shared_runtime())[kSuppressed] - before, 1);
  const std::string line = log.wait_for("event=drain_timeout_suppressed_in_async_wrapper");
  for (const char *field : {"execution=1", "pending_sends=", "queue_size=", "sent=", "dropped=0"}) {
    CHECK_CONTAINS(line, field);
  }
}

CAPSULE_TEST(each_is_counted_once_and_by_what_became_of_it) {
  const Runtime runtime = make_runtime();
  std::deque<Blockade> blockades;  // longer than their sessions: what comes late is seen as well
  std::vector<Session> sessions;
  const auto block = [&](std::uint32_t async_flags, const std::string &source) {
    Blockade &blockade = blockades.emplace_back();
    SessionOptions options;
    options.raw.async_flags = async_flags;
    sessions.push_back(open_blocked(blockade, std::move(options), kDrainMs, runtime));
    Run(sessions.back(), source).end();
  };
  block(CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT, "import asyncio\nawait asyncio.sleep(0)\n" + std::string(kPrint));
  block(CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT, kPrint);
  block(0, kPrint);
  compare({"output_drain_timeouts_total"}, runtime, [&] {
    std::uint64_t failed = 0;
    std::uint64_t suppressed = 0;
    for (const Session &session : sessions) {
      failed += executor_metrics_of(session).drain_timeouts;
      suppressed += executor_metrics_of(session).drain_timeouts_suppressed;
    }
    CHECK_EQ(failed, 2);
    CHECK_EQ(suppressed, 1);
    return std::vector<Row>{{"output_drain_timeouts_total", "outcome=\"failed\"", number(failed)},
                            {"output_drain_timeouts_total", "outcome=\"suppressed\"", number(suppressed)}};
  });
}

CAPSULE_TEST(synchronous_code_is_not_spared_by_that) {
  Blockade blockade;
  SessionOptions options;
  options.raw.async_flags = CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT;
  const Session session = open_blocked(blockade, options);
  Run run(session, kPrint);
  CHECK_EQ(run.end().error_type, "OutputDrainTimeout");
}

CAPSULE_TEST(without_a_limit_it_waits) {
  Blockade blockade;
  const Session session = open_blocked(blockade, {}, 0);
  Run run(session, std::string(kPrint) + "\n'value'");
  CHECK_EQ(run.end().repr, "'value'");
  CHECK_EQ(run.out().size(), kPrinted);
}
