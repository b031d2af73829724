// Checkpoints that are made or restored while something else goes on, ends them, or ends the worker.
#include <csignal>
#include <functional>

#include "checkpoints.hpp"
#include "process.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr int kMoments = kSanitized ? 6 : 16;

// Does it while the session's worker is killed, somewhat later each time.
capsule_status with_a_kill(const Session &session, int moment, const std::function<capsule_status()> &what) {
  const Watched worker(info_of(session).pid);
  Threads threads;
  threads.start([&] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(400 * moment);
    while (std::chrono::steady_clock::now() < until) {
    }
    worker.kill(SIGKILL);
  });
  const capsule_status status = what();
  threads.join();
  CHECK(worker.wait_gone(Deadline()));
  return status;
}

capsule_status restore_status(const Session &session, const Checkpoint &checkpoint, std::int64_t timeout_ms = kPatienceMs) {
  return capsule_session_restore_checkpoint(session.get(), checkpoint.get(), 0, timeout_ms, nullptr, nullptr);
}

// A checkpoint of `x`, and of a value whose pickle does this.
Checkpoint trap(const std::string &source) {
  const Session session = open_session();
  value_of(session, "class Trap:\n  def __reduce__(self): return (eval, (" + source + ",))\nx = 'new'; trap = Trap()\n");
  return checkpoint_of(session);
}

}  // namespace

CAPSULE_TEST(a_worker_killed_at_any_moment_of_a_checkpoint) {
  const Session session = open_session();
  for (int moment = 0; moment < kMoments; ++moment) {
    value_of(session, "globals().update({f'name_{i}': [i] for i in range(5000)})\ndef last(): return name_4999");
    Checkpoint checkpoint;
    const capsule_status status = with_a_kill(session, moment, [&] {
      return capsule_session_checkpoint(session.get(), nullptr, kPatienceMs, checkpoint.out(), nullptr);
    });
    ACCEPTED(capsule_session_restart(session.get(), error));
    if (status == CAPSULE_OK) {  // whole, though its worker is dead
      restore(session, read_checkpoint(bytes_of(checkpoint)));
      CHECK_EQ(value_of(session, "last(), len([name for name in globals() if name.startswith('name_')])"), "([4999], 5000)");
    } else {
      CHECK_EQ(status, CAPSULE_E_DIED);
      CHECK(checkpoint.get() == nullptr);
    }
  }
}

CAPSULE_TEST(a_worker_killed_at_any_moment_of_a_restore) {
  const Session session = open_session();
  value_of(session, "globals().update({f'name_{i}': [i] for i in range(5000)})");
  const Checkpoint checkpoint = checkpoint_of(session);
  for (int moment = 0; moment < kMoments; ++moment) {
    const capsule_status status = with_a_kill(session, moment, [&] { return restore_status(session, checkpoint); });
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_DIED);
    ACCEPTED(capsule_session_restart(session.get(), error));
    CHECK_EQ(value_of(session, "'name_0' in globals()"), "False");
  }
  restore(session, checkpoint);
  CHECK_EQ(value_of(session, "name_4999"), "[4999]");
}

CAPSULE_TEST(a_pickle_that_ends_the_worker_fails_the_restore) {
  const Checkpoint checkpoint = trap(R"('__import__("os")._exit(3)')");
  const Session session = open_session();
  CHECK_EQ(restore_status(session, checkpoint), CAPSULE_E_DIED);
  CHECK_EQ(state_of(session), "error");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

CAPSULE_TEST(a_pickle_that_does_not_end_is_broken_off_and_the_session_goes_on) {
  const Checkpoint checkpoint = trap(R"('__import__("time").sleep(600)')");
  const Session session = open_session();
  CHECK_EQ(restore_status(session, checkpoint, 300), CAPSULE_E_TIMEOUT);
  CHECK_EQ(value_of(session, "x = globals().get('x', 'new'); x, 'trap' in globals()"), "('new', False)");  // as far as it came
}

CAPSULE_TEST(a_checkpoint_asked_for_in_an_execution_waits_for_its_end) {
  const Session session = open_session();
  Run first(session, "x = [1]; input()");
  Run second(session, "x.append(2)");
  first.until(CAPSULE_EVENT_INPUT);
  Checkpoint refused;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_checkpoint(session.get(), nullptr, 50, refused.out(), error));
  const Checkpoint other = trap("'1'");
  CHECK_EQ(restore_status(session, other, 50), CAPSULE_E_TIMEOUT);
  first.answer("");
  const Checkpoint checkpoint = checkpoint_of(session);
  CHECK_EQ(second.end().outcome, "ok");
  CHECK_EQ(info_of(checkpoint).execution_id, 2);
  CHECK_EQ(value_of(session, "x, 'trap' in globals()"), "([1, 2], False)");
  CHECK_EQ(info_of(session).checkpoint_restores, 0);
}

CAPSULE_TEST(a_session_that_is_closed_or_in_error_makes_no_checkpoint) {
  const Session session = open_session();
  const Checkpoint checkpoint = checkpoint_of(session);
  Run run(session, "import os; os._exit(1)");
  CHECK_EQ(run.end().outcome, "died");
  Checkpoint refused;
  REFUSED(CAPSULE_E_DIED, capsule_session_checkpoint(session.get(), nullptr, kPatienceMs, refused.out(), error));
  CHECK_EQ(restore_status(session, checkpoint), CAPSULE_E_DIED);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_checkpoint(session.get(), nullptr, kPatienceMs, refused.out(), error));
  CHECK_EQ(restore_status(session, checkpoint), CAPSULE_E_CLOSED);
}
