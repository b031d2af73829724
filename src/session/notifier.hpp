// How who waits without blocking is told that there is something to take: a descriptor, a callback.
#pragma once

#include <mutex>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "capsule/execution.h"

namespace capsule {

// Whether this thread is inside a notify callback, where calls that wait are refused.
bool in_notify_callback();

// Readable while there is something. Made when it is first asked for; guarded by its owner.
class ReadyFd {
 public:
  Result<int> get(bool ready);
  void raise();
  void lower();

 private:
  UniqueFd fd_;
  bool raised_ = false;
};

class Notifier {
 public:
  // Under no lock.
  void notify();
  // Once it returns, the former callback is not called any more.
  void set(capsule_notify_callback callback, void *user_data);

 private:
  std::recursive_mutex mutex_;  // held during the callback: set() from within it is allowed
  capsule_notify_callback callback_ = nullptr;
  void *user_data_ = nullptr;
};

}  // namespace capsule
