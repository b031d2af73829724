#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "base/immortal.hpp"

namespace capsule {
namespace {

thread_local bool inside_sink = false;

spdlog::level::level_enum to_spdlog(int level) {
  switch (level) {
    case CAPSULE_LOG_DEBUG:
      return spdlog::level::debug;
    case CAPSULE_LOG_INFO:
      return spdlog::level::info;
    case CAPSULE_LOG_WARN:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
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

// Hands each record to the host's callback, one at a time.
class CallbackSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  CallbackSink(capsule_log_callback callback, void *user_data) : callback_(callback), user_data_(user_data) {}

 protected:
  void sink_it_(const spdlog::details::log_msg &record) override {
    const std::string line(record.payload.data(), record.payload.size());
    inside_sink = true;
    callback_(user_data_, from_spdlog(record.level), line.c_str(), line.size());
    inside_sink = false;
  }
  void flush_() override {}

 private:
  capsule_log_callback callback_;
  void *user_data_;
};

std::atomic<int> threshold{CAPSULE_LOG_OFF};

struct LoggerSlot {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger;
};

std::mutex &logger_mutex() { return immortal<LoggerSlot>().mutex; }

std::shared_ptr<spdlog::logger> &logger_slot() { return immortal<LoggerSlot>().logger; }

}  // namespace

bool log_enabled(int level) { return level >= threshold.load(std::memory_order_relaxed); }

bool in_log_callback() { return inside_sink; }

void log_emit(int level, const std::string &line) {
  if (inside_sink) {
    return;  // a record about what the sink itself does would never end
  }
  // Under the lock: once set_log_sink() has returned, the sink before is not running.
  const std::lock_guard lock(logger_mutex());
  if (logger_slot()) {
    logger_slot()->log(to_spdlog(level), "{}", line);
  }
}

Status set_log_sink(int level, capsule_log_callback callback, void *user_data) {
  if (inside_sink) {
    return {CAPSULE_E_REENTRANT, "the log sink cannot replace itself"};
  }
  const std::lock_guard lock(logger_mutex());
  if (callback == nullptr) {
    logger_slot().reset();
    threshold.store(CAPSULE_LOG_OFF, std::memory_order_relaxed);
    return {};
  }
  auto logger = std::make_shared<spdlog::logger>("capsule", std::make_shared<CallbackSink>(callback, user_data));
  logger->set_level(spdlog::level::debug);
  logger_slot() = std::move(logger);
  threshold.store(level, std::memory_order_relaxed);
  return {};
}

}  // namespace capsule
