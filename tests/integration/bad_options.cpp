// Sources and options that cannot be used: each is refused with a message that names it, and changes nothing.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const std::string kBadUtf8[] = {
    "\xff",                  // never valid
    "\x80",                  // a continuation without a lead
    "\xc3",                  // cut short
    "\xe9\x9b",              // cut short
    "\xc0\xaf",              // overlong
    "\xe0\x80\xaf",          // overlong
    "\xf0\x80\x80\xaf",      // overlong
    "\xed\xa0\x80",          // a surrogate
    "\xf4\x90\x80\x80",      // beyond U+10FFFF
    "\xf8\x88\x80\x80\x80",  // five bytes
    "'\xe9'",                // Latin-1
    "# fine\nx = '\xe2\x28\xa1'",
};

std::string refuse_source(const Session &session, const char *source, std::size_t size,
                          capsule_status status = CAPSULE_E_ARGUMENT) {
  Execution execution;
  const std::string message =
      REFUSED(status, capsule_execution_create(session.get(), source, size, nullptr, execution.out(), error));
  CHECK(execution.get() == nullptr);
  return message;
}

std::string refuse_options(const Session &session, ExecutionOptions options) {
  Execution execution;
  return REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, options.get(), execution.out(), error));
}

std::string refuse_session(SessionOptions options, capsule_status status = CAPSULE_E_ARGUMENT) {
  Session session;
  const std::string message =
      REFUSED(status, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error));
  CHECK(session.get() == nullptr);
  return message;
}

template <typename T>
void check_range(const char *name, T capsule_session_options::*field, const std::vector<T> &bad, const std::vector<T> &good) {
  for (const T value : bad) {
    SessionOptions options = SessionOptions::echo();
    options.raw.*field = value;
    CHECK_CONTAINS(refuse_session(options), name);
  }
  for (const T value : good) {
    SessionOptions options = SessionOptions::echo();
    options.raw.*field = value;
    open_session(options);
  }
}

}  // namespace

CAPSULE_TEST(sources_that_are_not_utf8_are_refused) {
  const Session session = open_session();
  for (const std::string &source : kBadUtf8) {
    CHECK_CONTAINS(refuse_source(session, source.data(), source.size()), "source");
  }
  CHECK_EQ(info_of(session).executions_started, 0);
  CHECK_EQ(value_of(session, "'\xf4\x8f\xbf\xbf' == '\\U0010ffff'"), "True");
}

CAPSULE_TEST(empty_and_null_sources_are_refused) {
  const Session session = open_session();
  CHECK_CONTAINS(refuse_source(session, "", 0), "source");
  CHECK_CONTAINS(refuse_source(session, nullptr, 0), "source");
  CHECK_CONTAINS(refuse_source(session, nullptr, 5), "source");
  CHECK_EQ(value_of(session, "1"), "1");
}

CAPSULE_TEST(a_nul_in_a_source_is_refused) {
  const Session session = open_session();
  CHECK_CONTAINS(refuse_source(session, "1\0", 2), "source");
  CHECK_CONTAINS(refuse_source(session, "\0", 1), "source");
  CHECK_CONTAINS(refuse_source(session, "x = '\0'", 7), "source");
}

CAPSULE_TEST(the_largest_source_runs_and_a_larger_one_is_refused) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(options);
  const Session session = open_session(runtime);
  const std::string largest = "'" + std::string((64U << 10U) - 4096 - 2, 'x') + "'";
  Run run(session, largest);
  CHECK_EQ(run.end().repr_size_bytes, largest.size());
  const std::string message = refuse_source(session, (largest + " ").data(), largest.size() + 1, CAPSULE_E_LIMIT);
  CHECK_CONTAINS(message, show(largest.size() + 1));
  CHECK_CONTAINS(message, show(largest.size()));
  CHECK_EQ(value_of(session, "1"), "1");
}

CAPSULE_TEST(the_largest_source_fits_together_with_the_largest_options) {
  capsule_runtime_options runtime_options;
  capsule_runtime_options_init(&runtime_options, sizeof runtime_options);
  runtime_options.max_frame_bytes = 64U << 10U;
  const Runtime runtime = make_runtime(runtime_options);
  const Session session = open_session(runtime);
  ExecutionOptions options;
  options.file_name = std::string(2048, 'f');
  options.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  options.tracestate = "a=" + std::string(510, 'b');
  Execution execution;
  const std::string source = "'" + std::string((64U << 10U) - 4096 - 2, 'x') + "'";
  const capsule_status status =
      capsule_execution_create(session.get(), source.data(), source.size(), options.get(), execution.out(), nullptr);
  // Accepted and run, or refused for its size; never accepted and lost.
  CHECK(status == CAPSULE_OK || status == CAPSULE_E_LIMIT);
  if (status == CAPSULE_OK) {
    Run run(std::move(execution));
    CHECK_EQ(run.end().kind, CAPSULE_EVENT_RESULT);
    CHECK_EQ(run.end().repr_size_bytes, source.size());
  }
  CHECK_EQ(value_of(session, "1"), "1");
}

CAPSULE_TEST(the_default_limit_of_a_source_is_near_16_mib) {
  const Session session = open_session();
  const std::string source = std::string((16U << 20U) - 4096 - 1, ' ') + "1";
  CHECK_CONTAINS(refuse_source(session, (source + "0").data(), source.size() + 1, CAPSULE_E_LIMIT), "source");
  Run run(session, "#" + source.substr(1));
  CHECK_EQ(run.end().outcome, "ok");
}

