#include "session.hpp"

#include <cstdlib>

#include "deadline.hpp"

namespace capsule_test {
namespace {

Runtime &shared_slot() {
  static Runtime runtime;
  return runtime;
}

const capsule_text *views_of(const std::vector<std::string> &texts, std::vector<capsule_text> &views) {
  views.clear();
  for (const std::string &text : texts) {
    views.push_back(text_of(text));
  }
  return views.empty() ? nullptr : views.data();
}

}  // namespace

SessionOptions::SessionOptions(std::int32_t executor) {
  capsule_session_options_init(&raw, sizeof raw);
  raw.start_timeout_ms = kPatienceMs;
  // A host that is slowed down as much may read nothing for as long as the default.
  raw.drain_timeout_ms = kSanitized ? kPatienceMs : raw.drain_timeout_ms;
  raw.executor = executor;
  if (executor == CAPSULE_EXECUTOR_PYTHON) {
    python = python_under_test();
  }
}

const capsule_session_options *SessionOptions::get() {
  raw.python = text_of(python);
  raw.working_directory = text_of(working_directory);
  raw.preload = views_of(preload, preload_views_);
  raw.preload_count = preload.size();
  raw.native_thread_allow = views_of(native_thread_allow, allow_views_);
  raw.native_thread_allow_count = native_thread_allow.size();
  raw.environment = views_of(environment, environment_views_);
  raw.environment_count = environment.size();
  return &raw;
}

ExecutionOptions ExecutionOptions::with_timeout_ms(std::int64_t timeout_ms) {
  ExecutionOptions options;
  options.raw.timeout_ms = timeout_ms;
  return options;
}

const capsule_execution_options *ExecutionOptions::get() {
  raw.file_name = text_of(file_name);
  raw.traceparent = text_of(traceparent);
  raw.tracestate = text_of(tracestate);
  return &raw;
}

std::string python_under_test() {
  const char *path = std::getenv("CAPSULE_TEST_PYTHON");
  if (path == nullptr) {
    FAIL("CAPSULE_TEST_PYTHON is not set: it names the interpreter that these tests run on");
  }
  return path;
}

Runtime make_runtime() {
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(nullptr, runtime.out(), error));
  return runtime;
}

Runtime make_runtime(const capsule_runtime_options &options) {
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(&options, runtime.out(), error));
  return runtime;
}

Session open_session(const Runtime &runtime, SessionOptions options) {
  Session session;
  ACCEPTED(capsule_session_open(runtime.get(), options.get(), session.out(), error));
  return session;
}

Session open_session(SessionOptions options) { return open_session(shared_runtime(), std::move(options)); }

const Runtime &shared_runtime() {
  if (shared_slot().get() == nullptr) {
    shared_slot() = make_runtime();
  }
  return shared_slot();
}

void close_shared_runtime() {
  if (shared_slot().get() != nullptr) {
    capsule_runtime_close(shared_slot().get(), 0, nullptr);
    shared_slot().reset();
  }
}

Execution submit(const Session &session, std::string_view source, ExecutionOptions options) {
  Execution execution;
  ACCEPTED(capsule_execution_create(session.get(), source.data(), source.size(), options.get(), execution.out(), error));
  return execution;
}

capsule_runtime_info info_of(const Runtime &runtime) {
  capsule_runtime_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_runtime_get_info(runtime.get(), &info, error));
  return info;
}

capsule_session_info info_of(const Session &session) {
  capsule_session_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_session_get_info(session.get(), &info, error));
  return info;
}

capsule_executor_metrics executor_metrics_of(const Session &session) {
  capsule_executor_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_session_get_executor_metrics(session.get(), &metrics, error));
  return metrics;
}

capsule_async_metrics async_metrics_of(const Session &session) {
  capsule_async_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  ACCEPTED(capsule_session_get_async_metrics(session.get(), &metrics, error));
  return metrics;
}

std::string state_of(const Session &session) { return capsule_session_state_name(info_of(session).state); }

}  // namespace capsule_test
