#include "session/stderr_log.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace capsule {
namespace {

constexpr std::size_t kTail = 4096;
constexpr std::size_t kMostRaw = 1024;      // of a line
constexpr std::uint64_t kMostLines = 1000;  // of a process
constexpr int kMostReads = 64;              // more than a pipe holds

}  // namespace

ssize_t StderrLog::read_some(int fd) {
  char buffer[4096];
  const ssize_t count = ::read(fd, buffer, sizeof buffer);
  if (count > 0) {
    add({buffer, static_cast<std::size_t>(count)});
  }
  return count;
}

bool StderrLog::read(int fd) {
  const ssize_t count = read_some(fd);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

void StderrLog::drain(int fd) {
  for (int i = 0; i < kMostReads && read_some(fd) > 0; ++i) {
  }
}

void StderrLog::add(std::string_view text) {
  tail_ += text;
  if (tail_.size() > kTail) {
    tail_.erase(0, tail_.size() - kTail);
  }
  for (std::size_t newline = text.find('\n'); newline != std::string_view::npos; newline = text.find('\n')) {
    add_to_line(text.substr(0, newline));
    end_line();
    text.remove_prefix(newline + 1);
  }
  add_to_line(text);
}

void StderrLog::add_to_line(std::string_view text) {
  const std::string_view carried = text.substr(0, kMostRaw - line_.size());
  line_ += carried;
  line_bytes_ += text.size();
  dropped_bytes_.fetch_add(text.size() - carried.size(), std::memory_order_relaxed);
}

void StderrLog::end_line() {
  const std::string line = std::exchange(line_, {});
  const std::uint64_t bytes = std::exchange(line_bytes_, 0);
  if (bytes == 0) {
    return;
  }
  if (++lines_ > kMostLines || !log_enabled(*level_, CAPSULE_LOG_WARN)) {
    dropped_bytes_.fetch_add(line.size(), std::memory_order_relaxed);
  } else {
    log_foreign(*level_, CAPSULE_LOG_WARN, LogEvent::worker_stderr, line, bytes, whose_);
  }
}

}  // namespace capsule
