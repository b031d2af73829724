// A program that the benchmark started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support.hpp"

namespace bench {

class Child {
 public:
  // argv[0] is looked up on the PATH. stdin and stdout are pipes to the benchmark, stderr is the benchmark's own.
  explicit Child(std::vector<std::string> argv);
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  // Closes stdin, kills what does not end by that, and reaps it.
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void write_line(const std::string &line);
  // Without its newline.
  std::string read_line();
  // Reads and drops that many bytes. Has no deadline, so as to read like any plain program: it is the child that must
  // end.
  void drain(std::uint64_t count);
  // The status as of waitpid().
  int wait();

 private:
  bool reap(int timeout_ms, int &status);

  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
  std::string received_;
};

// Ends a process that this one forked, if need be by force.
void kill_and_reap(pid_t pid);

}  // namespace bench
