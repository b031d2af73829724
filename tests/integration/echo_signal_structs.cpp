// The figures that only a struct of the runtime, or of a bridge by capability, has: what happened moves them by as much, and the text tells
// the same. Those that need no Python; the others are in signal_structs.cpp.
#include "bridge.hpp"
#include "files.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "promises.hpp"
#include "signal_rows.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint32_t kHour = 3'600'000;

SessionOptions quiet() {
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = kHour;
  return options;
}

std::vector<capsule_capability_metrics> capabilities_of(const Bridge &bridge) {
  std::vector<capsule_capability_metrics> rows(8);
  std::size_t count = 0;
  std::uint64_t total = 0;
  ACCEPTED(capsule_bridge_list_capability_metrics(bridge.get(), rows.data(), rows.size(), &count, &total, error));
  CHECK_EQ(count, total);
  rows.resize(count);
  return rows;
}

// Of all rows: the calls that they tell of.
std::uint64_t calls_in(const std::vector<capsule_capability_metrics> &rows) {
  std::uint64_t calls = 0;
  for (const capsule_capability_metrics &row : rows) {
    calls += row.ok + row.failed + row.denied + row.in_flight;
  }
  return calls;
}

const capsule_capability_metrics &row_of(const std::vector<capsule_capability_metrics> &rows, const std::string &name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const capsule_capability_metrics &row) { return name == row.capability; });
  CHECK(found != rows.end());
  return *found;
}

}  // namespace

CAPSULE_TEST(sessions_that_ended_and_workers_that_started) {
  const Runtime runtime = make_runtime();
  const Session closed = open_session(runtime, quiet());
  const Session killed = open_session(runtime, quiet());
  const Session failed = open_session(runtime, quiet());
  for (const Session *session : {&closed, &killed, &failed}) {
    Run(*session, "value 1").end();
  }
  Run stubborn(killed, "stubborn in");
  stubborn.until_output("in\n");
  Run(failed, "exit 3").end();
  ACCEPTED(capsule_session_close(closed.get(), kPatienceMs, error));
  ACCEPTED(capsule_session_close(killed.get(), 0, error));
  ACCEPTED(capsule_session_close(failed.get(), kPatienceMs, error));
  check_moved(runtime, [&] {
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    std::uint64_t in_buckets = 0;
    for (const std::uint64_t count : m.start_fork.buckets) {
      in_buckets += count;
    }
    CHECK_EQ(in_buckets, m.start_fork.count);
    CHECK_EQ(m.start_spawn.count + m.start_restore.count, 0);
    return std::vector<Moved>{{"sessions_ended_total", "reason=\"closed\"", number(m.sessions_closed), 1},
                              {"sessions_ended_total", "reason=\"killed\"", number(m.sessions_killed), 1},
                              {"sessions_ended_total", "reason=\"error\"", number(m.sessions_failed), 1},
                              {"session_start_duration_seconds_count", "path=\"fork\"", number(m.start_fork.count), 3}};
  });
  const Samples samples(runtime);
  const double sum = samples.real(R"(session_start_duration_seconds_sum{pool="none",path="fork"})");
  CHECK(std::abs(sum - seconds(runtime_metrics_of(runtime).start_fork.sum)) < 1e-6 && sum > 0);
}

