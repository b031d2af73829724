// What it costs to count, to read what was counted, and to have it on.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

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

class MetricsText {
 public:
  explicit MetricsText(const Runtime &runtime) {
    capsule_error error = empty_error();
    raw_.struct_size = sizeof raw_;
    check(capsule_runtime_get_prometheus(runtime.get(), &raw_, &error), error, "capsule_runtime_get_prometheus");
  }
  ~MetricsText() { capsule_metrics_text_release(&raw_); }
  MetricsText(const MetricsText &) = delete;
  MetricsText &operator=(const MetricsText &) = delete;

  [[nodiscard]] std::string_view view() const { return {raw_.text.data, raw_.text.size}; }

 private:
  capsule_metrics_text raw_{};
};

double telemetry_bytes(const Runtime &runtime) {
  constexpr std::string_view kLine = "\ncapsule_telemetry_memory_bytes ";
  const MetricsText text(runtime);
  const std::size_t at = text.view().find(kLine);
  return at == std::string_view::npos ? 0 : std::stod(std::string(text.view().substr(at + kLine.size(), 20)));
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

// Of one execution, on average: what comes now and then, as the collection of a trace does, has its share. What took more than four times as
// long as the median is the machine's.
double block_us(const Session &session, int count) {
  std::vector<double> samples = sums_us(session, count);
  const double most = 4 * median(samples);
  std::erase_if(samples, [most](double sample) { return sample > most; });
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

// Of the sessions that are compared.
enum Compared : std::size_t { kOn, kOff, kAgain };

// One kind of session over another, in pairs of blocks.
class Overhead {
 public:
  void add(double us, double base_us) {
    us_.push_back(us);
    base_us_.push_back(base_us);
    ratios_.push_back(us / base_us);
  }
  [[nodiscard]] Row row(const char *name, const char *how, double floor, const char *peer, Goal goal) const {
    // Of the median, by order statistics: 95 of 100 lie between these ranks.
    const double half_width = 98 / std::sqrt(static_cast<double>(ratios_.size()));
    return {name,
            median(ratios_),
            "ratio",
            floor,
            peer,
            format("%s, median of %zu pairs of blocks on one core, in every order, %.4g and %.4g us an execution; 95%% "
                   "interval %.4f ... %.4f",
                   how, ratios_.size(), median(us_), median(base_us_), percentile(ratios_, 50 - half_width),
                   percentile(ratios_, 50 + half_width)),
            goal};
  }

 private:
  std::vector<double> us_;
  std::vector<double> base_us_;
  std::vector<double> ratios_;
};

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
    size = MetricsText(runtime).view().size();
    samples.push_back(ms_between(start, now_ns()));
  }
  for (capsule_session *session : sessions) {
    capsule_session_release(session);
  }
  return {{"prometheus_text", median(samples), "ms", 2, "2 ms",
           format("capsule_runtime_get_prometheus with %d sessions, %zu KiB of text; median of 200, p99 %.3g ms", kTextSessions,
                  size >> 10U, percentile(samples, 99)),
           Goal::kAtMost}};
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
                  kPoolSessions, percentile(samples, 99)),
           Goal::kAtMost}};
}

Rows telemetry_memory(const Context &context) {
  constexpr int kExecutions = 20'000;  // a few times as many as there is room for
  constexpr double kKib = 1'024;
  constexpr double kFixedKib = 64;  // of a worker's recorder, the counters and the label table, whatever `trace_bytes` is
  const Runtime runtime;
  const double bare = telemetry_bytes(runtime);
  const Session session(runtime, context);
  sums_us(session, kExecutions);
  const double held_kib = (telemetry_bytes(runtime) - bare) / kKib;
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  const double configured_kib = options.trace_bytes / kKib + kFixedKib;
  return {{"telemetry_memory", held_kib, "KiB", configured_kib,
           format("trace_bytes, and %.0f KiB for what has no option", kFixedKib),
           format("what capsule_telemetry_memory_bytes rises by for a session after %d executions of 1+1", kExecutions),
           Goal::kAtMost}};
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
           "one addition to a labeled counter of a set; median of 50 times 1,000,000", Goal::kAtMost}};
}

Rows diagnostics_overhead(const Context &context) {
  constexpr int kCasts = 12;  // of sessions: two of a kind differ by percents, by where their memory happens to lie
  constexpr int kTurns = 24;
  constexpr double kGoal = 1.01;
  constexpr int kBlock = 200;  // of executions: a few collections of the trace in each
  const OneCpu pin;
  const Runtime runtime;
  Overhead on;
  Overhead control;
  for (int cast = 0; cast < kCasts; ++cast) {
    // What is born, or measured, first of a turn may be the slower: each is in each place as often.
    std::array<std::unique_ptr<Session>, 3> sessions;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      const std::size_t which = (i + static_cast<std::size_t>(cast)) % sessions.size();
      sessions[which] =
          which == kOn ? std::make_unique<Session>(runtime, context)
                       : std::make_unique<Session>(runtime, context, SessionSetup{.heartbeat_ms = 3'600'000, .trace_bytes = 0});
      block_us(*sessions[which], 2 * kBlock);
    }
    for (int turn = 0; turn < kTurns; ++turn) {
      std::array<double, 3> us{};
      for (std::size_t i = 0; i < us.size(); ++i) {
        const std::size_t which =
            (turn % 2 == 0 ? i + static_cast<std::size_t>(turn) : 5 + static_cast<std::size_t>(turn) - i) % 3;
        us[which] = block_us(*sessions[which], kBlock);
      }
      on.add(us[kOn], us[kOff]);
      control.add(us[kAgain], us[kOff]);
    }
  }
  return {on.row("diagnostics_overhead", "exec_roundtrip with the defaults over the same with trace and heartbeats off", kGoal,
                 "a hundredth more than with nothing on", Goal::kAtMost),
          control.row("diagnostics_overhead_control", "the same of two sessions that have both off", 1, "as if nothing was on",
                      Goal::kNone)};
}

}  // namespace bench
