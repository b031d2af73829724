// The scenario files and their README agree: players of other languages are written by it.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "files.hpp"
#include "test.hpp"

using namespace capsule_test;
using nlohmann::json;

namespace {

const std::filesystem::path kFolder = CAPSULE_TEST_SOURCE_DIR "/tests/scenarios";

// What stands between backquotes in a text.
std::set<std::string> quoted(const std::string &text) {
  std::set<std::string> all;
  for (std::size_t at = text.find('`'); at != std::string::npos; at = text.find('`', at + 1)) {
    const std::size_t end = text.find('`', at + 1);
    if (end == std::string::npos) {
      break;
    }
    all.insert(text.substr(at + 1, end - at - 1));
    at = end;
  }
  return all;
}

// The keys in the first column of a section's table.
std::set<std::string> table_of(const std::string &section) {
  const std::string readme = read_file(kFolder / "README.md");
  const std::size_t begin = readme.find("## " + section);
  CHECK(begin != std::string::npos);
  std::set<std::string> keys;
  std::istringstream lines(readme.substr(begin, readme.find("\n## ", begin + 1) - begin));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) {
      keys.merge(quoted(line.substr(0, line.find('|', 1))));
    }
  }
  CHECK_AT_LEAST(keys.size(), 5);
  return keys;
}

std::map<std::string, json> scenarios() {
  std::map<std::string, json> all;
  for (const auto &entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".json") {
      all[entry.path().filename()] = json::parse(std::ifstream(entry.path()));
    }
  }
  CHECK_AT_LEAST(all.size(), 40);
  return all;
}

using Visit = std::function<void(const std::string &file, const json &step)>;

void each_step(const Visit &visit) {
  for (const auto &[file, scenario] : scenarios()) {
    for (const json &step : scenario.at("steps")) {
      visit(file, step);
    }
  }
}

// Fails for keys that only one of the two has.
void check_same(const std::set<std::string> &documented, const std::map<std::string, std::string> &used) {
  for (const auto &[key, file] : used) {
    if (!documented.contains(key)) {
      FAIL(file + " has a key that the README does not: " + show(key));
    }
  }
  for (const std::string &key : documented) {
    if (!used.contains(key)) {
      FAIL("no scenario has the README's key " + show(key));
    }
  }
}

}  // namespace

CAPSULE_TEST(every_expectation_is_documented_and_every_documented_one_is_used) {
  std::map<std::string, std::string> used;
  each_step([&](const std::string &file, const json &step) {
    if (step.contains("expect")) {
      for (const auto &[key, value] : step.at("expect").items()) {
        used[key] = file;
      }
    }
  });
  check_same(table_of("Expectations"), used);
}

CAPSULE_TEST(every_key_of_a_step_is_documented_and_every_documented_one_is_used) {
  std::map<std::string, std::string> used;
  each_step([&](const std::string &file, const json &step) {
    for (const auto &[key, value] : step.items()) {
      used[key] = file;
    }
  });
  check_same(table_of("Steps"), used);
}

CAPSULE_TEST(names_are_sentences_and_unique) {
  std::map<std::string, std::string> names;
  for (const auto &[file, scenario] : scenarios()) {
    const std::string name = scenario.at("name");
    CHECK(!name.empty());
    if (const auto [other, added] = names.emplace(name, file); !added) {
      FAIL(file + " and " + other->second + " have one name");
    }
    CHECK(!scenario.at("steps").empty());
  }
}

CAPSULE_TEST(every_step_does_one_thing_and_says_what_comes_of_it) {
  each_step([](const std::string &file, const json &step) {
    int actions = 0;
    for (const char *action : {"execute",
                               "restart",
                               "close",
                               "set",
                               "get",
                               "delete",
                               "snapshot",
                               "restore",
                               "branch",
                               "update",
                               "keep_checkpoint",
                               "restore_checkpoint",
                               "forget_checkpoint",
                               "acquire",
                               "give_back",
                               "calls",
                               "metrics",
                               "trace",
                               "recorded",
                               "promise"}) {
      actions += step.contains(action) ? 1 : 0;
    }
    if (actions != 1) {
      FAIL(file + " has a step of " + show(actions) + " actions: " + step.dump());
    }
    if (step.contains("execute") && step.contains("expect") == step.contains("refused")) {
      FAIL(file + " has a step that is neither expected nor refused, or both: " + step.dump());
    }
    if (step.contains("expect") && !step.at("expect").contains("outcome")) {
      FAIL(file + " expects no outcome: " + step.dump());
    }
  });
}
