// Threads of the library's own.
#pragma once

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "base/status.hpp"

namespace capsule {

// Every signal is blocked on this thread meanwhile: threads that are started in it inherit that, and no handler of the host's ever runs on
// them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals &) = delete;
  BlockedSignals &operator=(const BlockedSignals &) = delete;

 private:
  sigset_t before_{};
};

// CAPSULE_E_SYSTEM where there is no thread to be had.
template <typename Body>
Status start_quietly(std::thread &thread, Body &&body) {
  const BlockedSignals quiet;
  Status status;
  try {
    thread = std::thread(std::forward<Body>(body));
  } catch (const std::system_error &error) {
    status = system_error("pthread_create", error.code().value());
  }
  return status;
}

}  // namespace capsule
