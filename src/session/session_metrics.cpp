// What a session tells of itself in numbers: structs, and the metrics of diagnostics/signal_table.hpp.
#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "session/runtime.hpp"
#include "session/worker.hpp"

namespace capsule {
namespace {

// True when the frames are those that the bytes are of.
bool add_flow(capsule_transport_flow &flow, const FlowCounters &counters) {
  static_assert(kMessageKinds <= CAPSULE_MESSAGES);
  FlowCounters::Copy copy;
  const bool whole = counters.copy_to(copy);
  for (std::size_t i = 0; i < kMessageKinds; ++i) {
    flow.messages[i] += copy.messages[i];
    flow.frames += copy.messages[i];
  }
  flow.bytes += copy.bytes;
  flow.largest_bytes = std::max(flow.largest_bytes, copy.largest_bytes);
  return whole;
}

void add_channel(capsule_transport_metrics &metrics, const Channel &channel) {
  const ChannelCounters &counters = channel.counters();
  const bool sent = add_flow(metrics.sent, counters.sent);
  const bool received = add_flow(metrics.received, counters.received);
  metrics.stale = sent && received ? metrics.stale : 1;
  metrics.partial_reads += counters.partial_reads.get();  // before the wake-ups that they are of
  metrics.wakeups += counters.wakeups.get();
  metrics.write_stalls += counters.write_stalls.get();
  metrics.encode_ns += counters.encode_ns.get();
  metrics.decode_ns += counters.decode_ns.get();
  metrics.queue_bytes += channel.pending_bytes();
  metrics.queue_bytes_max = std::max(metrics.queue_bytes_max, counters.queue_bytes_max.get());
}

// "kind:value" texts of one kind, joined by commas, as far as they fit.
template <std::size_t Size>
void join_announced(char (&into)[Size], const std::vector<wire::Text> &capabilities, std::string_view kind) {
  std::string joined;
  for (const wire::Text &text : capabilities) {
    const std::size_t colon = text.find(':');
    const std::string_view own = colon == std::string_view::npos ? std::string_view("") : text.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? text : text.substr(colon + 1);
    if (own == kind && joined.size() + value.size() + 2 <= Size) {
      joined += joined.empty() ? "" : ",";
      joined += value;
    }
  }
  joined.copy(into, Size - 1);
  into[joined.size()] = '\0';
}

template <std::size_t Size>
void copy_text(char (&into)[Size], wire::Text text) {
  const std::size_t size = std::min(text.size(), Size - 1);
  std::copy_n(text.data(), size, into);
  into[size] = '\0';
}

void report_transport(SignalSet &set, const capsule_transport_metrics &metrics) {
  const capsule_transport_flow *flows[] = {&metrics.sent, &metrics.received};
  for (std::size_t way = 0; way < std::size(flows); ++way) {
    for (std::size_t i = 0; i < kMessageKinds; ++i) {
      set.add(Signal::transport_frames, flows[way]->messages[i], way, i);
    }
    set.add(Signal::transport_bytes, flows[way]->bytes, way);
    set.raise(Signal::transport_largest_frame_bytes, flows[way]->largest_bytes, way);
  }
  for (std::size_t i = 0; i < kRejectReasons; ++i) {
    set.add(Signal::transport_rejected, metrics.rejected[i], i);
  }
  set.add(Signal::transport_partial_reads, metrics.partial_reads);
  set.add(Signal::transport_wakeups, metrics.wakeups);
  set.add(Signal::transport_write_stalls, metrics.write_stalls);
  set.add(Signal::transport_queue_bytes, metrics.queue_bytes);
  set.raise(Signal::transport_queue_depth_max, metrics.queue_bytes_max);
}

void add_all(SignalSet &set, Signal signal, std::initializer_list<std::uint64_t> values, std::size_t second = 0) {
  std::size_t first = 0;
  for (const std::uint64_t value : values) {
    set.add(signal, value, first++, second);
  }
}

void report_executor(SignalSet &set, const capsule_executor_metrics &m) {
  add_all(set, Signal::output_lost_bytes, {m.output_bytes_dropped});
  set.add(Signal::output_waits, m.output_waits);
  add_all(set, Signal::output_drain_timeouts, {m.drain_timeouts, m.drain_timeouts_suppressed});
  add_all(set, Signal::displays, {m.displays_made, m.displays_dropped, m.displays_truncated, m.display_errors});
  add_all(set, Signal::progress_updates, {m.progress_calls, m.progress_skipped});
  add_all(set, Signal::input_requests, {m.input_answered, m.input_declined, m.input_canceled, m.input_timed_out});
  set.add(Signal::output_queue_depth, m.output_queue_pieces);
  set.raise(Signal::output_queue_depth_max, m.output_queue_pieces_max);
  set.add(Signal::output_queue_bytes, m.output_queue_bytes);
  set.raise(Signal::output_queue_bytes_max, m.output_queue_bytes_max);
}

void report_async(SignalSet &set, const capsule_async_metrics &m) {
  add_all(set, Signal::async_executions,
          {m.mode_top_level_await, m.mode_async_def, m.mode_blocking_sync, m.mode_simple_sync, m.mode_unknown});
  add_all(set, Signal::async_loop_executions, {m.successes, m.errors, m.canceled});
  set.add(Signal::async_coroutines_closed, m.coroutines_closed);
  set.add(Signal::async_blocking_imports, m.detected_blocking_imports);
  set.add(Signal::async_blocking_calls, m.detected_blocking_calls);
  add_all(set, Signal::async_blocking_warnings, {m.blocking_warnings, m.blocking_warnings_suppressed});
  set.add(Signal::async_missed_attribute_chains, m.missed_attribute_chains);
  set.add(Signal::async_overshadow_guard_skips, m.overshadow_guard_skips);
  add_all(set, Signal::async_ast_transforms, {m.ast_fallbacks, m.ast_def_rewrites, m.ast_lambda_helpers});
  const std::uint64_t ast[] = {m.ast_cache_hits, m.ast_cache_misses, m.ast_cache_evictions};
  const std::uint64_t code[] = {m.code_cache_hits, m.code_cache_misses, m.code_cache_evictions};
  for (std::size_t i = 0; i < std::size(ast); ++i) {
    set.add(Signal::async_cache_lookups, ast[i], 0, i);
    set.add(Signal::async_cache_lookups, code[i], 1, i);
  }
  add_all(set, Signal::async_cancels, {m.cancels_effective, m.cancels_noop, m.cancels_pending});
}

// What the session's own struct counts under a name of the table.
void report_counters(SignalSet &set, const capsule_session_info &c) {
  set.add(Signal::session_restarts, c.restarts);
  set.add(Signal::executions_refused, c.executions_refused);
  set.add(Signal::cancels, c.cancels_noop, CancelOutcome::kNoop);
  set.add(Signal::heartbeats, c.heartbeats);
  add_all(set, Signal::output_lost_bytes, {0, c.late_output_bytes, c.abandoned_output_bytes, c.left_out_output_bytes});
  add_all(set, Signal::snapshots, {c.snapshots, c.snapshots_evicted, c.restores, c.rollbacks});
  add_all(set, Signal::checkpoints, {c.checkpoints, c.checkpoints_failed, c.checkpoint_restores, c.checkpoint_restores_failed});
}

std::size_t mode_of(const capsule_event &end) {
  constexpr std::int32_t kUnknown = CAPSULE_CODE_UNKNOWN;
  const bool known = end.code_class >= CAPSULE_CODE_TOP_LEVEL_AWAIT && end.code_class <= kUnknown;
  return static_cast<std::size_t>((known ? end.code_class : kUnknown) - 1);
}

}  // namespace

void add_transport_metrics(capsule_transport_metrics &metrics, const Worker &worker) {
  add_channel(metrics, worker.work);
  add_channel(metrics, worker.control);
}

// What its counters tell by stream, and its histograms.
void Session::add_worker_figures(SignalSet &set, const CountersCopy &counters) const {
  const OutputDrop dropped = options_.output_policy == CAPSULE_OUTPUT_DROP_OLDEST ? OutputDrop::kOldest : OutputDrop::kNewest;
  for (std::uint8_t stream = 1; stream <= kMessageStream; ++stream) {
    const std::size_t at = stream - 1U;
    const auto get = [&](Counter of_stdout) { return counters.get(of_stream(of_stdout, stream)); };
    set.add(Signal::outputs_enqueued, get(Counter::enqueued_stdout) + get(Counter::captured_stdout), at);
    set.add(Signal::outputs_sent, get(Counter::sent_stdout), at);
    set.add(Signal::output_bytes, get(Counter::sent_bytes_stdout), at);
    set.add(Signal::outputs_dropped, get(Counter::dropped_stdout), at, dropped);
    set.add(Signal::outputs_dropped, get(Counter::refused_stdout), at, OutputDrop::kRefused);
  }
  std::array<std::uint64_t, kTimeBuckets> drains{};
  for (std::size_t i = 0; i < drains.size(); ++i) {
    drains[i] = counters.get(static_cast<Counter>(static_cast<std::size_t>(Counter::drain_buckets) + i));
  }
  set.add_histogram(Signal::output_drain_duration_seconds, drains, counters.get(Counter::drain_ns));
}

// Under the lock, before the caller can see the end.
void Session::count_end(const Execution &execution, const capsule_event &end) {
  count_outcome(end.outcome);
  const std::size_t mode = mode_of(end);
  figures_.add(Signal::executions, 1, mode, end.outcome - 1);
  figures_.observe(Signal::execution_queue_duration_seconds, end.queue_ns, mode);
  if (execution.started_ns != 0) {
    figures_.observe(Signal::execution_duration_seconds, end.duration_ns, mode);
  }
  if (end.resources_measured != 0) {
    figures_.observe(Signal::execution_cpu_seconds, end.user_cpu_ns + end.system_cpu_ns, mode);
    add_all(figures_, Signal::execution_page_faults, {end.minor_faults, end.major_faults});
    add_all(figures_, Signal::execution_context_switches, {end.voluntary_switches, end.involuntary_switches});
    figures_.observe_bytes(Signal::execution_peak_resident_delta_bytes, end.peak_resident_delta_bytes);
  }
  figures_.add(Signal::execution_input_wait_seconds, end.input_wait_ns);
  figures_.add(Signal::execution_promise_wait_seconds, end.promise_wait_ns);
  add_all(figures_, Signal::output_lines, {end.stdout_lines, end.stderr_lines});
  if (end.cancel_phase != CAPSULE_CANCEL_NONE) {
    figures_.add(Signal::cancels, 1,
                 end.cancel_phase == CAPSULE_CANCEL_KILLED      ? CancelOutcome::kKilled
                 : end.cancel_phase == CAPSULE_CANCEL_DELIVERED ? CancelOutcome::kNoop
                                                                : CancelOutcome::kEffective);
  }
}

// A cancel that found nothing to end. What a closed session still counts goes to what its runtime keeps of those that are gone.
void Session::count_noop_cancel() {
  ++counters_.cancels_noop;
  if (state_ == CAPSULE_SESSION_TERMINATED) {
    runtime_->count_past(options_.pool, [](SignalSet &past) { past.add(Signal::cancels, 1, CancelOutcome::kNoop); });
  }
}

void Session::count_abandoned(std::uint64_t bytes) {
  constexpr int kAbandoned = 2;
  counters_.abandoned_output_bytes += bytes;
  if (state_ == CAPSULE_SESSION_TERMINATED) {
    runtime_->count_past(options_.pool, [bytes](SignalSet &past) { past.add(Signal::output_lost_bytes, bytes, kAbandoned); });
  }
}

void Session::note_heartbeat(const wire::Heartbeat &beat) {
  const std::uint64_t now = monotonic_ns();
  const std::uint64_t since = counters_.heartbeat_ns == 0 ? counters_.ready_ns : counters_.heartbeat_ns;
  const std::uint64_t cpu = beat.cpu_ns - std::min(beat.cpu_ns, counters_.cpu_ns);
  tell_missed_heartbeats(now);
  past_missed_ += missed_heartbeats(now);
  if (worker_) {
    worker_->missed_told = 0;
  }
  counters_.cpu_ratio = now > since ? static_cast<double>(cpu) / static_cast<double>(now - since) : 0;
  ++counters_.heartbeats;
  counters_.heartbeat_ns = now;
  counters_.resident_bytes = beat.resident_bytes;
  counters_.private_bytes = beat.private_bytes;
  figures_.raise(Signal::worker_peak_resident_bytes, beat.peak_resident_bytes);
  counters_.cpu_ns = beat.cpu_ns;
  counters_.threads = beat.threads;
  counters_.namespace_size = beat.namespace_size;
  counters_.execution_age_ns = beat.execution_age_ns;
  const std::uint64_t failures = std::max(beat.send_failures, beat_.send_failures);
  if (beat_.send_failures == 0 && failures > 0) {  // of this worker, the first; the rest is counted
    log_record(*log_level_, LogEvent::heartbeat_send_failed, "session={} failures={}", id_, failures);
  }
  const std::uint64_t cpu_ns = std::max(beat.cpu_ns, beat_.cpu_ns);
  beat_ = beat;
  beat_.send_failures = failures;  // what is summed up never falls, whatever a worker says
  beat_.cpu_ns = cpu_ns;
  await_heartbeat();
}

// The next one, or the next time that none has come.
void Session::await_heartbeat() {
  if (!worker_ || !worker_->ready) {
    return;
  }
  Loop &loop = runtime_->loop();
  loop.cancel_timer(worker_->heartbeat_timer);
  const std::uint64_t interval = options_.heartbeat_interval_ms * kNsPerMs;
  const std::uint64_t missed = missed_heartbeats(monotonic_ns());
  const std::uint64_t due = last_heartbeat_ns() + (missed + 1) * interval + interval / 2 + 1;
  worker_->heartbeat_timer =
      loop.add_timer(due, [self = shared_from_this(), weak = std::weak_ptr(worker_)] { self->on_heartbeat_missed(weak); });
}

void Session::on_heartbeat_missed(const std::weak_ptr<Worker> &weak) {
  const Lock lock(mutex_);
  if (worker_ == nullptr || worker_->gone || worker_ != weak.lock()) {
    return;
  }
  tell_missed_heartbeats(monotonic_ns());
  await_heartbeat();
}

// An event for each that is counted and has none: the timer may come late, and the next heartbeat before it.
void Session::tell_missed_heartbeats(std::uint64_t now_ns) {
  const std::uint64_t missed = missed_heartbeats(now_ns);
  if (missed == 0 || worker_->missed_told >= missed) {
    return;
  }
  for (; worker_->missed_told < missed; ++worker_->missed_told) {
    trace_.add({.kind = CAPSULE_TRACE_SESSION_HEARTBEAT_MISSED, .arguments = {now_ns - last_heartbeat_ns()}});
  }
  export_session_events();
}

// Or when the first was begun to be waited for.
std::uint64_t Session::last_heartbeat_ns() const { return std::max(counters_.heartbeat_ns, counters_.ready_ns); }

// Since the last one: whole intervals without one, half an interval late at the earliest.
std::uint64_t Session::missed_heartbeats(std::uint64_t now_ns) const {
  if (!worker_ || !worker_->ready || worker_->gone) {
    return 0;
  }
  const std::uint64_t interval = options_.heartbeat_interval_ms * kNsPerMs;
  const std::uint64_t since = last_heartbeat_ns();
  const std::uint64_t waited = now_ns > since ? now_ns - since : 0;
  return waited <= interval ? 0 : (waited - interval / 2) / interval;
}

capsule_worker_metrics Session::worker_metrics() {
  const Lock lock(mutex_);
  return worker_metrics(monotonic_ns());
}

capsule_worker_metrics Session::worker_metrics(std::uint64_t now) const {
  capsule_worker_metrics metrics{};
  metrics.state = state_;
  metrics.heartbeat_interval_ms = options_.heartbeat_interval_ms;
  metrics.heartbeats = counters_.heartbeats;
  metrics.heartbeats_missed = past_missed_ + missed_heartbeats(now);
  metrics.send_failures = past_send_failures_ + beat_.send_failures;
  metrics.cpu_total_ns = past_cpu_ns_ + beat_.cpu_ns;
  if (!worker_ || worker_->gone || !worker_->ready) {
    return metrics;
  }
  metrics.pid = worker_->process.pid;
  metrics.uptime_ns = now - counters_.ready_ns;
  if (counters_.heartbeat_ns == 0) {
    return metrics;
  }
  metrics.threads = beat_.threads;
  metrics.open_descriptors = beat_.open_descriptors;
  metrics.resident_bytes = beat_.resident_bytes;
  metrics.peak_resident_bytes = beat_.peak_resident_bytes;
  metrics.private_bytes = beat_.private_bytes;
  metrics.shared_bytes = beat_.shared_bytes;
  metrics.cpu_ns = beat_.cpu_ns;
  metrics.cpu_ratio = counters_.cpu_ratio;
  metrics.namespace_size = beat_.namespace_size;
  const std::uint64_t counted = beat_.namespace_counted_ns;
  metrics.namespace_age_ns = counted == 0 || counted > now ? 0 : now - counted;
  metrics.execution_id = beat_.execution_id;
  metrics.execution_age_ns = beat_.execution_age_ns;
  metrics.heartbeat_ns = counters_.heartbeat_ns;
  metrics.heartbeat_age_ns = now - std::min(now, counters_.heartbeat_ns);
  return metrics;
}

void Session::note_announcement(const Worker &worker, const wire::Ready &ready) {
  copy_text(counters_.python_version, ready.python_version);
  announced_ = {};
  copy_text(announced_.python_version, ready.python_version);
  copy_text(announced_.python_path, ready.python_path);
  join_announced(announced_.features, ready.capabilities, "");
  join_announced(announced_.executors, ready.capabilities, "executor");
  join_announced(announced_.limits, ready.capabilities, "limit");
  join_announced(announced_.isolation, ready.capabilities, "isolation");
  beat_ = {};
  figures_.add(Signal::sessions_started, 1, worker.path);
  figures_.observe(Signal::session_start_duration_seconds, counters_.ready_ns - worker.began_ns, worker.path);
}

capsule_worker_info Session::worker_info() {
  const Lock lock(mutex_);
  capsule_worker_info info = announced_;
  info.pid = worker_ && !worker_->gone && worker_->ready ? worker_->process.pid : 0;
  return info;
}

capsule_transport_metrics Session::transport_metrics() {
  const Lock lock(mutex_);
  return transport_metrics_now();
}

capsule_transport_metrics Session::transport_metrics_now() const {
  capsule_transport_metrics metrics = past_transport_;
  if (worker_) {
    add_transport_metrics(metrics, *worker_);
  }
  return metrics;
}

Result<capsule_cancel_metrics> Session::cancel_metrics() {
  const Lock lock(mutex_);
  if (!options_.enable_metrics) {
    return Status(CAPSULE_E_STATE, "session: it was opened without enable_metrics");
  }
  capsule_cancel_metrics metrics = cancel_metrics_;
  metrics.executions_canceled = counters_.executions_canceled;
  return metrics;
}

// Of a worker that is given up: what outlives it.
void Session::keep_figures(const Worker &worker) {
  past_send_failures_ += std::exchange(beat_.send_failures, 0);
  past_cpu_ns_ += std::exchange(beat_.cpu_ns, 0);
  add_transport_metrics(past_transport_, worker);
  past_transport_.queue_bytes = 0;
  past_transport_.stale = 0;
}

void Session::report(SignalSet &set) {
  const Lock lock(mutex_);
  if (worker_) {
    collect_trace(*worker_, /*dead=*/false);
  }
  report_all(set);
}

void Session::report_opt_in(SignalSet &set) const {
  set.opt_in();
  set.add(Signal::cancel_event_triggers, cancel_metrics_.triggers);
  set.add(Signal::executions_canceled, counters_.executions_canceled);
  set.add(Signal::waits_interrupted, cancel_metrics_.waits_interrupted);
  const capsule_transport_metrics transport = transport_metrics_now();
  set.add(Signal::transport_encode_seconds, transport.encode_ns);
  set.add(Signal::transport_decode_seconds, transport.decode_ns);
  set.add(Signal::limiter_acquires, limiter_metrics_.acquires);
  set.add(Signal::limiter_waits, limiter_metrics_.waits);
  set.add(Signal::limiter_wait_seconds, limiter_metrics_.wait_ns);
  set.add(Signal::limiter_wakeups, limiter_metrics_.wakeups);
  set.add(Signal::limiter_canceled, limiter_metrics_.canceled);
  constexpr double kThousandths = 1000;
  const double tokens = limiter_.active() ? limiter_.tokens(monotonic_ns()) : 0;
  set.add(Signal::limiter_tokens, static_cast<std::uint64_t>(tokens * kThousandths));
}

void Session::report_worker(SignalSet &set) const {
  const capsule_worker_metrics metrics = worker_metrics(monotonic_ns());
  set.add(Signal::heartbeats_missed, metrics.heartbeats_missed);
  set.add(Signal::heartbeat_send_failures, metrics.send_failures);
  set.add(Signal::worker_cpu_seconds, metrics.cpu_total_ns);
  set.add(Signal::worker_resident_bytes, metrics.resident_bytes);
  set.add(Signal::worker_private_bytes, metrics.private_bytes);
  set.add(Signal::worker_shared_bytes, metrics.shared_bytes);
  set.add(Signal::worker_threads, metrics.threads);
  set.add(Signal::worker_open_descriptors, metrics.open_descriptors);
  set.add(Signal::namespace_entries, metrics.namespace_size);
  if (metrics.pid != 0) {
    ++set.named(Signal::worker_info, announced_.python_version).front();
  }
}

// Under the lock. Budget: some 800 additions.
void Session::report_all(SignalSet &set) {
  copy_counters();
  set.merge(figures_);
  report_counters(set, counters_);
  report_worker(set);
  report_executor(set, executor_metrics_now());
  report_async(set, async_metrics_now());
  report_transport(set, transport_metrics_now());
  if (worker_) {
    add_worker_figures(set, worker_->counted);
    set.add(Signal::telemetry_memory_bytes, sizeof(FlightMemory));
  }
  for (const auto &postmortem : postmortems_) {
    set.add(Signal::telemetry_memory_bytes, sizeof *postmortem + postmortem->events.size() * sizeof(capsule_trace_event));
  }
  if (options_.enable_metrics) {
    report_opt_in(set);
  }
  const capsule_interceptor_info &intercepted = interceptors_.totals();
  set.add(Signal::interceptor_calls, intercepted.calls);
  set.add(Signal::interceptor_errors, intercepted.errors);
  set.add(Signal::interceptor_seconds, intercepted.total_ns);
  set.add(Signal::interceptors, interceptors_.count());
  const auto [operations, failures] = durable_figures_->get();
  add_all(set, Signal::durable_operations, {operations - failures, failures});
  set.add(Signal::executions_queued, queue_.size());
  if (state_ != CAPSULE_SESSION_TERMINATED) {
    set.add(Signal::sessions, 1, state_ - 1);
  }
  if (calls_) {
    calls_->report(set);
  }
  trace_.report(set);
}

}  // namespace capsule
