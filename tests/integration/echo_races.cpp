// Everything at once from many threads, for the thread sanitizer: whatever the order, each execution ends exactly once (I5).
#include <atomic>
#include <memory>
#include <random>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr int kThreads = 8;
constexpr int kRounds = kSanitized ? 8 : 25;

Session open_echo(const Runtime &runtime) {
  SessionOptions options = SessionOptions::echo();
  options.raw.queue_limit = 1000;
  return open_session(runtime, options);
}

// A session that other threads restart or close may refuse; what it accepted must end once.
void run_if_accepted(const Session &session, const char *source) {
  Execution execution;
  const capsule_status status =
      capsule_execution_create(session.get(), source, std::string_view(source).size(), nullptr, execution.out(), nullptr);
  if (status != CAPSULE_OK) {
    CHECK(status == CAPSULE_E_CLOSED || status == CAPSULE_E_DIED || status == CAPSULE_E_BUSY);
    return;
  }
  Run(std::move(execution)).end();
}

}  // namespace

CAPSULE_TEST(eight_threads_with_a_session_each) {
  const Runtime runtime = make_runtime();
  run_at_once(kThreads, [&](int number) {
    const Session session = open_echo(runtime);
    for (int i = 0; i < kRounds; ++i) {
      const std::string mark = show(number) + "/" + show(i);
      Run run(session, "out " + mark + "\nflood 20\nvalue " + mark);
      CHECK_EQ(run.end().repr, mark);
      CHECK_EQ(run.end().stdout_bytes, mark.size() + 1 + 2000);
    }
  });
}

CAPSULE_TEST(eight_threads_with_one_session) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  run_at_once(kThreads, [&](int number) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string mark = show(number) + "/" + show(i);
      CHECK_EQ(value_of(session, "out x\nvalue " + mark), mark);
    }
  });
  CHECK_EQ(info_of(session).executions_succeeded, kThreads * kRounds);
}

CAPSULE_TEST(create_cancel_and_release_at_once) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  run_at_once(kThreads, [&](int number) {
    std::minstd_rand random(static_cast<unsigned>(number) + 1);
    for (int i = 0; i < kRounds; ++i) {
      Run run(session, i % 2 == 0 ? "spin" : "out x\nvalue 1");
      if (random() % 2 == 0) {
        run.next();
      }
      run.cancel(kPatienceMs);
      if (random() % 3 != 0) {
        const Event end = run.end();
        CHECK(end.outcome == "canceled" || (i % 2 == 1 && end.outcome == "ok"));
      }
    }
  });
  CHECK_EQ(value_of(session, "value alive"), "alive");
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.executions_succeeded + info.executions_canceled, kThreads * kRounds + 1);
}

CAPSULE_TEST(one_execution_used_by_all_threads) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  for (int round = 0; round < kRounds; ++round) {
    Execution execution = submit(session, "flood 200\ninput ?\nspin");
    capsule_execution *raw = execution.get();
    std::atomic<int> terminals{0};
    run_at_once(kThreads, [&](int number) {
      EventStruct event;
      capsule_status status = CAPSULE_OK;
      while ((status = capsule_execution_next(raw, -1, event.get(), nullptr)) == CAPSULE_OK) {
        if (event->kind == CAPSULE_EVENT_INPUT) {
          capsule_execution_answer(raw, event->input_id, "x", 1, nullptr);
          capsule_execution_cancel(raw, kPatienceMs, nullptr);
        }
        terminals += event->kind >= CAPSULE_EVENT_RESULT ? 1 : 0;
        std::uint64_t id = 0;
        std::int32_t fd = -1;
        CHECK_EQ(capsule_execution_get_id(raw, &id, nullptr), CAPSULE_OK);
        CHECK_EQ(number % 2 == 0 ? capsule_execution_get_fd(raw, &fd, nullptr) : CAPSULE_OK, CAPSULE_OK);
      }
      CHECK_EQ(status, CAPSULE_E_END);
    });
    CHECK_EQ(terminals.load(), 1);
  }
}

CAPSULE_TEST(released_while_others_use_it) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  for (int round = 0; round < kRounds; ++round) {
    Execution execution = submit(session, "flood 500\nvalue 1");
    capsule_execution *raw = execution.get();
    Threads threads;
    for (int i = 0; i < 4; ++i) {
      threads.start([raw] {
        EventStruct event;
        capsule_status status = CAPSULE_OK;
        while ((status = capsule_execution_next(raw, -1, event.get(), nullptr)) == CAPSULE_OK) {
          capsule_execution_cancel(raw, kPatienceMs, nullptr);
        }
        CHECK(status == CAPSULE_E_END || status == CAPSULE_E_HANDLE);
      });
    }
    execution.reset();
    threads.join();
  }
  CHECK_EQ(value_of(session, "value alive"), "alive");
}

