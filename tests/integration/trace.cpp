// The trace of a session: which events there are, in what order, what they carry, and what goes when there is no room.
#include "trace.hpp"

#include <csignal>
#include <map>

#include "checkpoints.hpp"
#include "process.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

ExecutionOptions rolled_back(std::int32_t scope) {
  ExecutionOptions options;
  options.raw.transaction = CAPSULE_TRANSACTION_ROLLBACK_ALWAYS;
  options.raw.transaction_scope = scope;
  return options;
}

}  // namespace

CAPSULE_TEST(an_execution_is_traced_from_submission_to_end) {
  const Session session = open_session();
  Run run(session, "print('out')\ninput()");
  const Event &request = run.until(CAPSULE_EVENT_INPUT);
  const std::uint64_t input_id = request.input_id;
  run.answer("");
  const Event &end = run.end();
  const Taken taken = trace_of(session, {.execution_id = end.execution_id});
  CHECK_EQ(
      kinds_of(taken),
      "execution_submitted execution_sent execution_received execution_started output_first input_requested input_answered "
      "execution_result_sent execution_finished");
  CHECK_EQ(taken.events[0].arguments[0], 20);
  CHECK_EQ(taken.events[2].arguments[0], 20);
  CHECK(taken.events[3].arguments[0] != CAPSULE_CODE_UNCLASSIFIED);
  CHECK_EQ(taken.events[4].status, CAPSULE_STREAM_STDOUT);
  CHECK_EQ(taken.events[5].arguments[0], static_cast<std::int64_t>(input_id));
  CHECK_EQ(taken.events[6].status, 0);
  CHECK_EQ(taken.events[7].arguments[0], static_cast<std::int64_t>(end.duration_ns));
  CHECK_EQ(taken.events[7].arguments[1], 2);  // ''
  CHECK_EQ(taken.events[8].status, CAPSULE_OUTCOME_OK);
  CHECK_EQ(taken.events[8].arguments[0], static_cast<std::int64_t>(end.duration_ns));
  CHECK_EQ(taken.events[8].arguments[1], 4);
  CHECK_EQ(taken.info.matched, 9);
  // Each writer numbers its own; what belongs together says so.
  CHECK_EQ(taken.events[1].parent, taken.events[0].sequence);
  CHECK_EQ(taken.events[7].parent, taken.events[2].sequence);
  CHECK_EQ(taken.events[2].writer, CAPSULE_TRACE_WRITER_MAIN);
  CHECK_EQ(taken.events[2].incarnation, 1);
  CHECK_EQ(taken.events[8].incarnation, 0);
  CHECK(taken.info.realtime_offset_ns > 0);
  CHECK_EQ(kinds_in(session, 100), "session_created session_spawned session_ready");
}

CAPSULE_TEST(cancels_and_deaths_are_traced) {
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_session(options);
  Run run(session, "import time; time.sleep(60)");
  run.until(CAPSULE_EVENT_STARTED);
  run.cancel(0);
  run.end();
  run.cancel();
  Run next(session, "1");
  next.end();
  CHECK_EQ(kinds_in(session, 400), "cancel_requested cancel_killed cancel_noop");
  CHECK_EQ(only(session, CAPSULE_TRACE_CANCEL_REQUESTED).status, CAPSULE_OUTCOME_CANCELED);
  CHECK_EQ(only(session, CAPSULE_TRACE_SESSION_DIED).status, CAPSULE_DEATH_HOST_REQUEST);
  CHECK_EQ(only(session, CAPSULE_TRACE_SESSION_DIED).arguments[2], SIGKILL);
  CHECK_EQ(only(session, CAPSULE_TRACE_SESSION_RESTARTED).status, CAPSULE_RESTART_FRESH);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(capsule_trace_kind_name(trace_of(session).events.back().kind), std::string("session_closed"));
}