CAPSULE_TEST(workers_that_died_and_executions_that_were_stopped) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, quiet());
  Run(session, "value 1").end();
  Run(session, "raise ValueError no").end();
  Run obedient(session, "spin");
  obedient.until(CAPSULE_EVENT_STARTED);
  obedient.cancel(kPatienceMs);
  CHECK_EQ(obedient.end().outcome, "canceled");
  Run stubborn(session, "stubborn in");
  stubborn.until_output("in\n");
  stubborn.cancel(0);
  stubborn.end();
  ACCEPTED(capsule_session_restart(session.get(), error));
  Run(session, "exit 3").end();
  check_moved(runtime, [&] {
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    const capsule_execution_totals &all = m.unknown;
    CHECK_EQ(m.simple_sync.ok + m.blocking_sync.ok + m.async_def.ok + m.top_level_await.ok, 0);
    return std::vector<Moved>{
        {"worker_deaths_total", "reason=\"exit\"", number(m.worker_deaths[CAPSULE_DEATH_EXIT]), 1},
        {"worker_deaths_total", "reason=\"host_request\"", number(m.worker_deaths[CAPSULE_DEATH_HOST_REQUEST]), 1},
        {"cancels_total", "outcome=\"effective\"", number(m.cancels_effective), 1},
        {"cancels_total", "outcome=\"killed\"", number(m.cancels_killed), 1},
        {"executions_total", "mode=\"unknown\",outcome=\"ok\"", number(all.ok), 1},
        {"executions_total", "mode=\"unknown\",outcome=\"error\"", number(all.errors), 1},
        {"executions_total", "mode=\"unknown\",outcome=\"canceled\"", number(all.canceled), 2},
        {"executions_total", "mode=\"unknown\",outcome=\"died\"", number(all.died), 1},
        {"execution_duration_seconds_count", "mode=\"unknown\"", number(m.execution_duration.count), 5},
        {"execution_queue_duration_seconds_count", "mode=\"unknown\"", number(m.execution_queue.count), 5}};
  });
}

CAPSULE_TEST(calls_by_capability_while_they_are_open_and_when_they_have_ended) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  for (const char *name : {"ask", "secret"}) {
    offer(bridge, capability(name));
  }
  CHECK(capabilities_of(bridge).empty());
  const Session session = open_with(bridge, {rule("secret", CAPSULE_POLICY_DENY), rule("*")}, quiet(), runtime);
  Session gone = open_with(bridge, {rule("*")}, quiet(), runtime);
  Request request;
  for (const Session *one : std::initializer_list<const Session *>{&session, &gone}) {
    Run run(*one, "call ask {}");
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    respond(bridge, request.id(), "1");
    run.end();
  }
  gone.reset();
  Run(session, "call secret {}").end();
  Run(session, "call swordfish {}").end();
  Run open(session, "call ask {}");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  check_moved(runtime, [&] {
    const std::vector<capsule_capability_metrics> rows = capabilities_of(bridge);
    CHECK_EQ(rows.size(), 3);
    CHECK_EQ(calls_in(rows), metrics_of(bridge).calls);
    return std::vector<Moved>{
        {"capability_calls_in_flight", "capability=\"ask\"", number(row_of(rows, "ask").in_flight), 1},
        {"capability_calls_total", "capability=\"ask\",outcome=\"ok\"", number(row_of(rows, "ask").ok), 2},
        {"capability_calls_total", "capability=\"secret\",outcome=\"denied\"", number(row_of(rows, "secret").denied), 1},
        {"capability_calls_total", "capability=\"unknown\",outcome=\"error\"", number(row_of(rows, "unknown").failed), 1}};
  });
  fail_request(bridge, request.id(), "ValueError", "no");
  open.end();
  const std::vector<capsule_capability_metrics> rows = capabilities_of(bridge);
  const capsule_capability_metrics &ask = row_of(rows, "ask");
  CHECK_EQ(ask.failed, 1);
  CHECK_EQ(ask.in_flight, 0);
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(capability_calls_in_flight{pool="none",capability="ask"})"], 0);
  const double took = samples.real(R"(bridge_resolution_duration_seconds_sum{pool="none",capability="ask"})");
  CHECK(std::abs(took - seconds(ask.resolution_total_ns)) < 1e-6);
  std::uint64_t in_buckets = 0;
  for (const std::uint64_t count : ask.resolution_buckets) {
    in_buckets += count;
  }
  CHECK_EQ(in_buckets, 3);
  std::size_t count = 0;
  std::uint64_t total = 0;
  ACCEPTED(capsule_bridge_list_capability_metrics(bridge.get(), nullptr, 0, &count, &total, error));
  CHECK_EQ(total, 3);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_bridge_list_capability_metrics(bridge.get(), nullptr, 1, &count, &total, error));
}

