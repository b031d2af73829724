#include "base/log.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/immortal.hpp"
#include "base/log_format.hpp"

namespace capsule {
namespace {

thread_local bool inside_sink = false;

constexpr const char *kLevelNames[] = {"debug", "info", "warn", "error"};

std::size_t place_of(int level) {
  return static_cast<std::size_t>(std::clamp<int>(level, CAPSULE_LOG_DEBUG, CAPSULE_LOG_ERROR) - CAPSULE_LOG_DEBUG);
}

spdlog::level::level_enum to_spdlog(int level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::err};
  return kLevels[place_of(level)];
}

int from_spdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return CAPSULE_LOG_DEBUG;
    case spdlog::level::info:
      return CAPSULE_LOG_INFO;
    case spdlog::level::warn:
      return CAPSULE_LOG_WARN;
    default:
      return CAPSULE_LOG_ERROR;
  }
}

struct Counters {
  std::array<std::atomic<std::uint64_t>, std::size(kLevelNames)> records{};
  std::array<std::atomic<std::uint64_t>, std::size(kLevelNames)> dropped{};
};
Counters counters;

// Hands each record to where the host wants it, one at a time.
class HostSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  HostSink(LogSink sink, std::FILE *file) : sink_(std::move(sink)), file_(file) {}
  ~HostSink() override {
    if (file_ != nullptr && file_ != stderr) {
      std::fclose(file_);
    }
  }
  HostSink(const HostSink &) = delete;
  HostSink &operator=(const HostSink &) = delete;

 protected:
  void sink_it_(const spdlog::details::log_msg &record) override {
    const int level = from_spdlog(record.level);
    const std::string_view line(record.payload.data(), record.payload.size());
    const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(record.time.time_since_epoch());
    const auto time_ns = static_cast<std::uint64_t>(since_epoch.count());
    const char *name = kLevelNames[place_of(level)];
    std::string text = sink_.format == CAPSULE_LOG_JSON ? json_record(time_ns, name, line)
                       : file_ != nullptr               ? text_record(time_ns, name, line)
                                                        : std::string(line);
    bool taken = true;
    if (file_ != nullptr) {
      text += '\n';
      taken = std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0;
      std::clearerr(file_);
    } else {
      inside_sink = true;
      sink_.callback(sink_.user_data, level, text.c_str(), text.size());
      inside_sink = false;
    }
    (taken ? counters.records : counters.dropped)[place_of(level)].fetch_add(1, std::memory_order_relaxed);
  }
  void flush_() override {}

 private:
  const LogSink sink_;
  std::FILE *const file_;
};

// OFF without a sink: what a session wants then does not count.
std::atomic<int> threshold{CAPSULE_LOG_OFF};
std::atomic<bool> has_sink{false};

struct LoggerSlot {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger;
};

std::mutex &logger_mutex() { return immortal<LoggerSlot>().mutex; }

std::shared_ptr<spdlog::logger> &logger_slot() { return immortal<LoggerSlot>().logger; }

}  // namespace

std::string log_text_of(fmt::string_view format, fmt::format_args args) { return fmt::vformat(format, args); }

std::string log_line_of(LogEvent event, fmt::string_view format, fmt::format_args args) {
  std::string line = "event=";
  line += info_of(event).name;
  line += ' ';
  fmt::vformat_to(std::back_inserter(line), format, args);
  return line;
}

void log_foreign(const LogLevel &own, int level, LogEvent otherwise, std::string_view line, std::uint64_t bytes,
                 std::string_view whose) {
  constexpr std::size_t kMostRaw = 1024;
  const int told = std::clamp<int>(level, CAPSULE_LOG_DEBUG, CAPSULE_LOG_ERROR);
  if (line.size() != bytes || !is_log_record(line)) {
    log_record(own, otherwise, "{} size_bytes={} raw={}", whose, bytes, one_line(line, kMostRaw));
  } else if (log_enabled(own, told)) {
    log_emit(told, with_fields(line, whose));
  }
}

bool LogRate::admits(std::uint64_t now_ns) {
  constexpr std::uint32_t kMostASecond = 100;
  if (now_ns - since_ns_ >= kNsPerSecond) {
    since_ns_ = now_ns;
    records_ = 0;
  }
  return ++records_ <= kMostASecond;
}

bool log_enabled(int level) { return level >= threshold.load(std::memory_order_relaxed); }

bool log_enabled(const LogLevel &own, int level) {
  const int least = own.own();
  return least == 0 ? log_enabled(level) : level >= least && has_sink.load(std::memory_order_relaxed);
}

bool in_log_callback() { return inside_sink; }

void count_dropped_record(int level) { counters.dropped[place_of(level)].fetch_add(1, std::memory_order_relaxed); }

LogCounts log_counts() {
  LogCounts counts;
  for (std::size_t i = 0; i < counts.records.size(); ++i) {
    counts.records[i] = counters.records[i].load(std::memory_order_relaxed);
    counts.dropped[i] = counters.dropped[i].load(std::memory_order_relaxed);
  }
  return counts;
}

void log_emit(int level, const std::string &line) {
  if (inside_sink) {
    count_dropped_record(level);  // a record about what the sink itself does would never end
    return;
  }
  // Under the lock: once set_log_sink() has returned, the sink before is not running.
  const std::lock_guard lock(logger_mutex());
  if (logger_slot()) {
    logger_slot()->log(to_spdlog(level), "{}", line);
  }
}

Status set_log_sink(const LogSink &sink) {
  if (inside_sink) {
    return {CAPSULE_E_REENTRANT, "the log sink cannot replace itself"};
  }
  std::FILE *file = sink.kind == CAPSULE_LOG_SINK_STDERR ? stderr : nullptr;
  if (sink.kind == CAPSULE_LOG_SINK_FILE) {
    auto opened = open_to_write(sink.path, Begin::kBehind);
    if (!opened.ok()) {
      return opened.status();
    }
    file = ::fdopen(opened.value().get(), "a");
    if (file == nullptr) {
      return system_error("fdopen", errno);
    }
    static_cast<void>(opened.value().release());
  }
  const std::lock_guard lock(logger_mutex());
  if (sink.kind == CAPSULE_LOG_SINK_NONE) {
    logger_slot().reset();
    threshold.store(CAPSULE_LOG_OFF, std::memory_order_relaxed);
    has_sink.store(false, std::memory_order_relaxed);
    return {};
  }
  auto logger = std::make_shared<spdlog::logger>("capsule", std::make_shared<HostSink>(sink, file));
  logger->set_level(spdlog::level::debug);
  logger_slot() = std::move(logger);
  threshold.store(sink.level, std::memory_order_relaxed);
  has_sink.store(true, std::memory_order_relaxed);
  return {};
}

}  // namespace capsule
