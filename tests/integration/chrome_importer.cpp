// What the Chrome exporter writes, read by the importer of Chromium's own trace viewer: each event is taken, without a warning, slices are
// within each other and arrows meet. And files that are wrong are seen to be.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bridge.hpp"
#include "child.hpp"
#include "files.hpp"
#include "pool.hpp"

using namespace capsule_test;
using Json = nlohmann::json;

namespace {

// The file of a run with everything that an exporter tells of in a way of its own.
Json recorded(const std::string &path) {
  const Runtime runtime = make_runtime();
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.kind = CAPSULE_EXPORTER_CHROME;
  options.path = text_of(path);
  Handle<capsule_exporter, capsule_exporter_release> exporter;
  ACCEPTED(capsule_exporter_create(runtime.get(), &options, exporter.out(), error));
  {
    const Bridge bridge = make_bridge(runtime);
    offer(bridge, capability("lookup"));
    const Server server(bridge, echo_arguments);
    const Session calls = open_with(bridge, {rule("*")}, {}, runtime);
    const Session other = open_session(runtime);
    Run endless(other, "print('in', flush=True)\nwhile True: pass");
    std::vector<Run> queued;
    for (const char *source : {"print('x')", "host.lookup(key=1)", "1 / 0"}) {
      queued.emplace_back(calls, source);
    }
    for (const char *outcome : {"ok", "ok", "error"}) {
      CHECK_EQ(queued.front().end().outcome, outcome);
      queued.erase(queued.begin());
    }
    endless.until_output("in");
    endless.cancel();
    CHECK_EQ(endless.end().outcome, "canceled");
    const Pool pool = make_pool(PoolOptions::echo(), runtime);
    const Session acquired = acquire(pool);
  }
  ACCEPTED(capsule_runtime_close(runtime.get(), kPatienceMs, error));
  ACCEPTED(capsule_exporter_close(exporter.get(), kPatienceMs, error));
  return Json::parse(read_file(path));
}

// What the importer makes of each file.
std::vector<Json> imported(const std::vector<std::string> &paths) {
  const char *node = std::getenv("CAPSULE_TEST_NODE");
  const char *viewer = std::getenv("CAPSULE_TEST_TRACE_VIEWER");
  if (node == nullptr || viewer == nullptr) {
    skip_test("CAPSULE_TEST_NODE and CAPSULE_TEST_TRACE_VIEWER, which ctest sets, are not");
  }
  std::vector<std::string> command = {node, std::string(CAPSULE_TEST_SOURCE_DIR) + "/tests/integration/chrome_importer.mjs",
                                      viewer};
  command.insert(command.end(), paths.begin(), paths.end());
  std::istringstream lines(run_tool(command));
  std::vector<Json> told;
  for (std::string line; std::getline(lines, line);) {
    told.push_back(Json::parse(line));
  }
  CHECK_EQ(told.size(), paths.size());
  return told;
}

// What was imported, as far as it is to be as it was written.
struct Tally {
  std::size_t slices = 0;   // moments included
  std::size_t workers = 0;  // slices of what a worker does, within those of their executions
  std::size_t waits = 0;
  std::size_t arrows = 0;  // from a submission to its execution

