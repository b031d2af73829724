// What a session does between executions: values, snapshots, and going back to one. Functions named on_… run on the loop thread.
#include <algorithm>
#include <numeric>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/snapshot.hpp"
#include "session/zygote.hpp"

namespace capsule {
// Waits its turn behind what was submitted before, and for what comes of it.
Status Session::perform(const std::shared_ptr<Operation> &operation, std::uint64_t deadline_ns) {
  Notifications notifications;
  Lock lock(mutex_);
  if (closing()) {
    return {CAPSULE_E_CLOSED, "session is closed"};
  }
  const bool restores = operation->kind == wire::Operation::kRestore;
  if (state_ == CAPSULE_SESSION_ERROR && !restarting_ && !restores) {
    return died_status();
  }
  operation->id = wire::kRequestBit | ++last_request_id_;
  operation->after = last_execution_id_;
  operations_.push_back(operation);
  if (state_ == CAPSULE_SESSION_ERROR && !restarting_) {
    begin_operation();  // nothing runs, and nothing waits
  } else {
    dispatch(notifications);
  }
  const auto done = [&] { return operation->phase == Operation::Phase::kDone; };
  while (!done()) {
    if (deadline_ns == kNoDeadline) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns))) ==
                   std::cv_status::timeout &&
               !done()) {
      give_up(operation);
      return {CAPSULE_E_TIMEOUT, operation->phase == Operation::Phase::kQueued
                                     ? "the session was busy until timeout_ms was over"
                                     : "it was not done within timeout_ms"};
    }
  }
  return operation->status;
}

// One that is under way is broken off, like an execution: what runs may be the user's code.
void Session::give_up(const std::shared_ptr<Operation> &operation) {
  if (operation->phase == Operation::Phase::kQueued) {
    std::erase(operations_, operation);
    return;
  }
  operation->abandoned = true;
  if (operation->kind == wire::Operation::kRestore || operation->kind == wire::Operation::kSnapshot) {
    return;  // these end by themselves
  }
  send_control(operation->id, wire::Cancel{});
  const std::uint64_t deadline = deadline_after_ms(options_.cancel_grace_ms);
  runtime_->loop().post([self = shared_from_this(), operation, deadline] {
    self->runtime_->loop().add_timer(deadline, [self, operation] {
      const Lock inner(self->mutex_);
      if (self->operation_ == operation) {
        self->kill_worker();
      }
    });
  });
}

// Whether the next thing to do is an operation; it is begun then.
bool Session::begin_operation() {
  if (operations_.empty() || (!queue_.empty() && queue_.front()->id <= operations_.front()->after)) {
    return false;
  }
  const std::shared_ptr<Operation> operation = std::move(operations_.front());
  operations_.pop_front();
  start_operation(operation);
  return true;
}

void Session::start_operation(const std::shared_ptr<Operation> &operation) {
  operation_ = operation;
  operation->phase = Operation::Phase::kRunning;
  operation->began_ns = monotonic_ns();
  counters_.last_used_ns = operation->began_ns;
  trace_begin(*operation);
  if (operation->kind == wire::Operation::kSnapshot) {
    begin_snapshot(operation);
  } else if (operation->kind == wire::Operation::kRestore) {
    switch_to({operation->snapshot, /*keep=*/true});
  } else {
    if (Status sent = send_ask(*operation, 0); !sent.ok()) {
      runtime_->loop().post([self = shared_from_this(), operation, sent = std::move(sent)] {
        Notifications notifications;
        const Lock inner(self->mutex_);
        if (self->operation_ == operation) {
          self->finish_operation(notifications, sent);
        }
      });
    }
  }
}

Status Session::send_ask(Operation &operation, std::uint64_t fork_id) {
  Items items(operation.items);
  if (operation.attached.valid()) {
    items.fds.push_back(operation.attached.get());
  }
  wire::Ask ask{.request_id = operation.id,
                .operation = static_cast<std::uint8_t>(operation.kind),
                .name = operation.name.empty() ? wire::Text() : wire::Text(operation.name),
                .kind = static_cast<std::uint8_t>(operation.value_kind),
                .option = operation.option,
                .limit = operation.limit,
                .fork_id = fork_id,
                .items = std::move(items.items),
                .attached = operation.attached.valid()};
  Status sent = send_with_fds(&Worker::work, 0, std::move(ask), items.fds);
  operation.items.clear();
  operation.attached.reset();
  return sent;
}

