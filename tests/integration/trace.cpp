// The trace of a session: which events there are, in what order, what they carry, and what goes when there is no room.
#include <csignal>
#include <vector>

#include "checkpoints.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "snapshots.hpp"

using namespace capsule_test;

namespace {

struct Taken {
  std::vector<capsule_trace_event> events;
  capsule_trace_info info{.struct_size = sizeof(capsule_trace_info)};
};

template <typename Traced, typename Get>
Taken take_trace(const Traced &traced, Get get, capsule_trace_filter filter, std::size_t capacity) {
  filter.struct_size = sizeof filter;
  Taken taken;
  taken.events.resize(capacity);
  std::size_t count = 0;
  ACCEPTED(get(traced.get(), &filter, taken.events.data(), capacity, &count, &taken.info, error));
  taken.events.resize(count);
  std::uint64_t last = 0;
  for (const capsule_trace_event &event : taken.events) {
    CHECK(event.sequence > last && event.time_ns > 0 && event.reserved == 0);
    last = event.sequence;
  }
  return taken;
}

Taken trace_of(const Session &session, capsule_trace_filter filter = {}, std::size_t capacity = 10'000) {
  return take_trace(session, capsule_session_get_trace, filter, capacity);
}

Taken trace_of(const Pool &pool, capsule_trace_filter filter = {}) {
  return take_trace(pool, capsule_pool_get_trace, filter, 10'000);
}

std::string kinds_of(const Taken &taken) {
  std::string kinds;
  for (const capsule_trace_event &event : taken.events) {
    kinds += (kinds.empty() ? "" : " ") + std::string(capsule_trace_kind_name(event.kind));
  }
  return kinds;
}

std::string kinds_in(const Session &session, std::int32_t group) { return kinds_of(trace_of(session, {.kind = group})); }

capsule_trace_event only(const Session &session, std::int32_t kind) {
  const Taken taken = trace_of(session, {.kind = kind});
  CHECK_EQ(taken.events.size(), 1);
  return taken.events.front();
}

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
  CHECK_EQ(kinds_of(taken), "execution_submitted execution_sent input_requested input_answered execution_finished");
  CHECK_EQ(taken.events[0].arguments[0], 20);
  CHECK_EQ(taken.events[2].arguments[0], static_cast<std::int64_t>(input_id));
  CHECK_EQ(taken.events[3].status, 0);
  CHECK_EQ(taken.events[4].status, CAPSULE_OUTCOME_OK);
  CHECK_EQ(taken.events[4].arguments[0], static_cast<std::int64_t>(end.duration_ns));
  CHECK_EQ(taken.events[4].arguments[1], 4);
  CHECK_EQ(taken.info.matched, 5);
  CHECK_EQ(taken.info.stored_bytes, taken.info.stored * sizeof(capsule_trace_event));
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
  options.raw.trace_bytes = 4096;
  const Session session = open_session(options);
  std::uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    Run run(session, "value 1");
    last = run.end().execution_id;
  }
  const Taken taken = trace_of(session);
  CHECK_EQ(taken.info.last_sequence, 303);  // three of the session, three of each execution
  CHECK_EQ(taken.info.dropped, 0);
  CHECK_EQ(taken.info.stored + taken.info.evicted, 303);
  CHECK(taken.info.stored_bytes <= 4096);
  CHECK_EQ(taken.info.evicted, 3 * taken.info.evicted_executions + 3);
  CHECK_EQ(taken.events.size() % 3, 0);
  CHECK_EQ(taken.events.front().kind, CAPSULE_TRACE_EXECUTION_SUBMITTED);
  CHECK_EQ(taken.events.front().execution_id, last + 1 - taken.events.size() / 3);
  CHECK_EQ(taken.events.back().execution_id, last);
}

CAPSULE_TEST(an_execution_that_fills_the_buffer_keeps_its_beginning) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 4096;
  const Session session = open_session(options);
  Run run(session, "sleep 60000");
  run.until(CAPSULE_EVENT_STARTED);
  for (int i = 0; i < 100; ++i) {
    run.cancel(kPatienceMs);
  }
  run.end();
  const Taken taken = trace_of(session);
  CHECK_EQ(taken.events.front().kind, CAPSULE_TRACE_EXECUTION_SUBMITTED);
  CHECK(taken.info.dropped > 0);
  CHECK_EQ(taken.info.stored + taken.info.evicted + taken.info.dropped, taken.info.last_sequence);
}

CAPSULE_TEST(a_reader_follows_by_the_number_of_the_last_event) {
  const Session session = open_session(SessionOptions::echo());
  Run first(session, "value 1");
  first.end();
  Taken page = trace_of(session, {}, 4);
  CHECK_EQ(page.events.size(), 4);
  CHECK_EQ(page.info.matched, 6);
  page = trace_of(session, {.after_sequence = page.events.back().sequence});
  CHECK_EQ(page.events.size(), 2);
  const std::uint64_t now = page.events.back().time_ns;
  Run second(session, "value 2");
  second.end();
  page = trace_of(session, {.after_sequence = page.events.back().sequence});
  CHECK_EQ(kinds_of(page), "execution_submitted execution_sent execution_finished");
  CHECK_EQ(trace_of(session, {.since_ns = now + 1}).events.size(), 3);
}

CAPSULE_TEST(without_a_buffer_nothing_is_traced) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 0;
  const Session session = open_session(options);
  Run run(session, "value 1");
  run.end();
  const Taken taken = trace_of(session);
  CHECK(taken.events.empty());
  CHECK_EQ(taken.info.last_sequence, 0);
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
  const std::uint64_t ready = trace_of(pool).info.last_sequence;
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
  const Taken taken = trace_of(pool, {.after_sequence = ready});
  std::string acquisitions;
  for (const capsule_trace_event &event : taken.events) {
    if (event.kind == CAPSULE_TRACE_POOL_WARMUP_TRIGGERED || event.kind == CAPSULE_TRACE_POOL_HEALTH_TRIGGERED) {
      continue;  // when the keeper is woken is its own affair
    }
    const std::uint64_t whose = event.link;
    acquisitions += std::string(capsule_trace_kind_name(event.kind)).substr(5) +
                    (whose == id        ? " first"
                     : whose == next_id ? " next"
                                        : "") +
                    (event.status != 0 ? " " + std::to_string(event.status) : "") + "\n";
  }
  const std::string removed_recycled = "removed first " + std::to_string(CAPSULE_REMOVAL_RECYCLED) + "\n";
  CHECK_EQ(acquisitions, "acquire_begin\nhit first\nacquired first\nacquire_begin\nacquired " +
                             std::to_string(CAPSULE_E_TIMEOUT) + "\nacquire_begin\nreleased first\nrecycled first\n" +
                             removed_recycled + "miss next\nacquired next\nreleased next 1\nremoved next " +
                             std::to_string(CAPSULE_REMOVAL_CLOSE) + "\n");
  CHECK_EQ(trace_of(pool, {.kind = CAPSULE_TRACE_POOL_WARMUP_TRIGGERED}).events.size(), metrics_of(pool).warmup_triggers);
  CHECK_EQ(trace_of(pool, {.kind = CAPSULE_TRACE_POOL_HEALTH_TRIGGERED}).events.size(), metrics_of(pool).health_check_triggers);
}
