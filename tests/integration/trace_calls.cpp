// The trace of calls of the host: what the bridge does with them, and whatever serves them.
#include <atomic>

#include "bridge.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::int32_t kBridge = 700;
constexpr std::int32_t kProvider = 1000;

// A bridge with one capability, and a session that records all.
struct Stage {
  explicit Stage(capsule_capability offered, SessionOptions options = SessionOptions::echo(),
                 std::int32_t decision = CAPSULE_POLICY_ALLOW) {
    offer(bridge, offered);
    options.raw.trace_level = CAPSULE_LOG_DEBUG;
    session = open_with(bridge, {rule("*", decision)}, std::move(options));
  }
  Bridge bridge = make_bridge();
  Session session;
};

// The loop's thread tells of what it did when others may have gone on already.
void wait_for(const Session &session, std::int32_t kind, int times = 1) {
  const TraceReader reader = follow(session);
  for (int i = 0; i < times; ++i) {
    until(reader, kind);
  }
}

void check_of_call(const capsule_trace_event &event, const Request &request, std::int32_t source) {
  CHECK_EQ(event.link, request.id());
  CHECK_EQ(event.execution_id, request.raw.execution_id);
  CHECK_EQ(event.source, source);
}

}  // namespace

CAPSULE_TEST(a_call_is_traced_through_the_bridge_and_whatever_serves_it) {
  capsule_capability offered = capability("ask");
  offered.timeout_ms = 50'000;
  const Stage stage(offered);
  Run run(stage.session, "call ask {\"a\":1}");
  Request request;
  CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
  respond(stage.bridge, request.id(), "\"four\"");
  run.end();
  wait_for(stage.session, CAPSULE_TRACE_PROMISE_SENT);
  const Taken taken = trace_of(stage.session, {.execution_id = 1});
  std::vector<capsule_trace_event> events;
  for (const capsule_trace_event &event : taken.events) {
    if (event.source == CAPSULE_TRACE_SOURCE_BRIDGE || event.source == CAPSULE_TRACE_SOURCE_PROVIDER) {
      events.push_back(event);
    }
  }
  CHECK_EQ(kinds_of(events),
           "capability_called promise_created promise_sent provider_request provider_response promise_resolved");
  for (const capsule_trace_event &event : events) {
    const bool provider = event.kind / 100 == CAPSULE_TRACE_PROVIDER_REQUEST / 100;
    check_of_call(event, request, provider ? CAPSULE_TRACE_SOURCE_PROVIDER : CAPSULE_TRACE_SOURCE_BRIDGE);
    CHECK_EQ(event.label, events[0].label);
  }
  CHECK_EQ(taken.info.redacted, events.size());  // by default no names are told
  CHECK_EQ(trace_of(stage.session, {.kind = CAPSULE_TRACE_EXECUTION_SENT}).info.redacted, 0);
  CHECK_EQ(events[0].arguments[0], 7);
  CHECK_EQ(events[1].status, 0);
  CHECK_EQ(events[1].arguments[0], 50'000);
  CHECK_EQ(events[2].status, CAPSULE_REQUEST_CALL);
  CHECK(events[2].arguments[0] <= events[3].arguments[0]);  // ready, then taken
  CHECK_EQ(events[3].status, CAPSULE_REQUEST_CALL);
  CHECK_EQ(events[3].phase, CAPSULE_TRACE_PHASE_BEGIN);
  CHECK_EQ(events[4].phase, CAPSULE_TRACE_PHASE_END);
  CHECK_EQ(events[4].status, CAPSULE_PROVIDER_VALUE);
  CHECK_EQ(events[4].arguments[0], static_cast<std::int64_t>(events[4].time_ns - events[3].time_ns));
  CHECK_EQ(events[4].arguments[1], 6);
}

CAPSULE_TEST(by_default_a_call_leaves_what_was_done_and_not_each_step) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("ask"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo());
  const Server server(bridge, echo_arguments);
  Run(session, "call ask {}").end();
  CHECK_EQ(kinds_in(session, kBridge), "capability_called promise_resolved");
  CHECK_EQ(kinds_in(session, kProvider), "provider_request provider_response");
}

