// The log: key=value records to the host's sink, nothing without one.
#pragma once

#include <fmt/core.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log_events.hpp"
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
std::string log_line_of(LogEvent event, fmt::string_view format, fmt::format_args args);

template <typename... Args>
std::string log_text(fmt::format_string<Args...> format, Args &&...args) {
  return log_text_of(format, fmt::make_format_args(args...));
}

// The fields behind the event, in the order of the table.
template <typename... Args>
void log_record(LogEvent event, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(info_of(event).level)) {
    log_emit(info_of(event).level, log_line_of(event, format, fmt::make_format_args(args...)));
  }
}

template <typename... Args>
void log_record(const LogLevel &own, LogEvent event, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(own, info_of(event).level)) {
    log_emit(info_of(event).level, log_line_of(event, format, fmt::make_format_args(args...)));
  }
}

// A line that another process wrote, which had `bytes` before it was cut, with the fields `whose` right behind its event. Where it is no
// record it is told by `otherwise`, as `raw`.
void log_foreign(const LogLevel &own, int level, LogEvent otherwise, std::string_view line, std::uint64_t bytes,
                 std::string_view whose);

// What happens again and again is logged the first time and then only counted. Guarded by its owner.
class LogOnce {
 public:
  template <typename... Args>
  void record(LogEvent event, fmt::format_string<Args...> format, Args &&...args) {
    record(LogLevel(), event, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void record(const LogLevel &own, LogEvent event, fmt::format_string<Args...> format, Args &&...args) {
    if (first(event)) {
      log_record(own, event, format, std::forward<Args>(args)...);
    }
  }
  // Whether it is to be logged; else it is counted. For who logs without the lock that guards this.
  bool first(LogEvent event) {
    if (++times_ > 1) {
      count_dropped_record(info_of(event).level);
    }
    return times_ == 1;
  }
  void reset() { times_ = 0; }

 private:
  std::uint64_t times_ = 0;
};

// The records that another process may have logged: so many a second. Guarded by its owner.
class LogRate {
 public:
  bool admits(std::uint64_t now_ns);

 private:
  std::uint64_t since_ns_ = 0;
  std::uint32_t records_ = 0;
};

// Of a record that another process wrote: key=value fields as ours are, `event` first, without control characters.
bool is_log_record(std::string_view line);
// The same bytes on one line, cut to `most`.
std::string one_line(std::string_view text, std::size_t most);

}  // namespace capsule
