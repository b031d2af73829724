// What every benchmark needs: time, statistics, failures, text.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// Longest wait for anything that takes milliseconds when it works.
inline constexpr int kWaitMs = 30'000;

// A benchmark that cannot give its figure.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
// The failure of a system call, with the reason in errno.
[[noreturn]] void fail_call(const char *call);

std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

// CLOCK_MONOTONIC, which is also Python's time.monotonic_ns().
std::uint64_t now_ns();

inline double us_between(std::uint64_t from, std::uint64_t to) { return static_cast<double>(to - from) / 1e3; }
inline double ms_between(std::uint64_t from, std::uint64_t to) { return static_cast<double>(to - from) / 1e6; }

// The sample below which `percent` of all lie (nearest rank).
double percentile(std::vector<double> samples, double percent);
inline double median(const std::vector<double> &samples) { return percentile(samples, 50); }

void append(std::vector<double> &samples, const std::vector<double> &more);

// An owned descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd &operator=(Fd &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  void reset();

 private:
  int fd_;
};

}  // namespace bench