// The worker forks; the zygote, whose child that is, tells of it; the worker says that it is over. In whatever order.
void Session::begin_snapshot(const std::shared_ptr<Operation> &operation) {
  operation->fork_id = random_fork_id();
  runtime_->loop().post([self = shared_from_this(), operation, fork_id = operation->fork_id] {
    const auto zygote = self->runtime_->zygote(self->options_.profile);
    {
      // Another zygote will never hear of it.
      Notifications notifications;
      const Lock lock(self->mutex_);
      if (self->operation_ == operation && self->worker_ && self->worker_->zygote_pid != zygote->pid()) {
        self->finish_operation(notifications, Status(CAPSULE_E_STATE, "the zygote that would look after a snapshot is gone"));
        return;
      }
    }
    zygote->expect_fork(
        fork_id,
        [self, operation](Result<Process> process, UniqueFd channel) {
          self->on_snapshot_forked(operation, std::move(process), std::move(channel));
        },
        [](ExitStatus) {});
    const Lock lock(self->mutex_);
    if (self->operation_ != operation) {
      return;
    }
    if (const Status sent = self->send_ask(*operation, fork_id); !sent.ok()) {
      self->break_protocol(*self->worker_, sent);
    }
  });
}

void Session::on_snapshot_forked(const std::shared_ptr<Operation> &operation, Result<Process> process, UniqueFd channel) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (!process.ok()) {
    if (operation_ == operation) {
      finish_operation(notifications, process.status());
    }
    return;
  }
  if (operation_ != operation || !channel.valid()) {
    kill_group(process.value().pidfd, process.value().pid);
    return;
  }
  operation->snapshot =
      std::make_shared<Snapshot>(runtime_, operation->fork_id, options_, std::move(process.value()), std::move(channel));
  operation->snapshot->watch();
  runtime_->remember(operation->snapshot);
  if (operation->answered) {
    finish_operation(notifications, Status());
  }
}

void Session::on_answer(Worker &worker, const wire::Answer &answer, UniqueFd attached) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_.get() != &worker || !operation_ || operation_->id != answer.request_id) {
    return;
  }
  Operation &operation = *operation_;
  const Status status = status_of(answer);
  if (operation.kind == wire::Operation::kSnapshot && status.ok()) {
    operation.answered = true;
    if (operation.snapshot) {
      finish_operation(notifications, Status());
    }
    return;
  }
  operation.reply = Reply(answer, std::move(attached));
  finish_operation(notifications, status);
}

void Session::finish_operation(Notifications &notifications, Status status) {
  if (reloading()) {
    finish_reload(notifications, status);
    dispatch(notifications);
    return;
  }
  const std::shared_ptr<Operation> operation = std::exchange(operation_, nullptr);
  operation->status = std::move(status);
  operation->phase = Operation::Phase::kDone;
  trace_end(*operation);
  if (operation->kind == wire::Operation::kSnapshot && operation->snapshot) {
    finish_snapshot(*operation);
  } else if (operation->kind == wire::Operation::kSnapshot) {
    runtime_->loop().post([runtime = runtime_, profile = options_.profile, fork_id = operation->fork_id] {
      runtime->zygote(profile)->forget(fork_id);
    });
  }
  changed_.notify_all();
  if (operation->execution) {
    run_transaction(notifications, operation);
  }
  dispatch(notifications);
}

void Session::trace_begin(const Operation &operation) {
  if (operation.kind == wire::Operation::kCheckpoint) {
    trace_.add({.kind = CAPSULE_TRACE_CHECKPOINT_BEGIN, .time_ns = operation.began_ns});
  } else if (operation.kind == wire::Operation::kRestoreCheckpoint || operation.kind == wire::Operation::kRestore) {
    trace_.add({.kind = CAPSULE_TRACE_RESTORE_BEGIN,
                .link = operation.snapshot ? operation.snapshot->id() : 0,
                .time_ns = operation.began_ns});
  }
}

