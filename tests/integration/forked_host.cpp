// A host that forks: the child gets CAPSULE_E_FORKED, and the parent notices nothing.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

void notify(void * /*user_data*/) {}

// In the child: how many of the calls did not answer CAPSULE_E_FORKED.
int count_unrefused(const Session &session, const Run &run) {
  EventStruct event;
  Runtime runtime;
  Session other;
  Execution execution;
  std::int32_t fd = -1;
  std::uint64_t id = 0;
  capsule_runtime_info runtime_info{};
  runtime_info.struct_size = sizeof runtime_info;
  capsule_session_info session_info{};
  session_info.struct_size = sizeof session_info;
  capsule_runtime *shared = shared_runtime().get();
  const capsule_status answers[] = {
      capsule_runtime_create(nullptr, runtime.out(), nullptr),
      capsule_runtime_close(shared, 0, nullptr),
      capsule_runtime_get_info(shared, &runtime_info, nullptr),
      capsule_session_open(shared, nullptr, other.out(), nullptr),
      capsule_session_wait_ready(session.get(), -1, nullptr),
      capsule_session_restart(session.get(), nullptr),
      capsule_session_close(session.get(), 0, nullptr),
      capsule_session_get_info(session.get(), &session_info, nullptr),
      capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), nullptr),
      capsule_execution_next(run.get(), -1, event.get(), nullptr),
      capsule_execution_get_fd(run.get(), &fd, nullptr),
      capsule_execution_set_notify(run.get(), notify, nullptr, nullptr),
      capsule_execution_answer(run.get(), 1, "", 0, nullptr),
      capsule_execution_decline(run.get(), 1, nullptr),
      capsule_execution_cancel(run.get(), 0, nullptr),
      capsule_execution_interrupt(run.get(), nullptr),
      capsule_execution_get_id(run.get(), &id, nullptr),
      capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr),
  };
  int unrefused = 0;
  for (const capsule_status answer : answers) {
    unrefused += answer == CAPSULE_E_FORKED ? 0 : 1;
  }
  return unrefused;
}

int wait_for(pid_t child) {
  const Watched process(child);
  if (!process.wait_gone(Deadline())) {
    process.kill(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

CAPSULE_TEST(every_call_in_a_forked_child_answers_forked) {
  const Session session = open_session();
  Run run(session, "print('in', flush=True)\ninput()\n5");
  run.until(CAPSULE_EVENT_INPUT);
  const pid_t child = fork();
  if (child == 0) {
    _exit(count_unrefused(session, run));
  }
  CHECK_EQ(wait_for(child), 0);
  run.answer("x");
  CHECK_EQ(run.end().repr, "5");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(releases_in_a_forked_child_end_nothing_of_the_parent) {
  const Session session = open_session();
  Run run(session, "input()\n5");
  run.until(CAPSULE_EVENT_INPUT);
  const pid_t child = fork();
  if (child == 0) {
    capsule_execution_release(run.get());
    capsule_session_release(session.get());
    capsule_runtime_release(shared_runtime().get());
    _exit(3);
  }
  CHECK_EQ(wait_for(child), 3);
  run.answer("x");
  CHECK_EQ(run.end().repr, "5");
}

CAPSULE_TEST(a_forked_child_that_exits_normally_ends_and_ends_nothing) {
  const Session session = open_session();
  const pid_t child = fork();
  if (child == 0) {
    exit(4);  // runs the library's destructors too
  }
  CHECK_EQ(wait_for(child), 4);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(texts_and_names_may_be_asked_for_in_a_forked_child) {
  const pid_t child = fork();
  if (child == 0) {
    const bool well = std::string(capsule_status_name(CAPSULE_E_FORKED)) == "CAPSULE_E_FORKED" &&
                      capsule_version_number() > 0 && std::string(capsule_session_state_name(1)) == "creating";
    _exit(well ? 5 : 6);
  }
  CHECK_EQ(wait_for(child), 5);
}

CAPSULE_TEST(a_fork_while_events_stream_loses_none) {
  const Session session = open_session();
  Run run(session, "for i in range(3000): print(i, flush=True)");
  for (int i = 0; i < 10 && !run.next().terminal(); ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0);
    }
    CHECK_EQ(wait_for(child), 0);
  }
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    expected += show(i) + "\n";
  }
  run.end();
  CHECK(run.out() == expected);
}