CAPSULE_TEST(a_cancel_is_traced_through_the_worker) {
  const Session session = open_session();
  Run run(session, "import time\nprint('on', flush=True)\ntime.sleep(60)");
  run.until_line();
  run.cancel(kPatienceMs);
  const std::uint64_t id = run.end().execution_id;
  CHECK_EQ(kinds_of(trace_of(session, {.kind = 400, .execution_id = id})),
           "cancel_requested cancel_delivered cancel_interrupted cancel_effective");
  Run stubborn(session, "while True:\n  try:\n    print('on', flush=True)\n    while True: pass\n  except BaseException: pass");
  stubborn.until_line();
  stubborn.cancel(50);
  stubborn.end();
  const std::string kinds = kinds_in(session, 400);
  CHECK_CONTAINS(kinds, "cancel_grace_expired cancel_killed");
}

CAPSULE_TEST(input_that_does_not_come_and_code_that_is_rewritten_are_traced) {
  SessionOptions options;
  options.raw.input_timeout_ms = 20;
  const Session session = open_session(options);
  Run late(session, "input()");
  late.end();
  options.raw.input_timeout_ms = 0;
  const Session patient = open_session(options);
  Run declined(patient, "input()");
  declined.until(CAPSULE_EVENT_INPUT);
  declined.decline();
  declined.end();
  CHECK_EQ(kinds_in(session, 300), "input_requested input_timed_out");
  CHECK_EQ(kinds_in(patient, 300), "input_requested input_answered input_eof");
  Run running(patient, "input()");
  running.until(CAPSULE_EVENT_INPUT);
  Run waits(patient, "1");
  running.answer("");
  waits.end();
  CHECK_EQ(only(patient, CAPSULE_TRACE_EXECUTION_QUEUED).arguments[0], 1);
  running.end();
}

CAPSULE_TEST(checkpoints_are_traced) {
  const Session session = open_session();
  value_of(session, "import sys\nx = 1\nframe = sys._getframe()");
  const Checkpoint checkpoint = checkpoint_of(session);
  ACCEPTED(capsule_session_restore_checkpoint(session.get(), checkpoint.get(), 0, kPatienceMs, nullptr, error));
  capsule_checkpoint_options tight = checkpoint_options();
  tight.max_bytes = 1;
  Checkpoint none;
  REFUSED(CAPSULE_E_LIMIT, capsule_session_checkpoint(session.get(), &tight, kPatienceMs, none.out(), error));
  const Taken taken = trace_of(session, {.kind = 500});
  CHECK_EQ(kinds_of(taken),
           "checkpoint_begin checkpoint_skipped checkpoint_end restore_begin restore_end checkpoint_begin checkpoint_end");
  CHECK_EQ(taken.events[0].phase, CAPSULE_TRACE_PHASE_BEGIN);
  CHECK_EQ(taken.events[1].arguments[0], 1);
  CHECK_EQ(taken.events[2].phase, CAPSULE_TRACE_PHASE_END);
  CHECK_EQ(taken.events[2].status, CAPSULE_OK);
  CHECK(taken.events[2].arguments[0] > 0 && taken.events[2].arguments[1] == 1);
  CHECK_EQ(taken.events[6].status, CAPSULE_E_LIMIT);
}

CAPSULE_TEST(snapshots_branches_and_rollbacks_are_traced) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  restore(session, snapshot);
  const Session branch = branch_of(session);
  Run memory(session, "open('/dev/null', 'w').close()", rolled_back(CAPSULE_SCOPE_MEMORY));
  CHECK_EQ(memory.end().state, "rolled_back");
  Run names(session, "x = 1", rolled_back(CAPSULE_SCOPE_NAMES));
  CHECK_EQ(names.end().state, "rolled_back");
  const Taken taken = trace_of(session, {.kind = 500});
  CHECK_EQ(kinds_of(taken),
           "snapshot_forked restore_begin restore_end snapshot_forked branched snapshot_forked rolled_back rolled_back");
  const std::uint64_t snapshot_id = info_of(snapshot).snapshot_id;
  CHECK_EQ(taken.events[0].link, snapshot_id);
  CHECK(taken.events[0].arguments[0] > 0);
  CHECK_EQ(taken.events[1].link, snapshot_id);
  CHECK_EQ(taken.events[2].link, snapshot_id);
  CHECK_EQ(taken.events[4].link, info_of(branch).session_id);
  CHECK_EQ(taken.events[5].arguments[1], 1);
  CHECK_EQ(taken.events[6].execution_id, memory.end().execution_id);
  CHECK_EQ(taken.events[6].arguments[1], CAPSULE_EFFECT_FILES);
  CHECK_EQ(taken.events[7].arguments[0], CAPSULE_SCOPE_NAMES);
  CHECK_EQ(only(branch, CAPSULE_TRACE_SESSION_CREATED).link, info_of(session).session_id);
}

