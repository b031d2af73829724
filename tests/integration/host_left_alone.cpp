// The library takes nothing from its host: signals, folder, environment, locale, descriptors, standard streams.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "child.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// All that could be changed behind the host's back, as text that can be compared.
std::map<std::string, std::string> snapshot() {
  std::map<std::string, std::string> state;
  for (int number = 1; number < 65; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0) {
      state["signal " + show(number)] = show(reinterpret_cast<std::uintptr_t>(action.sa_handler)) + " " + show(action.sa_flags);
    }
  }
  sigset_t mask;
  sigemptyset(&mask);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int number = 1; number < 65; ++number) {
    state["mask"] += sigismember(&mask, number) == 1 ? '1' : '0';
  }
  for (char **entry = environ; *entry != nullptr; ++entry) {
    state["environment"] += std::string(*entry) + "\n";
  }
  state["folder"] = std::filesystem::current_path();
  state["locale"] = std::setlocale(LC_ALL, nullptr);
  const mode_t mode = umask(0);
  umask(mode);
  state["umask"] = show(mode);
  state["subreaper and children"] = describe(children());
  stack_t stack{};
  sigaltstack(nullptr, &stack);
  state["signal stack"] = show(reinterpret_cast<std::uintptr_t>(stack.ss_sp));
  for (const int resource : {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_STACK}) {
    rlimit limit{};
    getrlimit(resource, &limit);
    state["limit " + show(resource)] = show(limit.rlim_cur) + "/" + show(limit.rlim_max);
  }
  return state;
}

void check_same(const std::map<std::string, std::string> &before, const std::map<std::string, std::string> &after) {
  for (const auto &[what, value] : before) {
    if (after.at(what) != value) {
      FAIL(what + " is " + show(after.at(what)) + ", and was " + show(value));
    }
  }
}

// Something of everything, the unhappy ends too.
void use_the_library() {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "print('x')");
  Run endless(session, "print('in', flush=True)\nwhile True: pass");
  endless.until_output("in");
  endless.cancel(kPatienceMs);
  endless.end();
  Run dying(session, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)");
  dying.end();
  ACCEPTED(capsule_session_restart(session.get(), error));
  Session broken;
  SessionOptions options;
  options.python = "/bin/ls";
  REFUSED(CAPSULE_E_PYTHON, capsule_session_open(runtime.get(), options.get(), broken.out(), error));
  ACCEPTED(capsule_session_close(session.get(), 100, error));
}

}  // namespace

CAPSULE_HELPER(silent_host) {
  use_the_library();
  return 0;
}

CAPSULE_HELPER(host_without_standard_streams) {
  for (const int fd : {0, 1, 2}) {
    ::close(fd);
  }
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n42");
  const bool well = run.end().repr == "42" && run.out() == "out\n" && run.err() == "err\n";
  ACCEPTED(capsule_session_restart(session.get(), error));
  const std::string null_device = value_of(session, "import os\nos.fstat(0).st_rdev == os.stat('/dev/null').st_rdev");
  return well && null_device == "True" ? 7 : 8;
}

CAPSULE_TEST(a_host_is_left_as_it_was) {
  close_shared_runtime();
  const auto before = snapshot();
  {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    value_of(session, "1");
    auto during = snapshot();
    during["subreaper and children"] = before.at("subreaper and children");
    check_same(before, during);
  }
  use_the_library();
  check_same(before, snapshot());
}

CAPSULE_TEST(every_descriptor_is_close_on_exec) {
  const std::vector<std::string> before = descriptors();
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "input()");
  run.until(CAPSULE_EVENT_INPUT);
  std::int32_t event_fd = -1;
  ACCEPTED(capsule_execution_get_fd(run.get(), &event_fd, error));
  std::size_t seen = 0;
  for (const std::string &descriptor : descriptors()) {
    if (std::find(before.begin(), before.end(), descriptor) != before.end()) {
      continue;
    }
    ++seen;
    if ((fcntl(std::atoi(descriptor.c_str()), F_GETFD) & FD_CLOEXEC) == 0) {
      FAIL("a descriptor would be inherited: " + descriptor);
    }
  }
  CHECK_AT_LEAST(seen, 3);
  run.cancel(0);
  run.end();
}

CAPSULE_TEST(the_library_s_threads_take_no_signals_of_the_host) {
  const std::string self = show(static_cast<long long>(gettid()));
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  std::size_t others = 0;
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    const std::string thread = task.path().filename();
    if (thread == self) {
      continue;
    }
    const std::uint64_t blocked = std::stoull(status_field("self/task/" + thread, "SigBlk"), nullptr, 16);
    ++others;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM, SIGPROF, SIGWINCH}) {
      CHECK((blocked >> static_cast<unsigned>(number - 1) & 1U) == 1U);
    }
  }
  CHECK_AT_LEAST(others, 1);
}

CAPSULE_TEST(a_host_hears_nothing_on_its_standard_streams) {
  Child host(helper("silent_host"));
  host.close_input();
  CHECK_EQ(host.exit_code(), 0);
  CHECK_EQ(host.out(), "");
  CHECK_EQ(host.err(), "");
}

CAPSULE_TEST(a_host_whose_standard_streams_are_closed) {
  Child host(helper("host_without_standard_streams"));
  host.close_input();
  CHECK_EQ(host.exit_code(), 7);
}

CAPSULE_TEST(children_of_the_host_are_left_to_the_host) {
  Child mine({"sh", "-c", "read line; exit 9"});
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  mine.write_line("go");
  Run dying(session, "import os; os._exit(1)");
  dying.end();
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK_EQ(mine.exit_code(), 9);  // had somebody else reaped it, its status would be lost
}

CAPSULE_TEST(a_host_that_ignores_sigchld_learns_of_deaths_all_the_same) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGCHLD, &ignore, &before);
  {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    Run dying(session, "import os; os._exit(6)");
    CHECK_EQ(dying.end().exit_code, 6);
    CHECK(dying.end().death_certain);
    ACCEPTED(capsule_session_restart(session.get(), error));
    CHECK_EQ(value_of(session, "import subprocess; subprocess.run(['sh', '-c', 'exit 3']).returncode"), "3");
    ACCEPTED(capsule_runtime_close(runtime.get(), kPatienceMs, error));
  }
  sigaction(SIGCHLD, &before, nullptr);
}
