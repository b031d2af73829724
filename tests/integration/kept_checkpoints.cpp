// Checkpoints that a session keeps, and goes back to when its worker has died.
#include <csignal>

#include "checkpoints.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "process.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

Session open_with_policy(std::uint32_t limit = 16) {
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_CHECKPOINT;
  options.raw.checkpoint_limit = limit;
  return open_session(options);
}

Checkpoint made(const Session &session, std::string_view name) {
  capsule_checkpoint_options options = checkpoint_options();
  options.name = {name.data(), name.size()};
  return checkpoint_of(session, options);
}

void keep(const Session &session, std::string_view name) {
  const Checkpoint checkpoint = made(session, name);
  ACCEPTED(capsule_session_keep_checkpoint(session.get(), checkpoint.get(), error));
}

std::string kept(const Session &session) {
  std::string names;
  for (std::size_t i = 0;; ++i) {
    Checkpoint checkpoint;
    capsule_error error{.struct_size = sizeof error};
    const capsule_status status = capsule_session_checkpoint_at(session.get(), i, checkpoint.out(), &error);
    if (status != CAPSULE_OK) {
      CHECK_EQ(status, CAPSULE_E_NAME);
      return names;
    }
    names += (i == 0 ? "" : " ") + string_of(info_of(checkpoint).name);
  }
}

void kill_idle(const Session &session) {
  const std::uint64_t restarts = info_of(session).restarts;
  Watched(info_of(session).pid).kill(SIGKILL);
  for (const Deadline deadline; info_of(session).restarts == restarts;) {
    CHECK(!deadline.over());
  }
}

}  // namespace

CAPSULE_TEST(checkpoints_are_kept_listed_found_and_forgotten) {
  const Session session = open_session();
  value_of(session, "x = 1");
  keep(session, "one");
  keep(session, "two");
  keep(session, "");
  keep(session, "one");
  CHECK_EQ(kept(session), "two  one");
  value_of(session, "x = 2");
  {
    Checkpoint found;
    ACCEPTED(capsule_session_find_checkpoint(session.get(), "one", 3, found.out(), error));
    ACCEPTED(capsule_session_restore_checkpoint(session.get(), found.get(), 0, kPatienceMs, nullptr, error));
  }
  CHECK_EQ(value_of(session, "x"), "1");
  ACCEPTED(capsule_session_forget_checkpoint(session.get(), "one", 3, error));
  ACCEPTED(capsule_session_forget_checkpoint(session.get(), nullptr, 0, error));
  CHECK_EQ(kept(session), "two");
  Checkpoint none;
  REFUSED(CAPSULE_E_NAME, capsule_session_find_checkpoint(session.get(), "one", 3, none.out(), error));
  REFUSED(CAPSULE_E_NAME, capsule_session_forget_checkpoint(session.get(), "one", 3, error));
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(kept(session), "two");
  ACCEPTED(capsule_session_find_checkpoint(session.get(), "two", 3, none.out(), error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_keep_checkpoint(session.get(), none.get(), error));
}

CAPSULE_TEST(with_more_than_the_limit_the_oldest_is_let_go_and_counted) {
  const Session session = open_with_policy(2);
  for (const char *name : {"a", "b", "c", "d"}) {
    keep(session, name);
  }
  CHECK_EQ(kept(session), "c d");
  CHECK_EQ(info_of(session).checkpoints_evicted, 2);
}

CAPSULE_TEST(checkpoints_are_counted_and_know_what_they_follow) {
  const Session session = open_session();
  value_of(session, "import sys\nx = 1\nframe = sys._getframe()");
  const Checkpoint first = made(session, "first");
  const Checkpoint second = made(session, "second");
  CHECK_EQ(string_of(info_of(first).parent_id), "");
  CHECK_EQ(info_of(first).id.size, 32);
  CHECK_EQ(string_of(info_of(second).parent_id), string_of(info_of(first).id));
  CHECK(info_of(first).duration_ns > 0);
  ACCEPTED(capsule_session_restore_checkpoint(session.get(), first.get(), 0, kPatienceMs, nullptr, error));
  const Checkpoint third = made(session, "third");
  CHECK_EQ(string_of(info_of(third).parent_id), string_of(info_of(first).id));
  const Checkpoint copy = read_checkpoint(bytes_of(third));
  CHECK_EQ(string_of(info_of(copy).id), string_of(info_of(third).id));
  capsule_checkpoint_options tight = checkpoint_options();
  tight.max_bytes = 1;
  Checkpoint none;
  REFUSED(CAPSULE_E_LIMIT, capsule_session_checkpoint(session.get(), &tight, kPatienceMs, none.out(), error));
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.checkpoints, 3);
  CHECK_EQ(info.checkpoint_entries_skipped, 2);  // the frame, which the first restore leaves behind
  CHECK_EQ(info.checkpoints_failed, 1);
  CHECK_EQ(info.checkpoint_restores, 1);
  CHECK_EQ(info.checkpoint_restores_failed, 0);
}

