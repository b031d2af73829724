// Every row of SIGNALS.md: what the text says under that name is what the struct says, and it has moved. By what amount the structs' own
// tests say.
#include "signal_rows.hpp"

#include <csignal>
#include <fstream>

#include "bridge.hpp"
#include "files.hpp"
#include "process.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

// The rows that each test here looks at.
const std::map<std::string, std::set<std::string>> kHere = {
    {"bills",
     {"execution_page_faults_total", "execution_context_switches_total", "execution_cpu_seconds_sum",
      "execution_cpu_seconds_count", "execution_duration_seconds_sum", "execution_queue_duration_seconds_sum",
      "output_lines_total"}},
    {"sessions", {"session_restarts_total", "executions_refused_total", "executions_queued", "snapshots_total", "sessions"}},
    {"workers",
     {"worker_cpu_seconds_total", "heartbeats_total", "worker_resident_bytes", "worker_private_bytes", "worker_shared_bytes",
      "worker_threads", "worker_open_descriptors", "namespace_entries", "worker_info"}},
    {"output",
     {"outputs_enqueued_total", "outputs_sent_total", "outputs_dropped_total", "output_bytes_total", "output_waits_total",
      "displays_total", "progress_updates_total", "output_queue_depth", "output_queue_depth_max", "output_queue_bytes",
      "output_queue_bytes_max", "output_drain_duration_seconds_sum"}},
    {"async",
     {"async_executions_total", "async_loop_executions_total", "async_coroutines_closed_total", "async_blocking_imports_total",
      "async_blocking_calls_total", "async_blocking_warnings_total", "async_missed_attribute_chains_total",
      "async_overshadow_guard_skips_total", "async_ast_transforms_total", "async_cache_lookups_total", "async_cancels_total"}},
    {"transport",
     {"transport_frames_total", "transport_bytes_total", "transport_partial_reads_total", "transport_wakeups_total",
      "transport_write_stalls_total", "transport_encode_seconds_total", "transport_decode_seconds_total",
      "transport_largest_frame_bytes", "transport_queue_bytes", "transport_queue_depth_max", "interceptor_calls_total",
      "interceptor_seconds_total"}},
    {"bridge",
     {"execution_promise_wait_seconds_total", "bridge_pending", "bridge_pending_hwm", "bridge_promises_created_total",
      "bridge_promises_settled_total", "bridge_resolution_duration_seconds_sum", "bridge_resolution_duration_seconds_count"}},
    {"library", {"zygotes_started_total", "stderr_dropped_bytes_total", "log_records_total"}},
};

// Where the others are, by the end of the path.
const std::map<std::string, std::set<std::string>> kElsewhere = {
    {"integration/prometheus.cpp",
     {"sessions_started_total", "sessions_ended_total", "executions_total", "execution_input_wait_seconds_total",
      "cancels_total", "output_lost_bytes_total", "input_requests_total", "checkpoints_total",
      "bridge_settlements_ignored_total", "capability_calls_total", "session_start_duration_seconds", "checkpoint_size_bytes",
      "checkpoint_duration_seconds", "cancel_event_triggers_total", "executions_canceled_total", "waits_interrupted_total",
      "limiter_tokens"}},
    {"integration/echo_signal_structs.cpp",
     {"durable_operations_total", "worker_peak_resident_bytes", "interceptors", "capability_calls_in_flight"}},
    {"integration/signal_structs.cpp", {"execution_peak_resident_delta_bytes_sum"}},
    {"fault/echo_hostile.cpp", {"worker_deaths_total", "transport_rejected_total", "heartbeat_send_failures_total"}},
    {"integration/worker_metrics.cpp", {"heartbeats_missed_total"}},
    {"integration/drain_timeout.cpp", {"output_drain_timeouts_total"}},
    {"integration/log_sinks.cpp", {"interceptor_errors_total", "log_records_dropped_total"}},
    {"integration/kept_checkpoints.cpp", {"checkpoint_entries_skipped_total"}},
    {"integration/exporters.cpp",
     {"exporter_sent_total", "exporter_failed_total", "exporter_dropped_total", "exporter_queue_length", "exporter_queue_bytes",
      "telemetry_memory_bytes"}},
    {"integration/echo_signal_rows.cpp",
     {"limiter_acquires_total",
      "limiter_canceled_total",
      "limiter_wait_seconds_total",
      "limiter_waits_total",
      "limiter_wakeups_total",
      "pool_acquire_duration_seconds_count",
      "pool_acquire_duration_seconds_sum",
      "pool_acquisitions_total",
      "pool_acquire_duration_max_seconds",
      "pool_creations_requested_total",
      "pool_creations_failed_total",
      "pool_memory_bytes",
      "pool_waiters_peak",
      "pool_breaker_opened_total",
      "pool_breaker_state",
      "pool_health_removed_total",
      "pool_health_runs_total",
      "pool_health_triggers_total",
      "pool_recycled_total",
      "pool_restarted_total",
      "pool_sessions",
      "pool_sessions_created_total",
      "pool_sessions_removed_total",
      "pool_waiters",
      "pool_warmup_created_total",
      "pool_warmup_iterations_total",
      "pool_warmup_triggers_total",
      "trace_events_lost_total",
      "trace_events_total",
      "trace_stored_bytes"}},
    {"fault/zygote_restart.cpp", {"zygotes_restarted_total"}},
    {"integration/preload.cpp", {"native_thread_warnings_total"}},
    {"integration/introspection.cpp", {"audit_records_total"}},
};

