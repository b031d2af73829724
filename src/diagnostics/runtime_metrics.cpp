#include "diagnostics/runtime_metrics.hpp"

#include <algorithm>

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

template <typename Label>
std::uint64_t get(const SignalSet &set, Signal signal, Label label) {
  return set.get(signal, static_cast<std::size_t>(label));
}

void add(capsule_runtime_metrics &metrics, const SignalSet &set) {
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
