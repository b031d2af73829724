// A gate that threads wait at until it is opened: a bare futex, so that a signal ends the wait and the caller can look at it.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>

#include "base/clock.hpp"

namespace capsule::worker {

enum class Wait { kOpened, kInterrupted, kTimedOut };

class Gate {
 public:
  // Take before looking at the condition; wait() returns at once if the gate was opened since.
  [[nodiscard]] std::uint32_t ticket() const { return word_.load(std::memory_order_acquire); }

  Wait wait(std::uint32_t ticket, std::uint64_t deadline_ns = kNoDeadline) {
    waiters_.fetch_add(1, std::memory_order_seq_cst);
    const Wait result = wait_once(ticket, deadline_ns);
    waiters_.fetch_sub(1, std::memory_order_relaxed);
    return result;
  }

  void open() {
    word_.fetch_add(1, std::memory_order_seq_cst);
    if (waiters_.load(std::memory_order_seq_cst) != 0) {
      syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }
  }

 private:
  Wait wait_once(std::uint32_t ticket, std::uint64_t deadline_ns) {
    timespec deadline{static_cast<time_t>(deadline_ns / kNsPerSecond), static_cast<long>(deadline_ns % kNsPerSecond)};
    // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time.
    const long result = syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET_PRIVATE, ticket,
                                deadline_ns == kNoDeadline ? nullptr : &deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (result == 0 || errno == EAGAIN) {
      return Wait::kOpened;
    }
    return errno == ETIMEDOUT ? Wait::kTimedOut : Wait::kInterrupted;
  }

  std::atomic<std::uint32_t> word_{0};
  std::atomic<std::uint32_t> waiters_{0};
};

}  // namespace capsule::worker