// What a session's execution cost.
capsule_event bill_of(const Session &session, const std::string &source) {
  Run run(session, source);
  EventStruct event;
  do {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
  } while (event->kind != CAPSULE_EVENT_RESULT && event->kind != CAPSULE_EVENT_ERROR);
  CHECK_EQ(event->outcome, CAPSULE_OUTCOME_OK);
  return *event.get();
}

constexpr std::uint32_t kHour = 3'600'000;

SessionOptions quiet() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = kHour;
  return options;
}

}  // namespace

CAPSULE_TEST(bills_are_added_up) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, quiet());
  const std::vector<capsule_event> bills = {
      bill_of(session,
              "import sys, time\nprint('a\\nb'); print('c', file=sys.stderr)\nheld = bytearray(8 << 20)\n"
              "until = time.thread_time() + 0.02\nwhile time.thread_time() < until: pass\ntime.sleep(0.001)"),
      bill_of(session, "time.sleep(0.002)")};
  const auto sum = [&](const auto &field) {
    double total = 0;
    for (const capsule_event &bill : bills) {
      total += number(field(bill));
    }
    return total;
  };
  compare(kHere.at("bills"), runtime, [&] {
    const auto nothing = std::string();
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);  // which has them too
    return std::vector<Row>{
        {"execution_page_faults_total", "kind=\"minor\"", sum([](const auto &e) { return e.minor_faults; })},
        {"execution_page_faults_total", "kind=\"major\"", sum([](const auto &e) { return e.major_faults; }), true},
        {"execution_context_switches_total", "kind=\"voluntary\"", sum([](const auto &e) { return e.voluntary_switches; })},
        {"execution_context_switches_total", "kind=\"involuntary\"", sum([](const auto &e) { return e.involuntary_switches; }),
         true},
        {"execution_page_faults_total", "kind=\"minor\"", number(m.minor_faults)},
        {"execution_page_faults_total", "kind=\"major\"", number(m.major_faults), true},
        {"execution_context_switches_total", "kind=\"voluntary\"", number(m.voluntary_switches)},
        {"execution_context_switches_total", "kind=\"involuntary\"", number(m.involuntary_switches), true},
        {"execution_cpu_seconds_sum", nothing, seconds(m.execution_cpu.sum)},
        {"execution_duration_seconds_sum", nothing, seconds(m.execution_duration.sum)},
        {"execution_queue_duration_seconds_sum", nothing, seconds(m.execution_queue.sum)},
        {"execution_cpu_seconds_sum", nothing, sum([](const auto &e) { return e.user_cpu_ns + e.system_cpu_ns; }) / 1e9},
        {"execution_cpu_seconds_count", nothing, 2},
        {"execution_duration_seconds_sum", nothing, sum([](const auto &e) { return e.duration_ns; }) / 1e9},
        {"execution_queue_duration_seconds_sum", nothing, sum([](const auto &e) { return e.queue_ns; }) / 1e9},
        {"output_lines_total", "stream=\"stdout\"", 2},
        {"output_lines_total", "stream=\"stderr\"", 1}};
  });
}

