// Following a trace: event by event, by a descriptor, past what was evicted; trace contexts; events that come in messages.
#include <poll.h>

#include <set>
#include <thread>

#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

// All that there is now.
std::vector<capsule_trace_event> rest_of(const TraceReader &reader) {
  std::vector<capsule_trace_event> events;
  capsule_trace_event event{};
  while (capsule_trace_next(reader.get(), 0, &event, nullptr) == CAPSULE_OK) {
    events.push_back(event);
  }
  return events;
}

bool readable(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, timeout_ms) == 1;
}

std::string traceparent_of(const Session &session, std::uint64_t execution_id, std::int32_t given) {
  capsule_trace_context context{.struct_size = sizeof context};
  ACCEPTED(capsule_session_get_trace_context(session.get(), execution_id, &context, error));
  CHECK_EQ(context.given, given);
  return context.traceparent;
}

}  // namespace

CAPSULE_TEST(a_reader_waits_for_events_and_ends_with_the_session) {
  Session session = open_session(SessionOptions::echo());
  const TraceReader reader = follow(session);
  CHECK_EQ(kinds_of(rest_of(reader)), "session_created session_spawned session_ready");
  std::thread runs([&] {
    Run run(session, "value 1");
    run.end();
  });
  const auto events = until(reader, CAPSULE_TRACE_EXECUTION_FINISHED);
  runs.join();
  CHECK_EQ(events.front().kind, CAPSULE_TRACE_EXECUTION_SUBMITTED);
  std::set<std::uint64_t> cursors;
  for (const capsule_trace_event &event : events) {
    CHECK(cursors.insert(event.cursor).second);
  }
  session.reset();
  until(reader, CAPSULE_TRACE_SESSION_CLOSED);
  capsule_trace_event event{};
  REFUSED(CAPSULE_E_END, capsule_trace_next(reader.get(), kPatienceMs, &event, error));
}

CAPSULE_TEST(all_threads_that_wait_by_one_reader_have_its_end) {
  for (int i = 0; i < 10; ++i) {
    Session session = open_session(SessionOptions::echo());
    const TraceReader reader = follow(session);
    run_at_once(4, [&](int which) {
      if (which == 0) {
        Run(session, "value 1").end();
        session.reset();
        return;
      }
      capsule_trace_event event{};
      capsule_status status = CAPSULE_OK;
      while (status == CAPSULE_OK) {
        status = capsule_trace_next(reader.get(), kPatienceMs, &event, nullptr);
      }
      CHECK_EQ(status, CAPSULE_E_END);
    });
  }
}

CAPSULE_TEST(a_reader_that_waits_ends_with_the_session_whatever_is_recorded) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_level = CAPSULE_LOG_OFF;
  Session session = open_session(options);
  const TraceReader reader = follow(session);
  std::int32_t fd = -1;
  ACCEPTED(capsule_trace_get_fd(reader.get(), &fd, error));
  CHECK(rest_of(reader).empty());
  session.reset();
  CHECK(readable(fd, static_cast<int>(kPatienceMs)));
  capsule_trace_event event{};
  REFUSED(CAPSULE_E_END, capsule_trace_next(reader.get(), kPatienceMs, &event, error));
}

CAPSULE_TEST(a_release_ends_every_wait_by_the_reader) {
  const Session session = open_session(SessionOptions::echo());
  for (int i = 0; i < 10; ++i) {
    TraceReader reader = follow(session);
    capsule_trace *const handle = reader.get();
    std::int32_t fd = -1;
    ACCEPTED(capsule_trace_get_fd(handle, &fd, error));
    rest_of(reader);
    Counter waiting;
    Threads threads;
    for (int waiter = 0; waiter < 3; ++waiter) {
      threads.start([&] {
        capsule_trace_event event{};
        waiting.add();
        CHECK_EQ(capsule_trace_next(handle, kPatienceMs, &event, nullptr), CAPSULE_E_HANDLE);
      });
    }
    waiting.wait_for(3, "threads that wait");
    const Stopwatch watch;
    reader.reset();
    threads.join();
    CHECK_AT_MOST(watch.elapsed_ms(), kPatienceMs / 2);
  }
}

CAPSULE_TEST(a_descriptor_tells_of_events) {
  const Session session = open_session(SessionOptions::echo());
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT});
  std::int32_t fd = -1;
  ACCEPTED(capsule_trace_get_fd(reader.get(), &fd, error));
  CHECK(rest_of(reader).empty());
  CHECK(!readable(fd, 0));
  for (int i = 0; i < 3; ++i) {
    Run run(session, "value 1");
    const std::uint64_t id = run.end().execution_id;
    std::vector<capsule_trace_event> events;
    while (events.empty()) {
      CHECK(readable(fd, static_cast<int>(kPatienceMs)));
      events = rest_of(reader);
    }
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events.front().execution_id, id);
  }
}