void Session::trace_end(const Operation &operation) {
  const std::int32_t status = operation.status.code();
  const std::uint64_t snapshot_id = operation.snapshot ? operation.snapshot->id() : 0;
  if (operation.kind == wire::Operation::kCheckpoint) {
    const std::uint64_t skipped = std::accumulate(operation.reply.sizes.begin(), operation.reply.sizes.end(), std::uint64_t{0});
    if (skipped > 0) {
      trace_.add({.kind = CAPSULE_TRACE_CHECKPOINT_SKIPPED, .arguments = {skipped}});
    }
    const std::uint64_t bytes = operation.reply.size_bytes - std::min(operation.reply.total, operation.reply.size_bytes);
    trace_.add({.kind = CAPSULE_TRACE_CHECKPOINT_END, .status = status, .arguments = {bytes, skipped}});
  } else if (operation.kind == wire::Operation::kRestoreCheckpoint || operation.kind == wire::Operation::kRestore) {
    trace_.add({.kind = CAPSULE_TRACE_RESTORE_END, .status = status, .link = snapshot_id});
  } else if (operation.kind == wire::Operation::kSnapshot) {
    trace_.add({.kind = CAPSULE_TRACE_SNAPSHOT_FORKED,
                .execution_id = operation.execution ? operation.execution->id : 0,
                .status = status,
                .arguments = {monotonic_ns() - operation.began_ns, operation.execution ? 1U : 0U},
                .link = snapshot_id});
  }
}

void Session::trace_rollback(const Execution &execution, const capsule_event &fields) {
  trace_.add({.kind = CAPSULE_TRACE_ROLLED_BACK,
              .execution_id = execution.id,
              .status = fields.outcome,
              .arguments = {static_cast<std::uint64_t>(execution.request.transaction_scope), fields.effects}});
}

void Session::finish_snapshot(Operation &operation) {
  const std::shared_ptr<Snapshot> &snapshot = operation.snapshot;
  snapshot->set_origin({id_, last_ended_id_, monotonic_ns() - operation.began_ns});
  if (operation.abandoned || !operation.status.ok()) {
    static_cast<void>(snapshot->let_go(false));
    return;
  }
  if (!operation.kept) {
    return;
  }
  ++counters_.snapshots;
  std::erase_if(snapshots_, [](const auto &weak) {
    const auto one = weak.lock();
    return !one || one->gone();
  });
  while (snapshots_.size() >= options_.snapshot_limit) {
    if (const auto oldest = snapshots_.front().lock()) {
      counters_.snapshots_evicted += oldest->let_go(true) ? 1 : 0;
    }
    snapshots_.pop_front();
  }
  snapshots_.push_back(snapshot);
}

Session::QueuedRestore Session::take_queued_restore() {
  QueuedRestore next;
  const auto restore = std::find_if(operations_.begin(), operations_.end(),
                                    [](const auto &one) { return one->kind == wire::Operation::kRestore; });
  if (restore != operations_.end()) {
    next.restore = *restore;
    next.operations.assign(restore + 1, operations_.end());
    operations_.erase(restore, operations_.end());
    const auto behind =
        std::find_if(queue_.begin(), queue_.end(), [&](const auto &one) { return one->id > next.restore->after; });
    next.executions.assign(behind, queue_.end());
    queue_.erase(behind, queue_.end());
  }
  return next;
}

// What is under way, and the worker is no more.
void Session::fail_operation(Notifications &notifications, const Status &status) {
  if (operation_ && operation_->kind != wire::Operation::kRestore) {
    finish_operation(notifications, status);
  }
}

// Everything that waits for the worker, too.
void Session::fail_operations(Notifications &notifications, const Status &status) {
  fail_operation(notifications, status);
  for (const auto &operation : std::exchange(operations_, {})) {
    operation->status = status;
    operation->phase = Operation::Phase::kDone;
  }
  changed_.notify_all();
}

