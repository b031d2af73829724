// Queues, restarts and waiting through the echo executor, where the thread sanitizer can follow.
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

Session open_echo(std::uint32_t queue_limit = 64) {
  SessionOptions options = SessionOptions::echo();
  options.raw.queue_limit = queue_limit;
  return open_session(options);
}

}  // namespace

CAPSULE_TEST(executions_run_in_order_up_to_the_limit) {  // I6
  const Session session = open_echo(5);
  Run running(session, "out in\nspin");
  running.until_output("in");
  std::vector<Run> queued;
  for (int i = 0; i < 5; ++i) {
    queued.emplace_back(session, "value " + show(i));
  }
  Execution refused;
  REFUSED(CAPSULE_E_BUSY, capsule_execution_create(session.get(), "out x", 5, nullptr, refused.out(), error));
  queued[2].cancel();
  CHECK_EQ(queued[2].end().cancel_phase, "queued");
  running.cancel(kPatienceMs);
  for (const int i : {0, 1, 3, 4}) {
    CHECK_EQ(queued[static_cast<std::size_t>(i)].end().repr, show(i));
  }
  CHECK_EQ(running.end().outcome, "canceled");
}

CAPSULE_TEST(a_restart_kills_the_running_one_and_keeps_the_queue) {
  const Session session = open_echo();
  Run running(session, "out in\nstubborn");
  Run queued(session, "value queued");
  running.until_output("in");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(running.end().outcome, "killed");
  CHECK_EQ(running.out(), "in\n");
  CHECK_EQ(queued.end().repr, "queued");
}

CAPSULE_TEST(a_crash_ends_the_queue_as_died) {  // I5
  const Session session = open_echo();
  Run crashing(session, "out last\nabort");
  std::vector<Run> queued;
  for (int i = 0; i < 10; ++i) {
    Execution execution;
    if (capsule_execution_create(session.get(), "value x", 7, nullptr, execution.out(), nullptr) == CAPSULE_OK) {
      queued.emplace_back(std::move(execution));
    }
  }
  CHECK_EQ(crashing.end().outcome, "died");
  for (Run &run : queued) {
    CHECK_EQ(run.end().outcome, "died");
    CHECK_EQ(run.story(), "error");
  }
  CHECK_EQ(info_of(session).executions_died, 1 + queued.size());
}

CAPSULE_TEST(a_close_ends_the_queue_as_killed) {  // I5
  const Session session = open_echo();
  Run running(session, "out in\nsleep 60000");
  Run queued(session, "value x");
  running.until_output("in");
  ACCEPTED(capsule_session_close(session.get(), 50, error));
  CHECK_EQ(running.end().outcome, "killed");
  CHECK_EQ(queued.end().outcome, "killed");
  CHECK_EQ(queued.story(), "error");
}

CAPSULE_TEST(a_slow_reader_holds_the_writer_and_not_the_host) {  // I6
  SessionOptions options = SessionOptions::echo();
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, "flood 20000");
  std::uint64_t taken = 0;
  while (!run.next().terminal()) {
    taken += run.events().back().data.size();
    CHECK_AT_MOST(info_of(session).output_bytes - taken, 64U << 10U);
  }
  CHECK_EQ(taken, 2'000'000);
}

CAPSULE_TEST(a_blocked_writer_can_be_canceled_and_killed) {
  SessionOptions options = SessionOptions::echo();
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run killed(session, "flood 1000000");
  killed.until(CAPSULE_EVENT_OUTPUT);
  killed.cancel(0);
  CHECK_EQ(killed.end().outcome, "canceled");
  ACCEPTED(capsule_session_restart(session.get(), error));
  Run canceled(session, "flood 1000000");
  canceled.until(CAPSULE_EVENT_OUTPUT);
  canceled.cancel(100);
  CHECK_EQ(canceled.end().outcome, "canceled");
}

CAPSULE_TEST(descriptors_wake_their_loop) {
  const Session session = open_echo();
  Run run(session, "out a\nsleep 20\nout b\nsleep 20\nvalue c");
  std::int32_t fd = -1;
  ACCEPTED(capsule_execution_get_fd(run.get(), &fd, error));
  std::string out;
  for (bool ended = false; !ended;) {
    CHECK(wait_readable(fd, Deadline()));
    EventStruct event;
    capsule_status status = CAPSULE_OK;
    while ((status = capsule_execution_next(run.get(), 0, event.get(), nullptr)) == CAPSULE_OK) {
      out += copy_of(*event.get()).data;
    }
    ended = status == CAPSULE_E_END;
  }
  CHECK_EQ(out, "a\nb\n");
}

CAPSULE_TEST(calls_that_wait_answer_reentrant_in_a_callback) {
  const Session session = open_echo();
  Run run(session, "sleep 20\nout x");
  run.until(CAPSULE_EVENT_STARTED);
  struct Tried {
    capsule_session *session;
    std::vector<capsule_status> answers;
    Counter done;
  } tried{session.get(), {}, {}};
  const auto attempt = [](void *user_data) {
    auto *t = static_cast<Tried *>(user_data);
    t->answers = {capsule_session_restart(t->session, nullptr), capsule_session_close(t->session, 1000, nullptr),
                  capsule_runtime_close(shared_runtime().get(), 0, nullptr)};
    t->done.add();
  };
  ACCEPTED(capsule_execution_set_notify(run.get(), attempt, &tried, error));
  tried.done.wait_for(1, "a notification");
  ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
  CHECK_EQ(tried.answers, std::vector<capsule_status>(3, CAPSULE_E_REENTRANT));
  CHECK_EQ(run.end().outcome, "ok");
}

CAPSULE_TEST(heartbeats_are_counted) {
  SessionOptions options = SessionOptions::echo();
  options.raw.heartbeat_interval_ms = 10;
  const Session session = open_session(options);
  Run run(session, "sleep 300\nvalue 1");
  CHECK_EQ(run.end().repr, "1");
  const capsule_session_info info = info_of(session);
  CHECK_AT_LEAST(info.heartbeats, 3);
  CHECK(info.resident_bytes > 0);
  CHECK_AT_LEAST(info.threads, 1);
}