CAPSULE_TEST(a_failure_is_traced_and_so_is_what_comes_once_more) {
  const Stage stage(capability("ask"));
  Run run(stage.session, "call ask {}");
  Request request;
  CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
  fail_request(stage.bridge, request.id(), "ValueError", "no");
  run.end();
  CHECK_EQ(only(stage.session, CAPSULE_TRACE_PROVIDER_RESPONSE).status, CAPSULE_PROVIDER_FAILURE);
  check_of_call(only(stage.session, CAPSULE_TRACE_PROMISE_REJECTED), request, CAPSULE_TRACE_SOURCE_BRIDGE);
  refuse_respond(stage.bridge, request.id(), CAPSULE_E_STATE);
  const capsule_trace_event again = only(stage.session, CAPSULE_TRACE_PROMISE_DUPLICATE);
  check_of_call(again, request, CAPSULE_TRACE_SOURCE_BRIDGE);
  CHECK_EQ(again.severity, CAPSULE_LOG_WARN);
  refuse_respond(stage.bridge, request.id() + 1, CAPSULE_E_ARGUMENT);  // there never was one
  CHECK_EQ(trace_of(stage.session, {.kind = CAPSULE_TRACE_PROMISE_DUPLICATE}).events.size(), 1);
  CHECK_EQ(trace_of(stage.session, {.kind = CAPSULE_TRACE_PROMISE_LATE}).events.size(), 0);
}

CAPSULE_TEST(an_answer_that_comes_too_late_is_traced) {
  capsule_capability offered = capability("ask");
  offered.timeout_ms = 1;
  const Stage stage(offered);
  Run run(stage.session, "call ask {}");
  run.end();
  const std::uint64_t id = only(stage.session, CAPSULE_TRACE_CAPABILITY_CALLED).link;
  const capsule_trace_event over = only(stage.session, CAPSULE_TRACE_PROMISE_TIMEOUT);
  CHECK_EQ(over.link, id);
  CHECK_AT_LEAST(over.arguments[0], 1'000'000);
  refuse_respond(stage.bridge, id, CAPSULE_E_STATE);
  const capsule_trace_event late = only(stage.session, CAPSULE_TRACE_PROMISE_LATE);
  CHECK_EQ(late.link, id);
  CHECK_EQ(late.execution_id, 1);
  CHECK_EQ(late.severity, CAPSULE_LOG_WARN);
  CHECK_EQ(trace_of(stage.session, {.kind = CAPSULE_TRACE_PROVIDER_RESPONSE}).events.size(), 0);
}

CAPSULE_TEST(what_is_asked_first_is_traced_with_the_answer) {
  for (const bool approved : {true, false}) {
    const Stage stage(capability("ask"), SessionOptions::echo(), CAPSULE_POLICY_ASK);
    Run run(stage.session, "call ask {}");
    Request request;
    CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
    ACCEPTED(capsule_bridge_approve(stage.bridge.get(), request.id(), approved ? 1 : 0, error));
    if (approved) {
      CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
      respond(stage.bridge, request.id(), "1");
    }
    run.end();
    wait_for(stage.session, CAPSULE_TRACE_PROMISE_SENT, approved ? 2 : 1);
    const auto events = trace_of(stage.session, {.kind = kProvider}).events;
    CHECK_EQ(events.size(), approved ? 4 : 2);
    CHECK_EQ(events[0].status, CAPSULE_REQUEST_APPROVAL);
    CHECK_EQ(events[1].status, approved ? CAPSULE_PROVIDER_APPROVED : CAPSULE_PROVIDER_REFUSED);
    CHECK_EQ(events[1].arguments[0], static_cast<std::int64_t>(events[1].time_ns - events[0].time_ns));
    const auto sent = trace_of(stage.session, {.kind = CAPSULE_TRACE_PROMISE_SENT}).events;
    CHECK_EQ(sent.size(), approved ? 2 : 1);
    CHECK_EQ(sent[0].status, CAPSULE_REQUEST_APPROVAL);
    CHECK_EQ(trace_of(stage.session, {.kind = CAPSULE_TRACE_CAPABILITY_DENIED}).events.size(), approved ? 0 : 1);
  }
}

