// The bare mechanisms that the library's figures are held against. Each is made before the runtime of the same
// benchmark, so that no forked process holds the library's descriptors.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "benchmark.hpp"
#include "child.hpp"
#include "proc.hpp"

namespace bench {

// 64 bytes there and back over a Unix stream socket, to a forked process that blocks in read().
class PingPong {
 public:
  PingPong();
  PingPong(const PingPong &) = delete;
  PingPong &operator=(const PingPong &) = delete;
  ~PingPong();

  // Round trips in µs.
  std::vector<double> block(int count);

 private:
  Fd socket_;
  pid_t pid_ = -1;
};

// The numbers that a program answers a count with: one line for one line.
std::vector<double> ask_child(Child &child, int count);

// One of the Python programs beside this file, run by the interpreter under test and isolated from the PYTHON…
// variables, which could only slow it down.
class PythonPeer {
 public:
  PythonPeer(const Context &context, const std::string &script, const std::vector<std::string> &arguments = {});

  // The numbers it answers.
  std::vector<double> ask(int count);
  // Seconds from the request to the last of that many bytes of output.
  double drain_seconds(std::uint64_t bytes);

 private:
  Child child_;
};

// Keeps this thread, and the threads and processes made meanwhile, on one CPU.
class OneCpu {
 public:
  OneCpu();
  OneCpu(const OneCpu &) = delete;
  OneCpu &operator=(const OneCpu &) = delete;
  ~OneCpu();

 private:
  cpu_set_t before_;
};

// Milliseconds of one `python -c pass`.
double bare_start_ms(const Context &context);

// What an interpreter that has done nothing holds.
Memory bare_memory(const Context &context);

}  // namespace bench