CAPSULE_TEST(frame_limits_out_of_range_are_refused) {
  Runtime runtime;
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  for (const std::uint32_t bytes : {0U, 1U, (64U << 10U) - 1, (1U << 30U) + 1, UINT32_MAX}) {
    options.max_frame_bytes = bytes;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(&options, runtime.out(), error)), "max_frame_bytes");
    CHECK(runtime.get() == nullptr);
  }
  for (const std::uint32_t bytes : {64U << 10U, 1U << 30U}) {
    options.max_frame_bytes = bytes;
    const Runtime usable = make_runtime(options);
    const Session session = open_session(usable);
    CHECK_EQ(value_of(session, "1 + 1"), "2");
  }
}

CAPSULE_TEST(bad_file_names_are_refused) {
  const Session session = open_session();
  ExecutionOptions options;
  for (const std::string &name : {std::string(2049, 'x'), std::string("a\0b", 3), std::string("\xff")}) {
    options.file_name = name;
    CHECK_CONTAINS(refuse_options(session, options), "file_name");
  }
  options.file_name = std::string(2048, 'x');
  Run run(session, "1", options);
  CHECK_EQ(run.end().repr, "1");
}

CAPSULE_TEST(unknown_modes_are_refused) {
  const Session session = open_session();
  ExecutionOptions options;
  for (const std::int32_t mode : {-1, 3, INT32_MAX}) {
    options.raw.mode = mode;
    CHECK_CONTAINS(refuse_options(session, options), "mode");
  }
}

CAPSULE_TEST(a_null_text_with_a_size_is_refused) {
  const Session session = open_session();
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.file_name = {nullptr, 3};
  Execution execution;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, &options, execution.out(), error)),
                 "file_name");
  SessionOptions session_options;
  capsule_session_options raw = *session_options.get();
  raw.preload = nullptr;
  raw.preload_count = 1;
  Session other;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), &raw, other.out(), error)),
                 "preload");
}

CAPSULE_TEST(numbers_of_a_session_out_of_range_are_refused) {
  using O = capsule_session_options;
  check_range<std::int32_t>("executor", &O::executor, {-1, 2, INT32_MAX}, {});
  check_range<std::int32_t>("start", &O::start, {-1, 2, INT32_MIN}, {});
  check_range<std::uint32_t>("queue_limit", &O::queue_limit, {65'537, UINT32_MAX}, {0, 65'536});
  check_range<std::int64_t>("start_timeout_ms", &O::start_timeout_ms, {INT64_MIN, -1, 0, 86'400'001, INT64_MAX}, {86'400'000});
  check_range<std::int64_t>("cancel_grace_ms", &O::cancel_grace_ms, {INT64_MIN, -1, 86'400'001, INT64_MAX}, {0, 86'400'000});
  check_range<std::uint32_t>("heartbeat_interval_ms", &O::heartbeat_interval_ms, {0, 9, 3'600'001, UINT32_MAX},
                             {10, 3'600'000});
  check_range<std::int32_t>("mode", &O::mode, {-1, 3, INT32_MAX}, {CAPSULE_MODE_SYNC, CAPSULE_MODE_ASYNC});
  check_range<std::uint32_t>("idle_tasks", &O::idle_tasks, {2, UINT32_MAX}, {0, 1});
  check_range<std::uint32_t>("wait_ready", &O::wait_ready, {2, UINT32_MAX}, {0, 1});
  check_range<std::uint64_t>("output_window_bytes", &O::output_window_bytes, {0, (64U << 10U) - 1, (1U << 30U) + 1, UINT64_MAX},
                             {64U << 10U, 1U << 30U});
  check_range<std::uint64_t>("output_queue_bytes", &O::output_queue_bytes, {0, (64U << 10U) - 1, (1U << 30U) + 1, UINT64_MAX},
                             {64U << 10U});
}

CAPSULE_TEST(texts_of_a_session_that_cannot_be_used_are_refused) {
  for (const std::string &bad : {std::string("\xff"), std::string("a\0b", 3)}) {
    SessionOptions options;
    options.python = bad;
    CHECK_CONTAINS(refuse_session(options), "python");
    options = SessionOptions();
    options.preload = {"json", bad};
    CHECK_CONTAINS(refuse_session(options), "preload");
    options = SessionOptions();
    options.native_thread_allow = {bad};
    CHECK_CONTAINS(refuse_session(options), "native_thread_allow");
    options = SessionOptions();
    options.environment = {"A=1", bad};
    CHECK_CONTAINS(refuse_session(options), "environment");
    options = SessionOptions();
    options.working_directory = bad;
    CHECK_CONTAINS(refuse_session(options), "working_directory");
  }
  for (const char *bad : {"NAME", "=value", ""}) {
    SessionOptions options;
    options.environment = {bad};
    CHECK_CONTAINS(refuse_session(options), "environment");
  }
}

CAPSULE_TEST(a_worker_dir_that_cannot_be_used_is_refused) {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.worker_dir = capsule_text_from("\xff");
  Runtime runtime;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(&options, runtime.out(), error)), "worker_dir");
}

CAPSULE_TEST(refusals_start_nothing_and_count_nothing) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.raw.queue_limit = UINT32_MAX;
  Session session;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  CHECK_EQ(info_of(runtime).sessions_opened, 0);
  CHECK_EQ(info_of(runtime).zygotes_started, 0);
}

CAPSULE_TEST(texts_are_copied_before_the_call_returns) {
  const Session session = open_session();
  std::string source = "import time; time.sleep(0.1)\n'original'";
  Run slow(session, "import time; time.sleep(0.1)");
  Run run(session, source);
  source.assign(source.size(), '#');
  CHECK_EQ(run.end().repr, "'original'");
  CHECK_EQ(slow.end().outcome, "ok");
}