CAPSULE_TEST(what_sessions_count_is_told_with_those_that_wait) {
  const Runtime runtime = make_runtime();
  SessionOptions options = quiet();
  options.raw.queue_limit = 1;
  options.raw.snapshot_limit = 1;
  const Session session = open_session(runtime, std::move(options));
  ACCEPTED(capsule_session_restart(session.get(), error));
  const Snapshot first = snapshot_of(session);
  const Snapshot second = snapshot_of(session);
  ACCEPTED(capsule_session_restore(session.get(), second.get(), kPatienceMs, error));
  ExecutionOptions rolled_back;
  rolled_back.raw.transaction = CAPSULE_TRANSACTION_ROLLBACK_ALWAYS;
  Run(session, "x = 1", rolled_back).end();
  Run running(session, "input()");
  running.until(CAPSULE_EVENT_INPUT);
  Run waiting(session, "1");
  Execution refused;
  REFUSED(CAPSULE_E_BUSY, capsule_execution_create(session.get(), "2", 1, nullptr, refused.out(), error));
  compare(kHere.at("sessions"), runtime, [&] {
    const capsule_session_info info = info_of(session);
    return std::vector<Row>{{"session_restarts_total", "", number(info.restarts)},
                            {"executions_refused_total", "", number(info.executions_refused)},
                            {"executions_queued", "", number(info.executions_queued)},
                            {"snapshots_total", "kind=\"taken\"", number(info.snapshots)},
                            {"snapshots_total", "kind=\"evicted\"", number(info.snapshots_evicted)},
                            {"snapshots_total", "kind=\"restored\"", number(info.restores)},
                            {"snapshots_total", "kind=\"rolled_back\"", number(info.rollbacks)},
                            {"sessions", "state=\"busy\"", info.state == CAPSULE_SESSION_BUSY ? 1.0 : 0.0}};
  });
  running.answer("");
  running.end();
  waiting.end();
}

CAPSULE_TEST(what_heartbeats_bring_is_added_up) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 200;
  const Session first = open_session(runtime, options);
  const Session second = open_session(runtime, options);
  value_of(first, "x = 1");
  value_of(second, "x = 1");
  for (const Session *session : {&first, &second}) {
    const std::uint64_t before = worker_metrics_of(*session).heartbeats;
    wait_for([&] { return worker_metrics_of(*session).heartbeats >= before + 2; });
  }
  compare(kHere.at("workers"), runtime, [&] {
    const capsule_worker_metrics a = worker_metrics_of(first);
    const capsule_worker_metrics b = worker_metrics_of(second);
    const capsule_worker_info info = metrics_by<capsule_worker_info>(capsule_session_get_worker_info, first);
    return std::vector<Row>{{"worker_cpu_seconds_total", "", seconds(a.cpu_total_ns + b.cpu_total_ns)},
                            {"heartbeats_total", "", number(a.heartbeats + b.heartbeats)},
                            {"worker_resident_bytes", "", number(a.resident_bytes + b.resident_bytes)},
                            {"worker_private_bytes", "", number(a.private_bytes + b.private_bytes)},
                            {"worker_shared_bytes", "", number(a.shared_bytes + b.shared_bytes)},
                            {"worker_threads", "", number(a.threads + b.threads)},
                            {"worker_open_descriptors", "", number(a.open_descriptors + b.open_descriptors)},
                            {"namespace_entries", "", number(a.namespace_size + b.namespace_size)},
                            {"worker_info", std::string("python=\"") + info.python_version + "\"", 2}};
  });
}

