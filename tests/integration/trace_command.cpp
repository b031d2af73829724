// `capsule trace show FILE`: what `capsule run --trace FILE` has written, drawn.
#include <sstream>

#include "bridge.hpp"
#include "command.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "session.hpp"

using namespace capsule_test;

namespace {

// The line of a mark; the empty one where there is none.
std::string line_with(const std::string &drawn, const std::string &name) {
  std::istringstream lines(drawn);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(name) != std::string::npos) {
      return line;
    }
  }
  return "";
}

std::size_t indent_of(const std::string &line) { return line.find_first_not_of(' '); }

// Draws what two executions leave, of which the second kills the worker.
std::string drawn(const std::string &extension) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace" + extension;
  const CommandEnd ran =
      run_sources({"--trace", path, "--input", "x", "-c", "input()", "-c", "import os; os.kill(os.getpid(), 9)"});
  CHECK_EQ(ran.exit_code, 3);
  const CommandEnd shown = run_command({"trace", "show", path});
  CHECK_EQ(shown.exit_code, 0);
  CHECK_EQ(shown.err, "");
  return shown.out;
}

// What both formats tell alike.
void check_drawn(const std::string &text) {
  CHECK_CONTAINS(text, "session 1 ");
  const std::string first = line_with(text, "execution 1: ok");
  const std::string second = line_with(text, "execution 2: died");
  CHECK_CONTAINS(first, "=");
  CHECK(first.find('=') < second.find('='));  // one after the other
  for (const char *inside : {"worker", "execution_started"}) {
    const std::string line = line_with(text, inside);
    CHECK(indent_of(line) > indent_of(first));
  }
  CHECK_CONTAINS(line_with(text, "session_died"), ".");
}

}  // namespace

CAPSULE_TEST(lines_are_drawn_as_a_waterfall) {
  const std::string text = drawn(".ndjson");
  check_drawn(text);
  CHECK_CONTAINS(line_with(text, " input "), "=");
  const std::string lost = text.substr(text.find("execution 2: died"));
  CHECK_CONTAINS(line_with(lost, "worker"), "not ended");
}

CAPSULE_TEST(chrome_s_format_is_drawn_as_a_waterfall) {
  const std::string text = drawn(".json");
  check_drawn(text);
  CHECK_CONTAINS(line_with(text, "input_requested"), ".");  // a moment there
}

// Of a session that calls a capability, as exporters of each kind tell of it.
void check_call_drawn(const std::string &extension, std::int32_t kind, std::int32_t level, const std::string &lines_show) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace" + extension;
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(level));
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.kind = kind;
  options.path = text_of(path);
  Handle<capsule_exporter, capsule_exporter_release> exporter;
  ACCEPTED(capsule_exporter_create(runtime.get(), &options, exporter.out(), error));
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customers"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  const Server server(bridge, echo_arguments);
  Run(session, "call customers {}").end();
  ACCEPTED(capsule_exporter_flush(exporter.get(), kPatienceMs, error));
  const CommandEnd shown = run_command({"trace", "show", path});
  CHECK_EQ(shown.exit_code, 0);
  const bool slices = kind == CAPSULE_EXPORTER_CHROME;
  const std::string line = line_with(shown.out, slices ? "capability_called" : "call of the host");
  CHECK_CONTAINS(line, (slices ? "capability_called " : "call of the host ") + lines_show);
  CHECK_CONTAINS(line, slices ? "." : "=");
  CHECK(line.find("not ended") == std::string::npos);
}

CAPSULE_TEST(what_is_called_is_drawn_by_its_name_or_by_its_number) {
  for (const auto &[extension, kind] : {std::pair{".ndjson", CAPSULE_EXPORTER_NDJSON}, {".json", CAPSULE_EXPORTER_CHROME}}) {
    check_call_drawn(extension, kind, CAPSULE_INSPECT_FULL, "customers ");
    check_call_drawn(extension, kind, CAPSULE_INSPECT_REDACTED, "h:");
    check_call_drawn(extension, kind, CAPSULE_INSPECT_COUNTS, "#2 ");
  }
}

CAPSULE_TEST(what_is_no_trace_is_refused) {
  const TempFolder folder;
  for (const char *text : {"{", "{}", "[1]", "{\"traceEvents\":[{}]}", "{\"kind\": 1}"}) {
    for (const char *name : {"other.json", "other.ndjson"}) {
      const CommandEnd shown = run_command({"trace", "show", folder.write(name, text)});
      CHECK_EQ(shown.exit_code, 2);
      CHECK_CONTAINS(shown.err, "is no trace");
    }
  }
  CHECK_EQ(run_command({"trace", "show", folder.write("trace.txt", "")}).exit_code, 2);
  CHECK_EQ(run_command({"trace", "show", "/nowhere.json"}).exit_code, 2);
  CHECK_EQ(run_command({"trace", "show", folder.write("empty.ndjson", "")}).exit_code, 0);
}

CAPSULE_TEST(times_that_cannot_be_are_drawn_all_the_same) {
  const TempFolder folder;
  const auto slice = [](const char *ts, const char *dur) {
    return std::string(R"({"ph": "X", "pid": 1, "name": "x", "ts": )") + ts + R"(, "dur": )" + dur + "}";
  };
  for (const auto &[ts, dur] : {std::pair{"100", "-90"}, {"1e300", "1"}, {"1e308", "1e308"}, {"-1e308", "1"}}) {
    const std::string text = R"({"traceEvents": [)" + slice("0", "200") + "," + slice(ts, dur) + "]}";
    const CommandEnd shown = run_command({"trace", "show", folder.write("odd.json", text)});
    CHECK_EQ(shown.exit_code, 0);
    CHECK_CONTAINS(shown.out, "session 1");
  }
}
