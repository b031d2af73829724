#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace bench {
namespace {

constexpr int kFarewellMs = 2'000;

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail_call("pipe2");
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

// False when the time is up first.
bool wait_readable(int fd, std::uint64_t deadline_ns) {
  while (true) {
    const std::uint64_t now = now_ns();
    const std::uint64_t left_ms = now < deadline_ns ? (deadline_ns - now) / 1'000'000 + 1 : 0;
    pollfd item{fd, POLLIN, 0};
    const int ready = poll(&item, 1, static_cast<int>(left_ms));
    if (ready >= 0) {
      return ready > 0;
    }
    if (errno != EINTR) {
      fail_call("poll");
    }
  }
}

std::uint64_t deadline_after(int timeout_ms) { return now_ns() + static_cast<std::uint64_t>(timeout_ms) * 1'000'000; }

}  // namespace

Child::Child(std::vector<std::string> argv) {
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  std::vector<char *> pointers;
  for (std::string &argument : argv) {
    pointers.push_back(argument.data());
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read_end.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write_end.get(), STDOUT_FILENO);
  errno = posix_spawnp(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) {
    fail_call(argv[0].c_str());
  }
  input_ = std::move(input.write_end);
  output_ = std::move(output.read_end);
}

Child::~Child() {
  input_.reset();
  int status = 0;
  if (pid_ > 0 && !reap(kFarewellMs, status)) {
    kill_and_reap(pid_);
  }
}

void Child::write_line(const std::string &line) {
  const std::string bytes = line + "\n";
  if (write(input_.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    fail_call("write to a peer");
  }
}

std::string Child::read_line() {
  const std::uint64_t deadline = deadline_after(kWaitMs);
  std::size_t end = 0;
  while ((end = received_.find('\n')) == std::string::npos) {
    if (!wait_readable(output_.get(), deadline)) {
      fail("a peer did not answer in %d ms", kWaitMs);
    }
    std::array<char, 4096> bytes;
    const ssize_t size = read(output_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) {
      fail_call("read from a peer");
    }
    if (size == 0) {
      fail("a peer ended without an answer");
    }
    received_.append(bytes.data(), static_cast<std::size_t>(size > 0 ? size : 0));
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

void Child::drain(std::uint64_t count) {
  std::vector<char> bytes(1 << 16);
  for (std::uint64_t total = 0; total < count;) {
    const ssize_t size = read(output_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) {
      fail_call("read from a peer");
    }
    if (size == 0) {
      fail("a peer ended after %llu of %llu bytes", static_cast<unsigned long long>(total),
           static_cast<unsigned long long>(count));
    }
    total += static_cast<std::uint64_t>(size > 0 ? size : 0);
  }
}

int Child::wait() {
  int status = 0;
  if (!reap(kWaitMs, status)) {
    fail("a program did not end in %d ms", kWaitMs);
  }
  return status;
}

bool Child::reap(int timeout_ms, int &status) {
  // A wait with a deadline, which waitpid() does not have.
  const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (pidfd.get() < 0 || !wait_readable(pidfd.get(), deadline_after(timeout_ms))) {
    return false;
  }
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return true;
}

void kill_and_reap(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace bench
