// What ends a zygote whose host has died while it preloads.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <csignal>
#include <iterator>

#include "base/unique_fd.hpp"
#include "native_thread.hpp"
#include "process_tree.hpp"

namespace capsule::worker {

// A preloaded module may run without end, deaf to everything, and have children: at the host's death all of it is killed.
class HostWatch {
 public:
  explicit HostWatch(int host_pidfd) : over_(eventfd(0, EFD_CLOEXEC)) {
    if (!over_.valid()) {
      return;  // the thread could never be told to end
    }
    const bool started = thread_.start("capsule-watch", [this, host_pidfd] {
      pollfd fds[] = {{host_pidfd, POLLIN, 0}, {over_.get(), POLLIN, 0}};
      while (::poll(fds, std::size(fds), -1) < 0 || (fds[0].revents | fds[1].revents) == 0) {
      }
      if (fds[0].revents != 0) {
        kill_children([](pid_t) { return false; });
        kill(0, SIGKILL);
      }
    });
    // Until here the host's death is SIGKILL, which would leave the children. A stopped zygote is woken for it.
    if (started) {
      prctl(PR_SET_PDEATHSIG, SIGCONT);
    }
  }
  ~HostWatch() { eventfd_write(over_.get(), 1); }

 private:
  UniqueFd over_;
  NativeThread thread_;
};

}  // namespace capsule::worker
