// The stack of a worker that lives, from its memory and from what the kernel says of its threads.
#pragma once

#include "base/status.hpp"
#include "diagnostics/stack.hpp"
#include "transport/worker_stacks.hpp"

namespace capsule {

// The caller holds the process's pidfd, and asks it afterwards whether the process was there all the time.
Result<Stack> collect_stack(int pid, const WorkerStacks &stacks, const StackWish &wish);

}  // namespace capsule
