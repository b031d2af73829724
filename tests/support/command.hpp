// The `capsule` command, run to its end.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "child.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

struct CommandEnd {
  int exit_code;
  std::string out;
  std::string err;
};

// With nothing on its stdin. Skips the test where the command is not built.
inline CommandEnd run_command(std::vector<std::string> arguments) {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/capsule";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the command is not built");
  }
  arguments.insert(arguments.begin(), program);
  Child child(arguments);
  child.close_input();
  const int exit_code = child.exit_code();
  return {exit_code, child.out(), child.err()};
}

inline CommandEnd run_command(std::vector<std::string> before, const std::vector<std::string> &arguments) {
  before.insert(before.end(), arguments.begin(), arguments.end());
  return run_command(std::move(before));
}

// `capsule run`, on the interpreter under test.
inline CommandEnd run_sources(const std::vector<std::string> &arguments) {
  return run_command({"run", "--python", python_under_test()}, arguments);
}

}  // namespace capsule_test
