// Waiting for several descriptors by epoll: made once, before the user's code can lower a limit (poll() counts against it).
#pragma once

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "session_state.hpp"

namespace capsule::worker {

class PollSet {
 public:
  PollSet() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  // Adds a descriptor under a number 0 … 31.
  void add(int fd, unsigned number, std::uint32_t events = EPOLLIN) {
    epoll_event event{events, {.u32 = number}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  void remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

  // The numbers of those that are ready or at their end, as bits; 0 at the deadline or for a signal. Ends the process when the
  // user's code has closed the set.
  std::uint32_t wait(std::uint64_t deadline_ns) {
    epoll_event events[8];
    const int count = wait_events(events, std::size(events), deadline_ns);
    if (count < 0 && errno != EINTR) {
      _exit(kExitChannelLost);
    }
    std::uint32_t ready = 0;
    for (int i = 0; i < count; ++i) {
      ready |= 1U << events[i].data.u32;
    }
    return ready;
  }

 private:
  int wait_events(epoll_event *events, int most, std::uint64_t deadline_ns) {
    timespec left{};
    if (deadline_ns != kNoDeadline) {
      const std::uint64_t now = monotonic_ns();
      const std::uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;
      left = {static_cast<time_t>(ns / kNsPerSecond), static_cast<long>(ns % kNsPerSecond)};
    }
    if (precise_) {
      // epoll_pwait2, Linux 5.11: the pump waits for less than a millisecond.
      const long count =
          syscall(SYS_epoll_pwait2, epoll_.get(), events, most, deadline_ns == kNoDeadline ? nullptr : &left, nullptr, 0);
      if (count >= 0 || errno != ENOSYS) {
        return static_cast<int>(count);
      }
      precise_ = false;
    }
    return epoll_wait(epoll_.get(), events, most, poll_timeout_ms(deadline_ns));
  }

  UniqueFd epoll_;
  bool precise_ = true;
};

}  // namespace capsule::worker
