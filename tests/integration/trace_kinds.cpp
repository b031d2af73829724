// Every kind of trace event is told by a test.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>

#include "files.hpp"
#include "trace.hpp"

using namespace capsule_test;

CAPSULE_TEST(what_was_compiled_is_told_with_its_class) {
  SessionOptions options;
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  const Session session = open_session(options);
  Run run(session, "import asyncio\nawait asyncio.sleep(0)");
  const Event &end = run.end();
  const capsule_trace_event told = only(session, CAPSULE_TRACE_EXECUTION_COMPILED);
  CHECK_EQ(told.severity, CAPSULE_LOG_DEBUG);
  CHECK_EQ(told.source, CAPSULE_TRACE_SOURCE_EXECUTOR);
  CHECK_EQ(told.execution_id, end.execution_id);
  CHECK_EQ(told.arguments[0], CAPSULE_CODE_TOP_LEVEL_AWAIT);
}

namespace {

// The kinds that tests of traces name: as constants, and as words of what they compare.
std::set<std::string> named_kinds() {
  std::set<std::string> named;
  const std::regex constant("CAPSULE_TRACE_[A-Z_]+");
  const std::regex literal("\"[^\"]*\"");
  const std::regex word("[a-z_]+");
  for (const char *folder : {"integration", "fault"}) {
    for (const auto &file : std::filesystem::directory_iterator(std::string(CAPSULE_TEST_SOURCE_DIR) + "/tests/" + folder)) {
      const std::string text = std::regex_replace(read_file(file.path().string()), std::regex(R"(\\n)"), " ");
      const std::sregex_iterator none;
      for (std::sregex_iterator found(text.begin(), text.end(), constant); found != none; ++found) {
        named.insert(found->str());
      }
      if (text.find("\"trace.hpp\"") == std::string::npos) {
        continue;
      }
      for (std::sregex_iterator found(text.begin(), text.end(), literal); found != none; ++found) {
        const std::string list = found->str();
        for (std::sregex_iterator kind(list.begin(), list.end(), word); kind != none; ++kind) {
          named.insert(kind->str());
        }
      }
    }
  }
  return named;
}

}  // namespace

CAPSULE_TEST(every_kind_has_its_test) {
  const std::set<std::string> named = named_kinds();
  int kinds = 0;
  std::string untested;
  for (std::int32_t kind = 1; kind < 2'000; ++kind) {
    const std::string name = capsule_trace_kind_name(kind);
    if (name == "unknown") {
      continue;
    }
    ++kinds;
    std::string constant = "CAPSULE_TRACE_" + name;
    std::transform(constant.begin(), constant.end(), constant.begin(), [](unsigned char c) { return std::toupper(c); });
    if (!named.contains(name) && !named.contains(constant)) {
      untested += name + " ";
    }
  }
  CHECK_AT_LEAST(kinds, 80);
  CHECK_EQ(untested, "");
}
