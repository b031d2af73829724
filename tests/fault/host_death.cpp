// When the host is gone, so is everything it had, within a second (I10).
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "child.hpp"
#include "offspring.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr std::int64_t kGoneWithinMs = kSanitized ? 10'000 : 1000;

const char *const kLoop = "\nwhile True: pass";
const char *const kCLoop = "\nsum(range(10 ** 12))";
const char *const kDeaf = "\nimport signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nwhile True: pass";
const char *const kIdle = "\n";

// Adopts what a dead host leaves, so that it can be seen and reaped here and not by init.
void adopt_orphans() { CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); }

// A host in another process with three sessions: idle, in a loop with offspring, and what is named.
class DoomedHost {
 public:
  explicit DoomedHost(const std::string &third) : child_(helper("doomed_host", {third})) {
    adopt_orphans();
    offspring_ = child_.read_line();
    for (const Process &process : descendants(child_.pid())) {
      all_.emplace_back(process.pid);
    }
    CHECK_AT_LEAST(all_.size(), 4U + 3U);  // a zygote and three sessions, and what one of them started
  }

  [[nodiscard]] Child &child() { return child_; }

  // After it died by whatever way.
  void check_all_gone() {
    const Deadline deadline(kGoneWithinMs);
    check_gone(offspring_in(offspring_), deadline, "offspring after the host's death");
    check_gone(all_, deadline, "after the host's death");
    child_.wait();
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    CHECK_EQ(describe(children()), "");
  }

 private:
  Child child_;
  std::string offspring_;
  std::vector<Watched> all_;
};

}  // namespace

CAPSULE_HELPER(doomed_host) {
  const Runtime runtime = make_runtime();
  const Session idle = open_session(runtime);
  const Session looping = open_session(runtime);
  const Session third = open_session(runtime);
  Run run(looping, std::string(kStartOffspring) + "while True: pass");
  run.until_line();
  Run other(third, "print('in', flush=True)\nimport time\n" + arguments.at(0));
  other.until_output("in");
  std::printf("%s", run.out().c_str());
  std::fflush(stdout);
  char line[64];
  const ssize_t count = read(STDIN_FILENO, line, sizeof line - 1);
  const std::string command(line, count > 0 ? static_cast<std::size_t>(count) : 0);
  if (command == "exit\n") {
    std::exit(3);
  } else if (command == "abort\n") {
    std::abort();
  } else if (command == "exec\n") {
    execlp("true", "true", nullptr);
  }
  return 0;
}

CAPSULE_TEST(a_host_killed) {  // I10
  DoomedHost host(kLoop);
  host.child().kill(SIGKILL);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_killed_while_c_code_runs) {  // I10
  DoomedHost host(kCLoop);
  host.child().kill(SIGKILL);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_killed_while_code_blocks_every_signal) {  // I10
  DoomedHost host(kDeaf);
  host.child().kill(SIGKILL);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_killed_while_a_session_waits_for_input) {  // I10
  DoomedHost host("\ninput('?')");
  host.child().kill(SIGKILL);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_killed_while_a_session_s_printing_is_blocked) {  // I10
  DoomedHost host("\nwhile True: print('x' * 10_000)");
  host.child().kill(SIGKILL);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_terminated) {  // I10
  DoomedHost host(kIdle);
  host.child().kill(SIGTERM);
  host.check_all_gone();
}

CAPSULE_TEST(a_host_that_aborts) {  // I10
  DoomedHost host(kLoop);
  host.child().write_line("abort");
  host.check_all_gone();
}

CAPSULE_TEST(a_host_that_exits_without_closing) {  // I10
  DoomedHost host(kLoop);
  host.child().write_line("exit");
  host.check_all_gone();
}

CAPSULE_TEST(a_host_that_becomes_another_program) {  // I10
  DoomedHost host(kLoop);
  host.child().write_line("exec");
  host.check_all_gone();
}

CAPSULE_TEST(a_host_that_returns_from_main) {  // I10
  DoomedHost host(kLoop);
  host.child().write_line("return");
  host.check_all_gone();
}

CAPSULE_TEST(sessions_live_while_the_process_does_though_the_thread_that_made_them_is_gone) {
  const Runtime runtime = make_runtime();
  Session session;
  std::thread([&] { session = open_session(runtime); }).join();
  CHECK_EQ(value_of(session, "import time\ntime.sleep(0.2)\n'alive'"), "'alive'");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'alive'"), "'alive'");
}
