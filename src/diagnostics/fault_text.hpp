// What CPython's faulthandler has written.
#pragma once

#include <memory>
#include <string_view>

#include "diagnostics/stack.hpp"
#include "transport/worker_stacks.hpp"

namespace capsule {

// Anything may stand in the text: what is no dump is passed over, and of several the last counts.
Stack parse_fault_text(std::string_view text, std::uint64_t main_ident);

// Of a worker that is dead; null where a fatal signal left none, as SIGKILL does, and where the user's code had faulthandler write
// elsewhere.
std::shared_ptr<const Stack> read_death_stack(const WorkerStacks &stacks, int pid);

}  // namespace capsule
