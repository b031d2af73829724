#include "process_tree.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/unique_fd.hpp"

namespace capsule::worker {

std::uint32_t kill_children(const std::function<bool(pid_t)> &spared) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; fd.valid() && (count = ::read(fd.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  std::uint32_t killed = 0;
  const char *next = text.c_str();
  char *end = nullptr;
  for (long child = std::strtol(next, &end, 10); end != next; child = std::strtol(next, &end, 10)) {
    next = end;
    if (!spared(static_cast<pid_t>(child))) {
      kill(static_cast<pid_t>(child), SIGKILL);
      ++killed;
    }
  }
  return killed;
}

pid_t parent_of(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t size = fd.valid() ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (size <= 0) {
    return 0;
  }
  text[size] = '\0';
  // pid (name) state ppid …, and the name may hold anything.
  const char *name_end = std::strrchr(text, ')');
  return name_end == nullptr || std::strlen(name_end) < 5 ? 0 : static_cast<pid_t>(std::strtol(name_end + 4, nullptr, 10));
}

}  // namespace capsule::worker
