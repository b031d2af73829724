// Programs that a test starts: other tools, and this executable again as a second host.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "deadline.hpp"
#include "process.hpp"

namespace capsule_test {

class Child {
 public:
  // argv[0] is looked up on the PATH. `environment` has NAME=value texts that are added, and NAME texts that are taken away.
  explicit Child(const std::vector<std::string> &argv, const std::vector<std::string> &environment = {});
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  // Kills what still runs, and reaps it.
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void write_line(const std::string &line) const;
  void close_input() { input_.reset(); }
  // A line of its stdout without the newline; fails the test at the deadline or at the end.
  std::string read_line();
  void kill(int signal_number) const;
  // Its status as of waitpid(); what it printed meanwhile is in out() and err().
  int wait();
  // Its exit code, or -N for signal N.
  int exit_code();

  [[nodiscard]] const std::string &out() const { return out_text_; }
  [[nodiscard]] const std::string &err() const { return err_text_; }

 private:
  // Reads one piece; false when nothing came.
  static bool take(UniqueFd &end, std::string &text);
  // Reads whatever comes first; false when both ends are closed, or as soon as the descriptor is readable.
  bool read_some(const Deadline &deadline, int extra_fd);

  pid_t pid_ = -1;
  int status_ = -1;
  UniqueFd input_;
  UniqueFd out_;
  UniqueFd err_;
  std::string out_text_;
  std::string err_text_;
  std::size_t line_begin_ = 0;
};

// This executable, running a CAPSULE_HELPER.
std::vector<std::string> helper(const std::string &name, const std::vector<std::string> &arguments = {});

// Runs a tool that must succeed and returns what it printed. Sanitizers that are preloaded for the tests are not for the tool.
std::string run_tool(const std::vector<std::string> &argv);
// Whether there is such a tool on the PATH.
bool has_tool(const std::string &name);

}  // namespace capsule_test