CAPSULE_TEST(interceptors_that_there_are) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, quiet());
  const Session other = open_session(runtime, quiet());
  capsule_interceptor_options options;
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = capsule_text_from("counts");
  options.callback = [](void *, const capsule_frame *) -> std::int32_t { return 0; };
  std::uint64_t id = 0;
  for (const Session *one : {&session, &session, &other}) {
    ACCEPTED(capsule_session_add_interceptor(one->get(), &options, &id, error));
  }
  const auto there_are = [&](double amount) {
    check_moved(runtime, [&] {
      const double in_structs = number(info_of(session).interceptors + info_of(other).interceptors);
      return std::vector<Moved>{{"interceptors", "", in_structs, amount}};
    });
  };
  there_are(3);
  ACCEPTED(capsule_session_remove_interceptor(other.get(), id, error));
  there_are(2);
}

CAPSULE_TEST(what_durable_executions_ask_of_their_store) {
  const TempFolder folder;
  const Runtime runtime = make_runtime();
  const std::string path = folder.path() + "/promises";
  const Store store = open_store(store_options(text(path)), runtime);
  const Session session = open_session(runtime, quiet());
  PromiseRow row;
  Run run(begin_durable(session, store, "asks", "input ?\nvalue 1", row));
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("yes");
  run.end();
  const Session rival = open_session(runtime, quiet());
  const std::string id = "held";
  Run held(begin_durable(session, store, id, "input ?", row));
  held.until(CAPSULE_EVENT_INPUT);
  const capsule_durable_options options = durable_options(store, text(id));
  Execution none;
  REFUSED(CAPSULE_E_BUSY, capsule_session_execute_durable(rival.get(), "1", 1, nullptr, &options, none.out(), nullptr, error));
  check_moved(runtime, [&] {
    const capsule_session_info info = info_of(session);  // claimed, asked, answered, settled; claimed, asked
    const capsule_session_info refused = info_of(rival);
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    CHECK_EQ(m.durable_operations, info.durable_operations + refused.durable_operations);
    CHECK_EQ(m.durable_failures, info.durable_failures + refused.durable_failures);
    return std::vector<Moved>{
        {"durable_operations_total", "outcome=\"ok\"", number(info.durable_operations - info.durable_failures), 6},
        {"durable_operations_total", "outcome=\"failed\"", number(refused.durable_failures), 1}};
  });
  held.answer("");
  held.end();
}

CAPSULE_TEST(the_most_memory_that_a_worker_had) {
  const Runtime runtime = make_runtime();
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = 100;
  std::vector<Session> sessions;
  for (int i = 0; i < 2; ++i) {
    sessions.push_back(open_session(runtime, options));
  }
  const auto most = [&] {
    std::uint64_t peak = 0;
    for (const Session &session : sessions) {
      peak = std::max(peak, worker_metrics_of(session).peak_resident_bytes);
    }
    return number(peak);
  };
  for (const Session &session : sessions) {
    wait_for([&] { return worker_metrics_of(session).heartbeats > 0; });
  }
  check_moved(runtime, [&] {
    const double peak = most();
    const double in_runtime = number(runtime_metrics_of(runtime).worker_peak_resident_bytes);
    return std::vector<Moved>{{"worker_peak_resident_bytes", "", in_runtime, peak}};
  });
  const std::uint64_t before = runtime_metrics_of(runtime).worker_peak_resident_bytes;
  sessions.clear();
  CHECK_AT_LEAST(runtime_metrics_of(runtime).worker_peak_resident_bytes, before);  // those that are gone included
}

CAPSULE_TEST(memory_of_telemetry) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, quiet());
  Run(session, "value 1").end();
  compare({"telemetry_memory_bytes"}, runtime, [&] {
    return std::vector<Row>{{"telemetry_memory_bytes", "", number(runtime_metrics_of(runtime).telemetry_memory_bytes)}};
  });
}

CAPSULE_TEST(figures_of_a_runtime_are_refused_like_others) {
  capsule_runtime_metrics metrics{};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_metrics(shared_runtime().get(), nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_metrics(shared_runtime().get(), &metrics, error));
  metrics.struct_size = sizeof metrics;
  REFUSED(CAPSULE_E_HANDLE, capsule_runtime_get_metrics(nullptr, &metrics, error));
}