CAPSULE_TEST(what_goes_to_make_room_are_whole_executions_the_oldest_first) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 8192;
  const Session session = open_session(options);
  std::uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    Run run(session, "value 1");
    last = run.end().execution_id;
  }
  // Three of the session and six of each execution: submitted, sent, received, started, result sent, finished.
  Taken taken = trace_of(session, {.kind = 200});
  CHECK_EQ(taken.info.emitted, 603);
  CHECK(taken.info.evicted_executions > 0);
  CHECK_EQ(taken.info.dropped + taken.info.invalid + taken.info.truncated, 0);
  std::map<std::uint64_t, int> events;
  for (const capsule_trace_event &event : taken.events) {
    ++events[event.execution_id];
  }
  CHECK_EQ(events.rbegin()->first, last);
  CHECK_EQ(events.begin()->first, last + 1 - events.size());
  CHECK_EQ(events.size() + taken.info.evicted_executions, 100);
  CHECK_EQ(events.rbegin()->second, 6);
}

CAPSULE_TEST(an_execution_that_fills_the_buffer_keeps_its_beginning_and_its_latest) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 4096;
  const Session session = open_session(options);
  Run run(session, "sleep 60000");
  run.until(CAPSULE_EVENT_STARTED);
  for (int i = 0; i < 1000; ++i) {
    run.cancel(kPatienceMs);
  }
  const std::uint64_t id = run.end().execution_id;
  const Taken taken = trace_of(session, {.execution_id = id});
  CHECK_EQ(taken.events.front().kind, CAPSULE_TRACE_EXECUTION_SUBMITTED);
  CHECK(taken.info.truncated > 0);
  CHECK_CONTAINS(kinds_of(taken), " truncated ");
  CHECK(taken.events.back().kind != CAPSULE_TRACE_TRUNCATED);  // the latest that were collected, the worker's among them
}

CAPSULE_TEST(a_reader_follows_by_its_cursor) {
  const Session session = open_session(SessionOptions::echo());
  Run first(session, "value 1");
  first.end();
  Taken page = trace_of(session, {}, 4);
  CHECK_EQ(page.events.size(), 4);
  CHECK_EQ(page.info.matched, 9);
  page = trace_of(session, {.after_cursor = page.info.next_cursor});
  CHECK_EQ(page.events.size(), 5);
  CHECK_EQ(page.info.next_cursor, page.info.last_cursor);
  const std::uint64_t now = page.events.back().time_ns;
  Run second(session, "value 2");
  second.end();
  page = trace_of(session, {.after_cursor = page.info.next_cursor});
  CHECK_EQ(kinds_of(page),
           "execution_submitted execution_sent execution_received execution_started execution_result_sent execution_finished");
  CHECK_EQ(trace_of(session, {.since_ns = now + 1}).events.size(), 6);
  CHECK_EQ(trace_of(session, {.source = CAPSULE_TRACE_SOURCE_EXECUTOR}).events.size(), 2);
}

CAPSULE_TEST(without_a_buffer_nothing_is_traced) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 0;
  const Session session = open_session(options);
  Run run(session, "value 1");
  run.end();
  const Taken taken = trace_of(session);
  CHECK(taken.events.empty());
  CHECK_EQ(taken.info.last_cursor, 0);
  CHECK_EQ(taken.info.refused, 6);  // the host's
}

