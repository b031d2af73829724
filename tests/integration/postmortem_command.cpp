// `capsule run --postmortem FILE` and `capsule postmortem FILE`.
#include <unistd.h>

#include <filesystem>

#include "child.hpp"
#include "files.hpp"
#include "session.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

struct Ended {
  int exit_code;
  std::string out;
  std::string err;
};

Ended run_command(std::vector<std::string> arguments) {
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

}  // namespace

CAPSULE_TEST(a_death_is_written_and_shown) {
  const TempFolder folder;
  const std::string path = folder.write("postmortem.json", "");
  const Ended died = run_command({"run", "--python", python_under_test(), "--postmortem", path, "-c", "1 + 1", "-c",
                                  "import os; os.kill(os.getpid(), 9)"});
  CHECK_EQ(died.exit_code, 3);
  const Ended shown = run_command({"postmortem", path});
  CHECK_EQ(shown.exit_code, 0);
  CHECK_CONTAINS(shown.out, "SIGKILL");
  CHECK_CONTAINS(shown.out, "was running: execution 2");
  CHECK_CONTAINS(shown.out, "stood at: execution_started");
  CHECK_CONTAINS(shown.out, "execution 1  execution_result_sent");
}

CAPSULE_TEST(what_is_no_post_mortem_is_refused) {
  const TempFolder folder;
  for (const char *text : {"", "{}", "[1", "{\"died_ns\": \"x\", \"cause\": 1}"}) {
    const Ended shown = run_command({"postmortem", folder.write("other.json", text)});
    CHECK_EQ(shown.exit_code, 2);
    CHECK_CONTAINS(shown.err, "is no post-mortem");
  }
  CHECK_EQ(run_command({"postmortem", "/nowhere"}).exit_code, 2);
}
