// Both layers of the C++ wrapper, for tests that are written once and run in each.
#pragma once

#include <capsule/capsule.hpp>
#include <capsule/capsule_result.hpp>
#include <string>

#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

namespace results = capsule::results;

constexpr capsule::Milliseconds kPatience{60'000};

// What a call of either layer brings.
template <typename T>
T got(T value) {
  return value;
}
template <typename T>
T got(results::Result<T> result) {
  CHECK_EQ(result.status(), CAPSULE_OK);
  return *std::move(result);
}

// How one of either layer fails.
template <typename Call>
capsule_error failure_of(Call call) {
  capsule_error failure{.struct_size = sizeof(capsule_error), .status = CAPSULE_OK, .message = ""};
  const auto tell = [&](capsule_status status, const std::string &message) {
    failure.status = status;
    message.copy(failure.message, sizeof failure.message - 1);
  };
  try {
    if constexpr (requires { call().failure(); }) {
      if (const auto result = call(); !result) tell(result.failure().status, result.failure().message);
    } else {
      call();
    }
  } catch (const capsule::Error &error) {
    tell(error.status(), error.what());
  }
  return failure;
}
template <typename Call>
capsule_status status_of(Call call) {
  return failure_of(call).status;
}
template <typename Call>
void refused(Call call) {
  const capsule_error failure = failure_of(call);
  CHECK_EQ(failure.status, CAPSULE_E_DENIED);
  CHECK_CONTAINS(failure.message, "policy");
}

#define DONE(call) CHECK_EQ(status_of([&] { return call; }), CAPSULE_OK)

inline capsule_session_options options_of(std::int32_t executor, const std::string &python) {
  capsule_session_options options = capsule::defaults(capsule_session_options_init);
  options.executor = executor;
  options.python = text_of(python);
  options.enable_metrics = 1;
  return options;
}

struct Throwing {
  using Session = capsule::Session;
  static capsule::Runtime runtime() { return capsule::Runtime(); }
  static Session open(capsule::Runtime &runtime, std::int32_t executor = CAPSULE_EXECUTOR_PYTHON,
                      capsule::Bridge *bridge = nullptr) {
    capsule::SessionOptions options;
    options.executor = executor;
    if (executor == CAPSULE_EXECUTOR_PYTHON) options.python = python_under_test();
    options.enable_metrics = true;
    options.bridge = bridge;
    if (bridge != nullptr) options.rules = {capsule::Rule("*")};
    return runtime.open(options);
  }
  static void add(capsule::Bridge &bridge, const char *name) { bridge.add(name); }
  // Of sessions of the echo executor.
  static capsule::Pool pool(capsule::Runtime &runtime, std::uint32_t sessions) {
    capsule::PoolOptions options;
    options.min_idle = options.max_sessions = sessions;
    options.session.executor = CAPSULE_EXECUTOR_ECHO;
    return runtime.open_pool(options);
  }
};

struct Returning {
  using Session = results::Session;
  static results::Runtime runtime() { return got(results::Runtime::create()); }
  static Session open(results::Runtime &runtime, std::int32_t executor = CAPSULE_EXECUTOR_PYTHON,
                      results::Bridge *bridge = nullptr) {
    const std::string python = executor == CAPSULE_EXECUTOR_PYTHON ? python_under_test() : std::string();
    capsule_session_options options = options_of(executor, python);
    const capsule_rule all{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
    if (bridge != nullptr) {
      options.bridge = bridge->capi();
      options.rules = &all;
      options.rule_count = 1;
    }
    return got(runtime.open(&options));
  }
  static void add(results::Bridge &bridge, const char *name) {
    capsule_capability offered = results::defaults(capsule_capability_init);
    offered.name = capsule_text_from(name);
    CHECK(bridge.add(offered));
  }
  static results::Pool pool(results::Runtime &runtime, std::uint32_t sessions) {
    const capsule_session_options session = options_of(CAPSULE_EXECUTOR_ECHO, "");
    capsule_pool_options options = results::defaults(capsule_pool_options_init);
    options.min_idle = options.max_sessions = sessions;
    options.session = &session;
    return got(runtime.open_pool(&options));
  }
};

}  // namespace capsule_test
