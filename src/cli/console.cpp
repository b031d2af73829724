#include "cli/console.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <system_error>
#include <utility>

namespace capsule::cli {

OutputError::OutputError(int error_number)
    : std::runtime_error("cannot write to stdout: " + std::generic_category().message(error_number)),
      reader_gone_(error_number == EPIPE) {}

void Console::watch(int fd, std::function<void()> heard) {
  watched_ = fd;
  heard_ = std::move(heard);
}

void Console::unwatch() { watched_ = -1; }

void Console::write_out(std::string_view bytes) {
  if (const int error_number = write(STDOUT_FILENO, bytes); error_number != 0) {
    throw OutputError(error_number);
  }
}

void Console::write_err(std::string_view bytes) { write(STDERR_FILENO, bytes); }

void Console::say(std::string_view sentence) { write_err("capsule: " + std::string(sentence) + "\n"); }

int Console::write(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    wait_writable(fd);
    // A pipe that is writable takes this much without blocking, so that Ctrl-C is always heard.
    const ssize_t count = ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      return errno;
    }
  }
  return 0;
}

void Console::wait_writable(int fd) {
  for (;;) {
    pollfd fds[] = {{fd, POLLOUT, 0}, {watched_, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) {
      continue;
    }
    if (fds[1].revents != 0) {
      heard_();
    }
    if (fds[0].revents != 0) {
      return;
    }
  }
}

}  // namespace capsule::cli
