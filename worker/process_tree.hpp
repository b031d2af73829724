// Parents and children of processes, as /proc tells them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace capsule::worker {

// Kills the children of this process's main thread but those that are spared; returns how many.
std::uint32_t kill_children(const std::function<bool(pid_t)> &spared);

// Of a process; 0 when it cannot be told.
pid_t parent_of(pid_t pid);

}  // namespace capsule::worker
