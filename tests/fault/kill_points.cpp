// Workers killed by another thread at chosen and at random points: one end each (I5), counters that add up, nothing leaked.
#include <csignal>
#include <random>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr unsigned kSeed = 20;
constexpr int kExecutions = 60;

const char *const kPrinting =
    "import os, time\nfor i in range(40):\n    print('line', i, flush=True)\n    os.write(2, b'raw\\n')\n"
    "    time.sleep(0.0005)\n'whole'";

// When the kill comes: after that many outputs were taken, or right after the submission by this thread or by another.
constexpr int kAtOnce = 0;
constexpr int kByThread = -1;

// Takes events, and kills the worker when that many outputs have come. Returns whether they came.
bool drain_and_kill(Run &run, const Watched &worker, int after_outputs) {
  const Deadline deadline;
  int outputs = 0;
  while (!run.next(deadline).terminal()) {
    if (run.events().back().kind == CAPSULE_EVENT_OUTPUT && ++outputs == after_outputs) {
      worker.kill(SIGKILL);
    }
  }
  return outputs >= after_outputs;
}

// One execution with its kill, if it comes to it, and a session that lives afterwards. Returns whether the execution died.
bool play(const Session &session, int point) {
  const Watched worker(info_of(session).pid);
  Run run(session, kPrinting);
  Threads killer;
  if (point == kAtOnce) {
    worker.kill(SIGKILL);
  } else if (point == kByThread) {
    killer.start([&] { worker.kill(SIGKILL); });
  }
  const bool killed = drain_and_kill(run, worker, point);
  killer.join();
  if (killed) {
    CHECK(worker.wait_gone(Deadline()));
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  const Event end = run.end();  // I5: exactly one terminal event, sequence numbers without gaps
  if (end.outcome == "ok") {
    CHECK_EQ(end.repr, "'whole'");
    CHECK_EQ(run.events().front().kind, CAPSULE_EVENT_STARTED);
    return false;
  }
  CHECK_EQ(end.outcome, "died");
  CHECK_EQ(end.death_reason, "signal");
  CHECK_EQ(end.signal_number, SIGKILL);
  CHECK(!end.state_preserved);
  // What came is a beginning of what was printed, without gaps (I2).
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    expected += "line " + show(i) + "\n";
  }
  CHECK(expected.starts_with(run.out()));
  return true;
}

void check_counters(const capsule_session_info &info, std::uint64_t died) {
  CHECK_EQ(info.executions_died, died);
  CHECK_EQ(info.executions_queued, 0);
  CHECK_EQ(info.executions_killed + info.executions_canceled + info.executions_timed_out + info.executions_failed, 0);
  CHECK_EQ(info.executions_refused, 0);
}

}  // namespace

CAPSULE_TEST(sixty_executions_killed_at_every_kind_of_point) {  // I5
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  std::minstd_rand random(kSeed);
  std::uint64_t died = 0;
  std::size_t fds = 0;
  for (int i = 0; i < kExecutions; ++i) {
    const int points[] = {kAtOnce, kByThread, 1, 2, static_cast<int>(random() % 40) + 1};
    died += play(session, points[i % std::size(points)]) ? 1 : 0;
    if (i == 5) {
      fds = descriptors().size();
    }
  }
  CHECK_AT_LEAST(died, kExecutions / 10);  // else the test would test nothing
  check_counters(info_of(session), died);
  CHECK_AT_LEAST(info_of(runtime).workers_died, died);
  check_descriptors_at_most(fds);
}

CAPSULE_TEST(a_kill_among_queued_executions_ends_each_once) {  // I5
  const Session session = open_session();
  std::minstd_rand random(kSeed + 1);
  for (int round = 0; round < 15; ++round) {
    const Watched worker(info_of(session).pid);
    std::vector<Run> runs;
    for (int i = 0; i < 6; ++i) {
      runs.emplace_back(session, kPrinting);
    }
    drain_and_kill(runs[0], worker, static_cast<int>(random() % 20) + 1);
    worker.kill(SIGKILL);
    bool died = false;
    for (Run &run : runs) {
      const Event end = run.end();
      CHECK(end.outcome == "died" || (end.outcome == "ok" && !died));  // none ends well after one that died
      died = end.outcome == "died";
    }
    CHECK(worker.wait_gone(Deadline()));
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_kill_between_question_and_answer_ends_it_once) {  // I5
  const Session session = open_session();
  for (int round = 0; round < 20; ++round) {
    const Watched worker(info_of(session).pid);
    Run run(session, "input('?')");
    const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
    Threads threads;
    threads.start([&] { worker.kill(SIGKILL); });
    threads.start([&] {
      const capsule_status status = capsule_execution_answer(run.get(), id, "yes", 3, nullptr);
      CHECK(status == CAPSULE_OK || status == CAPSULE_E_STATE);
    });
    threads.join();
    const Event end = run.end();
    CHECK(end.outcome == "died" || (end.outcome == "ok" && end.repr == "'yes'"));
    REFUSED(CAPSULE_E_STATE, capsule_execution_answer(run.get(), id, "late", 4, error));
    CHECK(worker.wait_gone(Deadline()));
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}

CAPSULE_TEST(a_kill_while_another_thread_waits_for_the_next_event) {  // I5
  const Session session = open_session();
  for (int round = 0; round < 20; ++round) {
    const Watched worker(info_of(session).pid);
    Run run(session, "print('in', flush=True)\nwhile True: pass");
    run.until_output("in");
    Threads threads;
    threads.start([&] { CHECK_EQ(run.end().outcome, "died"); });
    worker.kill(SIGKILL);
    threads.join();
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}