  [[nodiscard]] std::string text() const {
    return std::to_string(slices) + " slices, " + std::to_string(workers) + " of workers, " + std::to_string(waits) +
           " waits, " + std::to_string(arrows) + " arrows";
  }
};

Tally written(const Json &file) {
  Tally tally;
  for (const Json &event : file.at("traceEvents")) {
    const std::string phase = event.at("ph");
    tally.slices += phase == "X" || phase == "i" ? 1 : 0;
    tally.workers += event.at("name") == "worker" ? 1 : 0;
    tally.waits += phase == "b" ? 1 : 0;
    tally.arrows += phase == "s" ? 1 : 0;
  }
  return tally;
}

void add_slice(const Json &slice, const std::string &around, Tally &tally) {
  ++tally.slices;
  tally.workers += slice.at("title") == "worker" && around.starts_with("execution ") ? 1 : 0;
  for (const Json &inner : slice.at("inner")) {
    CHECK(inner.at("start") >= slice.at("start"));
    add_slice(inner, slice.at("title"), tally);
  }
}

Tally taken(const Json &told) {
  Tally tally;
  for (const Json &process : told.at("processes")) {
    for (const Json &row : process.at("rows")) {
      for (const Json &slice : row.at("slices")) {
        add_slice(slice, "", tally);
      }
      tally.waits += row.at("waits").size();
    }
  }
  for (const Json &arrow : told.at("arrows")) {
    const std::string from = arrow.at("from").at("title");
    const std::string to = arrow.at("to").at("title");
    const bool meets = arrow.at("from").at("pid") == arrow.at("to").at("pid") && from.starts_with("submit ") &&
                       to == "execution " + from.substr(from.find(' ') + 1);
    tally.arrows += meets ? 1 : 0;
  }
  return tally;
}

Json &find(Json &file, const char *phase, const char *name) {
  for (Json &event : file.at("traceEvents")) {
    if (event.at("ph") == phase && event.at("name") == name) {
      return event;
    }
  }
  FAIL(std::string("no ") + name);
}

}  // namespace

CAPSULE_TEST(chromium_s_importer_takes_every_event_and_warns_of_nothing) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace.json";
  const Json file = recorded(path);
  const Json told = imported({path}).front();
  CHECK_EQ(told.at("warnings").dump(), "[]");
  CHECK_EQ(taken(told).text(), written(file).text());
  CHECK_EQ(written(file).arrows, 4);
  CHECK_EQ(written(file).workers, 4);
  std::vector<std::string> names;
  for (const Json &process : told.at("processes")) {
    names.push_back(process.at("name"));
  }
  CHECK(std::find(names.begin(), names.end(), "pools") != names.end());
  CHECK(std::find(names.begin(), names.end(), "session 1") != names.end());
  CHECK(std::find(names.begin(), names.end(), "session 2") != names.end());
}

// So that a file that is wrong would be seen: each of these is wrong in one way.
CAPSULE_TEST(chromium_s_importer_finds_what_is_wrong_with_a_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace.json";
  const Json file = recorded(path);
  const std::vector<std::pair<std::string, void (*)(Json &)>> mistakes = {
      {"an end without a beginning", [](Json &wrong) { find(wrong, "b", "queued")["id"] = "another"; }},
      {"an unknown phase", [](Json &wrong) { find(wrong, "X", "worker")["ph"] = "?"; }},
      {"a slice that ends behind the one around it",
       [](Json &wrong) {
         Json &slice = find(wrong, "X", "worker");
         slice["dur"] = slice["dur"].get<double>() + 1e9;
       }},
      {"a slice that begins before the one around it",
       [](Json &wrong) {
         Json &slice = find(wrong, "X", "worker");
         slice["ts"] = slice["ts"].get<double>() - 1e6;
       }},
      {"an arrow to nowhere", [](Json &wrong) { find(wrong, "f", "run")["id"] = "another"; }},
      {"an arrow of two categories", [](Json &wrong) { find(wrong, "f", "run")["cat"] = "execution"; }},
      {"an arrow to another moment",
       [](Json &wrong) { find(wrong, "f", "run")["ts"] = find(wrong, "f", "run")["ts"].get<double>() - 1e6; }},
  };
  std::vector<std::string> paths;
  for (const auto &[name, make] : mistakes) {
    Json wrong = file;
    make(wrong);
    paths.push_back(path + std::to_string(paths.size()));
    std::ofstream(paths.back()) << wrong;
  }
  const std::vector<Json> told = imported(paths);
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i].at("warnings").empty() && taken(told[i]).text() == written(file).text()) {
      FAIL(mistakes[i].first + " is not seen");
    }
  }
}
