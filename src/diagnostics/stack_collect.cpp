#include "diagnostics/stack_collect.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "base/utf8.hpp"
#include "capsule/stack.h"
#include "diagnostics/frame_walk.hpp"
#include "diagnostics/native_stack.hpp"

namespace capsule {
namespace {

struct Task {
  std::int32_t state = CAPSULE_TASK_UNKNOWN;
  std::string name;
};

std::int32_t state_of(char letter) {
  switch (letter) {
    case 'R':
      return CAPSULE_TASK_RUNNING;
    case 'S':
    case 'I':
      return CAPSULE_TASK_SLEEPING;
    case 'D':
      return CAPSULE_TASK_BLOCKED;
    case 'T':
    case 't':
      return CAPSULE_TASK_STOPPED;
    case 'Z':
    case 'X':
      return CAPSULE_TASK_DEAD;
    default:
      return CAPSULE_TASK_UNKNOWN;
  }
}

// Of `4711 (name) S …`; the name may hold anything.
Task read_task(const std::string &folder) {
  const UniqueFd file(open((folder + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[1024];
  const ssize_t count = ::read(file.get(), buffer, sizeof buffer);  // fails where it has ended meanwhile
  const std::string text(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  Task task;
  if (open != std::string::npos && close != std::string::npos && close > open && close + 2 < text.size()) {
    task.state = state_of(text[close + 2]);
    utf8_replace_invalid(std::string_view(text).substr(open + 1, close - open - 1), task.name);
  }
  return task;
}

void ask_kernel(Stack &stack) {
  const std::string folder = "/proc/" + std::to_string(stack.pid);
  const Task process = read_task(folder);
  stack.process_state = process.state;
  for (StackThread &thread : stack.threads) {
    Task task = thread.is_main ? process : read_task(folder + "/task/" + std::to_string(thread.tid));
    thread.state = task.state;
    if (thread.is_main) {
      thread.name = "main";
    } else if (task.name != process.name) {
      thread.name = std::move(task.name);
    }
  }
}

Status why_no_layout(LayoutState state) {
  switch (state) {
    case LayoutState::kUnknownVersion:
      return {CAPSULE_E_STATE, "stack: how this version of Python lays out its memory is not known"};
    case LayoutState::kWrong:
      return {CAPSULE_E_STATE, "stack: this build of Python lays out its memory in another way than its version does"};
    default:
      return {CAPSULE_E_STATE, "stack: the session runs no Python"};
  }
}

Status why_no_stack(int refusal) {
  if (refusal == ESRCH) {
    return {CAPSULE_E_DIED, "stack: the worker died meanwhile"};
  }
  return refusal != 0 ? system_error("process_vm_readv", refusal)
                      : Status(CAPSULE_E_STATE, "stack: the worker's memory is not as it said");
}

}  // namespace

Result<Stack> collect_stack(int pid, const WorkerStacks &stacks, const StackWish &wish) {
  const std::uint64_t began = monotonic_ns();
  const LayoutState state = stacks.layout_state.load(std::memory_order_acquire);
  if (state != LayoutState::kVerified) {
    return why_no_layout(state);
  }
  ProcessMemory memory(pid);
  FrameWalk walk(memory, stacks.layout, {.frames = wish.frames, .deadline_ns = wish.deadline_ns});
  auto stack = walk.walk();
  if (walk.late()) {
    return Status(CAPSULE_E_TIMEOUT, "stack: it could not be read within timeout_ms");
  }
  // The main thread of a process has its number.
  if (!stack || stack->threads.front().tid != pid) {
    return why_no_stack(memory.refusal());
  }
  stack->source = CAPSULE_STACK_MEMORY;
  stack->pid = pid;
  if (wish.native_frames > 0) {
    add_native_frames(*stack, wish);
  }
  ask_kernel(*stack);
  hide_engine_frames(*stack);
  stack->time_ns = began;
  stack->collect_ns = monotonic_ns() - began;
  return std::move(*stack);
}

}  // namespace capsule
