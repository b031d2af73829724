// What a pool says of itself.
#include <algorithm>
#include <iterator>

#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "pool/latency.hpp"
#include "pool/pool.hpp"

namespace capsule {
namespace {

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

capsule_pool_metrics Pool::metrics() {
  capsule_pool_metrics metrics{};
  {
    const Lock lock(mutex_);
    metrics = counters_;
    metrics.sessions_total = static_cast<std::uint32_t>(members_.size());
    metrics.waiters_now = static_cast<std::uint32_t>(line_.size());
  }
  metrics.acquire_p50_ns = percentile_ns(metrics, 50);
  metrics.acquire_p95_ns = percentile_ns(metrics, 95);
  metrics.acquire_p99_ns = percentile_ns(metrics, 99);
  metrics.hit_rate = ratio(metrics.pool_hits, metrics.acquisition_successes);
  metrics.acquire_avg_ns = ratio(metrics.acquire_total_ns, metrics.acquisition_successes);
  metrics.warmup_iterations_per_trigger = ratio(metrics.warmup_loop_iterations, metrics.warmup_triggers);
  metrics.created_per_requested = ratio(metrics.sessions_created, metrics.creations_requested);
  metrics.health_runs_per_trigger = ratio(metrics.health_check_runs, metrics.health_check_triggers);
  metrics.removed_per_health_run = ratio(metrics.removed_by_health + metrics.removed_idle, metrics.health_check_runs);
  return metrics;
}

void Pool::report(SignalReport &report) {
  const capsule_pool_metrics m = metrics();
  std::int32_t breaker = 0;
  SignalSet &set = report.pools[options_.session.pool];
  {
    const Lock lock(mutex_);
    breaker = breaker_.state();
    trace_.report(set);
  }
  const std::uint64_t acquisitions[] = {
      m.pool_hits, m.pool_misses, m.acquisition_timeouts, m.acquisition_canceled, m.acquisition_refused, m.acquisition_errors};
  for (std::size_t i = 0; i < std::size(acquisitions); ++i) {
    set.add(Signal::pool_acquisitions, acquisitions[i], i);
  }
  set.add(Signal::pool_warmup_triggers, m.warmup_triggers);
  set.add(Signal::pool_warmup_iterations, m.warmup_loop_iterations);
  set.add(Signal::pool_warmup_created, m.sessions_created_from_warmup);
  set.add(Signal::pool_creations_requested, m.creations_requested);
  set.add(Signal::pool_sessions_created, m.sessions_created);
  set.add(Signal::pool_creations_failed, m.creations_failed);
  set.add(Signal::pool_sessions_removed, m.sessions_removed);
  set.add(Signal::pool_health_triggers, m.health_check_triggers);
  set.add(Signal::pool_health_runs, m.health_check_runs);
  set.add(Signal::pool_health_removed, m.removed_by_health + m.removed_idle);
  set.add(Signal::pool_recycled, m.sessions_recycled);
  set.add(Signal::pool_restarted, m.sessions_restarted);
  set.add(Signal::pool_breaker_opened, m.breaker_opened);
  const std::uint64_t sessions[] = {m.sessions_idle, m.sessions_active, m.sessions_warming, m.sessions_resetting};
  for (std::size_t i = 0; i < std::size(sessions); ++i) {
    set.add(Signal::pool_sessions, sessions[i], i);
  }
  set.add(Signal::pool_memory_bytes, m.memory_bytes);
  set.add(Signal::pool_waiters, m.waiters_now);
  set.raise(Signal::pool_waiters_peak, m.waiters_peak);
  set.raise(Signal::pool_acquire_duration_max_seconds, m.acquire_max_ns);
  set.add(Signal::pool_breaker_state, static_cast<std::uint64_t>(breaker));
  set.add_histogram(Signal::pool_acquire_duration_seconds, m.acquire_buckets, m.acquire_total_ns);
}

Status Pool::trace(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &events,
                   capsule_trace_info &info) {
  const Lock lock(mutex_);
  return trace_.select(filter, capacity, events, info);
}

// What is in the trace and has not been handed on yet. Not under the lock: the exporters have their own.
void Pool::export_events() {
  ExportGroup group{.pool = options_.session.pool};
  {
    const Lock lock(mutex_);
    if (!std::exchange(export_wanted_, false)) {
      return;
    }
    group.events = trace_.without_execution(exported_cursor_);
    if (group.events.empty()) {
      return;  // it keeps none
    }
    group.lost = trace_.losses().since(exported_losses_);
  }
  runtime_->exporters().publish(std::move(group));
}

void Pool::looked(const Looked &look) {
  const Lock lock(mutex_);
  trace_.add_look(look);
  want_export();
}

capsule_pool_info Pool::info() {
  capsule_pool_info info{};
  info.min_idle = options_.min_idle;
  info.max_sessions = options_.max_sessions;
  info.reset = options_.reset;
  info.imports_fatal = options_.warm_up.imports_fatal ? 1 : 0;
  info.pre_warm = options_.pre_warm ? 1 : 0;
  info.max_waiters = options_.max_waiters;
  info.warmup_timeout_ms = options_.warm_up.timeout_ms;
  info.idle_timeout_ms = options_.idle_timeout_ms;
  info.health_interval_ms = options_.health_interval_ms;
  info.acquire_timeout_ms = options_.acquire_timeout_ms;
  info.recycle_executions = options_.recycle_executions;
  info.recycle_age_ms = options_.recycle_age_ms;
  info.recycle_growth_bytes = options_.recycle_growth_bytes;
  info.session_memory_bytes = options_.session_memory_bytes;
  info.pool_memory_bytes = options_.pool_memory_bytes;
  info.breaker_pause_ms = options_.breaker_pause_ms;
  info.breaker_pause_max_ms = options_.breaker_pause_max_ms;
  info.breaker_failures = options_.breaker_failures;
  if (options_.session.calls) {
    info.bridge = options_.session.calls->figures();
  }
  const std::uint64_t now = monotonic_ns();
  const Lock lock(mutex_);
  info.state = static_cast<std::int32_t>(phase_);
  info.sessions_idle = counters_.sessions_idle;
  info.sessions_active = counters_.sessions_active;
  info.sessions_warming = counters_.sessions_warming;
  info.sessions_resetting = counters_.sessions_resetting;
  info.sessions_total = static_cast<std::uint32_t>(members_.size());
  info.waiters_now = static_cast<std::uint32_t>(line_.size());
  info.target_idle = std::max(options_.min_idle, demand_.ahead(now, options_.max_sessions));
  const auto imported = std::count_if(imports_.begin(), imports_.end(), [](const auto &one) { return one.error.empty(); });
  info.imports_done = static_cast<std::uint32_t>(imported);
  info.imports_failed = static_cast<std::uint32_t>(imports_.size()) - info.imports_done;
  info.breaker_state = breaker_.state();
  info.failures_in_a_row = breaker_.failures_in_a_row();
  info.last_error_status = last_error_.code();
  info.breaker_until_ns = breaker_.until_ns();
  info.arrivals_per_s = demand_.per_second(now);
  info.memory_bytes = counters_.memory_bytes;
  if (last_error_.code() != CAPSULE_E_PRELOAD) {  // else it may be what an exception says
    const std::string &error = last_error_.message();
    error.copy(info.last_error, utf8_prefix(error, sizeof info.last_error - 1));
  }
  return info;
}

std::vector<capsule_pool_session> Pool::sessions() {
  std::vector<capsule_pool_session> rows;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const Lock lock(mutex_);
    for (const auto &[id, member] : members_) {
      capsule_pool_session row{};
      row.session_id = id;
      row.state = member.state;
      row.created_ns = member.created_ns;
      row.since_ns = member.since_ns;
      row.acquisitions = member.acquisitions;
      row.keyed = member.key.empty() ? 0 : 1;
      rows.push_back(row);
      sessions.push_back(member.session);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const capsule_session_info info = sessions[i]->info();
    rows[i].pid = info.pid;
    rows[i].executions = info.executions_started;
    rows[i].private_bytes = info.private_bytes;
  }
  std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) { return a.session_id < b.session_id; });
  return rows;
}

std::vector<ImportReport> Pool::imports() {
  const Lock lock(mutex_);
  return imports_;
}

}  // namespace capsule