CAPSULE_TEST(what_became_of_output_is_told_by_reason) {
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  const auto session_with = [&](std::int32_t policy) -> const Session & {
    SessionOptions options = quiet();
    options.raw.output_policy = policy;
    options.raw.output_queue_bytes = options.raw.output_window_bytes = 64U << 10U;
    options.raw.display_limit_bytes = 1024;
    return sessions.emplace_back(open_session(runtime, std::move(options)));
  };
  const char *const large = "import sys\nsys.stdout.write('x' * 1_000_000)\nNone";
  // Taken when it is too much: what is taken as it comes may all find room.
  const auto run_into = [](const Session &session, const char *source, std::uint64_t capsule_executor_metrics::*count) {
    Run run(session, source);
    wait_for([&] { return executor_metrics_of(session).*count > 0; });
    run.end();
  };
  run_into(session_with(CAPSULE_OUTPUT_DROP_NEW), large, &capsule_executor_metrics::outputs_dropped);
  run_into(session_with(CAPSULE_OUTPUT_DROP_OLDEST), "for i in range(20_000): print('x' * 99)",
           &capsule_executor_metrics::outputs_dropped);
  const Session &refuses = session_with(CAPSULE_OUTPUT_ERROR);
  run_into(refuses, "print('x' * 1_000_000)", &capsule_executor_metrics::outputs_refused);
  run_into(refuses,
           "refused = 0\nfor i in range(1000):\n    try: display({'text/plain': 'x' * 1000}, raw=True)\n"
           "    except OutputBackpressureExceeded: refused += 1",
           &capsule_executor_metrics::displays_dropped);
  const Session &waits = session_with(CAPSULE_OUTPUT_BLOCK);
  run_into(waits, large, &capsule_executor_metrics::output_waits);
  Run(waits,
      "display({'text/plain': 'y' * 5000}, raw=True)\nclass Broken:\n    def _repr_html_(self): raise ValueError\n"
      "display(Broken())\nfor i in range(100): progress(i, 100)\nimport sys; print('e', file=sys.stderr)")
      .end();
  const Session &full = session_with(CAPSULE_OUTPUT_BLOCK);
  // Nobody takes it. Where no further piece fits into the window, none leaves the queue any more.
  Run held(full, "import sys\nfor i in range(1000): sys.stdout.write('x' * 1000)");
  wait_for([&] {
    const capsule_executor_metrics m = executor_metrics_of(full);
    return m.output_bytes_sent == 65'000 && m.output_queue_pieces > 0;
  });
  compare(kHere.at("output"), runtime, [&] {
    const capsule_runtime_metrics all = runtime_metrics_of(runtime);
    capsule_executor_metrics sum{};
    std::vector<std::uint64_t> dropped;
    std::uint64_t most_pieces = 0;
    std::uint64_t most_bytes = 0;
    for (const Session &session : sessions) {
      const capsule_executor_metrics m = executor_metrics_of(session);
      sum.outputs_enqueued += m.outputs_enqueued + m.outputs_captured;
      sum.outputs_sent += m.outputs_sent;
      sum.output_bytes_sent += m.output_bytes_sent;
      sum.outputs_refused += m.outputs_refused;
      sum.output_waits += m.output_waits;
      sum.displays_made += m.displays_made;
      sum.displays_dropped += m.displays_dropped;
      sum.displays_truncated += m.displays_truncated;
      sum.display_errors += m.display_errors;
      sum.progress_calls += m.progress_calls;
      sum.progress_skipped += m.progress_skipped;
      sum.drain_ns += m.drain_ns;
      dropped.push_back(m.outputs_dropped);
      sum.output_queue_pieces += m.output_queue_pieces;
      sum.output_queue_bytes += m.output_queue_bytes;
      most_pieces = std::max(most_pieces, m.output_queue_pieces_max);
      most_bytes = std::max(most_bytes, m.output_queue_bytes_max);
    }
    return std::vector<Row>{
        {"outputs_enqueued_total", "stream=\"std", number(sum.outputs_enqueued)},
        {"outputs_sent_total", "", number(sum.outputs_sent)},
        {"outputs_dropped_total", "reason=\"newest\"", number(dropped[0])},
        {"outputs_dropped_total", "reason=\"oldest\"", number(dropped[1])},
        {"outputs_dropped_total", "reason=\"refused\"", number(sum.outputs_refused)},
        {"outputs_enqueued_total", "stream=\"stdout\"", number(all.standard_output.enqueued)},
        {"outputs_dropped_total", "reason=\"oldest\"", number(all.standard_output.dropped_oldest)},
        {"outputs_dropped_total", "stream=\"stdout\",reason=\"refused\"", number(all.standard_output.refused)},
        {"outputs_dropped_total", "stream=\"display\",reason=\"refused\"", number(all.displays.refused), true},
        {"output_bytes_total", "", number(sum.output_bytes_sent)},
        {"output_waits_total", "", number(sum.output_waits)},
        {"displays_total", "outcome=\"made\"", number(sum.displays_made)},
        {"displays_total", "outcome=\"dropped\"", number(sum.displays_dropped)},
        {"displays_total", "outcome=\"truncated\"", number(sum.displays_truncated)},
        {"displays_total", "outcome=\"error\"", number(sum.display_errors)},
        {"progress_updates_total", "outcome=\"made\"", number(sum.progress_calls)},
        {"progress_updates_total", "outcome=\"skipped\"", number(sum.progress_skipped)},
        {"output_queue_depth", "", number(sum.output_queue_pieces)},
        {"output_queue_depth_max", "", number(most_pieces)},
        {"output_queue_bytes", "", number(sum.output_queue_bytes)},
        {"output_queue_bytes_max", "", number(most_bytes)},
        {"output_drain_duration_seconds_sum", "", seconds(sum.drain_ns)}};
  });
}

