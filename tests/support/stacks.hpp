// Stacks, as tests use them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "introspection.hpp"
#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using StackHandle = Handle<capsule_stack, capsule_stack_release>;

struct ToldFrame {
  std::string file;
  std::string function;
  std::uint32_t line;
};

struct ToldNative {
  std::string module;
  std::string symbol;
  std::uint64_t symbol_offset;
  std::uint64_t module_offset;
};

struct ToldThread {
  capsule_stack_thread raw;  // without its name
  std::string name;
  std::vector<ToldFrame> frames;
  std::vector<ToldNative> native;

  // Whether there is a native frame of that function.
  [[nodiscard]] bool is_in(const std::string &function) const {
    return std::any_of(native.begin(), native.end(), [&](const ToldNative &frame) { return frame.symbol == function; });
  }
  [[nodiscard]] std::string native_story() const {
    std::string text;
    for (const ToldNative &frame : native) {
      text += (text.empty() ? "" : " < ") + (frame.symbol.empty() ? "?" : frame.symbol);
    }
    return text;
  }

  // The functions' names, the innermost first: "inner < outer < <module>".
  [[nodiscard]] std::string story() const {
    std::string text;
    for (const ToldFrame &frame : frames) {
      text += (text.empty() ? "" : " < ") + frame.function;
    }
    return text;
  }
};

struct ToldStack {
  capsule_stack_info info;  // without its cause
  std::string cause;
  std::vector<ToldThread> threads;

  [[nodiscard]] const ToldThread &main() const {
    for (const ToldThread &thread : threads) {
      if (thread.raw.is_main != 0) {
        return thread;
      }
    }
    FAIL("the stack has no main thread");
  }
  // The one whose innermost frames are so: "wait < worker".
  [[nodiscard]] const ToldThread *beginning(const std::string &story) const {
    for (const ToldThread &thread : threads) {
      if (thread.story().starts_with(story)) {
        return &thread;
      }
    }
    return nullptr;
  }
};

inline ToldStack told(const StackHandle &stack) {
  ToldStack all;
  all.info = {.struct_size = sizeof all.info};
  ACCEPTED(capsule_stack_get_info(stack.get(), &all.info, error));
  all.cause = string_of(all.info.cause);
  all.info.cause = {};
  for (std::uint64_t i = 0; i < all.info.threads; ++i) {
    ToldThread thread;
    thread.raw = {.struct_size = sizeof thread.raw};
    ACCEPTED(capsule_stack_get_thread(stack.get(), i, &thread.raw, error));
    thread.name = string_of(thread.raw.name);
    thread.raw.name = {};
    for (std::uint64_t j = 0; j < thread.raw.frames; ++j) {
      capsule_stack_frame frame{.struct_size = sizeof frame};
      ACCEPTED(capsule_stack_get_frame(stack.get(), i, j, &frame, error));
      thread.frames.push_back({string_of(frame.file), string_of(frame.function), frame.line});
    }
    for (std::uint64_t j = 0; j < thread.raw.native_frames; ++j) {
      capsule_native_frame frame{.struct_size = sizeof frame};
      ACCEPTED(capsule_stack_get_native_frame(stack.get(), i, j, &frame, error));
      thread.native.push_back({string_of(frame.module), string_of(frame.symbol), frame.symbol_offset, frame.module_offset});
    }
    all.threads.push_back(std::move(thread));
  }
  return all;
}

// A session of the shared runtime, whose policy then shows stacks with their names, however long.
inline Session open_told(SessionOptions options = {}) {
  auto policy = policy_of(CAPSULE_INSPECT_FULL);
  policy.max_label_bytes = 1'024;
  set_policy(shared_runtime(), policy);
  return open_session(std::move(options));
}

inline ToldStack stack_of(const Session &session, std::uint32_t max_frames = 128) {
  capsule_stack_options options;
  capsule_stack_options_init(&options, sizeof options);
  options.max_frames = max_frames;
  options.timeout_ms = kPatienceMs;
  StackHandle stack;
  ACCEPTED(capsule_session_get_stack(session.get(), &options, stack.out(), error));
  return told(stack);
}

// Takes stacks until one is as it should be: what is waited for has begun, and gets there by itself.
template <typename Wanted>
ToldStack stack_when(const Session &session, Wanted &&wanted) {
  const Deadline deadline;
  for (;;) {
    ToldStack stack = stack_of(session);
    if (wanted(stack)) {
      return stack;
    }
    if (deadline.over()) {
      FAIL("the last stack's main thread: " + stack.main().story());
    }
  }
}

// Samples until there is one.
inline std::string profile_of_some(const Session &session, const capsule_profile_options *options = nullptr) {
  Handle<capsule_profile, capsule_profile_release> profile;
  ACCEPTED(capsule_session_profile(session.get(), options, profile.out(), error));
  capsule_profile_info info{.struct_size = sizeof info};
  while (info.stacks == 0) {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_profile_wait(profile.get(), 5, error));
    ACCEPTED(capsule_profile_get_info(profile.get(), &info, error));
  }
  ACCEPTED(capsule_profile_stop(profile.get(), error));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));
  const char *data = nullptr;
  std::size_t size = 0;
  ACCEPTED(capsule_profile_get_collapsed(profile.get(), &data, &size, error));
  return {data, size};
}

}  // namespace capsule_test