CAPSULE_TEST(what_is_left_out_is_counted_by_its_reason) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session,
           "import sys\nframe = sys._getframe()\ngenerator = (x for x in [])\ngood = 1\n"
           "class Raises:\n    def __reduce__(self): raise LookupError('TypeError: no')\nraises = Raises()\n"
           "globals()['two\\nlines'] = 1\n"
           "deep = []\nfor _ in range(100_000): deep = [deep]");
  const Checkpoint checkpoint = made(session, "first");
  const Samples samples(runtime);
  const auto left_out = [&](const char *reason) {
    return samples[std::string(R"(checkpoint_entries_skipped_total{pool="none",reason=")") + reason + "\"}"];
  };
  CHECK_EQ(left_out("name"), 1);
  CHECK_EQ(left_out("unpicklable"), 2);
  CHECK_EQ(left_out("too_large"), 1);
  CHECK_EQ(left_out("raised"), 1);
  CHECK_EQ(info_of(session).checkpoint_entries_skipped, 5);
  CHECK_EQ(info_of(checkpoint).skipped, 5);
}

CAPSULE_TEST(a_death_goes_back_to_the_checkpoint_that_was_kept_last) {
  const Session session = open_with_policy();
  value_of(session, "x = 'old'");
  keep(session, "old");
  value_of(session, "x = 'new'\ndef f(): return x");
  keep(session, "new");
  value_of(session, "x = 'lost'");
  Run run(session, "import os; os._exit(3)");
  Run queued(session, "f()");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.end().state, "restored");
  CHECK_EQ(run.end().restored_checkpoint, "new");
  CHECK_EQ(queued.end().repr, "'new'");
  value_of(session, "x = 'lost'");
  kill_idle(session);
  CHECK_EQ(value_of(session, "f()"), "'new'");
  ACCEPTED(capsule_session_forget_checkpoint(session.get(), "new", 3, error));
  kill_idle(session);
  CHECK_EQ(value_of(session, "x"), "'old'");
  ACCEPTED(capsule_session_forget_checkpoint(session.get(), "old", 3, error));
  Run empty(session, "import os; os._exit(3)");
  CHECK_EQ(empty.end().state, "lost");
  CHECK(!empty.end().restored_checkpoint.has_value());
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.checkpoint_restores, 3);
  CHECK_EQ(info.restarts, 4);
}

CAPSULE_TEST(values_that_wait_behind_the_restore_see_what_it_brings) {
  const Session session = open_with_policy();
  value_of(session, "x = 1");
  keep(session, "x");
  Run run(session, "import os; os._exit(3)");
  CHECK_EQ(run.end().state, "restored");
  CHECK_EQ(Value(session, "x").data(), "1");
}

CAPSULE_TEST(a_checkpoint_that_cannot_be_gone_back_to_is_told_of) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Session session = open_with_policy();
  // Such an exception is no entry's: the whole restore ends by it, and the worker stays.
  value_of(session, "class Trap:\n  def __reduce__(self): return (exit, (3,))\nfrom sys import exit\nx = Trap()\n");
  keep(session, "trap");
  Run run(session, "import os; os._exit(3)");
  CHECK_EQ(run.end().state, "lost");
  CHECK_CONTAINS(log.wait_for("event=checkpoint_not_restored"),
                 "event=checkpoint_not_restored session=" + std::to_string(info_of(session).session_id) + " status=CAPSULE_E_");
  CHECK_EQ(info_of(session).checkpoint_restores_failed, 1);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_checkpoint_that_kills_its_worker_leaves_the_session_in_error) {
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_CHECKPOINT;
  options.raw.start_timeout_ms = kSanitized ? 5000 : 1000;
  const std::string ends[] = {"os._exit(9)", "__import__('time').sleep(600)"};
  for (const std::string &end : ends) {
    const Session session = open_session(options);
    const std::uint64_t died = info_of(shared_runtime()).workers_died;
    value_of(session,
             "import os\nclass Trap:\n  def __reduce__(self): return (eval, (\"" + end + "\", {'os': os}))\nx = Trap()\n");
    keep(session, "trap");
    Run run(session, "os._exit(3)");
    CHECK_EQ(run.end().outcome, "died");
    CHECK_EQ(run.end().state, "lost");
    CHECK(!run.end().restored_checkpoint.has_value());
    capsule_execution *refused = nullptr;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_DIED, capsule_execution_create(session.get(), "1", 1, nullptr, &refused, error)),
                   "while it restored the checkpoint");
    CHECK_EQ(info_of(session).checkpoint_restores_failed, 1);
    // The one that never ended was killed by the library.
    CHECK_EQ(info_of(shared_runtime()).workers_died - died, end.starts_with("os") ? 2 : 1);
    ACCEPTED(capsule_session_restart(session.get(), error));
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}

CAPSULE_TEST(a_restart_asked_for_begins_empty) {
  const Session session = open_with_policy();
  value_of(session, "x = 1");
  keep(session, "x");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

CAPSULE_TEST(a_close_while_the_checkpoint_is_restored_ends_it) {
  const Session session = open_with_policy();
  value_of(session,
           "import os\nclass Slow:\n  def __reduce__(self): return (eval, (\"__import__('time').sleep(600)\",))\nx = Slow()\n");
  keep(session, "slow");
  Run run(session, "os._exit(3)");
  for (const Deadline deadline; info_of(session).restarts == 0;) {
    CHECK(!deadline.over());
  }
  ACCEPTED(capsule_session_close(session.get(), 100, error));
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.end().state, "lost");
}
