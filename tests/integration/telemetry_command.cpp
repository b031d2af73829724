// `capsule run --trace FILE --metrics FILE`.
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "files.hpp"
#include "metrics.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

int status_of(const std::vector<std::string> &arguments) { return run_sources(arguments).exit_code; }

}  // namespace

CAPSULE_TEST(both_files_tell_what_ran) {
  const TempFolder folder;
  const std::string trace = folder.path() + "/trace.json";
  const std::string metrics = folder.path() + "/metrics.prom";
  CHECK_EQ(status_of({"--trace", trace, "--metrics", metrics, "-c", "1 + 1", "-c", "1 / 0"}), 1);
  const auto events = nlohmann::json::parse(read_file(trace)).at("traceEvents");
  int slices = 0;
  bool closed = false;
  for (const auto &event : events) {
    slices += event.at("ph") == "X" && event.at("name").get<std::string>().starts_with("execution") ? 1 : 0;
    closed = closed || event.at("name") == "session_closed";
  }
  CHECK_EQ(slices, 2);
  CHECK(closed);
  const Samples samples(read_file(metrics));
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="simple_sync",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="simple_sync",outcome="error"})"], 1);
  CHECK_EQ(samples.sum("sessions_ended_total"), 1);
}

CAPSULE_TEST(a_pool_s_sessions_are_told_of_too) {
  const TempFolder folder;
  const std::string trace = folder.path() + "/trace.ndjson";
  const std::string metrics = folder.path() + "/metrics.prom";
  CHECK_EQ(status_of({"--pool", "2", "--trace", trace, "--metrics", metrics, "-c", "1", "-c", "2", "-c", "3"}), 0);
  CHECK_EQ(Samples(read_file(metrics)).sum("pool_acquire_duration_seconds_count"), 3);
  const std::string told = read_file(trace);
  CHECK_CONTAINS(told, R"("kind":"execution_finished")");
  for (const char *kind : {"pool_acquire_begin", "pool_acquired", "pool_released", "pool_removed"}) {
    CHECK_CONTAINS(told, R"("kind":")" + std::string(kind) + R"(","session":0,"pool":"unnamed")");
  }
  const CommandEnd shown = run_command({"trace", "show", trace});
  CHECK_CONTAINS(shown.out, "pools ");
  CHECK_CONTAINS(shown.out, "  acquisition ");
  CHECK_LACKS(shown.out, "not ended");
}

CAPSULE_TEST(pools_are_rows_of_one_process_in_chrome_s_format) {
  const TempFolder folder;
  const std::string trace = folder.path() + "/trace.json";
  CHECK_EQ(status_of({"--pool", "1", "--trace", trace, "-c", "1"}), 0);
  const auto events = nlohmann::json::parse(read_file(trace)).at("traceEvents");
  bool named = false;
  int acquired = 0;
  for (const auto &event : events) {
    named =
        named || (event.at("name") == "thread_name" && event.at("args").at("name") == "pool unnamed" && event.at("pid") == 0);
    acquired += event.at("name") == "pool_acquired" && event.at("pid") == 0 && event.at("tid") == 0 ? 1 : 0;
  }
  CHECK(named);
  CHECK_EQ(acquired, 1);
}

CAPSULE_TEST(files_that_cannot_be_are_refused) {
  CHECK_EQ(status_of({"--trace", "trace.txt", "-c", "1"}), 2);
  CHECK(status_of({"--trace", "/no/such/folder/trace.json", "-c", "1"}) != 0);
  CHECK(status_of({"--metrics", "/no/such/folder/metrics", "-c", "1"}) != 0);
}
