// Checkpoints of a session: made, restored, kept; and the one that a new worker begins with after a death.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "checkpoint/checkpoint.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/snapshot.hpp"

namespace capsule {

Result<std::shared_ptr<Checkpoint>> Session::make_checkpoint(const CheckpointWish &wish, std::uint64_t deadline_ns) {
  const std::uint64_t began = monotonic_ns();
  const auto operation = std::make_shared<Operation>(wire::Operation::kCheckpoint);
  operation->limit = wish.max_bytes;
  Result<std::shared_ptr<Checkpoint>> made = perform(operation, deadline_ns);
  // Of one that is not done the loop thread may yet write it.
  Reply reply = made.status().ok() ? std::move(operation->reply) : Reply();
  const std::uint64_t size_bytes = reply.size_bytes;
  if (made.status().ok()) {
    // The worker's answer: a manifest and behind it the body, in shared memory, which may be larger than all memory there is.
    auto memory = SharedBuffer::open(std::move(reply.attached), reply.size_bytes);
    if (!memory.ok()) {
      made = memory.status();
    } else if (reply.total > std::min(reply.size_bytes, kMaxManifest) ||
               reply.size_bytes - reply.total > wish.max_bytes + kMaxManifest) {
      made = Status(CAPSULE_E_PROTOCOL, "the worker sent a checkpoint that is not of the size it says, or may have");
    } else {
      CheckpointOrigin origin{wish.name, wish.metadata, id_, 0, {}};
      {
        const Lock lock(mutex_);
        origin.execution_id = last_ended_id_;
        origin.parent_id = last_checkpoint_id_;
      }
      made = Checkpoint::make(origin, std::move(memory.value()), reply.total, wish.level, wish.key);
    }
  }
  const Lock lock(mutex_);
  if (made.ok()) {
    ++counters_.checkpoints;
    figures_.observe(Signal::checkpoint_duration_seconds, monotonic_ns() - began);
    figures_.observe_bytes(Signal::checkpoint_size_bytes, size_bytes);
    for (std::size_t reason = 0; reason < std::min(reply.sizes.size(), values_of(SignalLabel::kSkip)); ++reason) {
      counters_.checkpoint_entries_skipped += reply.sizes[reason];
      figures_.add(Signal::checkpoint_entries_skipped, reply.sizes[reason], reason);
    }
    last_checkpoint_id_ = made.value()->id();
  } else {
    ++counters_.checkpoints_failed;
  }
  return made;
}

// The worker's report, as JSON.
Result<std::string> Session::restore_checkpoint(Checkpoint &checkpoint, std::uint32_t flags, std::uint64_t deadline_ns) {
  const auto operation = std::make_shared<Operation>(wire::Operation::kRestoreCheckpoint);
  auto memory = checkpoint.unpack(operation->limit);
  Status status = memory.status();
  if (status.ok()) {
    operation->attached = std::move(memory.value());
    operation->option = flags;
    status = perform(operation, deadline_ns);
  }
  const Lock lock(mutex_);
  ++(status.ok() ? counters_.checkpoint_restores : counters_.checkpoint_restores_failed);
  if (!status.ok()) {
    return status;
  }
  last_checkpoint_id_ = checkpoint.id();
  return std::move(operation->reply.data);
}

Session::Kept::iterator Session::find_kept(const std::string &name) {
  return std::find_if(checkpoints_.begin(), checkpoints_.end(), [&](const auto &one) { return one->name() == name; });
}

// Where a death is to go back to it: unpacking may take long, and is not for the loop thread.
Result<Session::Unpacked> Session::unpack(const std::shared_ptr<Checkpoint> &checkpoint) const {
  Unpacked unpacked;
  if (checkpoint == nullptr || options_.restart_policy != CAPSULE_RESTART_CHECKPOINT) {
    return unpacked;
  }
  auto memory = checkpoint->unpack(unpacked.manifest_bytes);
  if (!memory.ok()) {
    return memory.status();
  }
  unpacked.memory = std::move(memory.value());
  unpacked.of = checkpoint;
  return unpacked;
}

Status Session::keep_checkpoint(const std::shared_ptr<Checkpoint> &checkpoint) {
  if (!checkpoint->is_verified()) {
    return {CAPSULE_E_CHECKPOINT, "checkpoint: it is signed, and was read without its key"};
  }
  auto unpacked = unpack(checkpoint);
  if (!unpacked.ok()) {
    return unpacked.status();
  }
  const Lock lock(mutex_);
  if (closing()) {
    return {CAPSULE_E_CLOSED, "session is closed"};
  }
  if (const auto before = find_kept(checkpoint->name()); before != checkpoints_.end()) {
    checkpoints_.erase(before);
  }
  while (checkpoints_.size() >= options_.checkpoint_limit) {
    checkpoints_.pop_front();
    ++counters_.checkpoints_evicted;
  }
  checkpoints_.push_back(checkpoint);
  unpacked_ = std::move(unpacked.value());
  return {};
}

std::shared_ptr<Checkpoint> Session::find_checkpoint(const std::string &name) {
  const Lock lock(mutex_);
  const auto found = find_kept(name);
  return found == checkpoints_.end() ? nullptr : *found;
}

std::shared_ptr<Checkpoint> Session::checkpoint_at(std::size_t index) {
  const Lock lock(mutex_);
  return index < checkpoints_.size() ? checkpoints_[index] : nullptr;
}

Status Session::forget_checkpoint(const std::string &name) {
  std::shared_ptr<Checkpoint> last;
  {
    const Lock lock(mutex_);
    const auto found = find_kept(name);
    if (found == checkpoints_.end()) {
      return {CAPSULE_E_NAME, "name: the session keeps no checkpoint of that name"};
    }
    const bool was_unpacked = *found == unpacked_.of;
    checkpoints_.erase(found);
    if (!was_unpacked) {
      return {};
    }
    unpacked_ = {};
    last = checkpoints_.empty() ? nullptr : checkpoints_.back();
  }
  auto unpacked = unpack(last);
  const Lock lock(mutex_);
  if (unpacked.ok() && !checkpoints_.empty() && checkpoints_.back() == last) {
    unpacked_ = std::move(unpacked.value());
  }
  return unpacked.status();
}

// A worker that was made after a death is ready: it begins with the checkpoint, if there is one to go back to. Loop thread.
bool Session::begin_reload() {
  if (!std::exchange(reloads_, false) || unpacked_.of == nullptr) {
    return false;
  }
  auto operation = std::make_shared<Operation>(wire::Operation::kRestoreCheckpoint);
  operation->id = wire::kRequestBit | ++last_request_id_;
  operation->reloads = true;
  operation->limit = unpacked_.manifest_bytes;
  operation->attached = UniqueFd(fcntl(unpacked_.memory.get(), F_DUPFD_CLOEXEC, 0));
  operation->name = unpacked_.of->name();
  last_checkpoint_id_ = unpacked_.of->id();
  // What a pickle runs may never end.
  runtime_->loop().add_timer(deadline_after_ms(options_.start_timeout_ms), [self = shared_from_this(), operation] {
    const Lock lock(self->mutex_);
    if (self->operation_ == operation) {
      self->kill_worker();
    }
  });
  start_operation(operation);
  return true;
}

void Session::finish_reload(Notifications &notifications, const Status &status) {
  const std::shared_ptr<Operation> operation = std::exchange(operation_, nullptr);
  trace_.add({.kind = CAPSULE_TRACE_RESTORE_END, .status = status.code()});
  ++(status.ok() ? counters_.checkpoint_restores : counters_.checkpoint_restores_failed);
  if (!status.ok()) {
    log_record(*log_level_, LogEvent::checkpoint_not_restored, "session={} status={}", id_, status_name(status.code()));
  } else if (held_end_) {
    held_state_ = CAPSULE_STATE_RESTORED;
    held_end_->fields.restored_checkpoint = held_end_->keep(2, operation->name);
  }
  settle_switch(notifications, Status());
}

}  // namespace capsule
