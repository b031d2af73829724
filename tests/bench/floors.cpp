#include "floors.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>

namespace bench {
namespace {

using Message = std::array<char, 64>;

// In the forked process, where only plain system calls are safe.
[[noreturn]] void echo_messages(int socket) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Inherited pipes would keep the other peers from seeing the benchmark's end.
  constexpr int kKept = 3;
  dup2(socket, kKept);
  close_range(kKept + 1, ~0U, 0);
  Message message{};
  while (read(kKept, message.data(), message.size()) == static_cast<ssize_t>(message.size()) &&
         write(kKept, message.data(), message.size()) == static_cast<ssize_t>(message.size())) {
  }
  _exit(0);
}

std::vector<std::string> peer_argv(const Context &context, const std::string &script,
                                   const std::vector<std::string> &arguments) {
  std::vector<std::string> argv{context.python, "-I", context.script(script)};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

}  // namespace

PingPong::PingPong() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    fail_call("socketpair");
  }
  socket_ = Fd(ends[0]);
  const Fd other(ends[1]);
  // The deadline of each read, without a poll() in front of it.
  const timeval deadline{kWaitMs / 1000, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  pid_ = fork();
  if (pid_ < 0) {
    fail_call("fork");
  }
  if (pid_ == 0) {
    echo_messages(other.get());
  }
}

PingPong::~PingPong() {
  socket_.reset();
  kill_and_reap(pid_);
}

std::vector<double> PingPong::block(int count) {
  std::vector<double> samples;
  Message message{};
  for (int i = 0; i < count; ++i) {
    const std::uint64_t start = now_ns();
    if (write(socket_.get(), message.data(), message.size()) != static_cast<ssize_t>(message.size()) ||
        read(socket_.get(), message.data(), message.size()) != static_cast<ssize_t>(message.size())) {
      fail_call("ping-pong");
    }
    samples.push_back(us_between(start, now_ns()));
  }
  return samples;
}

PythonPeer::PythonPeer(const Context &context, const std::string &script, const std::vector<std::string> &arguments)
    : child_(peer_argv(context, script, arguments)) {}

std::vector<double> ask_child(Child &child, int count) {
  child.write_line(std::to_string(count));
  std::istringstream answer(child.read_line());
  std::vector<double> numbers;
  for (double number = 0; answer >> number;) {
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<double> PythonPeer::ask(int count) { return ask_child(child_, count); }

double PythonPeer::drain_seconds(std::uint64_t bytes) {
  const std::uint64_t start = now_ns();
  child_.write_line("");
  child_.drain(bytes);
  return ms_between(start, now_ns()) / 1e3;
}

OneCpu::OneCpu() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
  if (sched_getaffinity(0, sizeof before_, &before_) != 0 || sched_setaffinity(0, sizeof one, &one) != 0) {
    fail_call("the CPU affinity");
  }
}

OneCpu::~OneCpu() { sched_setaffinity(0, sizeof before_, &before_); }

double bare_start_ms(const Context &context) {
  const std::uint64_t start = now_ns();
  const int status = Child({context.python, "-c", "pass"}).wait();
  const double elapsed = ms_between(start, now_ns());
  if (status != 0) {
    fail("%s -c pass ended with status %d", context.python.c_str(), status);
  }
  return elapsed;
}

Memory bare_memory(const Context &context) {
  Child child({context.python, "-c", "import sys; print('up', flush=True); sys.stdin.readline()"});
  child.read_line();
  return read_memory(child.pid());
}

}  // namespace bench