CAPSULE_TEST(what_is_found_of_sources_and_done_on_the_loop_is_told) {
  const Runtime runtime = make_runtime();
  SessionOptions options = quiet();
  options.raw.async_flags = CAPSULE_ASYNC_REWRITE_DEF | CAPSULE_ASYNC_REWRITE_LAMBDA;
  options.raw.ast_cache_entries = options.raw.code_cache_entries = 3;
  const Session session = open_session(runtime, std::move(options));
  value_of(session, "import asyncio\ndef slow(): return await asyncio.sleep(0, 1)\nlater = lambda: await asyncio.sleep(0, 2)");
  value_of(session, "await asyncio.sleep(0)\nkept = 1\nreturn kept + 1");
  for (int i = 0; i < 2; ++i) {
    value_of(session, "if False:\n    import time\n    time.sleep(1)\n    ''.x()\n'seen'");
  }
  value_of(session, "def open(*names): return 1\nopen('x')");
  Run(session, "await asyncio.sleep(0)\n1 / 0").end();
  Run canceled(session, "print('in', flush=True)\nawait asyncio.sleep(3600)");
  canceled.until_output("in\n");
  canceled.cancel(kPatienceMs);
  canceled.end();
  Run(session, "def (").end();
  value_of(session,
           "async def forever(): await asyncio.sleep(3600)\ntask = asyncio.ensure_future(forever())\nawait asyncio.sleep(0)");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  compare(kHere.at("async"), runtime, [&] {
    const capsule_async_metrics m = async_metrics_of(session);
    const auto all = [](std::initializer_list<std::uint64_t> values) {
      double total = 0;
      for (const std::uint64_t value : values) {
        total += number(value);
      }
      return total;
    };
    return std::vector<Row>{
        {"async_executions_total", "mode=\"top_level_await\"", number(m.mode_top_level_await)},
        {"async_executions_total", "mode=\"async_def\"", number(m.mode_async_def)},
        {"async_executions_total", "mode=\"blocking_sync\"", number(m.mode_blocking_sync)},
        {"async_executions_total", "mode=\"simple_sync\"", number(m.mode_simple_sync)},
        {"async_executions_total", "mode=\"unknown\"", number(m.mode_unknown)},
        {"async_loop_executions_total", "outcome=\"ok\"", number(m.successes)},
        {"async_loop_executions_total", "outcome=\"error\"", number(m.errors)},
        {"async_loop_executions_total", "outcome=\"canceled\"", number(m.canceled)},
        {"async_loop_executions_total", "", all({m.successes, m.errors, m.canceled})},
        {"async_coroutines_closed_total", "", number(m.coroutines_closed)},
        {"async_blocking_imports_total", "", number(m.detected_blocking_imports)},
        {"async_blocking_calls_total", "", number(m.detected_blocking_calls)},
        {"async_blocking_warnings_total", "outcome=\"logged\"", number(m.blocking_warnings)},
        {"async_blocking_warnings_total", "outcome=\"suppressed\"", number(m.blocking_warnings_suppressed)},
        {"async_missed_attribute_chains_total", "", number(m.missed_attribute_chains)},
        {"async_overshadow_guard_skips_total", "", number(m.overshadow_guard_skips)},
        {"async_ast_transforms_total", "kind=\"fallback\"", number(m.ast_fallbacks)},
        {"async_ast_transforms_total", "kind=\"def\"", number(m.ast_def_rewrites)},
        {"async_ast_transforms_total", "kind=\"lambda\"", number(m.ast_lambda_helpers)},
        {"async_cache_lookups_total", "cache=\"ast\",outcome=\"hit\"", number(m.ast_cache_hits)},
        {"async_cache_lookups_total", "cache=\"ast\",outcome=\"miss\"", number(m.ast_cache_misses)},
        {"async_cache_lookups_total", "cache=\"ast\",outcome=\"eviction\"", number(m.ast_cache_evictions)},
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"hit\"", number(m.code_cache_hits), true},
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"miss\"", number(m.code_cache_misses), true},
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"eviction\"", number(m.code_cache_evictions), true},
        {"async_cancels_total", "outcome=\"effective\"", number(m.cancels_effective)},
        {"async_cancels_total", "outcome=\"noop\"", number(m.cancels_noop), true},
        {"async_cancels_total", "outcome=\"pending\"", number(m.cancels_pending), true}};
  });
}

