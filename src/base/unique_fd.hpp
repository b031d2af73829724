// An owned file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace capsule {

// libuv closes its descriptors by the bare system call, which the thread sanitizer does not see: what has a number next
// would race, on another thread, with what used it before. The kernel orders them, and these two say so.
#ifdef __SANITIZE_THREAD__
inline char unseen_closes;
inline void end_with_unseen_closes() { __tsan_release(&unseen_closes); }
inline void follow_unseen_closes() { __tsan_acquire(&unseen_closes); }
#else
inline void end_with_unseen_closes() {}
inline void follow_unseen_closes() {}
#endif

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd &operator=(UniqueFd &&other) noexcept {
    if (this != &other) {
      reset(std::exchange(other.fd_, -1));
    }
    return *this;
  }
  UniqueFd(const UniqueFd &) = delete;
  UniqueFd &operator=(const UniqueFd &) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) {
      follow_unseen_closes();
      ::close(fd_);
    }
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace capsule
