// The values of labels that need no Python: each moves by what happened, in a struct and as text. Those of the others, and that none is
// left out: signal_values.cpp.
#include <csignal>

#include "bridge.hpp"
#include "hostile.hpp"
#include "log.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "signal_rows.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint32_t kHour = 3'600'000;

SessionOptions quiet() {
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = kHour;
  return options;
}

// Of those that died for that reason; a session that is gone has none any more.
double died_of(const std::vector<Session> &sessions, std::int32_t reason) {
  double count = 0;
  for (const Session &session : sessions) {
    count += info_of(session).death_reason == reason ? 1 : 0;
  }
  return count;
}

capsule_trace_info trace_info_of(const Session &session) { return trace_of(session).info; }

}  // namespace

CAPSULE_TEST(deaths_and_ends_of_executions_and_of_sessions_by_why) {
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(open_session(runtime, quiet()));
  }
  Run(sessions[0], "exit 3").end();
  Run(sessions[1], "kill").end();
  Run stubborn(sessions[2], "stubborn in");
  stubborn.until_output("in\n");
  stubborn.cancel(0);
  CHECK_EQ(stubborn.end().outcome, "canceled");
  Run canceled(sessions[3], "spin");
  canceled.until(CAPSULE_EVENT_STARTED);
  canceled.cancel(kPatienceMs);
  CHECK_EQ(canceled.end().outcome, "canceled");
  Run(sessions[3], "spin", ExecutionOptions::with_timeout_ms(20)).end();
  Run killed(sessions[3], "stubborn in");
  killed.until_output("in\n");
  ACCEPTED(capsule_session_restart(sessions[3].get(), error));
  CHECK_EQ(killed.end().outcome, "killed");
  const auto sum = [&](std::uint64_t capsule_session_info::*field) {
    double total = 0;
    for (const Session &session : sessions) {
      total += number(info_of(session).*field);
    }
    return total;
  };
  check_moved(runtime, [&] {
    return std::vector<Moved>{
        {"worker_deaths_total", "reason=\"exit\"", died_of(sessions, CAPSULE_DEATH_EXIT), 1},
        {"worker_deaths_total", "reason=\"signal\"", died_of(sessions, CAPSULE_DEATH_SIGNAL), 1},
        {"worker_deaths_total", "reason=\"host_request\"", died_of(sessions, CAPSULE_DEATH_HOST_REQUEST), 2},
        {"executions_total", "outcome=\"canceled\"", sum(&capsule_session_info::executions_canceled), 2},
        {"executions_total", "outcome=\"timeout\"", sum(&capsule_session_info::executions_timed_out), 1},
        {"executions_total", "outcome=\"killed\"", sum(&capsule_session_info::executions_killed), 1},
        {"executions_total", "outcome=\"died\"", sum(&capsule_session_info::executions_died), 2},
        {"executions_total", "mode=\"unknown\"", sum(&capsule_session_info::executions_started), 6},
        {"cancels_total", "outcome=\"killed\"", stubborn.end().cancel_phase == "killed" ? 1.0 : 0.0, 1},
        {"sessions", "state=\"error\"", state_of(sessions[0]) == "error" ? 3.0 : 0.0, 3},
        {"sessions", "state=\"ready\"", state_of(sessions[3]) == "ready" ? 1.0 : 0.0, 1}};
  });
  Run(sessions[3], "value 1").end();
  Run last(sessions[3], "stubborn in");
  last.until_output("in\n");
  ACCEPTED(capsule_session_close(sessions[0].get(), kPatienceMs, error));
  ACCEPTED(capsule_session_close(sessions[3].get(), 0, error));
  check_moved(runtime, [&] {
    return std::vector<Moved>{
        {"sessions_ended_total", "reason=\"error\"", state_of(sessions[0]) == "terminated" ? 1.0 : 0.0, 1},
        {"sessions_ended_total", "reason=\"killed\"", state_of(sessions[3]) == "terminated" ? 1.0 : 0.0, 1}};
  });
}

CAPSULE_TEST(states_that_a_session_passes_through) {
  const Runtime runtime = make_runtime();
  const Session first = open_session(runtime, quiet());
  ACCEPTED(capsule_session_wait_ready(first.get(), kPatienceMs, error));
  Run stubborn(first, "stubborn in");
  stubborn.until_output("in\n");
  Threads closing;
  closing.start([&] { capsule_session_close(first.get(), kPatienceMs, nullptr); });
  check_moved(runtime, [&] {
    return std::vector<Moved>{{"sessions", "state=\"shutting_down\"", state_of(first) == "shutting_down" ? 1.0 : 0.0, 1}};
  });
  ACCEPTED(capsule_session_close(first.get(), 0, error));
  closing.join();
}

