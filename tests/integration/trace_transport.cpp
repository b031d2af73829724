// The trace of what goes between a session's host and its worker.
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::int32_t kTransport = 1100;

std::string message_of(const capsule_trace_event &event) {
  return capsule_message_name(static_cast<std::int32_t>(event.arguments[1]));
}

}  // namespace

CAPSULE_TEST(each_frame_is_traced_where_all_is_recorded) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session session = open_session(options);
  Run(session, "value 1").end();
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  const auto frames = trace_of(session, {.kind = kTransport}).events;
  std::uint64_t bytes[2] = {};
  std::uint64_t counts[2] = {};
  std::string of_execution;
  for (const capsule_trace_event &frame : frames) {
    const int way = frame.kind == CAPSULE_TRACE_TRANSPORT_FRAME_OUT ? 0 : 1;
    CHECK(way == 0 || frame.kind == CAPSULE_TRACE_TRANSPORT_FRAME_IN);
    CHECK(frame.source == CAPSULE_TRACE_SOURCE_TRANSPORT && frame.severity == CAPSULE_LOG_DEBUG);
    bytes[way] += static_cast<std::uint64_t>(frame.arguments[0]);
    ++counts[way];
    if (frame.status == CAPSULE_CHANNEL_WORK) {
      CHECK_EQ(frame.execution_id, 1);
      of_execution += (way == 0 ? ">" : "<") + message_of(frame) + " ";
    }
  }
  CHECK_EQ(of_execution, ">Execute <Result ");
  const capsule_session_info info = info_of(session);
  CHECK_EQ(counts[0], info.frames_sent);
  CHECK_EQ(counts[1], info.frames_received);
  CHECK_EQ(bytes[0], info.bytes_sent);
  CHECK_EQ(bytes[1], info.bytes_received);
}

CAPSULE_TEST(by_default_no_frame_is_traced) {
  const Session session = open_session(SessionOptions::echo());
  Run(session, "value 1").end();
  CHECK_EQ(kinds_in(session, kTransport), "");
}

CAPSULE_TEST(a_worker_that_takes_no_more_is_a_stall_in_the_trace) {
  const Session session = open_session();
  constexpr std::int64_t kLarge = 8 << 20;
  value_of(session, "'''" + std::string(kLarge, 'x') + "'''");
  const capsule_trace_event stall = only(session, CAPSULE_TRACE_TRANSPORT_STALL);
  CHECK_EQ(stall.execution_id, 1);
  CHECK_EQ(stall.status, CAPSULE_CHANNEL_WORK);
  CHECK(stall.arguments[0] > 1 << 20 && stall.arguments[0] <= kLarge + (1 << 20));
}

CAPSULE_TEST(a_wait_for_the_rate_limiter_is_traced) {
  SessionOptions options = SessionOptions::echo();
  options.raw.rate_limit_per_s = 20;
  options.raw.rate_limit_burst = 1;
  const Session session = open_session(options);
  Run first(session, "value 1");
  Run second(session, "value 2");
  first.end();
  second.end();
  const auto waits = trace_of(session, {.kind = kTransport}).events;
  CHECK_AT_LEAST(waits.size(), 1);
  CHECK_EQ(waits[0].kind, CAPSULE_TRACE_TRANSPORT_LIMITER_WAIT);
  CHECK_EQ(waits[0].execution_id, 2);
  CHECK(waits[0].arguments[0] > 0 && waits[0].arguments[0] <= 50'000'000);
  const capsule_trace_event sent = trace_of(session, {.kind = CAPSULE_TRACE_EXECUTION_SENT, .execution_id = 2}).events.at(0);
  CHECK(sent.time_ns >= waits[0].time_ns + static_cast<std::uint64_t>(waits[0].arguments[0]));
}
