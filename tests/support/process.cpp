#include "process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "check.hpp"

namespace capsule_test {
namespace {

bool is_number(const std::string &name) { return name.find_first_not_of("0123456789") == std::string::npos; }

// False when the process went away meanwhile.
bool read_process(const std::string &pid, Process &process) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(file, line)) {
    return false;
  }
  // The name is in parentheses and may contain anything, parentheses too.
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) {
    return false;
  }
  process.pid = static_cast<pid_t>(std::atoi(pid.c_str()));
  process.name = line.substr(open + 1, close - open - 1);
  std::istringstream rest(line.substr(close + 1));
  rest >> process.state >> process.parent >> process.group;
  return true;
}

// This process's threads, as "number name".
std::vector<std::string> threads() {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    found.push_back(entry.path().filename().string() + " " + name);
  }
  return found;
}

// What was last seen, as it may be more again a moment later: a process that is let go of, a thread of a library.
template <class See>
auto see_at_most(std::size_t most, See see) {
  const Deadline deadline;
  auto seen = see();
  while (seen.size() > most && !deadline.over()) {
    before_the_next_look();
    seen = see();
  }
  return seen;
}

}  // namespace

UniqueFd &UniqueFd::operator=(UniqueFd &&other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.take();
  }
  return *this;
}

int UniqueFd::take() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void UniqueFd::reset() {
  if (fd_ >= 0) {
    ::close(take());
  }
}

bool wait_readable(int fd, const Deadline &deadline) {
  for (;;) {
    pollfd one{fd, POLLIN, 0};
    const int count = poll(&one, 1, deadline.poll_ms());
    if (count > 0) {
      return true;
    }
    if (count == 0 || errno != EINTR) {
      return false;
    }
  }
}

std::vector<Process> processes() {
  std::vector<Process> all;
  for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    Process process;
    if (is_number(name) && read_process(name, process)) {
      all.push_back(process);
    }
  }
  return all;
}

std::vector<Process> children() {
  std::vector<Process> own;
  for (const Process &process : processes()) {
    if (process.parent == getpid()) {
      own.push_back(process);
    }
  }
  return own;
}

std::vector<Process> descendants(pid_t root) {
  const std::vector<Process> all = processes();
  std::vector<Process> found;
  const auto add_children = [&](pid_t parent) {
    for (const Process &process : all) {
      if (process.parent == parent) {
        found.push_back(process);
      }
    }
  };
  add_children(root);
  for (std::size_t i = 0; i < found.size(); ++i) {
    add_children(found[i].pid);
  }
  return found;
}

std::string describe(const std::vector<Process> &processes) {
  std::string text;
  for (const Process &process : processes) {
    text += (text.empty() ? "" : ", ") + process.name + " " + std::to_string(process.pid) + " (" + process.state + ")";
  }
  return text;
}

Watched::Watched(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
  if (pidfd_.get() < 0 && errno != ESRCH) {
    FAIL("pidfd_open: " + std::string(std::strerror(errno)));
  }
}

bool Watched::wait_gone(const Deadline &deadline) const { return pidfd_.get() < 0 || wait_readable(pidfd_.get(), deadline); }

void Watched::kill(int signal_number) const {
  if (pidfd_.get() >= 0 && syscall(SYS_pidfd_send_signal, pidfd_.get(), signal_number, nullptr, 0) != 0 && errno != ESRCH) {
    FAIL("pidfd_send_signal: " + std::string(std::strerror(errno)));
  }
}

void check_gone(const std::vector<Watched> &watched, const Deadline &deadline, const char *what) {
  std::string left;
  for (const Watched &one : watched) {
    if (!one.wait_gone(deadline)) {
      Process process;
      read_process(std::to_string(one.pid()), process);
      left += describe({process}) + " ";
    }
  }
  if (!left.empty()) {
    FAIL(std::string(what) + ": still there: " + left);
  }
}

std::vector<std::string> descriptors() {
  std::vector<std::string> targets;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && target.find("/fd") == std::string::npos) {  // not the one that lists them
      targets.push_back(entry.path().filename().string() + " " + target);
    }
  }
  std::sort(targets.begin(), targets.end());
  return targets;
}

void check_descriptors_at_most(std::size_t most) {
  const auto seen = see_at_most(most, descriptors);
  if (seen.size() > most) {
    FAIL("there are " + show(seen.size()) + " descriptors, more than " + show(most) + ": " + show(seen));
  }
}

void check_descendants_at_most(pid_t root, std::size_t most) {
  const auto seen = see_at_most(most, [root] { return descendants(root); });
  if (seen.size() > most) {
    FAIL("there are " + show(seen.size()) + " processes, more than " + show(most) + ": " + describe(seen));
  }
}

std::size_t thread_count() { return threads().size(); }

void check_threads_at_most(std::size_t most) {
  const auto seen = see_at_most(most, threads);
  if (seen.size() > most) {
    FAIL("there are " + show(seen.size()) + " threads, more than " + show(most) + ": " + show(seen));
  }
}

std::string status_field(const std::string &process, const std::string &field) {
  std::ifstream file("/proc/" + process + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) {
      return line.substr(line.find_first_not_of(" \t", field.size() + 1));
    }
  }
  return "";
}

std::size_t resident_bytes() { return std::strtoull(status_field("self", "VmRSS").c_str(), nullptr, 10) << 10U; }

}  // namespace capsule_test