CAPSULE_TEST(the_level_says_what_is_recorded) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session detailed = open_session(options);
  Run run(detailed, "out x\nvalue 1");
  const std::uint64_t id = run.end().execution_id;
  CHECK_EQ(kinds_of(trace_of(detailed, {.kind = 200, .execution_id = id})),
           "execution_submitted execution_sent execution_received execution_started execution_value_captured "
           "execution_result_sent execution_result_received execution_finished execution_delivered");
  CHECK_CONTAINS(kinds_in(detailed, 800), "output_drain_begin");
  CHECK_CONTAINS(kinds_in(detailed, 800), "output_drain_end");
  CHECK_CONTAINS(kinds_in(detailed, 100), "session_state_changed");
  options.raw.trace_level = CAPSULE_LOG_ERROR;
  const Session quiet = open_session(options);
  Run quiet_run(quiet, "value 1");
  quiet_run.end();
  CHECK_EQ(trace_of(quiet).info.emitted, 0);
}

CAPSULE_TEST(bad_arguments_are_refused) {
  const Session session = open_session(SessionOptions::echo());
  std::size_t count = 0;
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace(session.get(), nullptr, nullptr, 0, nullptr, nullptr, error)),
      "count");
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace(session.get(), nullptr, nullptr, 1, &count, nullptr, error)),
      "events");
  const capsule_trace_filter filter{.struct_size = 0};
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace(session.get(), &filter, nullptr, 0, &count, nullptr, error)),
      "filter");
  ACCEPTED(capsule_session_get_trace(session.get(), nullptr, nullptr, 0, &count, nullptr, error));
  CHECK_EQ(count, 0);
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 1;
  Session refused;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), refused.out(), error)),
                 "options.trace_bytes");
  CHECK_EQ(std::string(capsule_trace_kind_name(-1)), "unknown");
}

CAPSULE_TEST(a_pool_traces_each_acquisition_to_its_end) {
  PoolOptions options = PoolOptions::echo();
  options.raw.min_idle = 1;
  options.raw.max_sessions = 1;
  options.raw.reset = CAPSULE_RESET_KEEP;
  options.raw.recycle_executions = 1;
  const Pool pool = make_pool(options);
  wait_ready(pool);
  const std::uint64_t ready = trace_of(pool).info.last_cursor;
  Session session = acquire(pool);
  const std::uint64_t id = info_of(session).session_id;
  refuse_acquire(pool, CAPSULE_E_TIMEOUT, 0);
  const Acquisition waits = acquire_async(pool);
  printed_by(session, "out x");
  give_back(pool, std::move(session));
  session = take(waits);
  const std::uint64_t next_id = info_of(session).session_id;
  session.reset();
  close_pool(pool);
  const Taken taken = trace_of(pool, {.after_cursor = ready});
  std::string acquisitions;
  for (const capsule_trace_event &event : taken.events) {
    if (event.kind == CAPSULE_TRACE_POOL_WARMUP_TRIGGERED || event.kind == CAPSULE_TRACE_POOL_HEALTH_TRIGGERED) {
      continue;  // when the keeper is woken is its own affair
    }
    const std::uint64_t whose = event.link;
    acquisitions += std::string(capsule_trace_kind_name(event.kind)) +
                    (whose == id        ? " first"
                     : whose == next_id ? " next"
                                        : "") +
                    (event.status != 0 ? " " + std::to_string(event.status) : "") + "\n";
  }
  const std::string removed_recycled = "pool_removed first " + std::to_string(CAPSULE_REMOVAL_RECYCLED) + "\n";
  CHECK_EQ(acquisitions, "pool_acquire_begin\npool_hit first\npool_acquired first\npool_acquire_begin\npool_acquired " +
                             std::to_string(CAPSULE_E_TIMEOUT) +
                             "\npool_acquire_begin\npool_released first\npool_recycled first\n" + removed_recycled +
                             "pool_miss next\npool_acquired next\npool_released next 1\npool_removed next " +
                             std::to_string(CAPSULE_REMOVAL_CLOSE) + "\n");
  CHECK_EQ(trace_of(pool, {.kind = CAPSULE_TRACE_POOL_WARMUP_TRIGGERED}).events.size(), metrics_of(pool).warmup_triggers);
  CHECK_EQ(trace_of(pool, {.kind = CAPSULE_TRACE_POOL_HEALTH_TRIGGERED}).events.size(), metrics_of(pool).health_check_triggers);
}
