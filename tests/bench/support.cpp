#include "support.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace bench {
namespace {

std::string format_list(const char *pattern, std::va_list arguments) {
  std::va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, pattern, again);
  va_end(again);
  std::string text(static_cast<std::size_t>(std::max(size, 0)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, arguments);
  return text;
}

}  // namespace

std::string format(const char *pattern, ...) {
  std::va_list arguments;
  va_start(arguments, pattern);
  std::string text = format_list(pattern, arguments);
  va_end(arguments);
  return text;
}

void fail(const char *pattern, ...) {
  std::va_list arguments;
  va_start(arguments, pattern);
  const std::string text = format_list(pattern, arguments);
  va_end(arguments);
  throw Failure(text);
}

void fail_call(const char *call) { fail("%s: %s", call, std::strerror(errno)); }

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

double percentile(std::vector<double> samples, double percent) {
  if (samples.empty()) {
    fail("there is no sample");
  }
  const double rank = std::ceil(static_cast<double>(samples.size()) * percent / 100);
  const std::size_t index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(index), samples.end());
  return samples[index];
}

void append(std::vector<double> &samples, const std::vector<double> &more) {
  samples.insert(samples.end(), more.begin(), more.end());
}

void Fd::reset() {
  if (fd_ >= 0) {
    close(fd_);
    fd_ = -1;
  }
}

}  // namespace bench
