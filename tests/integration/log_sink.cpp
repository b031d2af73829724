// The library's log: silent by default, structured, and without anything of the user's (I7).
#include <memory>
#include <mutex>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

struct Log {
  std::mutex mutex;
  std::vector<std::pair<std::int32_t, std::string>> records;

  [[nodiscard]] std::string text() {
    const std::lock_guard lock(mutex);
    std::string all;
    for (const auto &[level, line] : records) {
      all += line + "\n";
    }
    return all;
  }
};

void keep(void *user_data, std::int32_t level, const char *line, std::size_t size) {
  auto *log = static_cast<Log *>(user_data);
  const std::lock_guard lock(log->mutex);
  log->records.emplace_back(level, std::string(line, size));
}

// Takes the sink away however the test ends.
struct Sink {
  Sink(std::int32_t level, capsule_log_callback callback, void *user_data) {
    ACCEPTED(capsule_log_set_callback(level, callback, user_data, error));
  }
  Sink(const Sink &) = delete;
  Sink &operator=(const Sink &) = delete;
  ~Sink() { capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr); }
};

}  // namespace

CAPSULE_TEST(births_and_deaths_are_logged_as_fields) {
  Log log;
  {
    const Sink sink(CAPSULE_LOG_INFO, keep, &log);
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    Run dying(session, "import os; os._exit(1)");
    dying.end();
  }
  CHECK(!log.records.empty());
  for (const auto &[level, line] : log.records) {
    CHECK(level >= CAPSULE_LOG_INFO && level <= CAPSULE_LOG_ERROR);
    CHECK(line.starts_with("event="));
    CHECK_LACKS(line, "\n");
  }
}

CAPSULE_TEST(nothing_is_warned_of_in_an_ordinary_life) {
  Log log;
  {
    const Sink sink(CAPSULE_LOG_WARN, keep, &log);
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    CHECK_EQ(value_of(session, "1 + 1"), "2");
    ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
    ACCEPTED(capsule_runtime_close(runtime.get(), kPatienceMs, error));
  }
  for (const auto &[level, line] : log.records) {
    FAIL("a warning: " + line);
  }
}

CAPSULE_TEST(nothing_of_the_user_s_is_in_the_log) {  // I7
  Log log;
  {
    const Sink sink(CAPSULE_LOG_DEBUG, keep, &log);
    const Runtime runtime = make_runtime();
    SessionOptions options;
    options.environment = {"CANARY_NAME=canary-environment"};
    const Session session = open_session(runtime, options);
    ExecutionOptions named;
    named.file_name = "canary-file.py";
    Run run(session, "canary_source = 1\nprint('canary-output')\ninput('canary-prompt')\n'canary-value'", named);
    run.until(CAPSULE_EVENT_INPUT);
    run.answer("canary-answer");
    CHECK_EQ(run.end().repr, "'canary-value'");
    Run failing(session, "raise ValueError('canary-message')");
    failing.end();
    Run loud(session, "import os, sys\nos.write(2, b'canary-stderr\\n')\nsys.stderr.write('canary-stream')\nos._exit(1)");
    loud.end();
  }
  CHECK(!log.records.empty());
  const std::string text = log.text();
  for (const char *canary : {"canary_source", "canary-output", "canary-prompt", "canary-value", "canary-answer",
                             "canary-message", "canary-stderr", "canary-stream", "canary-environment"}) {
    CHECK_LACKS(text, canary);
  }
}