CAPSULE_TEST(what_goes_between_host_and_worker_is_told) {
  const Runtime runtime = make_runtime();
  SessionOptions options = quiet();
  options.raw.enable_metrics = 1;
  const Session session = open_session(runtime, std::move(options));
  capsule_interceptor_options interceptor{};
  capsule_interceptor_options_init(&interceptor, sizeof interceptor);
  interceptor.name = capsule_text_from("counts");
  interceptor.callback = [](void *, const capsule_frame *) -> std::int32_t { return 0; };
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &interceptor, &id, error));
  for (const Deadline deadline; transport_metrics_of(session).partial_reads == 0;) {
    CHECK(!deadline.over());
    Run(session, "print('x' * 3_000_000)").end();
  }
  // One that does not read: what is sent to it waits.
  const Watched worker(info_of(session).pid);
  worker.kill(SIGSTOP);
  Run large(session, "'''" + std::string(8U << 20U, 'x') + "'''");
  wait_for([&] { return transport_metrics_of(session).queue_bytes > 0; });
  compare(kHere.at("transport"), runtime, [&] {
    const capsule_transport_metrics m = transport_metrics_of(session);
    capsule_interceptor_info info{.struct_size = sizeof info};
    ACCEPTED(capsule_session_get_interceptor_info(session.get(), id, &info, error));
    return std::vector<Row>{{"transport_frames_total", "direction=\"to_worker\"", number(m.sent.frames)},
                            {"transport_frames_total", "direction=\"from_worker\"", number(m.received.frames)},
                            {"transport_bytes_total", "direction=\"to_worker\"", number(m.sent.bytes)},
                            {"transport_bytes_total", "direction=\"from_worker\"", number(m.received.bytes)},
                            {"transport_partial_reads_total", "", number(m.partial_reads)},
                            {"transport_wakeups_total", "", number(m.wakeups)},
                            {"transport_write_stalls_total", "", number(m.write_stalls)},
                            {"transport_encode_seconds_total", "", seconds(m.encode_ns)},
                            {"transport_decode_seconds_total", "", seconds(m.decode_ns)},
                            {"transport_largest_frame_bytes", "direction=\"to_worker\"", number(m.sent.largest_bytes)},
                            {"transport_largest_frame_bytes", "direction=\"from_worker\"", number(m.received.largest_bytes)},
                            {"transport_queue_bytes", "", number(m.queue_bytes)},
                            {"transport_queue_depth_max", "", number(m.queue_bytes_max)},
                            {"interceptor_calls_total", "", number(info.calls)},
                            {"interceptor_seconds_total", "", seconds(info.total_ns)}};
  });
  worker.kill(SIGCONT);
  large.end();
}

