// How this interpreter lays out in its memory what a stack is made of: by its version, and tried on the worker's own stack.
#pragma once

#include "module/py_ref.hpp"
#include "transport/worker_stacks.hpp"

namespace capsule::worker {

struct StackLayout {
  LayoutState state = LayoutState::kNone;
  FrameLayout layout{};

  // For the host to find.
  void publish(WorkerStacks &stacks) const {
    stacks.layout = layout;
    stacks.layout_state.store(state, std::memory_order_release);
  }
};

// On the main thread, with the GIL, no exception set.
StackLayout find_stack_layout(PyObject *engine);

}  // namespace capsule::worker
