// `capsule run --pool N`: many files at once, each in a session of its own, told of in the order given.
#include "command.hpp"
#include "files.hpp"
#include "session.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(files_run_apart_and_are_told_of_in_order) {
  const TempFolder folder;
  std::vector<std::string> arguments = {"--pool", "3"};
  std::string expected;
  for (int i = 0; i < 12; ++i) {
    const std::string number = std::to_string(i);
    // The first ones take longest.
    arguments.push_back(
        folder.write("file" + number + ".py", "import time\nassert 'seen' not in dir()\nseen = 1\ntime.sleep(0.01 * (12 - " +
                                                  number + "))\nprint('file', " + number + ")\n"));
    expected += "file " + number + "\n";
  }
  const CommandEnd ended = run_sources(arguments);
  CHECK_EQ(ended.out, expected);
  CHECK_EQ(ended.err, "");
  CHECK_EQ(ended.exit_code, 0);
}

CAPSULE_TEST(the_worst_end_counts) {
  CHECK_EQ(run_sources({"--pool", "2", "-c", "1 / 0", "-c", "6 * 7"}).exit_code, 1);
  const CommandEnd killed =
      run_sources({"--pool", "2", "-c", "1 / 0", "-c", "import os; os.kill(os.getpid(), 9)", "-c", "6 * 7"});
  CHECK_EQ(killed.exit_code, 3);
  CHECK_EQ(killed.out, "42\n");
  CHECK_CONTAINS(killed.err, "ZeroDivisionError");
  CHECK_CONTAINS(killed.err, "SIGKILL");
  CHECK_EQ(run_sources({"--pool", "1", "--timeout-ms", "50", "-c", "while True: pass"}).exit_code, 124);
  const CommandEnd asks = run_sources({"--pool", "1", "-c", "input('? ')"});
  CHECK_EQ(asks.exit_code, 1);
  CHECK_CONTAINS(asks.err, "EOFError");
}

CAPSULE_TEST(what_does_not_go_together_is_refused) {
  for (const std::vector<std::string> &arguments : {std::vector<std::string>{"--pool", "0", "-c", "1"},
                                                    {"--pool", "x", "-c", "1"},
                                                    {"--pool", "2", "--json", "-c", "1"},
                                                    {"--pool", "2", "--checkpoint", "f", "-c", "1"},
                                                    {"--pool", "2", "--input", "a", "-c", "1"}}) {
    const CommandEnd ended = run_sources(arguments);
    CHECK_EQ(ended.exit_code, 2);
    CHECK_CONTAINS(ended.err, "--pool");
  }
}
