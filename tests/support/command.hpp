// The `capsule` command, run to its end.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "child.hpp"
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

}  // namespace capsule_test
