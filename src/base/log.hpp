// The log: key=value records to the host's sink, nothing without one.
#pragma once

#include <fmt/core.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "capsule/log.h"

namespace capsule {

// What a sink is to be.
struct LogSink {
  std::int32_t kind = CAPSULE_LOG_SINK_NONE;
  std::int32_t level = CAPSULE_LOG_OFF;
  std::int32_t format = CAPSULE_LOG_KEY_VALUE;
  std::string path;
  capsule_log_callback callback = nullptr;
  void *user_data = nullptr;
};

// The least severe level that one session logs: its own, or 0 for the sink's.
class LogLevel {
 public:
  void set(int level) { own_.store(level, std::memory_order_relaxed); }
  [[nodiscard]] int own() const { return own_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> own_{0};
};

// One relaxed load; of a session with a level of its own, two.
bool log_enabled(int level);
bool log_enabled(const LogLevel &own, int level);
void log_emit(int level, const std::string &line);
// Whether this thread is inside the sink.
bool in_log_callback();

Status set_log_sink(const LogSink &sink);

// By level, from debug on; of the whole process.
struct LogCounts {
  std::array<std::uint64_t, 4> records{};
  std::array<std::uint64_t, 4> dropped{};
};
LogCounts log_counts();
void count_dropped_record(int level);

// In one function, for else the compiler makes {fmt} anew wherever a record is made.
std::string log_text_of(fmt::string_view format, fmt::format_args args);

template <typename... Args>
std::string log_text(fmt::format_string<Args...> format, Args &&...args) {
  return log_text_of(format, fmt::make_format_args(args...));
}

template <typename... Args>
void log_record(int level, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(level)) {
    log_emit(level, log_text(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void log_record(const LogLevel &own, int level, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(own, level)) {
    log_emit(level, log_text(format, std::forward<Args>(args)...));
  }
}

// What happens again and again is logged the first time and then only counted. Guarded by its owner.
class LogOnce {
 public:
  template <typename... Args>
  void record(int level, fmt::format_string<Args...> format, Args &&...args) {
    record(LogLevel(), level, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void record(const LogLevel &own, int level, fmt::format_string<Args...> format, Args &&...args) {
    if (first(level)) {
      log_record(own, level, format, std::forward<Args>(args)...);
    }
  }
  // Whether it is to be logged; else it is counted. For who logs without the lock that guards this.
  bool first(int level) {
    if (++times_ > 1) {
      count_dropped_record(level);
    }
    return times_ == 1;
  }
  void reset() { times_ = 0; }

 private:
  std::uint64_t times_ = 0;
};

// Of a record that another process wrote: key=value fields as ours are, `event` first, without control characters.
bool is_log_record(std::string_view line);
// The same bytes on one line, cut to `most`.
std::string one_line(std::string_view text, std::size_t most);

}  // namespace capsule
