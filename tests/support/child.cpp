#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "check.hpp"

namespace capsule_test {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    FAIL("pipe2: " + std::string(std::strerror(errno)));
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string name_in(const std::string &entry) { return entry.substr(0, entry.find('=')); }

std::vector<std::string> environment_with(const std::vector<std::string> &changes) {
  std::vector<std::string> all;
  for (char **entry = environ; *entry != nullptr; ++entry) {
    bool kept = true;
    for (const std::string &change : changes) {
      kept = kept && name_in(*entry) != name_in(change);
    }
    if (kept) {
      all.emplace_back(*entry);
    }
  }
  for (const std::string &change : changes) {
    if (change.find('=') != std::string::npos) {
      all.push_back(change);
    }
  }
  return all;
}

std::vector<char *> pointers_to(std::vector<std::string> &texts) {
  std::vector<char *> pointers;
  for (std::string &text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Child::Child(const std::vector<std::string> &argv, const std::vector<std::string> &environment) {
  Pipe input = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = environment_with(environment);
  const int failed =
      posix_spawnp(&pid_, argv[0].c_str(), &actions, nullptr, pointers_to(arguments).data(), pointers_to(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    pid_ = -1;
    FAIL(argv[0] + ": " + std::strerror(failed));
  }
  input_ = std::move(input.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  fcntl(out_.get(), F_SETFL, O_NONBLOCK);
  fcntl(err_.get(), F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Child::write_line(const std::string &line) const {
  const std::string text = line + "\n";
  if (::write(input_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    FAIL("a child does not read its input");
  }
}

bool Child::take(UniqueFd &end, std::string &text) {
  char buffer[4096];
  const ssize_t count = end.get() < 0 ? 0 : ::read(end.get(), buffer, sizeof buffer);
  if (count > 0) {
    text.append(buffer, static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EAGAIN) {
    end.reset();
  }
  return count > 0;
}

bool Child::read_some(const Deadline &deadline, int extra_fd) {
  pollfd ends[3] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {extra_fd, POLLIN, 0}};
  if (out_.get() < 0 && err_.get() < 0 && extra_fd < 0) {
    return false;
  }
  if (poll(ends, 3, deadline.poll_ms()) <= 0) {
    FAIL("a child prints nothing and does not end; so far: " + show(out_text_) + show(err_text_));
  }
  if (ends[0].revents != 0) {
    take(out_, out_text_);
  }
  if (ends[1].revents != 0) {
    take(err_, err_text_);
  }
  return ends[2].revents == 0;
}

std::string Child::read_line() {
  const Deadline deadline;
  std::size_t newline = 0;
  while ((newline = out_text_.find('\n', line_begin_)) == std::string::npos) {
    if (!read_some(deadline, -1)) {
      FAIL("a child ended instead of printing a line: " + show(out_text_) + show(err_text_));
    }
  }
  const std::string line = out_text_.substr(line_begin_, newline - line_begin_);
  line_begin_ = newline + 1;
  return line;
}

void Child::kill(int signal_number) const { ::kill(pid_, signal_number); }

int Child::wait() {
  if (pid_ <= 0) {
    return status_;
  }
  const Deadline deadline(2 * kPatienceMs);
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  // Not until its pipes are closed: what it started may hold them.
  while (read_some(deadline, pidfd.get())) {
  }
  while (take(out_, out_text_) || take(err_, err_text_)) {
  }
  waitpid(pid_, &status_, 0);
  pid_ = -1;
  return status_;
}

int Child::exit_code() {
  const int status = wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::vector<std::string> helper(const std::string &name, const std::vector<std::string> &arguments) {
  std::vector<std::string> argv = {std::filesystem::read_symlink("/proc/self/exe"), "--helper", name};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

std::string run_tool(const std::vector<std::string> &argv) {
  Child tool(argv, {"LD_PRELOAD"});
  tool.close_input();
  if (tool.exit_code() != 0) {
    FAIL(argv[0] + " failed: " + tool.out() + tool.err());
  }
  return tool.out();
}

bool has_tool(const std::string &name) {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + name).c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace capsule_test
