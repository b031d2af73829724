// The figures that only a struct of the runtime has: those that need Python. The others are in echo_signal_structs.cpp.
#include "checkpoints.hpp"
#include "signal_rows.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

SessionOptions without_heartbeats() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 3'600'000;
  return options;
}

}  // namespace

CAPSULE_TEST(workers_by_how_long_it_took_to_start_them) {
  const Runtime runtime = make_runtime();
  SessionOptions options = without_heartbeats();
  options.raw.start = CAPSULE_START_SPAWN;
  const Session spawned = open_session(runtime, options);
  value_of(spawned, "1");
  const Session forked = open_session(runtime, without_heartbeats());
  const Session branch = branch_of(snapshot_of(forked));
  value_of(branch, "1");
  compare({"session_start_duration_seconds_count", "session_start_duration_seconds_sum"}, runtime, [&] {
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    return std::vector<Row>{{"session_start_duration_seconds_count", "path=\"spawn\"", number(m.start_spawn.count)},
                            {"session_start_duration_seconds_count", "path=\"restore\"", number(m.start_restore.count)},
                            {"session_start_duration_seconds_sum", "path=\"spawn\"", seconds(m.start_spawn.sum)},
                            {"session_start_duration_seconds_sum", "path=\"restore\"", seconds(m.start_restore.sum)},
                            {"session_start_duration_seconds_sum", "path=\"fork\"", seconds(m.start_fork.sum)}};
  });
  CHECK_EQ(runtime_metrics_of(runtime).start_spawn.count, 1);
  CHECK_EQ(runtime_metrics_of(runtime).start_restore.count, 1);
}

CAPSULE_TEST(checkpoints_by_their_size_and_the_time_they_took) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  value_of(session, "small = 1");
  const Checkpoint small = checkpoint_of(session);
  value_of(session, "large = bytes(1_000_000)");
  const Checkpoint large = checkpoint_of(session);
  const double made = number(info_of(session).checkpoints);
  check_moved(runtime, [&] {
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    return std::vector<Moved>{{"checkpoint_size_bytes_count", "", number(m.checkpoint_size.count), made},
                              {"checkpoint_size_bytes_sum", "", number(m.checkpoint_size.sum), number(m.checkpoint_size.sum)},
                              {"checkpoint_duration_seconds_count", "", number(m.checkpoint_duration.count), 2}};
  });
  const capsule_runtime_metrics m = runtime_metrics_of(runtime);
  CHECK_AT_LEAST(m.checkpoint_size.sum, 1'000'000);
  CHECK_EQ(m.checkpoint_size.buckets[14], 1);  // 64 × 2^14 is the first bound beyond a million
  const double took = Samples(runtime).real(R"(checkpoint_duration_seconds_sum{pool="none"})");
  CHECK(std::abs(took - seconds(m.checkpoint_duration.sum)) < 1e-6 && took > 0);
}

CAPSULE_TEST(executions_by_the_memory_that_they_took) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  Run run(session, "held = bytearray(b'x') * (64 << 20)");
  EventStruct event;
  do {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
  } while (event->kind != CAPSULE_EVENT_RESULT && event->kind != CAPSULE_EVENT_ERROR);
  CHECK_EQ(event->resources_measured, 1);
  const double rose = number(event->peak_resident_delta_bytes);
  CHECK_AT_LEAST(event->peak_resident_delta_bytes, 60U << 20U);
  check_moved(runtime, [&] {
    const capsule_histogram all = runtime_metrics_of(runtime).execution_peak_resident_delta;
    return std::vector<Moved>{{"execution_peak_resident_delta_bytes_sum", "", number(all.sum), rose},
                              {"execution_peak_resident_delta_bytes_count", "", number(all.count), 1}};
  });
}

CAPSULE_TEST(executions_by_kind_of_code_and_output_by_stream) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  value_of(session, "1");
  Run(session, "import asyncio; await asyncio.sleep(0)").end();
  Run(session, "print('one'); print('two')").end();
  Run(session, "import sys; print('three', file=sys.stderr)").end();
  Run(session, "display({'text/plain': 'shown'}, raw=True)").end();
  Run asks(session, "input()");
  asks.until(CAPSULE_EVENT_INPUT);
  asks.answer("yes");
  asks.end();
  check_moved(runtime, [&] {
    const capsule_runtime_metrics m = runtime_metrics_of(runtime);
    const auto sent = [](const capsule_output_totals &totals) {
      CHECK_EQ(totals.dropped_newest + totals.dropped_oldest + totals.refused, 0);
      return number(totals.sent);
    };
    const double waited = seconds(m.input_wait_ns);
    return std::vector<Moved>{
        {"executions_total", "mode=\"top_level_await\",outcome=\"ok\"", number(m.top_level_await.ok), 1},
        {"executions_total", "mode=\"simple_sync\",outcome=\"ok\"", number(m.simple_sync.ok), 4},
        {"executions_total", "mode=\"blocking_sync\",outcome=\"ok\"", number(m.blocking_sync.ok), 1},
        {"execution_duration_seconds_count", "", number(m.execution_duration.count), 6},
        {"outputs_sent_total", "stream=\"stdout\"", sent(m.standard_output), number(m.standard_output.enqueued)},
        {"outputs_sent_total", "stream=\"stderr\"", sent(m.standard_error), 1},
        {"outputs_sent_total", "stream=\"display\"", sent(m.displays), 1},
        {"output_bytes_total", "stream=\"stdout\"", number(m.standard_output.bytes_sent), 8},
        {"output_bytes_total", "stream=\"stderr\"", number(m.standard_error.bytes_sent), 6},
        {"output_lines_total", "stream=\"stdout\"", number(m.stdout_lines), 2},
        {"output_lines_total", "stream=\"stderr\"", number(m.stderr_lines), 1},
        {"execution_input_wait_seconds_total", "", waited, waited}};
  });
}
