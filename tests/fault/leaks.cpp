// A hundred sessions come and go, by every end, and leave no descriptor, thread, process or memory behind.
#include <csignal>

#include "offspring.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr int kCycles = kSanitized ? 40 : 100;

// Runs the cycle until everything that is made once has been made, then sees that more of it adds nothing.
template <typename CycleBody>
void check_no_leak(CycleBody cycle) {
  // As many again before: what the allocator keeps for threads and sizes levels off only then.
  for (int i = 0; i < kCycles; ++i) {
    cycle(i);
  }
  const std::size_t fds = descriptors().size();
  const std::size_t threads = thread_count();
  const std::size_t resident = resident_bytes();
  for (int i = 0; i < kCycles; ++i) {
    cycle(i);
  }
  check_descriptors_at_most(fds);
  check_threads_at_most(threads);
  check_no_zombies();
  CHECK_AT_MOST(resident_bytes(), resident + ((kSanitized ? 64U : 4U) << 20U));
}

}  // namespace

CAPSULE_TEST(sessions_opened_used_and_released) {
  const Runtime runtime = make_runtime();
  const Session stays = open_session(runtime);
  check_no_leak([&](int) {
    const Session session = open_session(runtime);
    CHECK_EQ(value_of(session, "print('x')\n1"), "1");
  });
}

CAPSULE_TEST(sessions_closed_gracefully) {
  const Runtime runtime = make_runtime();
  const Session stays = open_session(runtime);
  check_no_leak([&](int) {
    const Session session = open_session(runtime);
    CHECK_EQ(value_of(session, "1"), "1");
    ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  });
}

CAPSULE_TEST(workers_that_die) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  check_no_leak([&](int i) {
    Run run(session, i % 2 == 0 ? "import os; os._exit(1)" : "import os; os.kill(os.getpid(), 9)");
    CHECK_EQ(run.end().outcome, "died");
    ACCEPTED(capsule_session_restart(session.get(), error));
  });
}

CAPSULE_TEST(executions_of_every_kind) {
  const Session session = open_session();
  check_no_leak([&](int i) {
    Run run(session, "print('x' * 1000)\ninput()");
    std::int32_t fd = -1;
    ACCEPTED(capsule_execution_get_fd(run.get(), &fd, error));
    if (i % 3 == 0) {
      return;  // released as it is
    }
    run.until(CAPSULE_EVENT_INPUT);
    if (i % 3 == 1) {
      run.answer("x");
    } else {
      run.cancel(kPatienceMs);
    }
    run.end();
  });
}

CAPSULE_TEST(sessions_that_fail_to_open) {
  const Runtime runtime = make_runtime();
  const Session stays = open_session(runtime);
  check_no_leak([&](int) {
    SessionOptions options;
    options.python = "/no/such/python3";
    Session session;
    REFUSED(CAPSULE_E_PYTHON, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  });
}

CAPSULE_TEST(sources_and_tracebacks_do_not_pile_up_in_the_worker) {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 10;
  const Session session = open_session(options);
  const std::string filler = "x = '" + std::string(100'000, 'y') + "'\n";
  const auto resident = [&] {
    return number_of(session, "import resource; resource.getrusage(resource.RUSAGE_SELF).ru_maxrss");
  };
  for (int i = 0; i < 80; ++i) {
    Run(session, filler + "1 / 0").end();
  }
  const long long before = resident();
  for (int i = 0; i < 200; ++i) {
    Run(session, filler + "1 / 0").end();
  }
  CHECK_AT_MOST(resident() - before,
                kSanitized ? 400'000 : 10'000);  // the sources alone are 20,000; ASan keeps 256 MiB of what was freed
}
