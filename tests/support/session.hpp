// Owners of the library's handles, and its options with texts that own themselves.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capsule/capsule.h"
#include "check.hpp"

namespace capsule_test {

template <typename Raw, void (*Release)(Raw *)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(Raw *raw) : raw_(raw) {}
  Handle(Handle &&other) noexcept : raw_(other.take()) {}
  Handle &operator=(Handle &&other) noexcept {
    reset(other.take());
    return *this;
  }
  ~Handle() { reset(); }

  [[nodiscard]] Raw *get() const { return raw_; }
  Raw *take() { return std::exchange(raw_, nullptr); }
  void reset(Raw *raw = nullptr) {
    if (Raw *old = std::exchange(raw_, raw)) {
      Release(old);
    }
  }
  // For the library to fill: `capsule_runtime_create(nullptr, runtime.out(), error)`.
  Raw **out() {
    reset();
    return &raw_;
  }

 private:
  Raw *raw_ = nullptr;
};

using Runtime = Handle<capsule_runtime, capsule_runtime_release>;
using Session = Handle<capsule_session, capsule_session_release>;
using Execution = Handle<capsule_execution, capsule_execution_release>;

inline capsule_text text_of(std::string_view text) { return {text.data(), text.size()}; }
inline std::string string_of(capsule_text text) { return text.data == nullptr ? "" : std::string(text.data, text.size); }

// The numbers are in `raw`; the texts are put into it by get().
class SessionOptions {
 public:
  // The interpreter under test.
  SessionOptions() : SessionOptions(CAPSULE_EXECUTOR_PYTHON) {}
  static SessionOptions echo() { return SessionOptions(CAPSULE_EXECUTOR_ECHO); }

  capsule_session_options raw;
  std::string python;
  std::vector<std::string> preload;
  std::vector<std::string> native_thread_allow;
  std::vector<std::string> environment;
  std::string working_directory;

  // Valid until the options change.
  const capsule_session_options *get();

 private:
  explicit SessionOptions(std::int32_t executor);

  std::vector<capsule_text> preload_views_;
  std::vector<capsule_text> allow_views_;
  std::vector<capsule_text> environment_views_;
};

class ExecutionOptions {
 public:
  ExecutionOptions() { capsule_execution_options_init(&raw, sizeof raw); }
  static ExecutionOptions with_timeout_ms(std::int64_t timeout_ms);

  capsule_execution_options raw;
  std::string file_name;
  std::string traceparent;
  std::string tracestate;

  const capsule_execution_options *get();
};

// CAPSULE_TEST_PYTHON; fails the test where it is not set.
std::string python_under_test();

Runtime make_runtime();
Runtime make_runtime(const capsule_runtime_options &options);
Session open_session(const Runtime &runtime, SessionOptions options = {});
// In the runtime that the tests of a program share: a session costs a fork then, not the start of an interpreter.
Session open_session(SessionOptions options = {});
const Runtime &shared_runtime();
void close_shared_runtime();

Execution submit(const Session &session, std::string_view source, ExecutionOptions options = {});

capsule_runtime_info info_of(const Runtime &runtime);
capsule_session_info info_of(const Session &session);
capsule_executor_metrics executor_metrics_of(const Session &session);
capsule_async_metrics async_metrics_of(const Session &session);
// The name of the session's state.
std::string state_of(const Session &session);

}  // namespace capsule_test
