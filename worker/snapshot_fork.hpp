// Forks of a session's process that are the zygote's children, not its own: the user's code neither sees nor reaps them, and they
// outlive it. One that is frozen waits for the host to make sessions of it.
#pragma once

#include <cstdint>

#include "base/unique_fd.hpp"
#include "session_fds.hpp"

namespace capsule::worker {

class Program;

// What a new process's parent tells the zygote, on the socket that is SessionFds::zygote; a snapshot's channel for the host is
// attached.
struct ForkNotice {
  std::uint64_t fork_id = 0;
  std::int32_t pid = 0;
  std::int32_t reserved = 0;
};

struct ForkOutcome {
  bool child = false;  // in the new process
  int error = 0;       // in the old one: why there is no new process
};

// Single-threaded but for threads that need not exist in the child. `channel` may be -1. Holds the GIL, and needs it.
ForkOutcome fork_for_zygote(Program &program, int zygote_fd, std::uint64_t fork_id, int channel);

// What a frozen process keeps.
struct Frozen {
  UniqueFd channel;  // to the host
  UniqueFd host_pidfd;
  UniqueFd zygote;
};

// Waits in a frozen process, and in each process that is forked from it returns what the host gave for it: the descriptors of a
// session. Does not return where the host lets go of the snapshot.
SessionFds wait_frozen(Program &program, Frozen frozen);

}  // namespace capsule::worker
