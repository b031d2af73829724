// What it costs to record an event, and to ask for those of one execution.
#include <algorithm>
#include <atomic>
#include <ctime>
#include <memory>
#include <thread>

#include "client.hpp"
#include "recorder.hpp"
#include "support.hpp"

namespace bench {
namespace {

using capsule::FlightMemory;
using capsule::FlightWriter;
using capsule::worker::Recorder;

constexpr int kEvents = 2'000'000;
constexpr int kRounds = 7;
constexpr int kExecutions = 1'000;
constexpr int kQueries = 300;

// Of this thread's own CPU time: what else the machine does is none of an event's cost.
std::uint64_t own_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

double ns_each(std::uint64_t began) { return static_cast<double>(own_ns() - began) / kEvents; }

// Nanoseconds of one event, its time read from the clock.
double recorded(Recorder &recorder, FlightWriter writer) {
  const std::uint64_t began = own_ns();
  for (int i = 0; i < kEvents; ++i) {
    recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(writer, {.execution_id = 1, .time_ns = now_ns()});
  }
  return ns_each(began);
}

double clock_alone() {
  std::atomic<std::uint64_t> kept{0};
  const std::uint64_t began = own_ns();
  for (int i = 0; i < kEvents; ++i) {
    kept.store(now_ns(), std::memory_order_relaxed);
  }
  return ns_each(began);
}

// The loop and the branch, without a clock: what is off reads none.
double switched_off(Recorder &recorder) {
  const std::uint64_t began = own_ns();
  for (int i = 0; i < kEvents; ++i) {
    recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(FlightWriter::kMain, {.execution_id = static_cast<std::uint64_t>(i)});
  }
  return ns_each(began);
}

double by_two(Recorder &recorder) {
  double other = 0;
  std::thread second([&] { other = recorded(recorder, FlightWriter::kLink); });
  const double first = recorded(recorder, FlightWriter::kMain);
  second.join();
  return std::max(first, other);
}

}  // namespace

Rows trace_event(const Context &) {
  const auto memory = std::make_unique<FlightMemory>();
  Recorder recorder;
  recorder.attach(*memory, CAPSULE_LOG_INFO);
  Recorder off;
  off.attach(*memory, CAPSULE_LOG_OFF);
  std::vector<double> events;
  std::vector<double> clocks;
  std::vector<double> pairs;
  std::vector<double> offs;
  for (int i = 0; i < kRounds; ++i) {
    events.push_back(recorded(recorder, FlightWriter::kMain));
    clocks.push_back(clock_alone());
    pairs.push_back(by_two(recorder));
    offs.push_back(switched_off(off));
  }
  // The least of each: what others do on the machine only adds.
  const auto least = [](const std::vector<double> &samples) { return *std::min_element(samples.begin(), samples.end()); };
  const double event = least(events);
  return {
      {"trace_event", event - least(clocks), "ns", 5, "goal", "a worker's event in shared memory, above its clock alone",
       Goal::kAtMost},
      {"trace_event_off", least(offs), "ns", 1, "goal", "the same where the level leaves it out, loop included", Goal::kAtMost},
      {"trace_event_two_writers", least(pairs) / event, "ratio", 2, "goal",
       "the slower of two threads that record at once, over one", Goal::kAtMost}};
}

Rows trace_query(const Context &context) {
  const Runtime runtime;
  const Session session(runtime, context, {.trace_bytes = 8U << 20U});
  Event event;
  for (int i = 0; i < kExecutions; ++i) {
    run_sum(session, event);
  }
  std::vector<double> queries;
  std::vector<capsule_trace_event> events(64);
  capsule_error error = empty_error();
  for (int i = 0; i < kQueries; ++i) {
    const capsule_trace_filter filter{.struct_size = sizeof filter, .execution_id = 1U + static_cast<std::uint64_t>(i) * 3};
    std::size_t count = 0;
    const std::uint64_t began = now_ns();
    check(capsule_session_get_trace(session.get(), &filter, events.data(), events.size(), &count, nullptr, &error), error,
          "capsule_session_get_trace");
    queries.push_back(us_between(began, now_ns()));
    if (count < 3) {
      fail("execution %d has %zu events", i * 3 + 1, count);
    }
  }
  return {{"trace_query", median(queries), "us", 50, "goal", "the events of one execution among 1,000", Goal::kAtMost}};
}

}  // namespace bench