CAPSULE_TEST(a_session_closed_while_others_use_it) {
  for (int round = 0; round < kRounds / 2; ++round) {
    const Runtime runtime = make_runtime();
    const Session session = open_echo(runtime);
    Threads threads;
    Counter ran;
    for (int i = 0; i < 4; ++i) {
      threads.start([&] {
        while (state_of(session) != "terminated") {
          run_if_accepted(session, "out x\nsleep 1\nvalue 1");
          ran.add();
        }
      });
    }
    ran.wait_for(8, "an execution");
    ACCEPTED(capsule_session_close(session.get(), round % 2 == 0 ? 0 : 50, error));
    threads.join();
    CHECK_EQ(state_of(session), "terminated");
  }
}

CAPSULE_TEST(a_session_restarted_and_killed_while_others_use_it) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  std::atomic<bool> done{false};
  Threads threads;
  for (int i = 0; i < 4; ++i) {
    threads.start([&, i] {
      while (!done.load()) {
        run_if_accepted(session, i == 0 ? "out x\nkill" : "out x\nflood 10\nvalue 1");
        info_of(session);
      }
    });
  }
  for (int round = 0; round < kRounds / 2; ++round) {
    // The new worker may be killed by one of them before this thread has seen that it was ready.
    const capsule_status status = capsule_session_restart(session.get(), nullptr);
    if (status != CAPSULE_OK && status != CAPSULE_E_DIED) {
      done.store(true);
      FAIL("a restart answered " + std::string(capsule_status_name(status)));
    }
  }
  done.store(true);
  threads.join();
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "value alive"), "alive");
}

CAPSULE_TEST(sessions_opened_and_closed_by_all_threads) {
  const Runtime runtime = make_runtime();
  run_at_once(kThreads, [&](int number) {
    for (int i = 0; i < kRounds / 4 + 1; ++i) {
      SessionOptions options = SessionOptions::echo();
      options.raw.wait_ready = number % 2 == 0 ? 1 : 0;
      Session session = open_session(runtime, options);
      Run run(session, "value 1");
      if (number % 3 == 0) {
        session.reset();
      } else if (number % 3 == 1) {
        ACCEPTED(capsule_session_close(session.get(), 0, error));
      }
      const std::string outcome = run.end().outcome;
      CHECK(outcome == "ok" || (number % 3 == 1 && outcome == "killed"));
    }
  });
  CHECK_EQ(info_of(runtime).workers_died, 0);
}

CAPSULE_TEST(a_runtime_closed_while_others_use_it) {
  for (int round = 0; round < 3; ++round) {
    const Runtime runtime = make_runtime();
    Threads threads;
    Counter ran;
    for (int i = 0; i < 4; ++i) {
      threads.start([&] {
        for (;;) {
          Session session;
          SessionOptions options = SessionOptions::echo();
          const capsule_status status = capsule_session_open(runtime.get(), options.get(), session.out(), nullptr);
          if (status != CAPSULE_OK) {
            CHECK_EQ(status, CAPSULE_E_CLOSED);
            return;
          }
          run_if_accepted(session, "out x\nvalue 1");
          ran.add();
        }
      });
    }
    ran.wait_for(8, "an execution");
    ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
    threads.join();
  }
}

CAPSULE_TEST(runtimes_created_and_released_by_all_threads) {
  if (kThreadSanitizer) {
    skip_test(
        "libuv closes by raw system calls, which the thread sanitizer cannot see: it takes a number's next owner for its last");
  }
  const std::size_t before = descriptors().size();
  run_at_once(kThreads, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const Runtime runtime = make_runtime();
      const Session session = open_echo(runtime);
      CHECK_EQ(value_of(session, "value 1"), "1");
    }
  });
  check_descriptors_at_most(before);
}

CAPSULE_TEST(callbacks_replaced_while_events_come) {
  const Runtime runtime = make_runtime();
  const Session session = open_echo(runtime);
  const auto count = [](void *user_data) { static_cast<Counter *>(user_data)->add(); };
  for (int round = 0; round < kRounds; ++round) {
    Run run(session, "flood 300\nvalue 1");
    for (int i = 0; i < 20; ++i) {
      auto counter = std::make_unique<Counter>();
      ACCEPTED(capsule_execution_set_notify(run.get(), count, counter.get(), error));
      ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
    }
    CHECK_EQ(run.end().repr, "1");
  }
}
