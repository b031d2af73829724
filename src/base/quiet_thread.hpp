// Threads of the library's own.
#pragma once

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "base/status.hpp"

namespace capsule {

// Starts it with every signal blocked: no handler of the host's ever runs on it. CAPSULE_E_SYSTEM where there is no thread to be had.
template <typename Body>
Status start_quietly(std::thread &thread, Body &&body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Status status;
  try {
    thread = std::thread(std::forward<Body>(body));
  } catch (const std::system_error &error) {
    status = system_error("pthread_create", error.code().value());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

}  // namespace capsule