CAPSULE_TEST(pieces_of_an_answer_are_traced_from_the_first_to_the_end) {
  capsule_capability offered = capability("tail");
  offered.flags = CAPSULE_CAPABILITY_STREAM;
  const Stage stage(offered, SessionOptions());
  const Server server(stage.bridge, [](const Bridge &bridge, const Request &request) {
    for (const char *json : {"1", "22", "333"}) {
      const std::string text = json;
      const capsule_value piece = value_as(CAPSULE_VALUE_JSON, text);
      ACCEPTED(capsule_bridge_send_chunk(bridge.get(), request.id(), &piece, kPatienceMs, error));
    }
    ACCEPTED(capsule_bridge_respond(bridge.get(), request.id(), nullptr, error));
  });
  CHECK_EQ(value_of(stage.session, "list(host.tail())"), "[1, 22, 333]");
  CHECK_EQ(kinds_in(stage.session, kProvider),
           "provider_request provider_stream_open provider_stream_data provider_stream_data provider_stream_data "
           "provider_response provider_stream_close");
  const auto pieces = trace_of(stage.session, {.kind = CAPSULE_TRACE_PROVIDER_STREAM_DATA}).events;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    CHECK_EQ(pieces[i].status, CAPSULE_PROVIDER_ANSWERS);
    CHECK_EQ(pieces[i].arguments[0], static_cast<std::int64_t>(i + 1));  // bytes, as it happens
    CHECK_EQ(pieces[i].arguments[1], static_cast<std::int64_t>(i + 1));
  }
  const capsule_trace_event close = only(stage.session, CAPSULE_TRACE_PROVIDER_STREAM_CLOSE);
  CHECK_EQ(close.arguments[0], 3);
  CHECK_EQ(close.arguments[1], 6);
  CHECK_EQ(close.link, only(stage.session, CAPSULE_TRACE_PROVIDER_STREAM_OPEN).link);
}

CAPSULE_TEST(how_far_a_call_has_come_is_traced_and_shown_while_it_is_open) {
  const Stage stage(capability("job"), SessionOptions());
  std::atomic<std::uint64_t> answered{0};
  const Server server(stage.bridge, [&answered](const Bridge &bridge, const Request &request) {
    answered.store(request.id());
    ACCEPTED(capsule_bridge_report_progress(bridge.get(), request.id(), 3, 0, error));
    ACCEPTED(capsule_bridge_report_progress(bridge.get(), request.id(), 5, 8, error));
    REFUSED(CAPSULE_E_ARGUMENT, capsule_bridge_report_progress(bridge.get(), request.id(), 9, 8, error));
    REFUSED(CAPSULE_E_ARGUMENT, capsule_bridge_report_progress(bridge.get(), request.id() + 1, 1, 1, error));
    capsule_introspection_policy policy;
    capsule_introspection_policy_init(&policy, sizeof policy);
    policy.promises = CAPSULE_INSPECT_REDACTED;
    ACCEPTED(capsule_runtime_set_introspection_policy(shared_runtime().get(), &policy, error));
    capsule_pending_summary open{.struct_size = sizeof open};
    ACCEPTED(capsule_bridge_inspect_pending(bridge.get(), nullptr, &open, error));
    CHECK_EQ(open.count, 1);
    CHECK_EQ(open.rows[0].progress_done, 5);
    CHECK_EQ(open.rows[0].progress_total, 8);
    capsule_pending_summary_release(&open);
    ACCEPTED(capsule_bridge_respond(bridge.get(), request.id(), nullptr, error));
  });
  value_of(stage.session, "host.job()\n0");
  REFUSED(CAPSULE_E_STATE, capsule_bridge_report_progress(stage.bridge.get(), answered.load(), 8, 8, error));
  CHECK_EQ(kinds_in(stage.session, kProvider), "provider_request provider_progress provider_progress provider_response");
  const auto told = trace_of(stage.session, {.kind = CAPSULE_TRACE_PROVIDER_PROGRESS}).events;
  CHECK_EQ(told.size(), 2);
  CHECK_EQ(told[0].arguments[0], 3);
  CHECK_EQ(told[0].arguments[1], 0);
  CHECK_EQ(told[1].arguments[0], 5);
  CHECK_EQ(told[1].arguments[1], 8);
  CHECK_EQ(told[1].link, only(stage.session, CAPSULE_TRACE_PROVIDER_REQUEST).link);
}

