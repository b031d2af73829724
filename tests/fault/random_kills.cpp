// Workers killed at random moments, with a seed: every accepted execution ends exactly once, its events in order (I5).
#include <unistd.h>

#include <csignal>
#include <random>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr unsigned kSeed = 3;
constexpr int kRounds = kSanitized ? 25 : 100;

const char *const kSources[] = {
    "1 + 1",
    "for i in range(100): print(i)",
    "import time\ntime.sleep(0.01)\n'slept'",
    "while True: pass",
    "import os\nos.write(1, b'raw' * 1000)",
    "1 / 0",
    "print('x' * 200_000)",
};

// Stands for a random moment: looks at the session that many times.
void dawdle(const Session &session, unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    info_of(session);
  }
}

void kill_worker(const Session &session) {
  const capsule_session_info info = info_of(session);
  if (info.pid > 0) {
    Watched(info.pid).kill(SIGKILL);
  }
}

void revive(const Session &session) {
  const capsule_status status = capsule_session_restart(session.get(), nullptr);
  CHECK_EQ(status, CAPSULE_OK);
}

}  // namespace

CAPSULE_TEST(a_worker_killed_at_a_random_moment) {
  const Session session = open_session();
  std::minstd_rand random(kSeed);
  const auto pick = [&random](std::size_t count) { return static_cast<unsigned>(random() % count); };
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Run> runs;
    for (unsigned i = pick(4) + 1; i > 0; --i) {
      runs.emplace_back(session, kSources[pick(std::size(kSources))]);
    }
    dawdle(session, pick(2000));
    kill_worker(session);
    for (Run &run : runs) {
      const Event end = run.end();
      CHECK(end.outcome == "ok" || end.outcome == "error" || end.outcome == "died");
      CHECK(end.outcome != "died" || end.signal_number == 9 || run.story() == "error");
    }
    revive(session);
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(kills_cancels_and_restarts_at_once) {
  const Session session = open_session();
  std::minstd_rand random(kSeed + 1);
  const auto pick = [&random](std::size_t count) { return static_cast<unsigned>(random() % count); };
  for (int round = 0; round < kRounds / 2; ++round) {
    std::vector<Run> runs;
    for (unsigned i = pick(3) + 1; i > 0; --i) {
      runs.emplace_back(session, kSources[pick(std::size(kSources))]);
    }
    Threads threads;
    threads.start([&] { kill_worker(session); });
    threads.start([&] { runs.front().cancel(50); });
    threads.start([&] {
      const capsule_status status = capsule_session_restart(session.get(), nullptr);
      CHECK(status == CAPSULE_OK || status == CAPSULE_E_DIED || status == CAPSULE_E_WORKER || status == CAPSULE_E_BUSY);
    });
    threads.join();
    runs.back().cancel(50);  // an endless one that the new worker runs
    for (Run &run : runs) {
      run.cancel(50);
      run.end();
    }
    revive(session);
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(several_sessions_killed_while_they_run) {
  std::vector<Session> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(open_session());
  }
  run_at_once(4, [&](int number) {
    const Session &session = sessions[static_cast<std::size_t>(number)];
    std::minstd_rand random(kSeed + static_cast<unsigned>(number));
    for (int round = 0; round < kRounds / 4; ++round) {
      Run run(session, "import time\nfor i in range(20):\n    print(i, flush=True)\n    time.sleep(0.001)");
      dawdle(session, static_cast<unsigned>(random() % 5000));
      kill_worker(session);
      const Event end = run.end();
      CHECK(end.outcome == "died" || end.outcome == "ok");
      revive(session);
    }
  });
}

CAPSULE_TEST(processes_killed_while_a_session_is_made) {
  for (int round = 0; round < (kSanitized ? 5 : 15); ++round) {
    const Runtime runtime = make_runtime();
    Counter opened;
    Threads threads;
    capsule_status status = -1;
    threads.start([&] {
      Session session;
      SessionOptions options;
      status = capsule_session_open(runtime.get(), options.get(), session.out(), nullptr);
      opened.add();
    });
    // Until the call returns: whatever child it has made by then is killed, in later rounds a moment later.
    const Deadline deadline;
    for (int looks = 0; opened.value() == 0 && !deadline.over(); ++looks) {
      const std::vector<Process> born = descendants(getpid());
      if (!born.empty() && looks >= round) {
        ::kill(born.back().pid, SIGKILL);
      }
    }
    threads.join();
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_WORKER || status == CAPSULE_E_PYTHON || status == CAPSULE_E_TIMEOUT ||
          status == CAPSULE_E_PRELOAD);
    // The last kill may have hit a zygote that only now dies over this one.
    Session session;
    SessionOptions options;
    while (capsule_session_open(runtime.get(), options.get(), session.out(), nullptr) == CAPSULE_E_PYTHON && !deadline.over()) {
    }
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}