// Before an execution that may be rolled back comes a snapshot; true when there is one to wait for.
bool Session::begin_transaction(const std::shared_ptr<Execution> &execution) {
  const ExecutionRequest &request = execution->request;
  if (request.transaction == CAPSULE_TRANSACTION_COMMIT || request.transaction_scope != CAPSULE_SCOPE_MEMORY) {
    return false;
  }
  auto operation = std::make_shared<Operation>(wire::Operation::kSnapshot);
  operation->id = wire::kRequestBit | ++last_request_id_;
  operation->execution = execution;
  start_operation(operation);
  return true;
}

void Session::run_transaction(Notifications &notifications, const std::shared_ptr<Operation> &operation) {
  const std::shared_ptr<Execution> execution = std::exchange(operation->execution, nullptr);
  const std::shared_ptr<Snapshot> snapshot = std::exchange(operation->snapshot, nullptr);
  // It may have been canceled meanwhile; and the worker may be gone, which ends what is queued.
  const bool runs = !queue_.empty() && queue_.front() == execution && can_run() && worker_ && !worker_->gone;
  if (!runs || !operation->status.ok()) {
    if (snapshot) {
      static_cast<void>(snapshot->let_go(false));
    }
    if (runs) {
      queue_.pop_front();
      end_unstarted(notifications, execution, CAPSULE_OUTCOME_ERROR, "TransactionRefused",
                    "no snapshot could be taken: " + operation->status.message());
    }
    return;
  }
  queue_.pop_front();
  execution->snapshot = snapshot;
  run_next(notifications, execution);
}

bool Session::rolls_back(const Execution &execution, std::int32_t outcome) {
  return execution.snapshot && !execution.snapshot->gone() &&
         (execution.request.transaction == CAPSULE_TRANSACTION_ROLLBACK_ALWAYS || outcome != CAPSULE_OUTCOME_OK);
}

// The end of what ran, as the worker told it, or its death: kept, rolled back, or begun anew.
void Session::conclude(Notifications &notifications, Event event) {
  const std::shared_ptr<Execution> execution = current_;
  if (execution->request.transaction != CAPSULE_TRANSACTION_COMMIT && worker_) {
    const std::uint64_t effects = worker_->shared.counters().get(Counter::effects);
    const bool its_own = effects >> kEffectBits == (execution->id & UINT32_MAX);
    event.fields.effects = its_own ? static_cast<std::uint32_t>(effects) : 0;
  }
  if (rolls_back(*execution, event.fields.outcome) && !closing() && !restarting_) {
    ++counters_.rollbacks;
    trace_rollback(*execution, event.fields);
    hold_end(std::move(event), CAPSULE_STATE_ROLLED_BACK);
    switch_to({std::exchange(execution->snapshot, nullptr), /*keep=*/false});
    return;
  }
  if (const auto snapshot = std::exchange(execution->snapshot, nullptr)) {
    static_cast<void>(snapshot->let_go(false));
  }
  const ExecutionRequest &request = execution->request;
  if (request.transaction_scope == CAPSULE_SCOPE_NAMES && event.fields.state == CAPSULE_STATE_PRESERVED &&
      (request.transaction == CAPSULE_TRANSACTION_ROLLBACK_ALWAYS ||
       (request.transaction == CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE && event.fields.outcome != CAPSULE_OUTCOME_OK))) {
    event.fields.state = CAPSULE_STATE_ROLLED_BACK;
    ++counters_.rollbacks;
    trace_rollback(*execution, event.fields);
  }
  if (event.fields.death_reason != CAPSULE_DEATH_NONE && revive()) {
    event.fields.restored_snapshot_id = birth_.snapshot ? birth_.snapshot->id() : 0;
    hold_end(std::move(event), birth_.snapshot ? CAPSULE_STATE_RESTORED : CAPSULE_STATE_LOST);
    return;
  }
  end(notifications, execution, std::move(event));
}

// What ran is over; its end is told once it is known what became of the session.
void Session::hold_end(Event event, std::int32_t state) {
  current_->phase = ExecutionPhase::kRollingBack;
  drop_timers(*current_);
  held_end_ = std::move(event);
  held_state_ = state;
}

