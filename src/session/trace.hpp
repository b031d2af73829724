// The events of a session: bounded in bytes, evicted by whole executions, the oldest first. Guarded by the session's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <vector>

#include "capsule/trace.h"

namespace capsule {

class Trace {
 public:
  // 0: nothing is kept, nor counted.
  explicit Trace(std::uint64_t max_bytes) : max_events_(max_bytes / sizeof(capsule_trace_event)) {}

  struct Entry {
    std::int32_t kind = 0;
    std::uint64_t execution_id = 0;
    std::int32_t status = 0;
    std::initializer_list<std::uint64_t> arguments{};
    std::uint64_t link = 0;
    std::uint64_t time_ns = 0;  // 0: now
  };
  // Budget: 80 bytes written; the clock where no time is given; an allocation for each execution, and for each six events of none.
  void add(const Entry &entry);

  // The first `capacity` that fit, in order.
  std::vector<capsule_trace_event> select(const capsule_trace_filter &filter, std::size_t capacity,
                                          capsule_trace_info &info) const;

 private:
  // Of one execution.
  struct Group {
    std::uint64_t execution_id = 0;
    std::vector<capsule_trace_event> events;
  };
  capsule_trace_event &append(std::uint64_t execution_id);
  bool make_room(std::uint64_t execution_id);
  void evict_group();

  const std::uint64_t max_events_;
  std::deque<Group> groups_;              // the oldest first
  std::deque<capsule_trace_event> lone_;  // of no execution, the oldest first
  std::uint64_t stored_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t evicted_executions_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace capsule
