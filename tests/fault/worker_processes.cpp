// What a worker started goes with it: its group, and those that left the group.
#include <csignal>

#include "offspring.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Waits for offspring, lets `end` end the worker, and sees everything gone.
template <typename End>
void check_taken_along(const char *tail, End end) {
  const Session session = open_session();
  const Watched worker(info_of(session).pid);
  Run run(session, std::string(kStartOffspring) + tail);
  run.until_line();
  const std::vector<Watched> offspring = offspring_in(run.out());
  end(session, run, worker);
  run.end();
  CHECK(worker.wait_gone(Deadline(with_slack_ms(0))));
  check_gone(offspring, Deadline(with_slack_ms(0)), "offspring of a dead worker");
  check_no_zombies();
}

constexpr const char *kLoop = "while True: pass";

}  // namespace

CAPSULE_TEST(a_worker_killed_from_outside) {
  check_taken_along(kLoop, [](const Session &, Run &, const Watched &worker) { worker.kill(SIGKILL); });
}

CAPSULE_TEST(a_worker_that_exits) {
  check_taken_along("input()\nos._exit(1)", [](const Session &, Run &run, const Watched &) {
    run.until(CAPSULE_EVENT_INPUT);
    run.answer("");
  });
}

CAPSULE_TEST(a_worker_that_crashes) {
  check_taken_along("input()\nos.abort()", [](const Session &, Run &run, const Watched &) {
    run.until(CAPSULE_EVENT_INPUT);
    run.answer("");
  });
}

CAPSULE_TEST(a_worker_killed_by_a_cancel) {
  check_taken_along(kLoop, [](const Session &, Run &run, const Watched &) { run.cancel(0); });
}

CAPSULE_TEST(a_worker_killed_by_a_close) {
  check_taken_along(
      kLoop, [](const Session &session, Run &, const Watched &) { ACCEPTED(capsule_session_close(session.get(), 0, error)); });
}

CAPSULE_TEST(a_worker_that_is_closed_gracefully) {
  check_taken_along("None", [](const Session &session, Run &run, const Watched &) {
    run.end();
    ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  });
}

CAPSULE_TEST(a_worker_that_is_restarted) {
  check_taken_along(
      kLoop, [](const Session &session, Run &, const Watched &) { ACCEPTED(capsule_session_restart(session.get(), error)); });
}

CAPSULE_TEST(offspring_of_one_session_is_not_taken_for_another_s) {
  const Session dying = open_session();
  const Session living = open_session();
  Run other(living, std::string(kStartOffspring));
  CHECK_EQ(other.end().outcome, "ok");
  const std::vector<Watched> offspring = offspring_in(other.out());
  Run run(dying, std::string(kStartOffspring) + "os._exit(1)");
  CHECK_EQ(run.end().outcome, "died");
  check_gone(offspring_in(run.out()), Deadline(with_slack_ms(0)), "offspring of a dead worker");
  for (const Watched &process : offspring) {
    CHECK(!process.wait_gone(Deadline(0)));
  }
  ACCEPTED(capsule_session_close(living.get(), 0, error));
  check_gone(offspring, Deadline(with_slack_ms(0)), "offspring of a closed session");
}

CAPSULE_TEST(children_are_the_session_s_while_it_lives) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import subprocess\np = subprocess.Popen(['sh', '-c', 'exit 5'])\np.wait()"), "5");
  CHECK_EQ(value_of(session, "subprocess.run(['sh', '-c', 'kill -9 $$']).returncode"), "-9");
  value_of(session, "p = subprocess.Popen(['sleep', '600'])");
  CHECK_EQ(value_of(session, "p.poll()"), "");
  CHECK_EQ(value_of(session, "p.terminate(); p.wait()"), "-15");
}

CAPSULE_TEST(dead_workers_leave_no_zombies) {
  const Session session = open_session();
  for (int i = 0; i < 20; ++i) {
    Run run(session, "import os; os._exit(1)");
    CHECK_EQ(run.end().outcome, "died");
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  check_no_zombies();
}