// After a death: goes on as the session's policy says; false when it does not.
bool Session::revive() {
  if (closing() || restarting_ || options_.restart_policy == CAPSULE_RESTART_MANUAL) {
    return false;
  }
  reloads_ = options_.restart_policy == CAPSULE_RESTART_CHECKPOINT;
  Birth birth;
  for (auto one = snapshots_.rbegin(); options_.restart_policy == CAPSULE_RESTART_SNAPSHOT && one != snapshots_.rend(); ++one) {
    const auto snapshot = one->lock();
    if (snapshot && !snapshot->gone()) {
      birth.snapshot = snapshot;
      break;
    }
  }
  ++counters_.restarts;
  trace_.add({.kind = CAPSULE_TRACE_SESSION_RESTARTED, .status = options_.restart_policy});
  switch_to(std::move(birth));
  return true;
}

// The worker, if there still is one, gives way to another. Under the lock; what is queued waits.
void Session::switch_to(Birth birth) {
  set_state(CAPSULE_SESSION_CREATING);
  start_status_ = Status();
  birth_ = std::move(birth);
  switching_ = true;
  runtime_->loop().post([self = shared_from_this()] {
    {
      Notifications notifications;
      const Lock lock(self->mutex_);
      self->switching_ = false;
      if (self->worker_) {
        self->kill_worker();
        self->end_late(notifications);
        self->release_worker();
      }
    }
    self->start_worker();
  });
}

// What waited for the switch: the end of the execution that was rolled back, or whoever asked for it.
void Session::settle_switch(Notifications &notifications, const Status &status) {
  if (held_end_) {
    Event event = std::move(*held_end_);
    held_end_.reset();
    event.fields.state = status.ok() ? held_state_ : CAPSULE_STATE_LOST;
    end(notifications, std::shared_ptr(current_), std::move(event));
  }
  if (operation_ && operation_->kind == wire::Operation::kRestore) {
    counters_.restores += status.ok() ? 1 : 0;
    finish_operation(notifications, status);
  }
}

std::uint64_t Session::last_execution() {
  const Lock lock(mutex_);
  return last_ended_id_;
}

Result<std::shared_ptr<Snapshot>> Session::take_snapshot(bool kept, std::uint64_t deadline_ns) {
  if (kept && options_.snapshot_limit == 0) {
    return Status(CAPSULE_E_LIMIT, "snapshot_limit of the session is 0");
  }
  const auto operation = std::make_shared<Operation>(wire::Operation::kSnapshot);
  operation->kept = kept;
  if (Status status = perform(operation, deadline_ns); !status.ok()) {
    return status;
  }
  if (kept && options_.snapshot_memory_limit_bytes != 0) {
    trim_snapshots(*operation->snapshot);
  }
  return std::move(operation->snapshot);
}

// Reads /proc, and so on the caller's thread, without the lock.
void Session::trim_snapshots(const Snapshot &newest) {
  std::vector<std::shared_ptr<Snapshot>> older;
  {
    const Lock lock(mutex_);
    for (const auto &weak : snapshots_) {
      if (auto one = weak.lock(); one && one.get() != &newest) {
        older.push_back(std::move(one));
      }
    }
  }
  std::uint64_t total = newest.info().proportional_bytes;
  for (auto one = older.rbegin(); one != older.rend(); ++one) {
    total += (*one)->info().proportional_bytes;
    if (total > options_.snapshot_memory_limit_bytes && (*one)->let_go(true)) {
      const Lock lock(mutex_);
      ++counters_.snapshots_evicted;
    }
  }
}

Status Session::restore(const std::shared_ptr<Snapshot> &snapshot, std::uint64_t deadline_ns) {
  if (&snapshot->runtime() != runtime_.get() || snapshot->options().profile < options_.profile ||
      options_.profile < snapshot->options().profile) {
    return {CAPSULE_E_ARGUMENT, "snapshot: it was taken of a session of another runtime or with another profile"};
  }
  if (snapshot->gone()) {
    return {CAPSULE_E_DIED, "snapshot: it is gone"};
  }
  const auto operation = std::make_shared<Operation>(wire::Operation::kRestore);
  operation->snapshot = snapshot;
  return perform(operation, deadline_ns);
}

}  // namespace capsule
