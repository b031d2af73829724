// I7 of the `capsule` command: a secret that code handles is in nothing that its diagnostics write. Each of its options and subcommands is
// in one of two lists: searched here, or no surface, with the reason. One that is in neither fails the test: whoever adds one decides.
#include <map>
#include <set>
#include <sstream>

#include "child.hpp"
#include "command.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "secret.hpp"
#include "serve.hpp"

using namespace capsule_test;

namespace {

// "subcommand option", or a subcommand.
const std::set<std::string> kSearched = {
    "run",
    "run --json",
    "run --info",
    "run --trace",
    "run --metrics",
    "run --postmortem",
    "run --profile",
    "run --pool",
    "trace",
    "trace show",
    "postmortem",
    "audit",
    "audit verify",
    "audit verify --key-file",
    "audit verify --head",
    "audit verify --head-before",
};
const std::map<std::string, std::string> kNoSurfaces = {
    {"--version", "of the library"},
    {"run --python", "chooses the interpreter"},
    {"run --timeout-ms", "a limit"},
    {"run --input", "what is given to code is not told by it: the secret is given so here"},
    {"run --session", "options of the session, which it tells by --info"},
    {"run --execution", "options of executions"},
    {"run -c", "the code itself"},
    {"run --restore", "gives code its values"},
    {"run --checkpoint", "is to hold the values of the code, for its owner"},
    {"checkpoint", "see checkpoint show"},
    {"checkpoint show", "shows the owner the names that the checkpoint holds"},
    {"serve", "canary.cpp searches what it tells"},
    {"serve --grace-ms", "a limit"},
};

// The words that begin the lines of the parts of a help text.
std::vector<std::string> listed(const std::string &help, const std::string &part) {
  std::vector<std::string> words;
  std::istringstream lines(help);
  bool within = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(" ")) {
      within = line == part;
    } else if (within && line.size() > 2 && line[2] != ' ') {
      words.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return words;
}

// Of the command, and of all below it.
void collect(const std::vector<std::string> &path, std::set<std::string> &all) {
  std::string prefix;
  for (const std::string &word : path) {
    prefix += word + " ";
  }
  const std::string help = run_command(path, {"--help"}).out;
  for (const std::string &option : listed(help, "Options:")) {
    if (option != "-h,--help") {
      all.insert(prefix + option);
    }
  }
  for (const std::string &name : listed(help, "Subcommands:")) {
    all.insert(prefix + name);
    std::vector<std::string> below = path;
    below.push_back(name);
    collect(below, all);
  }
}

void search(const std::vector<std::string> &arguments, std::int32_t exit_code) {
  const CommandEnd end = run_command(arguments);
  if (end.exit_code != exit_code) {
    FAIL(arguments[0] + " " + arguments[1] + " ended with " + std::to_string(end.exit_code) + ": " + end.err);
  }
  check_lacks_secret("capsule " + arguments[0] + " " + arguments[1], end.out + end.err);
}

// Handles it in all ways in which code can, and dies.
std::vector<std::string> secretive_run(std::vector<std::string> options) {
  const std::string code = std::string("import os, time\nname = '") + kSecret +
                           "'\nos.environ['CANARY'] = name\nglobals()[name] = input()\n"
                           "try: raise ValueError(name)\nexcept ValueError: pass\n"
                           "until = time.monotonic() + 0.2\nwhile time.monotonic() < until: pass\nname";
  std::vector<std::string> all = {"run", "--python", python_under_test()};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), {"-c", code + " and None", "-c", "import os; os.abort()"});
  return all;
}

}  // namespace

CAPSULE_TEST(every_option_of_the_command_is_searched_or_said_to_be_no_surface) {
  std::set<std::string> all;
  collect({}, all);
  CHECK_AT_LEAST(all.size(), 25);
  for (const std::string &one : all) {
    if (kSearched.contains(one) == kNoSurfaces.contains(one)) {
      FAIL("capsule " + one + (kSearched.contains(one) ? " is in both lists" : " is new: search it, or say why not"));
    }
  }
}

