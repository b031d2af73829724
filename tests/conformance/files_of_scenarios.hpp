// The files of scenarios: what all players in C++ do with them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stage.hpp"

namespace capsule_test::conformance {

inline std::string source_of(const json &step) {
  const json &source = step.at(step.contains("recorded") ? "recorded" : "execute");
  if (source.is_string()) {
    return source.get<std::string>();
  }
  std::string text;
  for (const json &line : source) {
    text += (text.empty() ? "" : "\n") + line.get<std::string>();
  }
  return text;
}

inline std::int32_t kind_named(const std::string &name) {
  return number_of_name({"auto", "json", "text", "bytes", "buffer", "repr"}, name);
}

inline const std::vector<std::string> kScenarioKeys{"name", "session", "steps", "pool", "bridge", "promises"};

// Those of the actions that a player has by their names, and what may stand beside them.
template <typename Actions>
std::vector<std::string> step_keys(const Actions &actions) {
  std::vector<std::string> keys{"file_name",  "traceparent",    "tracestate", "timeout_ms", "inputs",
                                "unanswered", "cancel_after",   "grace_ms",   "expect",     "refused",
                                "in",         "json",           "text",       "repr",       "strategy",
                                "of",         "transaction",    "scope",      "bind",       "result",
                                "fields",     "group",          "durable",    "by_promise", "idempotency_key",
                                "state",      "interrupt_after"};
  for (const auto &[key, action] : actions) {
    keys.push_back(key);
  }
  return keys;
}

inline std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> all;
  for (const auto &entry : std::filesystem::directory_iterator(CAPSULE_TEST_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() == ".json") {
      all.push_back(entry.path());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

inline bool needs_python(const json &scenario) {
  return scenario.value("session", json::object()).value("executor", "python") != "echo";
}

// Plays them all, or those that need no Python, and writes down what became of each, for the table that ./dev test prints.
inline void play_all(const std::string &player, const std::function<void(const json &scenario)> &play,
                     bool with_python = true) {
  std::string failures;
  json outcomes = json::object();
  std::size_t played = 0;
  for (const std::filesystem::path &file : files()) {
    try {
      const json scenario = json::parse(std::ifstream(file));
      if (!with_python && needs_python(scenario)) {
        outcomes[file.stem()] = "-";
        continue;
      }
      play(scenario);
      outcomes[file.stem()] = "ok";
      ++played;
    } catch (const std::exception &failure) {
      outcomes[file.stem()] = "failed";
      failures += "\n" + file.filename().string() + ": " + failure.what();
    }
  }
  const std::filesystem::path folder = CAPSULE_TEST_BINARY_DIR "/conformance";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / (player + ".json")) << outcomes.dump(1) << '\n';
  if (!failures.empty()) {
    FAIL(failures);
  }
  // Where the folder has lost some, the table would not know.
  CHECK_AT_LEAST(played, with_python ? 120 : 20);
}

}  // namespace capsule_test::conformance
