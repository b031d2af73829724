// Snapshots, branches, rollbacks and values of sessions without Python.
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

Session open_echo() { return open_session(SessionOptions::echo()); }

}  // namespace

CAPSULE_TEST(values_are_set_read_listed_and_deleted) {
  const Session session = open_echo();
  set_text(session, "b", "text\0of mine"sv);
  set_text(session, "a", "");
  CHECK_EQ(Value(session, "b").data(), "text\0of mine"sv);
  CHECK_EQ(Value(session, "a")->size_bytes, 0);
  CHECK_EQ(Value(session, "b")->kind, CAPSULE_VALUE_TEXT);
  CHECK_EQ(NameList(session).text(), "a str value, b str value");
  ACCEPTED(capsule_session_delete(session.get(), "a", 1, kPatienceMs, error));
  capsule_value value{.struct_size = sizeof value};
  REFUSED(CAPSULE_E_NAME, capsule_session_get(session.get(), "a", 1, 0, kPatienceMs, &value, error));
  REFUSED(CAPSULE_E_NAME, capsule_session_delete(session.get(), "a", 1, kPatienceMs, error));
}

CAPSULE_TEST(snapshots_branches_and_restores) {
  const Session session = open_echo();
  set_text(session, "x", "old");
  const Snapshot snapshot = snapshot_of(session);
  set_text(session, "x", "new");
  const Session branch = branch_of(session);
  const Session of_snapshot = branch_of(snapshot);
  CHECK_EQ(Value(branch, "x").data(), "new");
  CHECK_EQ(Value(of_snapshot, "x").data(), "old");
  set_text(branch, "x", "branch's");
  CHECK_EQ(Value(session, "x").data(), "new");
  for (int i = 0; i < 20; ++i) {
    restore(session, snapshot);
    CHECK_EQ(Value(session, "x").data(), "old");
    CHECK_EQ(printed_by(session, "out hello"), "hello\n");
    set_text(session, "x", "changed");
  }
  CHECK_EQ(info_of(session).restores, 20);
  CHECK_EQ(Value(branch_of(branch), "x").data(), "branch's");
}

CAPSULE_TEST(every_end_is_rolled_back) {
  const Session session = open_echo();
  set_text(session, "x", "kept");
  for (const char *source :
       {"out o\nraise ValueError no", "out o\nexit 3", "out o\nkill", "out o\nabort", "out o\nspin", "out o\nstubborn"}) {
    ExecutionOptions options = transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE);
    options.raw.timeout_ms = 100;
    const std::int32_t pid = info_of(session).pid;
    Run run(session, source, options);
    Run behind(session, "value behind");
    CHECK_EQ(run.end().state, "rolled_back");
    CHECK_EQ(run.out(), "o\n");
    CHECK_EQ(behind.end().repr, "behind");
    CHECK(info_of(session).pid != pid);
    CHECK_EQ(Value(session, "x").data(), "kept");
  }
  Run always(session, "value v", transaction(CAPSULE_TRANSACTION_ROLLBACK_ALWAYS));
  CHECK_EQ(always.end().repr, "v");
  CHECK_EQ(always.end().state, "rolled_back");
  CHECK_EQ(info_of(session).rollbacks, 7);
}

CAPSULE_TEST(a_restored_session_does_all_that_one_does) {
  const Session session = open_echo();
  const Snapshot snapshot = snapshot_of(session);
  restore(session, snapshot);
  Run asks(session, "input ?");
  asks.until(CAPSULE_EVENT_INPUT);
  asks.answer("a");
  CHECK_EQ(asks.end().outcome, "ok");
  CHECK_EQ(asks.out(), "a\n");
  Run spins(session, "out in\nspin");
  spins.until_output("in");
  spins.cancel(kPatienceMs);
  CHECK_EQ(spins.end().cancel_phase, "interrupted");
  Run floods(session, "flood 30000");
  CHECK_EQ(floods.end().stdout_bytes, 3'000'000);
  CHECK_EQ(printed_by(session, "fd d"), "d\n");
  Run dies(session, "out last\nexit 4");
  CHECK_EQ(dies.end().exit_code, 4);
  CHECK_EQ(dies.out(), "last\n");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, "value again"), "again");
}

CAPSULE_TEST(host_threads_do_everything_at_once) {
  const Session session = open_echo();
  set_text(session, "x", "value");
  const Snapshot snapshot = snapshot_of(session);
  constexpr int kRounds = kSanitized ? 5 : 15;
  run_at_once(6, [&](int which) {
    for (int i = 0; i < kRounds; ++i) {
      if (which == 0) {
        restore(session, snapshot);
      } else if (which == 1) {
        CHECK_EQ(Value(branch_of(session), "x").data(), "value");
      } else if (which == 2) {
        CHECK_EQ(Value(branch_of(snapshot), "x").data(), "value");
      } else if (which == 3) {
        CHECK_EQ(Value(session, "x").data(), "value");
      } else if (which == 4) {
        Run run(session, "raise Failure", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
        CHECK_EQ(run.end().state, "rolled_back");
      } else {
        snapshot_of(session);
      }
    }
  });
  CHECK_EQ(info_of(session).restores, kRounds);
  CHECK_EQ(info_of(session).rollbacks, kRounds);
}

CAPSULE_TEST(sessions_released_with_everything_under_way) {
  for (int i = 0; i < (kSanitized ? 5 : 20); ++i) {
    Session session = open_echo();
    Snapshot snapshot = snapshot_of(session);
    Run run(session, "raise Failure", transaction(CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE));
    Threads threads;
    for (int which = 0; which < 3; ++which) {
      threads.start([&, which] {
        Session branch;
        capsule_value value{.struct_size = sizeof value};
        static_cast<void>(which == 0   ? capsule_session_branch(session.get(), kPatienceMs, branch.out(), nullptr)
                          : which == 1 ? capsule_session_restore(session.get(), snapshot.get(), kPatienceMs, nullptr)
                                       : capsule_session_get(session.get(), "x", 1, 0, kPatienceMs, &value, nullptr));
        capsule_value_release(&value);
      });
    }
    ACCEPTED(capsule_session_close(session.get(), i % 2 == 0 ? 0 : kPatienceMs, error));
    threads.join();
    run.end();
  }
}

CAPSULE_TEST(other_kinds_of_values_are_refused_or_kept_as_they_are) {
  const Session session = open_echo();
  // It has texts only; what comes of the rest must not end the worker.
  const std::string large(200'000, 'l');
  const capsule_value value{
      .struct_size = sizeof value, .kind = CAPSULE_VALUE_BUFFER, .data = large.data(), .size_bytes = large.size()};
  capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, nullptr);
  capsule_value read{.struct_size = sizeof read};
  capsule_session_get(session.get(), "x", 1, CAPSULE_VALUE_BUFFER, kPatienceMs, &read, nullptr);
  capsule_value_release(&read);
  CHECK_EQ(value_of(session, "value v"), "v");
}
