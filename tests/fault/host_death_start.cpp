// A host killed before its sessions are ready, or after its zygote: nothing of it is left within a second (I10).
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "child.hpp"
#include "files.hpp"
#include "interpreters.hpp"
#include "offspring.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr std::int64_t kGoneWithinMs = kSanitized ? 10'000 : 1000;

// Modules that say through a FIFO that they run, and never come to their end.
class Trap {
 public:
  Trap() {
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);  // sees what a dead host leaves, instead of init
    CHECK_EQ(mkfifo(fifo().c_str(), 0600), 0);
    reader_ = UniqueFd(open(fifo().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    CHECK(reader_.get() >= 0);
  }

  void set(const std::string &module, const std::string &before, const std::string &loop) const {
    folder_.write(module + ".py",
                  before + "\nwith open(" + py_quote(fifo()) + ", 'w') as fifo: fifo.write('in')\n" + loop + "\n");
  }
  void wait_until_caught() const { CHECK(wait_readable(reader_.get(), Deadline())); }
  [[nodiscard]] const std::string &path() const { return folder_.path(); }

 private:
  [[nodiscard]] std::string fifo() const { return folder_.path() + "/fifo"; }

  TempFolder folder_;
  UniqueFd reader_;
};

// Everything below the host at this moment.
std::vector<Watched> below(const Child &host) {
  std::vector<Watched> all;
  for (const Process &process : descendants(host.pid())) {
    all.emplace_back(process.pid);
  }
  CHECK_AT_LEAST(all.size(), 1);
  return all;
}

// Reaps what a dead host left to this process until nothing is left; names what is at the deadline, and kills it.
std::string left_at(const Deadline &deadline) {
  pid_t reaped = 0;
  while ((reaped = waitpid(-1, nullptr, WNOHANG)) >= 0 && !deadline.over()) {
    before_the_next_look();
  }
  const std::vector<Process> left = children();
  for (const Process &process : left) {
    Watched(process.pid).kill(SIGKILL);
    waitpid(process.pid, nullptr, 0);
  }
  return describe(left);
}

// Kills the host, and sees all of it gone, what it has started since included. A failure leaves nothing behind.
void check_all_gone(Child &host, const std::vector<Watched> &all, const char *what) {
  host.kill(SIGKILL);
  const Deadline deadline(kGoneWithinMs);
  host.wait();
  std::string late;
  for (const Watched &process : all) {
    late += process.wait_gone(deadline) ? "" : " " + show(process.pid());
  }
  const std::string left = left_at(deadline);
  if (!late.empty() || !left.empty()) {
    FAIL(std::string(what) + " there still were:" + late + "; adopted here: " + left);
  }
}

void check_start_killed(const char *start, const char *preload, const Trap &trap) {
  Child host(helper("starting_host", {trap.path(), start, preload}));
  trap.wait_until_caught();
  check_all_gone(host, below(host), "after the host's death at the start");
}

}  // namespace

// Opens a session that never gets ready.
CAPSULE_HELPER(starting_host) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.environment = {"PYTHONPATH=" + arguments.at(0)};
  options.raw.start = arguments.at(1) == "spawn" ? CAPSULE_START_SPAWN : CAPSULE_START_FORK;
  if (arguments.at(2) != "-") {
    options.preload = {arguments.at(2)};
  }
  Session session;
  capsule_session_open(runtime.get(), options.get(), session.out(), nullptr);
  return 1;  // it should have been killed
}

// Opens sessions, one of them with offspring, and says which; then waits.
CAPSULE_HELPER(host_with_zygote) {
  const Runtime runtime = make_runtime();
  const Session idle = open_session(runtime);
  const Session busy = open_session(runtime);
  Run run(busy, arguments.at(0) == "offspring" ? std::string(kStartOffspring) + "while True: pass"
                                               : "print('offspring', flush=True)\nsum(range(10 ** 12))");
  run.until_line();
  std::printf("%d %s", info_of(runtime).zygote_pid, run.out().c_str());
  std::fflush(stdout);
  char byte = 0;
  return read(STDIN_FILENO, &byte, 1) < 0 ? 1 : 0;
}

CAPSULE_TEST(a_host_killed_while_a_preloaded_module_loops) {  // I10
  const Trap trap;
  trap.set("endless", "", "while True: pass");
  check_start_killed("fork", "endless", trap);
}

CAPSULE_TEST(a_host_killed_while_a_preloaded_module_runs_c_code) {  // I10
  const Trap trap;
  trap.set("endless", "", "sum(range(10 ** 12))");
  check_start_killed("fork", "endless", trap);
}

CAPSULE_TEST(a_host_killed_while_a_preloaded_module_sleeps_deaf_to_signals) {  // I10
  const Trap trap;
  trap.set("endless", "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
           "time.sleep(600)");
  check_start_killed("fork", "endless", trap);
}

CAPSULE_TEST(a_host_killed_while_a_spawned_session_preloads) {  // I10
  const Trap trap;
  trap.set("endless", "", "while True: pass");
  check_start_killed("spawn", "endless", trap);
}

CAPSULE_TEST(a_host_killed_before_the_zygote_s_interpreter_has_begun) {  // I10
  const Trap trap;
  trap.set("sitecustomize", "", "while True: pass");
  check_start_killed("fork", "-", trap);
}

CAPSULE_TEST(a_host_killed_before_a_spawned_interpreter_has_begun) {  // I10
  const Trap trap;
  trap.set("sitecustomize", "", "while True: pass");
  check_start_killed("spawn", "-", trap);
}

CAPSULE_TEST(a_host_killed_while_a_preloaded_module_has_a_child) {  // I10
  const Trap trap;
  trap.set("endless", "import subprocess\nchild = subprocess.Popen(['sleep', '600'])", "while True: pass");
  check_start_killed("fork", "endless", trap);
}

CAPSULE_TEST(a_host_killed_after_its_zygote) {  // I10
  const Trap trap;
  Child host(helper("host_with_zygote", {"loop"}));
  const Watched zygote(std::stoi(host.read_line()));
  const std::vector<Watched> all = below(host);
  CHECK_AT_LEAST(all.size(), 3);  // the zygote and two sessions
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
  check_all_gone(host, all, "after the deaths of zygote and host");
}

CAPSULE_TEST(a_host_killed_while_its_zygote_is_stopped) {  // I10
  const Trap trap;
  Child host(helper("host_with_zygote", {"loop"}));
  const Watched zygote(std::stoi(host.read_line()));
  zygote.kill(SIGSTOP);
  check_all_gone(host, below(host), "after the death of a host with a stopped zygote");
}

// Who adopts what leaves its group is dead: only what stayed in the group goes.
CAPSULE_TEST(a_host_killed_after_its_zygote_takes_the_workers_groups_along) {  // I10
  const Trap trap;
  Child host(helper("host_with_zygote", {"offspring"}));
  const std::string line = host.read_line();
  std::vector<Watched> offspring = offspring_in(line);
  const Watched escaped = std::move(offspring.back());
  offspring.pop_back();
  const Watched zygote(std::stoi(line));
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
  escaped.kill(SIGKILL);
  CHECK(escaped.wait_gone(Deadline()));
  check_all_gone(host, offspring, "of the workers' groups");
}
