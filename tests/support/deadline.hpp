// How long a test waits for what has to come.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace capsule_test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

// Long enough that only a hang reaches it, on a machine that is busy with something else.
inline constexpr std::int64_t kPatienceMs = kSanitized ? 40'000 : 20'000;

// For a limit that the library promises in milliseconds: the promise, and what a busy machine may add to it.
constexpr std::int64_t with_slack_ms(std::int64_t promised_ms) { return promised_ms + (kSanitized ? 10'000 : 4'000); }

class Deadline {
 public:
  explicit Deadline(std::int64_t after_ms = kPatienceMs)
      : at_(std::chrono::steady_clock::now() + std::chrono::milliseconds(after_ms)) {}

  [[nodiscard]] std::int64_t left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
    return std::max<std::int64_t>(left.count(), 0);
  }
  // As poll() takes it.
  [[nodiscard]] int poll_ms() const { return static_cast<int>(std::min<std::int64_t>(left_ms(), INT32_MAX)); }
  [[nodiscard]] bool over() const { return left_ms() == 0; }
  [[nodiscard]] std::chrono::steady_clock::time_point at() const { return at_; }

 private:
  std::chrono::steady_clock::time_point at_;
};

// By CLOCK_MONOTONIC, as the library's times are and those of time.monotonic_ns() in a worker.
inline std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// What no event tells is looked at again and again. Meanwhile the processor is left to what is waited for, and to other tests.
inline void before_the_next_look() { std::this_thread::sleep_for(std::chrono::microseconds(500)); }

class Stopwatch {
 public:
  [[nodiscard]] std::int64_t elapsed_ms() const {
    const auto elapsed = std::chrono::steady_clock::now() - begun_;
    return std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace capsule_test