CAPSULE_TEST(pieces_that_the_code_sends_are_traced_as_its_own) {
  capsule_capability offered = capability("put");
  offered.flags = CAPSULE_CAPABILITY_UPLOAD;
  const Stage stage(offered, SessionOptions());
  const Server server(stage.bridge, [](const Bridge &bridge, const Request &request) {
    capsule_value piece{.struct_size = sizeof piece};
    while (capsule_bridge_next_chunk(bridge.get(), request.id(), kPatienceMs, &piece, nullptr) == CAPSULE_OK) {
      capsule_value_release(&piece);
    }
    ACCEPTED(capsule_bridge_respond(bridge.get(), request.id(), nullptr, error));
  });
  value_of(stage.session, "with host.put() as put:\n    put.send(b'ab'); put.send(b'c'); put.finish()\n0");
  wait_for(stage.session, CAPSULE_TRACE_PROVIDER_STREAM_CLOSE);
  const auto pieces = trace_of(stage.session, {.kind = CAPSULE_TRACE_PROVIDER_STREAM_DATA}).events;
  CHECK_EQ(pieces.size(), 2);
  CHECK_EQ(pieces[0].arguments[0], 2);
  CHECK_EQ(pieces[1].arguments[1], 2);
  CHECK_EQ(only(stage.session, CAPSULE_TRACE_PROVIDER_STREAM_OPEN).status, CAPSULE_PROVIDER_UPLOADS);
  const capsule_trace_event close = only(stage.session, CAPSULE_TRACE_PROVIDER_STREAM_CLOSE);
  CHECK_EQ(close.status, CAPSULE_PROVIDER_UPLOADS);
  CHECK_EQ(close.arguments[0], 2);
  CHECK_EQ(close.arguments[1], 3);
}

CAPSULE_TEST(the_end_of_all_calls_is_traced_in_each_session_that_it_is_the_end_for) {
  Stage stage(capability("ask"));
  const Session idle = open_with(stage.bridge, {rule("*")}, SessionOptions::echo());
  const Bridge another_bridge = make_bridge();
  const Session apart = open_with(another_bridge, {rule("*")}, SessionOptions::echo());
  for (const bool closes : {false, true}) {
    Run run(stage.session, "call ask {}");
    Request request;
    CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
    ACCEPTED((closes ? capsule_bridge_close : capsule_bridge_cancel_all)(stage.bridge.get(), error));
    run.end();
  }
  CHECK_EQ(kinds_of(trace_of(stage.session, {.kind = kBridge, .severity = CAPSULE_LOG_INFO})),
           "capability_called bridge_cancel_all promise_canceled capability_called bridge_closing shutdown_rejected "
           "bridge_closed");
  for (const std::int32_t kind : {CAPSULE_TRACE_BRIDGE_CANCEL_ALL, CAPSULE_TRACE_BRIDGE_CLOSING, CAPSULE_TRACE_BRIDGE_CLOSED}) {
    const capsule_trace_event event = only(stage.session, kind);
    CHECK_EQ(event.arguments[0], 1);
    CHECK_EQ(event.execution_id, 0);
  }
  CHECK_EQ(kinds_in(idle, kBridge), "bridge_closing bridge_closed");
  CHECK_EQ(only(idle, CAPSULE_TRACE_BRIDGE_CLOSING).arguments[0], 0);
  CHECK_EQ(kinds_in(apart, kBridge), "");
}

CAPSULE_TEST(one_that_waits_for_another_s_answer_is_traced_as_such) {
  capsule_capability offered = capability("ask");
  offered.flags = CAPSULE_CAPABILITY_IDEMPOTENT;
  const Stage stage(offered);
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session other = open_with(stage.bridge, {rule("*")}, options);
  ExecutionOptions keyed;
  keyed.raw.idempotency_key = capsule_text_from("the same");
  Run first(stage.session, "call ask {}", keyed);
  Request request;
  CHECK_EQ(request.take(stage.bridge), CAPSULE_OK);
  Run second(other, "call ask {}", keyed);
  const TraceReader reader = follow(other);
  CHECK_EQ(until(reader, CAPSULE_TRACE_PROMISE_CREATED).back().status, 1);
  respond(stage.bridge, request.id(), "1");
  first.end();
  second.end();
  CHECK_EQ(kinds_in(other, kBridge), "capability_called promise_created promise_resolved");
  CHECK_EQ(kinds_in(other, kProvider), "");
}