CAPSULE_TEST(no_file_of_diagnostics_tells_it_and_nothing_that_shows_one) {
  const TempFolder folder;
  const auto file = [&](const char *name) { return folder.path() + "/" + name; };
  search(secretive_run({"--info", "--input", kSecret, "--trace", file("trace.json"), "--metrics", file("metrics"),
                        "--postmortem", file("postmortem"), "--profile", file("profile")}),
         3);
  search(secretive_run({"--info", "--json", "--input", kSecret, "--trace", file("trace.ndjson")}), 3);
  for (const char *name : {"trace.json", "trace.ndjson", "metrics", "postmortem", "profile"}) {
    const std::string text = read_file(file(name));
    CHECK(!text.empty());
    check_lacks_secret(std::string("capsule run writes ") + name, text);
  }
  search({"trace", "show", file("trace.json")}, 0);
  search({"trace", "show", file("trace.ndjson")}, 0);
  search({"postmortem", file("postmortem")}, 0);
}

CAPSULE_TEST(a_run_in_many_sessions_tells_it_neither) {
  const TempFolder folder;
  const auto file = [&](const char *name) { return folder.path() + "/" + name; };
  const std::string code = std::string("name = '") + kSecret + "'; import os; os.environ['CANARY'] = name";
  search({"run", "--python", python_under_test(), "--pool", "2", "--trace", file("trace.ndjson"), "--metrics", file("metrics"),
          "-c", code, "-c", code},
         0);
  check_lacks_secret("capsule run --pool --trace", read_file(file("trace.ndjson")));
  check_lacks_secret("capsule run --pool --metrics", read_file(file("metrics")));
}

// A trail of looks at a session that has it in its names.
CAPSULE_TEST(a_trail_and_its_verdict_tell_it_neither) {
  const TempFolder folder;
  const std::string path = folder.path() + "/audit.ndjson";
  const std::string key = folder.write("key", kSecret);
  {
    const Runtime runtime = make_runtime();
    capsule_audit_options options;
    capsule_audit_options_init(&options, sizeof options);
    options.path = text_of(path);
    options.key = capsule_text_from(kSecret);
    ACCEPTED(capsule_runtime_set_audit(runtime.get(), &options, error));
    const Session session = open_session(runtime);
    value_of(session, std::string(kSecret) + " = 1");
    names_of(session);
  }
  check_lacks_secret("an audit trail", read_file(path));
  search({"audit", "verify", path, "--key-file", key}, 4);
  const std::string nothing(64, '0');
  search({"audit", "verify", path, "--key-file", key, "--head", nothing, "--head-before", nothing}, 1);
}

CAPSULE_TEST(the_command_tells_it_in_no_diagnostic) {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/capsule";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the command is not built");
  }
  const std::string code = std::string("name = '") + kSecret + "'; import os; os.environ['CANARY'] = name";
  for (const bool json : {false, true}) {
    std::vector<std::string> argv = {program, "run", "--python", python_under_test(), "--info"};
    if (json) {
      argv.emplace_back("--json");
    }
    argv.insert(argv.end(), {"-c", code, "-c", "import os; os.abort()"});
    Child child(argv);
    child.close_input();
    CHECK_EQ(child.exit_code(), 3);
    check_lacks_secret("capsule run --info", child.out() + child.err());
  }
}

// What it tells by itself, and what its diagnostics tell when they are asked; what they show by a policy is shown above.
CAPSULE_TEST(the_server_tells_it_in_no_diagnostic) {
  const std::string code = std::string("name = '") + kSecret + "'; import os; os.environ['CANARY'] = name";
  Serve serve;
  serve.call("session_open", {{"session", "s"}, {"options", {{"python", python_under_test()}}}});
  serve.execute("s", code, "e");
  std::string told = serve.event("result").dump();
  serve.execute("s", "import os; os.abort()", "f");
  told += serve.event("error").dump();
  const nlohmann::json session{{"session", "s"}};
  told += serve.call("session_get_info", session).dump() + serve.call("session_get_trace", session).dump();
  serve.call("session_get_postmortem", {{"session", "s"}, {"index", 0}, {"postmortem", "p"}});
  told += serve.call("postmortem_to_json", {{"postmortem", "p"}}).dump();
  told += serve.call("runtime_get_prometheus", nlohmann::json::object()).dump();
  // A request that is refused is not quoted.
  serve.send(1, "execution_create", {{"session", "s"}, {"source", code}, {"options", {{"timeout_ms", kSecret}}}});
  told += serve.answer_to(1).dump();
  serve.write("{\"source\": \"" + code);
  told += serve.answer_to(nullptr).dump();
  serve.child().close_input();
  CHECK_EQ(serve.child().exit_code(), 0);
  check_lacks_secret("capsule serve", told + serve.child().err());
}
