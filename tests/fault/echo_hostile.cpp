// A worker is an enemy: whatever it sends, the host answers with one typed end and goes on.
#include <cstdlib>

#include "log.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kWorkerDir = CAPSULE_TEST_BINARY_DIR "/tests/hostile";

struct Hostile {
  explicit Hostile(const char *environment = nullptr) {
    capsule_runtime_options runtime_options;
    capsule_runtime_options_init(&runtime_options, sizeof runtime_options);
    runtime_options.worker_dir = capsule_text_from(kWorkerDir);
    ACCEPTED(capsule_runtime_create(&runtime_options, &runtime, error));
    capsule_session_options_init(&options, sizeof options);
    options.executor = CAPSULE_EXECUTOR_ECHO;
    setting = capsule_text_from(environment);
    options.environment = &setting;
    options.environment_count = environment == nullptr ? 0 : 1;
  }
  Hostile(const Hostile &) = delete;
  Hostile &operator=(const Hostile &) = delete;
  ~Hostile() { capsule_runtime_release(runtime); }

  capsule_runtime *runtime = nullptr;
  capsule_session_options options{};
  capsule_text setting{};
};

// The refusals of frames in a session's trace.
std::vector<capsule_trace_event> rejections_of(capsule_session *session) {
  std::vector<capsule_trace_event> events(8);
  std::size_t count = 0;
  const capsule_trace_filter filter{.struct_size = sizeof filter, .kind = CAPSULE_TRACE_TRANSPORT_REJECTED};
  ACCEPTED(capsule_session_get_trace(session, &filter, events.data(), events.size(), &count, nullptr, error));
  events.resize(count);
  return events;
}

std::uint64_t dropped_warnings() {
  capsule_log_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_log_get_info(&info, error));
  return info.dropped[CAPSULE_LOG_WARN - 1];
}

