// The library's log, kept while one of these lives.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "check.hpp"
#include "deadline.hpp"

namespace capsule_test {

class LogSpy {
 public:
  explicit LogSpy(std::int32_t level) { ACCEPTED(capsule_log_set_callback(level, &LogSpy::keep, this, error)); }
  ~LogSpy() { capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, nullptr); }
  LogSpy(const LogSpy &) = delete;
  LogSpy &operator=(const LogSpy &) = delete;

  // The lines so far that contain the text.
  std::vector<std::string> lines(const std::string &text) {
    const std::lock_guard lock(mutex_);
    return matching(text);
  }
  // The first such line; fails the test at the deadline.
  std::string wait_for(const std::string &text) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, Deadline().at(), [&] { return !matching(text).empty(); })) {
      FAIL("nothing was logged with " + text);
    }
    return matching(text).front();
  }

 private:
  static void keep(void *user_data, std::int32_t /*level*/, const char *line, std::size_t size) {
    auto *self = static_cast<LogSpy *>(user_data);
    const std::lock_guard lock(self->mutex_);
    self->lines_.emplace_back(line, size);
    self->changed_.notify_all();
  }

  [[nodiscard]] std::vector<std::string> matching(const std::string &text) const {
    std::vector<std::string> found;
    for (const std::string &line : lines_) {
      if (line.find(text) != std::string::npos) {
        found.push_back(line);
      }
    }
    return found;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

}  // namespace capsule_test