// The interpreter's path, and the module's: as the policy lets names be told.
CAPSULE_TEST(paths_and_modules_are_logged_as_the_policy_shows_them) {
  const auto logged = [](std::int32_t level, std::int32_t form) {
    Log log;
    const Sink sink(CAPSULE_LOG_INFO, keep, &log);
    const Runtime runtime = make_runtime();
    capsule_introspection_policy policy;
    capsule_introspection_policy_init(&policy, sizeof policy);
    policy.trace = level;
    policy.redaction = form;
    policy.max_label_bytes = 1'024;
    ACCEPTED(capsule_runtime_set_introspection_policy(runtime.get(), &policy, error));
    value_of(open_session(runtime), "1");
    return log.text();
  };
  const std::string path = python_under_test();
  CHECK_CONTAINS(logged(CAPSULE_INSPECT_FULL, CAPSULE_REDACT_HASH), "program=\"" + path + "\"");
  for (const std::int32_t level : {CAPSULE_INSPECT_OFF, CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    const std::string text = logged(level, CAPSULE_REDACT_HASH);
    CHECK_CONTAINS(text, "program=\"h:");
    CHECK_LACKS(text, path);
  }
  CHECK_CONTAINS(logged(CAPSULE_INSPECT_COUNTS, CAPSULE_REDACT_LENGTH), "program=\"len:" + std::to_string(path.size()) + "\"");
  CHECK_CONTAINS(logged(CAPSULE_INSPECT_COUNTS, CAPSULE_REDACT_DROP), "program=\"\"");
}

CAPSULE_TEST(each_phase_of_a_frame_is_logged_with_its_message_id) {
  Log log;
  {
    const Sink sink(CAPSULE_LOG_DEBUG, keep, &log);
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    value_of(session, "1");
  }
  const std::string text = log.text();
  CHECK_CONTAINS(text,
                 "event=frame_sent session=1 channel=work execution=1 encoding=flatbuffers message_id=1 kind=Execute length=");
  for (const char *phase :
       {"event=frame_wakeup session=1 channel=work bytes=", "event=frame_read session=1 channel=work length=",
        "event=frame_decoded session=1 channel=work encoding=flatbuffers message_id=1 kind=Result",
        "event=frame_routed session=1 channel=work execution=1 message_id=1 kind=Result route=execution",
        "event=frame_routed session=1 channel=control message_id=1 kind=HelloAck route=session"}) {
    CHECK_CONTAINS(text, phase);
  }
}

CAPSULE_TEST(a_level_keeps_lesser_records_out) {
  Log log;
  {
    const Sink sink(CAPSULE_LOG_ERROR, keep, &log);
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    value_of(session, "1");
  }
  for (const auto &[level, line] : log.records) {
    CHECK_EQ(level, CAPSULE_LOG_ERROR);
  }
  Log none;
  {
    const Sink sink(CAPSULE_LOG_OFF, keep, &none);
    const Runtime runtime = make_runtime();
    Session session;
    SessionOptions options;
    options.python = "/no/such/python3";
    REFUSED(CAPSULE_E_PYTHON, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  }
  CHECK_EQ(none.text(), "");
}

CAPSULE_TEST(a_sink_that_was_replaced_is_not_called_again) {
  for (int round = 0; round < 5; ++round) {
    auto log = std::make_unique<Log>();
    const Runtime runtime = make_runtime();
    ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_DEBUG, keep, log.get(), error));
    const Session session = open_session(runtime);
    Run run(session, "for i in range(100): print(i)");
    run.next();
    ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_DEBUG, nullptr, nullptr, error));
    log.reset();  // a call from here on would touch freed memory
    run.end();
  }
}

CAPSULE_TEST(levels_that_do_not_exist_are_refused) {
  Log log;
  for (const std::int32_t level : {0, 6, -1, INT32_MAX}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_log_set_callback(level, keep, &log, error)), "level");
  }
}

CAPSULE_TEST(calls_from_the_sink_answer_reentrant) {
  struct Tried {
    std::mutex mutex;
    std::vector<capsule_status> answers;
  } tried;
  const auto attempt = [](void *user_data, std::int32_t, const char *, std::size_t) {
    auto *t = static_cast<Tried *>(user_data);
    Runtime runtime;
    const capsule_status answers[] = {capsule_runtime_create(nullptr, runtime.out(), nullptr),
                                      capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr),
                                      capsule_session_restart(nullptr, nullptr)};
    const std::lock_guard lock(t->mutex);
    t->answers.insert(t->answers.end(), std::begin(answers), std::end(answers));
  };
  {
    const Sink sink(CAPSULE_LOG_DEBUG, attempt, &tried);
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime);
    value_of(session, "1");
  }
  CHECK(!tried.answers.empty());
  for (const capsule_status answer : tried.answers) {
    CHECK_EQ(answer, CAPSULE_E_REENTRANT);
  }
}
