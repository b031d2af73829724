// The descriptors a session's process is born with, in the order the host attaches them (src/session/worker.cpp).
#pragma once

#include <array>
#include <cstddef>

#include "base/unique_fd.hpp"

namespace capsule::worker {

// Those that the host attaches; the rest of all() is the zygote's own.
inline constexpr std::size_t kSessionFdCount = 7;
inline constexpr std::size_t kAllSessionFds = kSessionFdCount + 2;

struct SessionFds {
  UniqueFd work;
  UniqueFd control;
  UniqueFd memory;
  UniqueFd out_read;
  UniqueFd out_write;
  UniqueFd err_read;
  UniqueFd err_write;
  UniqueFd host_pidfd;
  UniqueFd zygote;  // to tell it of forks, see snapshot_fork.hpp

  std::array<UniqueFd *, kAllSessionFds> all() {
    return {&work, &control, &memory, &out_read, &out_write, &err_read, &err_write, &host_pidfd, &zygote};
  }
};

// Numbers that every worker program finds its descriptors at when it is exec'ed: a zygote's channel and pidfd of the host; for a
// spawned session the members of SessionFds, in order.
inline constexpr int kZygoteChannelFd = 3;
inline constexpr int kZygoteHostPidfd = 4;
inline constexpr int kFirstSessionFd = 3;

// Where faulthandler writes, in every process: in a session's to its shared memory, elsewhere nowhere. The number stays the same through
// all forks, so that what the user's code tells faulthandler stays as it is; it is high, so that code which closes or takes the low
// ones does no harm.
inline constexpr int kDeathStackFd = 200;

// Has it write nowhere.
void drop_death_stack();

}  // namespace capsule::worker