CAPSULE_TEST(a_reader_that_is_too_slow_is_told_and_goes_on) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 8192;
  const Session session = open_session(options);
  const TraceReader reader = follow(session);
  rest_of(reader);
  for (int i = 0; i < 100; ++i) {
    Run run(session, "value 1");
    run.end();
  }
  capsule_trace_event event{};
  CHECK_CONTAINS(REFUSED(CAPSULE_E_EVICTED, capsule_trace_next(reader.get(), 0, &event, error)), "were evicted");
  CHECK(!rest_of(reader).empty());
  capsule_trace_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_trace_get_info(reader.get(), &info, error));
  check_account(info);
  CHECK(info.evicted > 0);
  const capsule_trace_filter old{.struct_size = sizeof old, .after_cursor = 1};
  std::size_t count = 0;
  REFUSED(CAPSULE_E_EVICTED, capsule_session_get_trace(session.get(), &old, nullptr, 0, &count, &info, error));
  CHECK(info.lost > 0 && info.lost <= info.evicted);
}

CAPSULE_TEST(each_execution_has_a_trace_context) {
  const Session session = open_session(SessionOptions::echo());
  ExecutionOptions options;
  options.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  options.tracestate = "a=b";
  Run given(session, "value 1", options);
  CHECK_EQ(traceparent_of(session, given.end().execution_id, 1), options.traceparent);
  Run made(session, "value 1");
  const std::uint64_t id = made.end().execution_id;
  const std::string traceparent = traceparent_of(session, id, 0);
  CHECK_EQ(traceparent.size(), 55);
  CHECK(traceparent.starts_with("00-") && traceparent.ends_with("-01"));
  CHECK_EQ(traceparent_of(session, id, 0), traceparent);
  Run other(session, "value 1");
  CHECK(traceparent_of(session, other.end().execution_id, 0) != traceparent);
  capsule_trace_context context{.struct_size = sizeof context};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace_context(session.get(), 99, &context, error));
}

CAPSULE_TEST(events_may_come_in_messages) {
  SessionOptions options;
  options.raw.trace_transport = CAPSULE_TRACE_BY_MESSAGES;
  const Session session = open_session(options);
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT});
  for (int i = 0; i < 300; ++i) {
    value_of(session, "1 + 1");
  }
  for (int i = 0; i < 300; ++i) {
    until(reader, CAPSULE_TRACE_EXECUTION_RESULT_SENT);
  }
  const Taken taken = trace_of(session);
  CHECK_EQ(taken.info.invalid + taken.info.late, 0);
  const std::uint64_t last = taken.events.back().execution_id;
  CHECK_EQ(kinds_of(trace_of(session, {.execution_id = last})),
           "execution_submitted execution_sent execution_received execution_started execution_result_sent execution_finished");
}

CAPSULE_TEST(a_restart_a_restore_and_a_branch_begin_new_recorders) {
  const Session session = open_session();
  const Snapshot snapshot = snapshot_of(session);
  value_of(session, "1");
  restore(session, snapshot);
  value_of(session, "2");
  ACCEPTED(capsule_session_restart(session.get(), error));
  value_of(session, "3");
  const Session branch = branch_of(session);
  value_of(branch, "4");
  std::set<std::uint32_t> incarnations;
  for (const capsule_trace_event &event : trace_of(session, {.kind = CAPSULE_TRACE_EXECUTION_RECEIVED}).events) {
    CHECK_EQ(event.sequence, 1);
    CHECK(incarnations.insert(event.incarnation).second);
  }
  CHECK_EQ(incarnations.size(), 3);
  const Taken taken = trace_of(branch, {.kind = CAPSULE_TRACE_EXECUTION_RECEIVED});
  CHECK_EQ(taken.events.size(), 1);
  CHECK_EQ(taken.events.front().sequence, 1);
  CHECK_EQ(taken.info.invalid + taken.info.late + taken.info.dropped, 0);
}

CAPSULE_TEST(a_child_that_the_code_forks_does_not_write_its_parents_recorder) {
  const Session session = open_session();
  value_of(session, "import os\npid = os.fork()\nif pid == 0:\n    print('child')\n    os._exit(0)\nos.waitpid(pid, 0)");
  value_of(session, "1");
  const Taken taken = trace_of(session);
  CHECK_EQ(taken.info.invalid + taken.info.late + taken.info.dropped, 0);
  CHECK_EQ(trace_of(session, {.kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT}).events.size(), 2);
}

CAPSULE_TEST(bad_arguments_of_readers_are_refused) {
  const Session session = open_session(SessionOptions::echo());
  REFUSED(CAPSULE_E_ARGUMENT, capsule_trace_get(session.get(), nullptr, nullptr, error));
  TraceReader reader;
  REFUSED(CAPSULE_E_HANDLE, capsule_trace_get(nullptr, nullptr, reader.out(), error));
  reader = follow(session);
  capsule_trace_event event{};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_trace_next(reader.get(), 0, nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_trace_next(reader.get(), -2, &event, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_trace_get_fd(reader.get(), nullptr, error));
  capsule_trace *raw = reader.get();
  reader.reset();
  REFUSED(CAPSULE_E_HANDLE, capsule_trace_next(raw, 0, &event, error));
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_level = 9;
  Session refused;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), refused.out(), error)),
                 "options.trace_level");
}
