#include "transport/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

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

// posix_spawn's two structs, freed on every way out.
struct SpawnSetup {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};

  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A session of its own: a process group, and no terminal of the host's that the user's code could read or be stopped by.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup &) = delete;
  SpawnSetup &operator=(const SpawnSetup &) = delete;
};

}  // namespace

Result<UniqueFd> open_pidfd(int pid) {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) {
    return system_error("pidfd_open", errno);
  }
  return fd;
}

Result<Process> spawn(const SpawnRequest &request) {
  SpawnSetup setup;
  posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // Above all targets first, so that no dup2 overwrites a descriptor that a later one needs.
  constexpr int kAboveTargets = 32;
  std::vector<UniqueFd> moved;
  for (const auto &[target, fd] : request.descriptors) {
    moved.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, kAboveTargets));
    if (!moved.back().valid()) {
      return system_error("fcntl(F_DUPFD_CLOEXEC)", errno);
    }
    posix_spawn_file_actions_adddup2(&setup.actions, moved.back().get(), target);
  }
  if (!request.working_directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&setup.actions, request.working_directory.c_str());
  }
  std::vector<char *> arguments;
  for (const std::string &argument : request.arguments) {
    arguments.push_back(const_cast<char *>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<char *> environment = merge_environment(request.environment);
  Process process;
  const int error =
      posix_spawn(&process.pid, request.path.c_str(), &setup.actions, &setup.attributes, arguments.data(), environment.data());
  if (error != 0) {
    return system_error("posix_spawn", error);
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
