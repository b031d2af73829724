#include "session/trace.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace capsule {
namespace {

// A group of kinds is a hundred of them.
constexpr std::int32_t kGroup = 100;
// What most executions come to: submitted, sent, finished, and one more.
constexpr std::size_t kUsualEvents = 4;

std::int32_t phase_of(std::int32_t kind) {
  switch (kind) {
    case CAPSULE_TRACE_CHECKPOINT_BEGIN:
    case CAPSULE_TRACE_RESTORE_BEGIN:
    case CAPSULE_TRACE_POOL_ACQUIRE_BEGIN:
      return CAPSULE_TRACE_PHASE_BEGIN;
    case CAPSULE_TRACE_CHECKPOINT_END:
    case CAPSULE_TRACE_RESTORE_END:
    case CAPSULE_TRACE_POOL_ACQUIRED:
      return CAPSULE_TRACE_PHASE_END;
    default:
      return CAPSULE_TRACE_INSTANT;
  }
}

bool fits(const capsule_trace_filter &filter, const capsule_trace_event &event) {
  const bool of_kind = filter.kind == 0 || filter.kind == event.kind ||
                       (filter.kind % kGroup == 0 && filter.kind / kGroup == event.kind / kGroup);
  return of_kind && (filter.execution_id == 0 || filter.execution_id == event.execution_id) &&
         event.sequence > filter.after_sequence && event.time_ns >= filter.since_ns;
}

}  // namespace

// An execution's events come close together: its group is one of the last.
capsule_trace_event &Trace::append(std::uint64_t execution_id) {
  if (execution_id == 0) {
    return lone_.emplace_back();
  }
  for (auto group = groups_.rbegin(); group != groups_.rend() && group->execution_id >= execution_id; ++group) {
    if (group->execution_id == execution_id) {
      return group->events.emplace_back();
    }
  }
  Group &group = groups_.emplace_back(Group{execution_id, {}});
  group.events.reserve(kUsualEvents);
  return group.events.emplace_back();
}

void Trace::evict_group() {
  const std::size_t events = groups_.front().events.size();
  stored_ -= events;
  evicted_ += events;
  ++evicted_executions_;
  groups_.pop_front();
}

// False when all that could go is the execution that the event is of: its beginning is kept.
bool Trace::make_room(std::uint64_t execution_id) {
  while (stored_ >= max_events_) {
    if (groups_.empty() || (!lone_.empty() && lone_.front().sequence < groups_.front().events.front().sequence)) {
      lone_.pop_front();
      --stored_;
      ++evicted_;
    } else if (groups_.front().execution_id == execution_id) {
      return false;
    } else {
      evict_group();
    }
  }
  return true;
}

void Trace::add(const Entry &entry) {
  if (max_events_ == 0) {
    return;
  }
  ++last_sequence_;
  if (!make_room(entry.execution_id)) {
    ++dropped_;
    return;
  }
  capsule_trace_event &event = append(entry.execution_id);
  event.sequence = last_sequence_;
  event.time_ns = entry.time_ns == 0 ? monotonic_ns() : entry.time_ns;
  event.execution_id = entry.execution_id;
  event.link = entry.link;
  event.kind = entry.kind;
  event.phase = phase_of(entry.kind);
  event.status = entry.status;
  std::transform(entry.arguments.begin(), entry.arguments.end(), event.arguments,
                 [](std::uint64_t argument) { return static_cast<std::int64_t>(argument); });
  ++stored_;
}

std::vector<capsule_trace_event> Trace::select(const capsule_trace_filter &filter, std::size_t capacity,
                                               capsule_trace_info &info) const {
  std::vector<capsule_trace_event> selected;
  const auto copy_from = [&](const auto &events) {
    std::copy_if(events.begin(), events.end(), std::back_inserter(selected),
                 [&](const capsule_trace_event &event) { return fits(filter, event); });
  };
  copy_from(lone_);
  for (const Group &group : groups_) {
    copy_from(group.events);
  }
  std::sort(selected.begin(), selected.end(),
            [](const capsule_trace_event &a, const capsule_trace_event &b) { return a.sequence < b.sequence; });
  info.matched = selected.size();
  info.stored = stored_;
  info.stored_bytes = stored_ * sizeof(capsule_trace_event);
  info.last_sequence = last_sequence_;
  info.evicted = evicted_;
  info.evicted_executions = evicted_executions_;
  info.dropped = dropped_;
  selected.resize(std::min(capacity, selected.size()));
  return selected;
}

}  // namespace capsule