CAPSULE_TEST(output_that_is_left_behind) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, quiet());
  constexpr std::uint64_t kLeft = 1'000;
  {
    Run left(session, "flood 10\ninput ?");
    wait_for([&] { return info_of(session).output_bytes == kLeft && info_of(session).input_requests == 1; });
  }
  check_moved(runtime, [&] {
    const double abandoned = number(info_of(session).abandoned_output_bytes);
    return std::vector<Moved>{{"output_lost_bytes_total", "reason=\"abandoned\"", abandoned, kLeft}};
  });
}

CAPSULE_TEST(calls_of_the_host_by_how_they_end) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  capsule_capability slow = capability("slow");
  slow.timeout_ms = 30;
  offer(bridge, slow);
  offer(bridge, capability("ask"));
  offer(bridge, capability("secret"));
  const Session session = open_with(bridge, {rule("secret", CAPSULE_POLICY_DENY), rule("*")}, quiet(), runtime);
  Request request;
  Run failing(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  fail_request(bridge, request.id(), "ValueError", "no");
  failing.end();
  Run(session, "call secret {}").end();
  Run late(session, "call slow {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  late.end();
  refuse_respond(bridge, request.id(), CAPSULE_E_STATE);
  Run canceled(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  canceled.cancel(kPatienceMs);
  canceled.end();
  Run open(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  ACCEPTED(capsule_bridge_close(bridge.get(), error));
  open.end();
  check_moved(runtime, [&] {
    const capsule_bridge_metrics m = metrics_of(bridge);
    check_balance(m);
    const double errors = number(m.failed + m.timed_out + m.canceled + m.rejected_at_shutdown);
    return std::vector<Moved>{{"bridge_promises_settled_total", "outcome=\"rejected\"", number(m.failed), 1},
                              {"bridge_promises_settled_total", "outcome=\"denied\"", number(m.denied), 1},
                              {"bridge_promises_settled_total", "outcome=\"timeout\"", number(m.timed_out), 1},
                              {"bridge_promises_settled_total", "outcome=\"canceled\"", number(m.canceled), 1},
                              {"bridge_promises_settled_total", "outcome=\"shutdown\"", number(m.rejected_at_shutdown), 1},
                              {"bridge_settlements_ignored_total", "reason=\"late\"", number(m.late_settlements), 1},
                              {"capability_calls_total", "capability=\"secret\",outcome=\"denied\"", number(m.denied), 1},
                              {"capability_calls_total", "outcome=\"error\"", errors, 4}};
  });
}

CAPSULE_TEST(acquisitions_that_come_to_nothing) {
  const Runtime runtime = make_runtime();
  PoolOptions options = PoolOptions::echo();
  options.raw.min_idle = 0;
  options.raw.max_sessions = 1;
  options.raw.max_waiters = 1;
  options.raw.reset = CAPSULE_RESET_KEEP;
  options.raw.name = capsule_text_from("full");
  const Pool full = make_pool(options, runtime);
  Session session = acquire(full);
  const Acquisition waiting = acquire_async(full);
  refuse_acquire(full, CAPSULE_E_LIMIT);
  ACCEPTED(capsule_acquisition_cancel(waiting.get(), error));
  give_back(full, std::move(session));
  PoolOptions broken = PoolOptions::echo();
  broken.raw.min_idle = broken.raw.max_sessions = 1;
  broken.warmup = "exit 3";
  broken.raw.breaker_pause_ms = broken.raw.breaker_pause_max_ms = 86'400'000;
  broken.raw.name = capsule_text_from("fails");
  const Pool fails = make_pool(broken, runtime);
  wait_for([&] { return metrics_of(fails).breaker_opened == 1 && metrics_of(fails).sessions_warming == 0; });
  const std::uint64_t before = metrics_of(fails).acquisition_errors;
  Session none;
  const capsule_acquire_options acquiring = acquire_options();
  CHECK(capsule_pool_acquire(fails.get(), &acquiring, none.out(), nullptr) != CAPSULE_OK);
  check_moved(runtime, [&] {
    const capsule_pool_metrics f = metrics_of(full);
    return std::vector<Moved>{
        {"pool_acquisitions_total", "pool=\"full\",outcome=\"canceled\"", number(f.acquisition_canceled), 1},
        {"pool_acquisitions_total", "pool=\"full\",outcome=\"refused\"", number(f.acquisition_refused), 1},
        {"pool_acquisitions_total", "pool=\"fails\",outcome=\"error\"", number(metrics_of(fails).acquisition_errors),
         number(before + 1)},
        {"pool_sessions", "pool=\"full\",state=\"idle\"", number(f.sessions_idle), 1}};
  });
}

CAPSULE_TEST(frames_that_are_refused_and_events_that_are_none) {
  const Runtime runtime = make_hostile_runtime();
  std::vector<Session> sessions;
  for (const char *offence : {"garbage", "length", "descriptors", "version", "oversize", "stranger"}) {
    sessions.push_back(open_session(runtime, quiet()));
    CHECK_EQ(Run(sessions.back(), offence).end().death_reason, "protocol");
  }
  const auto rejected = [&](std::size_t reason) {
    double count = 0;
    for (const Session &session : sessions) {
      count += number(transport_metrics_of(session).rejected[reason]);
    }
    return count;
  };
  SessionOptions options = quiet();
  options.raw.trace_transport = CAPSULE_TRACE_BY_MESSAGES;
  const Session lies = open_session(runtime, options);
  Run(lies, "events").end();
  const Session homeless = open_session(runtime, quiet());
  Run(homeless, "stream").end();
  const Session newer = open_session(runtime, quiet());
  Run(newer, "newer").end();
  check_moved(runtime, [&] {
    const capsule_trace_info trace = trace_info_of(lies);
    return std::vector<Moved>{
        {"transport_rejected_total", "reason=\"malformed\"", rejected(CAPSULE_REJECT_MALFORMED), 1},
        {"transport_rejected_total", "reason=\"length\"", rejected(CAPSULE_REJECT_LENGTH), 1},
        {"transport_rejected_total", "reason=\"descriptors\"", rejected(CAPSULE_REJECT_DESCRIPTORS), 1},
        {"transport_rejected_total", "reason=\"version\"", rejected(CAPSULE_REJECT_VERSION), 1},
        {"transport_rejected_total", "reason=\"oversize\"", rejected(CAPSULE_REJECT_OVERSIZE), 1},
        {"transport_rejected_total", "reason=\"unexpected\"", rejected(CAPSULE_REJECT_UNEXPECTED), 1},
        {"trace_events_lost_total", "source=\"worker\",reason=\"invalid\"", number(trace.invalid), 7},
        {"trace_events_lost_total", "source=\"worker\",reason=\"dropped\"", number(trace.dropped), 5},
        {"transport_frames_total", "message=\"NONE\"", number(transport_metrics_of(newer).received.messages[0]), 1},
        {"output_lost_bytes_total", "reason=\"late\"", number(info_of(homeless).late_output_bytes), 9}};
  });
}

CAPSULE_TEST(events_that_find_no_room_or_no_execution) {
  const Runtime runtime = make_runtime();
  SessionOptions options = quiet();
  options.raw.trace_bytes = 4U << 10U;
  const Session session = open_session(runtime, options);
  Run first(session, "value 1");
  first.end();
  Run large(session, "sleep 3600000");
  large.until(CAPSULE_EVENT_STARTED);
  for (int i = 0; i < 300; ++i) {
    large.cancel(kPatienceMs);
  }
  large.end();
  CHECK_AT_LEAST(trace_info_of(session).truncated, 1);
  for (int i = 0; i < 30; ++i) {
    Run(session, "value 1").end();
  }
  CHECK(trace_of(session, {.execution_id = 1}).events.empty());
  const double before = number(trace_info_of(session).late);
  first.cancel();  // it is told of one of which nothing is there any more
  check_moved(runtime, [&] {
    const capsule_trace_info info = trace_info_of(session);
    const auto truncated = number(info.truncated);
    return std::vector<Moved>{{"trace_events_lost_total", "reason=\"late\"", number(info.late), before + 1},
                              {"trace_events_lost_total", "source=\"host\",reason=\"truncated\"", truncated, truncated}};
  });
}

CAPSULE_TEST(events_by_who_made_them) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("ask"));
  SessionOptions options = quiet();
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session session = open_with(bridge, {rule("*")}, std::move(options), runtime);
  Run run(session, "call ask {}");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  respond(bridge, request.id(), "1");
  run.end();
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  PoolOptions pooled = PoolOptions::echo();
  pooled.raw.min_idle = 1;
  pooled.session.raw.heartbeat_interval_ms = kHour;
  const Pool pool = make_pool(std::move(pooled), runtime);
  wait_ready(pool);
  const Taken taken = trace_of(session);
  // Who looks at the trace is told in it, behind what the closed session has counted.
  const auto made_by = [&](std::initializer_list<std::int32_t> sources) {
    return static_cast<double>(std::count_if(taken.events.begin(), taken.events.end(), [&](const capsule_trace_event &event) {
      return event.kind < CAPSULE_TRACE_POLICY_ALLOWED &&
             std::find(sources.begin(), sources.end(), event.source) != sources.end();
    }));
  };
  const double host = made_by({CAPSULE_TRACE_SOURCE_HOST});
  const double worker = made_by({CAPSULE_TRACE_SOURCE_WORKER, CAPSULE_TRACE_SOURCE_EXECUTOR, CAPSULE_TRACE_SOURCE_OUTPUT});
  const double transport = made_by({CAPSULE_TRACE_SOURCE_TRANSPORT});
  const double of_bridge = made_by({CAPSULE_TRACE_SOURCE_BRIDGE});
  const double provider = made_by({CAPSULE_TRACE_SOURCE_PROVIDER});
  check_moved(runtime, [&] {
    return std::vector<Moved>{{"trace_events_total", "pool=\"none\",source=\"host\"", host, host},
                              {"trace_events_total", "pool=\"none\",source=\"worker\"", worker, worker},
                              {"trace_events_total", "pool=\"none\",source=\"transport\"", transport, transport},
                              {"trace_events_total", "pool=\"none\",source=\"bridge\"", of_bridge, of_bridge},
                              {"trace_events_total", "pool=\"none\",source=\"provider\"", provider, provider}};
  });
  const long long of_pools = Samples(runtime)[R"(trace_events_total{pool="unnamed",source="pool"})"];
  CHECK_AT_LEAST(of_pools, 1);
}

CAPSULE_TEST(records_by_their_level_and_those_that_no_file_takes) {
  const auto life = [] {
    const Runtime runtime = make_hostile_runtime();
    const Session session = open_session(runtime, quiet());
    capsule_interceptor_options options;
    capsule_interceptor_options_init(&options, sizeof options);
    options.name = capsule_text_from("refuses");
    options.callback = [](void *, const capsule_frame *) -> std::int32_t { return 1; };
    std::uint64_t id = 0;
    ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
    Run(session, "garbage").end();
  };
  {
    const LogSpy log(CAPSULE_LOG_DEBUG);
    life();
  }
  const capsule_log_options full{.struct_size = sizeof full,
                                 .sink = CAPSULE_LOG_SINK_FILE,
                                 .level = CAPSULE_LOG_DEBUG,
                                 .path = capsule_text_from("/dev/full")};
  ACCEPTED(capsule_log_set_sink(&full, error));
  life();
  ACCEPTED(capsule_log_set_sink(nullptr, error));
  const Runtime runtime = make_runtime();
  check_moved(runtime, [] {
    capsule_log_info info{.struct_size = sizeof info};
    ACCEPTED(capsule_log_get_info(&info, error));
    const auto taken = [&](int level) { return number(info.records[level - CAPSULE_LOG_DEBUG]); };
    const auto lost = [&](int level) { return number(info.dropped[level - CAPSULE_LOG_DEBUG]); };
    return std::vector<Moved>{
        {"log_records_total", "level=\"debug\"", taken(CAPSULE_LOG_DEBUG), taken(CAPSULE_LOG_DEBUG)},
        {"log_records_total", "level=\"info\"", taken(CAPSULE_LOG_INFO), taken(CAPSULE_LOG_INFO)},
        {"log_records_total", "level=\"warn\"", taken(CAPSULE_LOG_WARN), taken(CAPSULE_LOG_WARN)},
        {"log_records_total", "level=\"error\"", taken(CAPSULE_LOG_ERROR), taken(CAPSULE_LOG_ERROR)},
        {"log_records_dropped_total", "level=\"debug\"", lost(CAPSULE_LOG_DEBUG), lost(CAPSULE_LOG_DEBUG)},
        {"log_records_dropped_total", "level=\"info\"", lost(CAPSULE_LOG_INFO), lost(CAPSULE_LOG_INFO)},
        {"log_records_dropped_total", "level=\"error\"", lost(CAPSULE_LOG_ERROR), lost(CAPSULE_LOG_ERROR)}};
  });
}
