// Sinks of the log: stderr, a file, JSON; levels of single sessions; counters; what is only counted after the first time.
#include <atomic>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <utility>

#include "child.hpp"
#include "files.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

capsule_log_info log_info() {
  capsule_log_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_log_get_info(&info, error));
  return info;
}

// Into a file, as long as it lives.
struct FileSink {
  FileSink(const std::string &path, std::int32_t level, std::int32_t format) {
    const capsule_log_options options{
        .struct_size = sizeof options, .sink = CAPSULE_LOG_SINK_FILE, .level = level, .format = format, .path = text_of(path)};
    ACCEPTED(capsule_log_set_sink(&options, error));
  }
  FileSink(const FileSink &) = delete;
  FileSink &operator=(const FileSink &) = delete;
  ~FileSink() { capsule_log_set_sink(nullptr, nullptr); }
};

void live_and_die() {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  Run run(session, "exit 3");
  run.end();
}

std::int32_t refuse_frames(void * /*user_data*/, const capsule_frame * /*frame*/) { return 1; }

}  // namespace

CAPSULE_TEST(a_file_gets_a_json_object_a_line) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  const capsule_log_info before = log_info();
  std::size_t lines = 0;
  {
    const FileSink sink(path, CAPSULE_LOG_INFO, CAPSULE_LOG_JSON);
    live_and_die();
  }
  std::istringstream text(read_file(path));
  std::string line;
  bool ready = false;
  while (std::getline(text, line)) {
    const auto record = nlohmann::json::parse(line);
    CHECK(record.at("time_ns").get<std::uint64_t>() > 1'600'000'000'000'000'000U);
    CHECK_EQ(record.at("level").get<std::string>(), "info");
    ready = ready || (record.at("event") == "session_ready" && record.at("session") == 1 && record.at("pid").is_number());
    ++lines;
  }
  CHECK(ready);
  const capsule_log_info after = log_info();
  CHECK_EQ(after.records[1] - before.records[1], lines);
  CHECK_EQ(after.dropped[1] - before.dropped[1], 0);
}

CAPSULE_TEST(a_file_gets_fields_with_time_and_level) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  {
    const FileSink sink(path, 0, CAPSULE_LOG_KEY_VALUE);
    live_and_die();
  }
  CHECK(read_file(path).starts_with("time_ns="));
  CHECK_CONTAINS(read_file(path), " level=info event=session_ready session=1 pid=");
}

CAPSULE_HELPER(log_to_stderr) {
  const capsule_log_options options{.struct_size = sizeof options, .sink = CAPSULE_LOG_SINK_STDERR};
  capsule_log_set_sink(&options, nullptr);
  live_and_die();
  capsule_log_set_sink(nullptr, nullptr);
  live_and_die();
  return 0;
}

CAPSULE_TEST(stderr_gets_records_only_while_it_is_the_sink) {
  Child child(helper("log_to_stderr"));
  CHECK_EQ(child.exit_code(), 0);
  const std::string &text = child.err();
  const std::size_t first = text.find("event=session_ready");
  CHECK(first != std::string::npos);
  CHECK(text.find("event=session_ready", first + 1) == std::string::npos);
}

CAPSULE_TEST(a_session_can_log_more_than_others_or_less) {
  LogSpy spy(CAPSULE_LOG_WARN);
  const Runtime runtime = make_runtime();
  const Session loud = open_session(runtime, SessionOptions::echo());
  const Session quiet = open_session(runtime, SessionOptions::echo());
  ACCEPTED(capsule_session_set_log_level(loud.get(), CAPSULE_LOG_DEBUG, error));
  for (const Session *session : {&loud, &quiet}) {
    Run run(*session, "out x");
    run.end();
  }
  CHECK(!spy.lines("event=frame_sent session=1 channel=work").empty());
  CHECK(spy.lines("session=2").empty());
  ACCEPTED(capsule_session_set_log_level(loud.get(), 0, error));
  const std::size_t before = spy.lines("session=1").size();
  Run run(loud, "out x");
  run.end();
  CHECK_EQ(spy.lines("session=1").size(), before);
  ACCEPTED(capsule_session_set_log_level(quiet.get(), CAPSULE_LOG_OFF, error));
  capsule_interceptor_options options;
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = capsule_text_from("refuser");
  options.callback = &refuse_frames;
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(quiet.get(), &options, &id, error));
  Run refused(quiet, "out x");
  refused.end();
  CHECK(spy.lines("session=2").empty());
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_set_log_level(loud.get(), 6, error));
}

CAPSULE_TEST(what_goes_wrong_again_and_again_is_logged_once_and_counted) {
  LogSpy spy(CAPSULE_LOG_WARN);
  const Session session = open_session(SessionOptions::echo());
  capsule_interceptor_options options;
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = capsule_text_from("refuser");
  options.callback = &refuse_frames;
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
  const capsule_log_info before = log_info();
  Run run(session, "out x");
  run.end();
  ACCEPTED(capsule_session_remove_interceptor(session.get(), id, error));  // heartbeats are frames too
  const capsule_log_info after = log_info();
  CHECK_EQ(spy.lines("event=interceptor_error").size(), 1);
  CHECK_AT_LEAST(after.dropped[2] - before.dropped[2], 1);
  CHECK_EQ(Samples(shared_runtime())[R"(log_records_dropped_total{level="warn"})"], after.dropped[2]);
  CHECK_EQ(Samples(shared_runtime())[R"(interceptor_errors_total{pool="none"})"], 1 + after.dropped[2] - before.dropped[2]);
}

// Garbage collectors run anywhere.
CAPSULE_TEST(what_is_released_in_a_sink_is_gone_soon_after) {
  const Runtime runtime = make_runtime();
  struct Scene {
    capsule_session *session = nullptr;
    std::atomic<capsule_status> closed{CAPSULE_OK};
  } scene;
  SessionOptions echo = SessionOptions::echo();
  ACCEPTED(capsule_session_open(runtime.get(), echo.get(), &scene.session, error));
  ACCEPTED(capsule_log_set_callback(
      CAPSULE_LOG_DEBUG,
      [](void *user_data, std::int32_t, const char *, std::size_t) {
        auto *self = static_cast<Scene *>(user_data);
        if (capsule_session *const session = std::exchange(self->session, nullptr)) {
          self->closed = capsule_session_close(session, 0, nullptr);
          capsule_session_release(session);
        }
      },
      &scene, error));
  const Session other = open_session(runtime, SessionOptions::echo());
  Run(other, "out x").end();
  const Deadline deadline;
  while (info_of(runtime).sessions_open != 1) {
    CHECK(!deadline.over());
    std::this_thread::yield();
  }
  capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr);
  CHECK_EQ(scene.closed.load(), CAPSULE_E_REENTRANT);
}

CAPSULE_TEST(sinks_that_cannot_be_are_refused) {
  capsule_log_options options{.struct_size = sizeof options, .sink = CAPSULE_LOG_SINK_FILE};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_log_set_sink(&options, error));
  options.path = capsule_text_from("/no/such/folder/log");
  REFUSED(CAPSULE_E_SYSTEM, capsule_log_set_sink(&options, error));
  options.sink = CAPSULE_LOG_SINK_CALLBACK;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_log_set_sink(&options, error));
  options.sink = 4;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_log_set_sink(&options, error));
  options.sink = CAPSULE_LOG_SINK_STDERR;
  options.format = 2;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_log_set_sink(&options, error));
}
