// `capsule run --postmortem FILE` and `capsule postmortem FILE`.
#include "command.hpp"
#include "files.hpp"
#include "session.hpp"

using namespace capsule_test;

CAPSULE_TEST(a_death_is_written_and_shown) {
  const TempFolder folder;
  const std::string path = folder.write("postmortem.json", "");
  const CommandEnd died = run_sources({"--postmortem", path, "-c", "1 + 1", "-c", "import os; os.kill(os.getpid(), 9)"});
  CHECK_EQ(died.exit_code, 3);
  const CommandEnd shown = run_command({"postmortem", path});
  CHECK_EQ(shown.exit_code, 0);
  CHECK_CONTAINS(shown.out, "SIGKILL");
  CHECK_CONTAINS(shown.out, "was running: execution 2");
  CHECK_CONTAINS(shown.out, "stood at: execution_started");
  CHECK_CONTAINS(shown.out, "execution 1  execution_result_sent");
  CHECK_CONTAINS(shown.out, "stack: none");
}

CAPSULE_TEST(where_a_fatal_signal_hit_is_shown) {
  const TempFolder folder;
  const std::string path = folder.path() + "/postmortem.json";
  const CommandEnd died = run_sources({"--postmortem", path, "-c", "import os\ndef doomed():\n    os.abort()\n\ndoomed()"});
  CHECK_EQ(died.exit_code, 3);
  const CommandEnd shown = run_command({"postmortem", path});
  CHECK_CONTAINS(shown.out, "stack: Aborted, in this thread");
  CHECK_CONTAINS(shown.out, ":3 doomed\n");
}

CAPSULE_TEST(without_a_death_there_is_no_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/postmortem.json";
  CHECK_EQ(run_sources({"--postmortem", path, "-c", "1"}).exit_code, 0);
  CHECK_EQ(::access(path.c_str(), F_OK), -1);
}

CAPSULE_TEST(what_is_no_post_mortem_is_refused) {
  const TempFolder folder;
  for (const char *text : {"", "{}", "[1", "{\"died_ns\": \"x\", \"cause\": 1}"}) {
    const CommandEnd shown = run_command({"postmortem", folder.write("other.json", text)});
    CHECK_EQ(shown.exit_code, 2);
    CHECK_CONTAINS(shown.err, "is no post-mortem");
  }
  CHECK_EQ(run_command({"postmortem", "/nowhere"}).exit_code, 2);
}

CAPSULE_TEST(a_post_mortem_that_is_nested_deep_does_no_harm) {
  const TempFolder folder;
  const std::string path = folder.path() + "/postmortem.json";
  run_command({"run", "--python", python_under_test(), "--postmortem", path, "-c", "import os; os.kill(os.getpid(), 9)"});
  std::string text = read_file(path);
  const std::string key = "\"executions_queued\":";
  const std::size_t value = text.find(key) + key.size();
  text.replace(value, text.find_first_of(",}", value) - value, std::string(1'000'000, '[') + std::string(1'000'000, ']'));
  CHECK_EQ(run_command({"postmortem", folder.write("deep.json", text)}).exit_code, 0);
}
