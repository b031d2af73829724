// What it costs to count, to read what was counted, and to have it on.
#include <algorithm>
#include <memory>

#include "client.hpp"
#include "diagnostics/signals.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kTextSessions = 100;
constexpr std::uint32_t kPoolSessions = 50;

capsule_session *open_echo(const Runtime &runtime) {
  capsule_error error = empty_error();
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.executor = CAPSULE_EXECUTOR_ECHO;
  capsule_session *session = nullptr;
  check(capsule_session_open(runtime.get(), &options, &session, &error), error, "capsule_session_open");
  return session;
}

std::size_t write_text(const Runtime &runtime) {
  capsule_error error = empty_error();
  capsule_metrics_text text{};
  text.struct_size = sizeof text;
  check(capsule_runtime_get_prometheus(runtime.get(), &text, &error), error, "capsule_runtime_get_prometheus");
  const std::size_t size = text.text.size;
  capsule_metrics_text_release(&text);
  return size;
}

// All that a pool tells of itself: its counters and a row for each session.
void read_pool(capsule_pool *pool) {
  capsule_error error = empty_error();
  capsule_pool_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  check(capsule_pool_get_metrics(pool, &metrics, &error), error, "capsule_pool_get_metrics");
  capsule_pool_sessions sessions{};
  sessions.struct_size = sizeof sessions;
  check(capsule_pool_list_sessions(pool, &sessions, &error), error, "capsule_pool_list_sessions");
  if (sessions.count < kPoolSessions) {
    fail("the pool has %zu sessions", sessions.count);
  }
  capsule_pool_sessions_release(&sessions);
}

capsule_pool *fill_pool(const Runtime &runtime) {
  capsule_error error = empty_error();
  capsule_session_options session;
  capsule_session_options_init(&session, sizeof session);
  session.executor = CAPSULE_EXECUTOR_ECHO;
  capsule_pool_options options;
  capsule_pool_options_init(&options, sizeof options);
  options.session = &session;
  options.min_idle = kPoolSessions;
  options.max_sessions = kPoolSessions;
  capsule_pool *pool = nullptr;
  check(capsule_pool_create(runtime.get(), &options, &pool, &error), error, "capsule_pool_create");
  check(capsule_pool_wait_ready(pool, kWaitMs, &error), error, "capsule_pool_wait_ready");
  return pool;
}

std::vector<double> block_us(const Session &session, int count) {
  std::vector<double> samples;
  Event event;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t start = now_ns();
    run_sum(session, event);
    samples.push_back(us_between(start, now_ns()));
  }
  return samples;
}

}  // namespace

Rows prometheus_text(const Context & /*context*/) {
  const Runtime runtime;
  std::vector<capsule_session *> sessions;
  for (int i = 0; i < kTextSessions; ++i) {
    sessions.push_back(open_echo(runtime));
    Execution execution(sessions.back(), "out x");
    Event event;
    execution.finish(event);
  }
  std::vector<double> samples;
  std::size_t size = 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t start = now_ns();
    size = write_text(runtime);
    samples.push_back(ms_between(start, now_ns()));
  }
  for (capsule_session *session : sessions) {
    capsule_session_release(session);
  }
  return {{"prometheus_text", median(samples), "ms", 2, "2 ms",
           format("capsule_runtime_get_prometheus with %d sessions, %zu KiB of text; median of 200, p99 %.3g ms", kTextSessions,
                  size >> 10U, percentile(samples, 99))}};
}

Rows metrics_snapshot(const Context & /*context*/) {
  const Runtime runtime;
  capsule_pool *pool = fill_pool(runtime);
  std::vector<double> samples;
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t start = now_ns();
    read_pool(pool);
    samples.push_back(us_between(start, now_ns()));
  }
  capsule_pool_release(pool);
  return {{"metrics_snapshot", median(samples), "us", 100, "100 us",
           format("capsule_pool_get_metrics and capsule_pool_list_sessions of %u sessions; median of 2,000, p99 %.3g us",
                  kPoolSessions, percentile(samples, 99))}};
}

Rows counter_increment(const Context & /*context*/) {
  constexpr int kTimes = 1'000'000;
  const auto set = std::make_unique<capsule::SignalSet>();
  std::vector<double> samples;
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t start = now_ns();
    for (int j = 0; j < kTimes; ++j) {
      set->add(capsule::Signal::executions, 1, 3, 0);
      // The compiler may not make one addition of them.
      asm volatile("" : : "r"(set.get()) : "memory");
    }
    samples.push_back(static_cast<double>(now_ns() - start) / kTimes);
  }
  return {{"counter_increment", median(samples), "ns", 3, "3 ns",
           "one addition to a labeled counter of a set; median of 50 times 1,000,000"}};
}

Rows diagnostics_overhead(const Context &context) {
  constexpr int kPairs = 300;
  constexpr int kBlock = 50;
  const OneCpu pin;
  const Runtime runtime;
  const Session on(runtime, context);
  const Session off(runtime, context, {.heartbeat_ms = 3'600'000, .trace_bytes = 0});
  block_us(on, kBlock);
  block_us(off, kBlock);
  std::vector<double> ratios;
  std::vector<double> on_us;
  std::vector<double> off_us;
  for (int i = 0; i < kPairs; ++i) {
    // Whoever is first in a pair may be the slower one: they take turns.
    const bool on_first = i % 2 == 0;
    const double first = median(block_us(on_first ? on : off, kBlock));
    const double second = median(block_us(on_first ? off : on, kBlock));
    on_us.push_back(on_first ? first : second);
    off_us.push_back(on_first ? second : first);
    ratios.push_back(on_us.back() / off_us.back());
  }
  // Of the median, by order statistics: 95 of 100 lie between these ranks.
  constexpr double kHalfWidth = 98 / 17.32;  // 0.98 / sqrt(300), in percent
  const double low = percentile(ratios, 50 - kHalfWidth);
  const double high = percentile(ratios, 50 + kHalfWidth);
  return {
      {"diagnostics_overhead", median(ratios), "ratio", 1, "trace and heartbeats off",
       format("exec_roundtrip with the defaults over the same with both off, medians of %d pairs of blocks of %d on one core: "
              "%.4g and %.4g us; 95%% interval %.4f ... %.4f",
              kPairs, kBlock, median(on_us), median(off_us), low, high)}};
}

}  // namespace bench
