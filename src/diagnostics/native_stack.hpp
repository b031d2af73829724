// The native frames of a worker's threads that wait in the kernel, or are stopped: the kernel says where those stand.
#pragma once

#include "diagnostics/stack.hpp"

namespace capsule {

// To the threads of a stack, within a few milliseconds.
void add_native_frames(Stack &stack, const StackWish &wish);

}  // namespace capsule