// The terminal event of one execution in a session of its own.
capsule_event end_of(const Hostile &hostile, std::string_view source, capsule_session_info *info,
                     capsule_trace_info *trace = nullptr, std::vector<capsule_trace_event> *rejections = nullptr) {
  capsule_session *session = nullptr;
  ACCEPTED(capsule_session_open(hostile.runtime, &hostile.options, &session, error));
  capsule_execution *execution = nullptr;
  ACCEPTED(capsule_execution_create(session, source.data(), source.size(), nullptr, &execution, error));
  capsule_event event{};
  event.struct_size = sizeof event;
  do {
    ACCEPTED(capsule_execution_next(execution, 30'000, &event, error));
  } while (event.kind != CAPSULE_EVENT_RESULT && event.kind != CAPSULE_EVENT_ERROR);
  const capsule_event end = event;
  capsule_event_release(&event);
  REFUSED(CAPSULE_E_END, capsule_execution_next(execution, 0, &event, error));  // I5
  info->struct_size = sizeof *info;
  ACCEPTED(capsule_session_get_info(session, info, error));
  if (rejections != nullptr) {
    *rejections = rejections_of(session);
  }
  if (trace != nullptr) {
    std::size_t count = 0;
    ACCEPTED(capsule_session_close(session, 30'000, error));  // all that the worker sent has been read then
    ACCEPTED(capsule_session_get_trace(session, nullptr, nullptr, 0, &count, trace, error));
  }
  capsule_execution_release(execution);
  capsule_session_release(session);
  return end;
}

}  // namespace

CAPSULE_TEST(what_the_protocol_forbids_ends_the_worker_and_the_execution) {  // I5
  const Hostile hostile;
  for (const auto &[offence, reason] : {std::pair{"garbage", CAPSULE_REJECT_MALFORMED},
                                        {"oversize", CAPSULE_REJECT_OVERSIZE},
                                        {"stranger", CAPSULE_REJECT_UNEXPECTED},
                                        {"wrong_way", CAPSULE_REJECT_UNEXPECTED}}) {
    capsule_session_info info{};
    std::vector<capsule_trace_event> rejections;
    const capsule_event end = end_of(hostile, offence, &info, nullptr, &rejections);
    CHECK_EQ(rejections.size(), 1);
    CHECK_EQ(rejections[0].status, reason);
    CHECK_EQ(rejections[0].execution_id, 1);
    CHECK(rejections[0].arguments[0] > 0);
    CHECK_EQ(end.outcome, CAPSULE_OUTCOME_DIED);
    CHECK_EQ(end.death_reason, CAPSULE_DEATH_PROTOCOL);
    CHECK_EQ(end.state, CAPSULE_STATE_LOST);
    CHECK_EQ(info.frames_rejected, 1);
    CHECK_EQ(info.state, CAPSULE_SESSION_ERROR);
  }
  const Samples samples(prometheus_of(hostile.runtime));
  CHECK_EQ(samples[R"(transport_rejected_total{pool="none",reason="oversize"})"], 1);
  CHECK_EQ(samples[R"(transport_rejected_total{pool="none",reason="unexpected"})"], 2);
  CHECK_EQ(samples.sum("transport_rejected_total"), 4);
  CHECK_EQ(samples[R"(worker_deaths_total{pool="none",reason="protocol"})"], 4);
}

CAPSULE_TEST(half_a_frame_and_a_death_is_a_death) {
  const Hostile hostile;
  capsule_session_info info{};
  const capsule_event end = end_of(hostile, "truncated", &info);
  CHECK_EQ(end.outcome, CAPSULE_OUTCOME_DIED);
  CHECK_EQ(end.death_reason, CAPSULE_DEATH_EXIT);
}

CAPSULE_TEST(output_on_no_stream_is_counted_and_dropped) {
  const Hostile hostile;
  capsule_session_info info{};
  CHECK_EQ(end_of(hostile, "stream", &info).outcome, CAPSULE_OUTCOME_OK);
  CHECK_EQ(info.late_output_bytes, 9);
}

CAPSULE_TEST(a_queue_position_that_lies_harms_nothing) {
  const Hostile hostile;
  capsule_session_info info{};
  CHECK_EQ(end_of(hostile, "position", &info).outcome, CAPSULE_OUTCOME_OK);
  CHECK_EQ(info.output_bytes, 9);
}

CAPSULE_TEST(a_flight_recorder_full_of_garbage_is_counted_and_harms_nothing) {
  const Hostile hostile;
  capsule_session_info info{};
  capsule_trace_info trace{.struct_size = sizeof trace};
  CHECK_EQ(end_of(hostile, "recorder", &info, &trace).outcome, CAPSULE_OUTCOME_OK);
  CHECK(trace.invalid + trace.dropped > 0);
  CHECK_EQ(trace.emitted,
           trace.stored + trace.evicted + trace.dropped + trace.refused + trace.late + trace.truncated + trace.invalid);
}

CAPSULE_TEST(events_in_messages_are_checked_like_those_in_memory) {
  Hostile hostile;
  hostile.options.trace_transport = CAPSULE_TRACE_BY_MESSAGES;
  capsule_session_info info{};
  capsule_trace_info trace{.struct_size = sizeof trace};
  CHECK_EQ(end_of(hostile, "events", &info, &trace).outcome, CAPSULE_OUTCOME_OK);
  CHECK_EQ(trace.invalid, 7);  // and its own two, whose numbers are smaller
  CHECK_EQ(trace.dropped, 5);
  CHECK_EQ(trace.emitted,
           trace.stored + trace.evicted + trace.dropped + trace.refused + trace.late + trace.truncated + trace.invalid);
}

CAPSULE_TEST(a_message_from_a_newer_worker_is_counted_and_skipped) {
  const Hostile hostile;
  capsule_session_info info{};
  CHECK_EQ(end_of(hostile, "newer", &info).outcome, CAPSULE_OUTCOME_OK);
  CHECK_EQ(info.frames_unknown, 1);
}

CAPSULE_TEST(a_worker_of_another_protocol_is_refused_with_both_versions) {
  const Hostile hostile("HOSTILE=version");
  capsule_session *session = nullptr;
  const std::string message =
      REFUSED(CAPSULE_E_PROTOCOL, capsule_session_open(hostile.runtime, &hostile.options, &session, error));
  CHECK_CONTAINS(message, "9.4");
  CHECK(session == nullptr);
}

CAPSULE_TEST(a_worker_that_floods_the_log_is_cut_short_and_counted) {
  LogSpy log(CAPSULE_LOG_WARN);
  const std::uint64_t before = dropped_warnings();
  Hostile hostile;
  capsule_session *session = nullptr;
  ACCEPTED(capsule_session_open(hostile.runtime, &hostile.options, &session, error));
  capsule_execution *execution = nullptr;
  ACCEPTED(capsule_execution_create(session, "records", 7, nullptr, &execution, error));
  for (const Deadline deadline; dropped_warnings() + log.lines("source=worker").size() < before + 5'000;) {
    CHECK(!deadline.over());
  }
  CHECK_AT_LEAST(dropped_warnings() - before, 4'000);  // 100 a second are passed on
  CHECK_AT_LEAST(log.lines("event=flood session=1 source=worker").size(), 50);
  CHECK_AT_LEAST(log.lines("event=worker_log session=1 source=worker size_bytes=").size(), 50);
  capsule_execution_release(execution);
  capsule_session_release(session);
}

CAPSULE_TEST(a_zygote_that_floods_the_log_is_cut_short_and_counted) {
  LogSpy log(CAPSULE_LOG_WARN);
  const std::uint64_t before = dropped_warnings();
  const Hostile hostile("HOSTILE=records");
  capsule_session *session = nullptr;
  ACCEPTED(capsule_session_open(hostile.runtime, &hostile.options, &session, error));
  for (const Deadline deadline; dropped_warnings() + log.lines("source=zygote").size() < before + 5'000;) {
    CHECK(!deadline.over());
  }
  CHECK_AT_LEAST(dropped_warnings() - before, 4'000);
  CHECK_AT_LEAST(log.lines("event=flood source=zygote pid=").size(), 50);
  CHECK_AT_LEAST(log.lines("event=worker_log source=zygote pid=").size(), 50);
  capsule_session_release(session);
}

CAPSULE_TEST(what_a_worker_says_of_heartbeats_that_it_could_not_send_is_counted) {
  LogSpy log(CAPSULE_LOG_WARN);
  Hostile hostile;
  hostile.options.heartbeat_interval_ms = 3'600'000;
  capsule_session *session = nullptr;
  ACCEPTED(capsule_session_open(hostile.runtime, &hostile.options, &session, error));
  capsule_execution *execution = nullptr;
  ACCEPTED(capsule_execution_create(session, "heartbeat", 9, nullptr, &execution, error));
  capsule_worker_metrics metrics{.struct_size = sizeof metrics};
  for (const Deadline deadline; metrics.heartbeats == 0;) {
    CHECK(!deadline.over());
    ACCEPTED(capsule_session_get_worker_metrics(session, &metrics, error));
  }
  CHECK_EQ(metrics.send_failures, 5);
  CHECK_EQ(Samples(prometheus_of(hostile.runtime))[R"(heartbeat_send_failures_total{pool="none"})"], 5);
  CHECK_CONTAINS(log.wait_for("event=heartbeat_send_failed"), "failures=5");
  capsule_execution_release(execution);
  capsule_session_release(session);
}
