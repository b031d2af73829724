#include "session/notifier.hpp"

#include <sys/eventfd.h>

#include <cerrno>

namespace capsule {
namespace {

thread_local int notify_depth = 0;

}  // namespace

bool in_notify_callback() { return notify_depth > 0; }

Result<int> ReadyFd::get(bool ready) {
  if (!fd_.valid()) {
    fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd_.valid()) {
      return system_error("eventfd", errno);
    }
    if (ready) {
      raise();
    }
  }
  return fd_.get();
}

void ReadyFd::raise() {
  if (fd_.valid() && !raised_) {
    raised_ = true;
    eventfd_write(fd_.get(), 1);
  }
}

void ReadyFd::lower() {
  if (raised_) {
    raised_ = false;
    eventfd_t count = 0;
    eventfd_read(fd_.get(), &count);
  }
}

void Notifier::notify() {
  const std::lock_guard lock(mutex_);
  if (callback_ != nullptr) {
    ++notify_depth;
    callback_(user_data_);
    --notify_depth;
  }
}

void Notifier::set(capsule_notify_callback callback, void *user_data) {
  const std::lock_guard lock(mutex_);
  callback_ = callback;
  user_data_ = user_data;
}

}  // namespace capsule
