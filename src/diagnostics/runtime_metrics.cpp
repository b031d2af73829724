#include "diagnostics/runtime_metrics.hpp"

#include <algorithm>
#include <iterator>

namespace capsule {
namespace {

template <typename Label = int>
void add(capsule_histogram &histogram, const SignalSet &set, Signal signal, Label label = {}) {
  static_assert(kTimeBuckets == CAPSULE_HISTOGRAM_BUCKETS);
  const auto cells = set.histogram(signal, static_cast<std::size_t>(label));
  for (std::size_t i = 0; i < kTimeBuckets; ++i) {
    histogram.buckets[i] += cells[i];
    histogram.count += cells[i];
  }
  histogram.sum += cells[kTimeBuckets];
}

template <typename First, typename Second = int>
std::uint64_t get(const SignalSet &set, Signal signal, First first, Second second = {}) {
  return set.get(signal, static_cast<std::size_t>(first), static_cast<std::size_t>(second));
}

void add(capsule_execution_totals &totals, const SignalSet &set, std::int32_t code_class) {
  const auto mode = static_cast<std::size_t>(code_class - 1);
  std::uint64_t *const fields[] = {&totals.ok,        &totals.errors, &totals.canceled,
                                   &totals.timed_out, &totals.killed, &totals.died};  // as CAPSULE_OUTCOME_…
  for (std::size_t outcome = 0; outcome < std::size(fields); ++outcome) {
    *fields[outcome] += set.get(Signal::executions, mode, outcome);
  }
}

// Of all modes together.
void add_modes(capsule_histogram &histogram, const SignalSet &set, Signal signal) {
  for (std::size_t mode = 0; mode < values_of(SignalLabel::kMode); ++mode) {
    add(histogram, set, signal, mode);
  }
}

void add(capsule_output_totals &totals, const SignalSet &set, OutputStream stream) {
  totals.enqueued += get(set, Signal::outputs_enqueued, stream);
  totals.sent += get(set, Signal::outputs_sent, stream);
  totals.bytes_sent += get(set, Signal::output_bytes, stream);
  totals.dropped_newest += get(set, Signal::outputs_dropped, stream, OutputDrop::kNewest);
  totals.dropped_oldest += get(set, Signal::outputs_dropped, stream, OutputDrop::kOldest);
  totals.refused += get(set, Signal::outputs_dropped, stream, OutputDrop::kRefused);
}

void add_bills(capsule_runtime_metrics &metrics, const SignalSet &set) {
  metrics.input_wait_ns += set.get(Signal::execution_input_wait_seconds);
  metrics.promise_wait_ns += set.get(Signal::execution_promise_wait_seconds);
  metrics.stdout_lines += get(set, Signal::output_lines, OutputStream::kStdout);
  metrics.stderr_lines += get(set, Signal::output_lines, OutputStream::kStderr);
  metrics.minor_faults += set.get(Signal::execution_page_faults, 0);
  metrics.major_faults += set.get(Signal::execution_page_faults, 1);
  metrics.voluntary_switches += set.get(Signal::execution_context_switches, 0);
  metrics.involuntary_switches += set.get(Signal::execution_context_switches, 1);
}

void add_executions(capsule_runtime_metrics &metrics, const SignalSet &set) {
  metrics.cancels_effective += get(set, Signal::cancels, CancelOutcome::kEffective);
  metrics.cancels_noop += get(set, Signal::cancels, CancelOutcome::kNoop);
  metrics.cancels_killed += get(set, Signal::cancels, CancelOutcome::kKilled);
  add(metrics.top_level_await, set, CAPSULE_CODE_TOP_LEVEL_AWAIT);
  add(metrics.async_def, set, CAPSULE_CODE_ASYNC_DEF);
  add(metrics.blocking_sync, set, CAPSULE_CODE_BLOCKING_SYNC);
  add(metrics.simple_sync, set, CAPSULE_CODE_SIMPLE_SYNC);
  add(metrics.unknown, set, CAPSULE_CODE_UNKNOWN);
  add_modes(metrics.execution_duration, set, Signal::execution_duration_seconds);
  add_modes(metrics.execution_queue, set, Signal::execution_queue_duration_seconds);
  add_modes(metrics.execution_cpu, set, Signal::execution_cpu_seconds);
  add_bills(metrics, set);
  add(metrics.standard_output, set, OutputStream::kStdout);
  add(metrics.standard_error, set, OutputStream::kStderr);
  add(metrics.displays, set, OutputStream::kDisplay);
}

void add(capsule_runtime_metrics &metrics, const SignalSet &set) {
  for (std::int32_t reason = CAPSULE_DEATH_EXIT; reason <= CAPSULE_DEATH_UNKNOWN; ++reason) {
    metrics.worker_deaths[reason] += set.get(Signal::worker_deaths, static_cast<std::size_t>(reason - 1));
  }
  add_executions(metrics, set);
  metrics.sessions_closed += get(set, Signal::sessions_ended, SessionEnd::kClosed);
  metrics.sessions_killed += get(set, Signal::sessions_ended, SessionEnd::kKilled);
  metrics.sessions_failed += get(set, Signal::sessions_ended, SessionEnd::kError);
  add(metrics.start_fork, set, Signal::session_start_duration_seconds, StartPath::kFork);
  add(metrics.start_spawn, set, Signal::session_start_duration_seconds, StartPath::kSpawn);
  add(metrics.start_restore, set, Signal::session_start_duration_seconds, StartPath::kRestore);
  add(metrics.checkpoint_size, set, Signal::checkpoint_size_bytes);
  add(metrics.checkpoint_duration, set, Signal::checkpoint_duration_seconds);
  add(metrics.execution_peak_resident_delta, set, Signal::execution_peak_resident_delta_bytes);
  metrics.worker_peak_resident_bytes =
      std::max(metrics.worker_peak_resident_bytes, set.get(Signal::worker_peak_resident_bytes));
  const std::uint64_t failures = get(set, Signal::durable_operations, DurableOutcome::kFailed);
  metrics.durable_operations += get(set, Signal::durable_operations, DurableOutcome::kOk) + failures;
  metrics.durable_failures += failures;
}

}  // namespace

capsule_runtime_metrics runtime_metrics(const SignalReport &report) {
  capsule_runtime_metrics metrics{};
  for (const auto &[pool, set] : report.pools) {
    add(metrics, set);
  }
  metrics.exporter_queue_bytes = report.library.get(Signal::exporter_queue_bytes);
  metrics.telemetry_memory_bytes = report.library.get(Signal::telemetry_memory_bytes);
  return metrics;
}

}  // namespace capsule
