// Where a session's Python code stands. Any thread.
#include "diagnostics/stack_collect.hpp"
#include "session/session.hpp"

namespace capsule {
namespace {

// After its deadline, until a reading is taken to be held: a disk that the memory lies on may be slow.
constexpr std::uint64_t kHeldNs = 2 * kNsPerSecond;

}  // namespace

Result<std::shared_ptr<const Stack>> Session::stack(const StackWish &wish) {
  std::shared_ptr<Worker> worker;
  const std::uint64_t due = wish.deadline_ns + kHeldNs;
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
    worker->readings.insert(due);
    if (!std::exchange(worker->readings_watched, true)) {
      runtime_->loop().post([self = shared_from_this(), worker, due] { self->watch_readings(worker, due); });
    }
  }
  // Not under the lock: the worker is held, and with it the pidfd by which the number stays its own.
  // Its end is told also where memory runs out: a reading that is over must not count as held.
  const std::shared_ptr<void> reading(nullptr, [this, &worker, due](void *) {
    const Lock lock(mutex_);
    worker->readings.erase(worker->readings.find(due));
  });
  auto stack = collect_stack(worker->process.pid, worker->shared.stacks(), wish);
  if (is_gone(worker->process.pidfd)) {
    return Status(CAPSULE_E_DIED, "stack: the worker died meanwhile");
  }
  if (!stack.ok()) {
    return stack.status();
  }
  return std::shared_ptr<const Stack>(std::make_shared<Stack>(std::move(stack.value())));
}

void Session::watch_readings(const std::shared_ptr<Worker> &worker, std::uint64_t due_ns) {
  runtime_->loop().add_timer(due_ns, [weak = weak_from_this(), held = std::weak_ptr(worker)] {
    const auto self = weak.lock();
    const auto read = held.lock();
    if (self && read) {
      self->on_readings_due(read);
    }
  });
}

void Session::on_readings_due(const std::shared_ptr<Worker> &worker) {
  const Lock lock(mutex_);
  if (worker_ != worker || worker->gone) {
    return;
  }
  if (worker->readings.empty()) {
    worker->readings_watched = false;
  } else if (const std::uint64_t first = *worker->readings.begin(); first > monotonic_ns()) {
    watch_readings(worker, first);
  } else {
    break_protocol(*worker, Status(CAPSULE_E_PROTOCOL, "it holds back its memory from who reads it"));
  }
}

std::shared_ptr<const Stack> Session::death_stack() {
  const Lock lock(mutex_);
  return death_stack_;
}

}  // namespace capsule
