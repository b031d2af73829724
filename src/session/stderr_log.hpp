// What a worker or a zygote writes to its own stderr, line by line into the log: a line that is a record is passed on, another one as
// `raw`, cut. Whose it is follows. What no record carries is counted. Loop thread only.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace capsule {

class StderrLog {
 public:
  // `whose`: fields that each record gets.
  StderrLog(std::string whose, std::shared_ptr<const LogLevel> level, std::atomic<std::uint64_t> &dropped_bytes)
      : whose_(std::move(whose)), level_(std::move(level)), dropped_bytes_(dropped_bytes) {}
  ~StderrLog() { end_line(); }  // what it had not ended
  StderrLog(const StderrLog &) = delete;
  StderrLog &operator=(const StderrLog &) = delete;

  // Once, from a descriptor that does not block: false where there is no more, and none to come.
  bool read(int fd);
  // All that is there now, as far as that is bounded.
  void drain(int fd);

  void add(std::string_view text);
  // What there is of a line is one.
  void end_line();

  // The last of what came.
  [[nodiscard]] const std::string &tail() const { return tail_; }

 private:
  ssize_t read_some(int fd);
  void add_to_line(std::string_view text);

  const std::string whose_;
  const std::shared_ptr<const LogLevel> level_;
  std::atomic<std::uint64_t> &dropped_bytes_;
  std::string tail_;
  std::string line_;  // its beginning, as far as it is carried
  std::uint64_t line_bytes_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace capsule
