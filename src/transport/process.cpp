#include "transport/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

extern char **environ;

namespace capsule {
namespace {

// Not in the C library or kernel headers of 2022; numbers from linux/pidfd.h.
constexpr unsigned kSignalProcessGroup = 1U << 2U;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
constexpr std::uint64_t kInfoExit = 1U << 3U;       // PIDFD_INFO_EXIT, Linux 6.15
constexpr int kWaitPidfd = 3;                       // P_PIDFD

struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t ids[11];
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");

// The host's environment with the additions in place of what they replace.
std::vector<char *> merge_environment(const std::vector<std::string> &additions) {
  std::vector<char *> merged;
  for (char **entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    bool replaced = false;
    for (const std::string &addition : additions) {
      const std::size_t name = addition.find('=') + 1;
      replaced = replaced || std::strncmp(*entry, addition.c_str(), name) == 0;
    }
    if (!replaced) {
      merged.push_back(*entry);
    }
  }
  for (const std::string &addition : additions) {
    merged.push_back(const_cast<char *>(addition.c_str()));
  }
  merged.push_back(nullptr);
  return merged;
}

// What a child needs to become another program, made before it is born: it may not allocate.
struct Launch {
  const char *path;
  const char *working_directory;  // null: the host's
  char **arguments;
  char **environment;
  std::vector<std::pair<int, int>> descriptors;  // target number, descriptor above all targets
  int host_pid;
  int failure_fd;  // close-on-exec; hears errno when there is no program
};

void set_default_signal_actions() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    sigaction(number, &action, nullptr);
  }
}

// False with errno when it fails; on success this process is another program. Not inlined: it runs on its parent's stack, and may
// leave no trace in the frame that vfork returns to a second time.
[[gnu::noinline]] bool become(const Launch &launch) {
  set_default_signal_actions();
  // A session of its own: a process group, and no terminal of the host's that the user's code could read or be stopped by.
  if (setsid() < 0) {
    return false;
  }
  // From the first moment on: an interpreter runs others' code (site, .pth files) before ours. It survives the exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.host_pid) {
    _exit(0);
  }
  close(STDIN_FILENO);
  if (open("/dev/null", O_RDONLY) != STDIN_FILENO) {  // the lowest that is free
    return false;
  }
  for (const auto &[target, fd] : launch.descriptors) {
    if (dup2(fd, target) < 0) {
      return false;
    }
  }
  if (launch.working_directory != nullptr && chdir(launch.working_directory) != 0) {
    return false;
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(launch.path, launch.arguments, launch.environment);
  return false;
}

// vfork: a copy of the host's page tables could take long, and there may be no memory for it. Not posix_spawn: it cannot ask for
// the parent's death signal.
pid_t start(const Launch &launch) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of the host's runs in the child
  const pid_t pid = vfork();                    // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) {
    become(launch);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(launch.failure_fd, &error, sizeof error);
    _exit(1);
  }
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<UniqueFd> open_pidfd(int pid) {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) {
    return system_error("pidfd_open", errno);
  }
  return fd;
}

Result<Process> spawn(const SpawnRequest &request) {
  // Above all targets first, so that no dup2 overwrites a descriptor that a later one needs.
  constexpr int kAboveTargets = 32;
  std::vector<UniqueFd> moved;
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) {
    return system_error("pipe2", errno);
  }
  const UniqueFd failure_read(failure[0]);
  UniqueFd failure_write(fcntl(failure[1], F_DUPFD_CLOEXEC, kAboveTargets));
  close(failure[1]);
  Launch launch{.path = request.path.c_str(),
                .working_directory = request.working_directory.empty() ? nullptr : request.working_directory.c_str(),
                .arguments = nullptr,
                .environment = nullptr,
                .descriptors = {},
                .host_pid = getpid(),
                .failure_fd = failure_write.get()};
  for (const auto &[target, fd] : request.descriptors) {
    moved.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, kAboveTargets));
    launch.descriptors.emplace_back(target, moved.back().get());
  }
  if (!failure_write.valid() || !std::all_of(moved.begin(), moved.end(), [](const UniqueFd &fd) { return fd.valid(); })) {
    return system_error("fcntl(F_DUPFD_CLOEXEC)", errno);
  }
  std::vector<char *> arguments;
  for (const std::string &argument : request.arguments) {
    arguments.push_back(const_cast<char *>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<char *> environment = merge_environment(request.environment);
  launch.arguments = arguments.data();
  launch.environment = environment.data();

  Process process;
  process.pid = start(launch);
  if (process.pid < 0) {
    return system_error("vfork", errno);
  }
  failure_write.reset();
  int error = 0;
  if (::read(failure_read.get(), &error, sizeof error) == sizeof error) {
    waitpid(process.pid, nullptr, 0);
    return system_error("execve", error);
  }
  auto pidfd = open_pidfd(process.pid);
  if (!pidfd.ok()) {
    kill(process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    return pidfd.status();
  }
  process.pidfd = std::move(pidfd.value());
  return process;
}

ExitStatus decode_wait_status(int status) {
  return WIFSIGNALED(status) ? ExitStatus{0, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
}

std::optional<ExitStatus> reap_child(const UniqueFd &pidfd) {
  siginfo_t info{};
  if (waitid(static_cast<idtype_t>(kWaitPidfd), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0) {
    return std::nullopt;
  }
  return info.si_code == CLD_EXITED ? ExitStatus{info.si_status, 0} : ExitStatus{0, info.si_status};
}

std::optional<ExitStatus> ask_exit_status(const UniqueFd &pidfd) {
  PidfdInfo info{};
  info.mask = kInfoExit;
  constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);  // PIDFD_GET_INFO, Linux 6.13
  if (ioctl(pidfd.get(), kGetInfo, &info) != 0 || (info.mask & kInfoExit) == 0) {
    return std::nullopt;
  }
  return decode_wait_status(info.exit_code);
}

bool is_gone(const UniqueFd &pidfd) {
  pollfd poll_fd{pidfd.get(), POLLIN, 0};
  return ::poll(&poll_fd, 1, 0) == 1 && poll_fd.revents != 0;
}

bool is_ending(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 1));  // behind the name, which may hold anything
  char state = 0;
  long parent = 0;
  long group = 0;
  long session = 0;
  long terminal = 0;
  long terminal_group = 0;
  unsigned long flags = 0;
  fields >> state >> parent >> group >> session >> terminal >> terminal_group >> flags;
  constexpr unsigned long kExiting = 0x4;  // PF_EXITING of the kernel's sched.h
  return fields && (state == 'Z' || state == 'X' || (flags & kExiting) != 0);
}

bool is_of(const UniqueFd &pidfd, int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd.get());
  const UniqueFd info(open(path, O_RDONLY | O_CLOEXEC));
  char text[1024] = {};
  if (!info.valid() || ::read(info.get(), text, sizeof text - 1) <= 0) {
    return true;  // without /proc nobody can say
  }
  const char *line = std::strstr(text, "\nPid:");
  if (line == nullptr) {
    return false;
  }
  const long said = std::strtol(line + 5, nullptr, 10);
  return said == pid || said < 0;  // one that was reaped has none any more, and no group either
}

void kill_group(const UniqueFd &pidfd, int pid) {
  if (syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, kSignalProcessGroup) == 0) {
    return;
  }
  // An older kernel, or no group left. While the process lives its number cannot be another's, so neither can its group's.
  if (syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) == 0) {
    kill(-pid, SIGKILL);
  }
}

}  // namespace capsule