CAPSULE_TEST(calls_of_the_host_are_told_while_they_are_open_and_when_they_have_ended) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("ask"));
  const Session session = open_with(bridge, {rule("*")}, quiet(), runtime);
  std::uint64_t waited_ns = 0;
  {
    const Server server(bridge, echo_arguments);
    for (int i = 0; i < 2; ++i) {
      waited_ns += bill_of(session, "host.ask()").promise_wait_ns;
    }
  }
  const Bridge open = make_bridge(runtime);
  offer(open, capability("ask"));
  const Session asking = open_with(open, {rule("*")}, SessionOptions::echo(), runtime);
  Run run(asking, "call ask {}");
  Request request;
  CHECK_EQ(request.take(open), CAPSULE_OK);
  compare(kHere.at("bridge"), runtime, [&] {
    const capsule_bridge_metrics ended = metrics_of(bridge);
    const capsule_bridge_metrics now = metrics_of(open);
    return std::vector<Row>{
        {"execution_promise_wait_seconds_total", "", seconds(waited_ns)},
        {"execution_promise_wait_seconds_total", "", seconds(runtime_metrics_of(runtime).promise_wait_ns)},
        {"bridge_pending", "", number(now.bridge_pending_current)},
        {"bridge_pending_hwm", "", number(std::max(ended.bridge_pending_hwm, now.bridge_pending_hwm))},
        {"bridge_promises_created_total", "", number(ended.calls + now.calls)},
        {"bridge_promises_settled_total", "outcome=\"resolved\"", number(ended.ok)},
        {"bridge_resolution_duration_seconds_sum", "capability=\"ask\"", seconds(ended.resolution_total_ns)},
        {"bridge_resolution_duration_seconds_count", "capability=\"ask\"", number(ended.ok)}};
  });
  respond(open, request.id(), "1");
  run.end();
}

CAPSULE_TEST(what_the_library_does_of_itself_is_told) {
  const Runtime runtime = make_runtime();
  ACCEPTED(capsule_log_set_callback(
      CAPSULE_LOG_DEBUG, [](void *, std::int32_t, const char *, std::size_t) {}, nullptr, error));
  const TempFolder folder;
  folder.write("loud.py", "import sys\nsys.stderr.write('x' * 5000)\nsys.stderr.flush()\n");
  SessionOptions options = quiet();
  options.environment = {"PYTHONPATH=" + folder.path()};
  options.preload = {"loud"};
  const Session session = open_session(runtime, std::move(options));
  wait_for([&] { return info_of(runtime).stderr_dropped_bytes > 0; });
  ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, error));
  const auto log = [] {
    capsule_log_info info{.struct_size = sizeof info};
    ACCEPTED(capsule_log_get_info(&info, error));
    return info;
  };
  compare(kHere.at("library"), runtime, [&] {
    const capsule_log_info info = log();
    std::uint64_t records = 0;
    for (const std::uint64_t count : info.records) {
      records += count;
    }
    return std::vector<Row>{{"zygotes_started_total", "", number(info_of(runtime).zygotes_started)},
                            {"stderr_dropped_bytes_total", "", number(info_of(runtime).stderr_dropped_bytes)},
                            {"log_records_total", "", number(records)}};
  });
}

CAPSULE_TEST(every_row_of_the_page_has_its_test) {
  std::set<std::string> tested;
  for (const auto &[group, metrics] : kHere) {
    tested.insert(metrics.begin(), metrics.end());
  }
  for (const auto &[file, metrics] : kElsewhere) {
    const std::string text = read_file(std::string(CAPSULE_TEST_SOURCE_DIR) + "/tests/" + file);
    for (const std::string &metric : metrics) {
      if (text.find(metric) == std::string::npos) {
        FAIL("tests/" + file + " says nothing of " + metric);
      }
      tested.insert(metric);
    }
  }
  std::ifstream page(std::string(CAPSULE_TEST_SOURCE_DIR) + "/include/capsule/SIGNALS.md");
  int rows = 0;
  for (std::string line; std::getline(page, line);) {
    const std::string before = "| `capsule_";
    if (!line.starts_with(before)) {
      continue;
    }
    const std::string metric = line.substr(before.size(), line.find('`', before.size()) - before.size());
    const auto same = [&](const std::string &one) {
      return one == metric || one == metric + "_sum" || one == metric + "_count";
    };
    if (std::none_of(tested.begin(), tested.end(), same)) {
      FAIL(metric + " is looked at by no test");
    }
    ++rows;
  }
  CHECK_AT_LEAST(rows, 100);
}
