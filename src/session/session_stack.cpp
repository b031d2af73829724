// Where a session's Python code stands. Any thread.
#include "diagnostics/stack_collect.hpp"
#include "session/session.hpp"

namespace capsule {

Result<std::shared_ptr<const Stack>> Session::stack(const StackWish &wish) {
  std::shared_ptr<Worker> worker;
  {
    const Lock lock(mutex_);
    if (!worker_ || worker_->gone || !worker_->ready) {
      if (state_ == CAPSULE_SESSION_ERROR && death_stack_) {
        return death_stack_;
      }
      return state_ == CAPSULE_SESSION_ERROR ? died_status()
             : closing()                     ? Status(CAPSULE_E_CLOSED, "session is closed")
                                             : Status(CAPSULE_E_STATE, "stack: the session has no worker yet");
    }
    worker = worker_;
  }
  // Not under the lock: the worker is held, and with it the pidfd by which the number stays its own.
  auto stack = collect_stack(worker->process.pid, worker->shared.stacks(), wish);
  if (is_gone(worker->process.pidfd)) {
    return Status(CAPSULE_E_DIED, "stack: the worker died meanwhile");
  }
  if (!stack.ok()) {
    return stack.status();
  }
  return std::shared_ptr<const Stack>(std::make_shared<Stack>(std::move(stack.value())));
}

std::shared_ptr<const Stack> Session::death_stack() {
  const Lock lock(mutex_);
  return death_stack_;
}

}  // namespace capsule
