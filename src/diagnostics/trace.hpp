// The trace of a session, or of a pool: what the host records, and what it finds in its workers' flight recorders. Guarded by its
// owner's lock.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "capsule/log.h"
#include "capsule/trace.h"
#include "diagnostics/trace_kinds.hpp"
#include "diagnostics/trace_labels.hpp"
#include "diagnostics/trace_losses.hpp"
#include "diagnostics/trace_store.hpp"
#include "transport/flight_recorder.hpp"

namespace capsule {

class SignalSet;
struct Looked;

// Somebody who waits for events. Woken once for each time that it was armed.
class TraceFollower {
 public:
  TraceFollower();
  // Readable once there is something new.
  [[nodiscard]] int fd() const { return fd_.get(); }
  void wake();
  // Readable now, whatever there is.
  void ring();
  // Under the lock of what is followed.
  void arm() { armed_ = true; }
  void drain();

 private:
  UniqueFd fd_;
  bool armed_ = false;
};

// What is added to a time of the trace for the wall clock's: one anchor for the library.
std::int64_t realtime_offset_ns();

// What is known of a worker that its events are checked against.
struct TraceWorker {
  std::uint32_t incarnation = 0;  // from 1
  std::uint64_t began_ns = 0;     // no event is older
};

class Trace {
 public:
  enum class Of { kSession, kPool };
  // Of 0 bytes nothing is kept. `level`: the least severe CAPSULE_LOG_… that is recorded.
  Trace(std::uint64_t max_bytes, std::int32_t level, Of of);

  struct Entry {
    std::int32_t kind = 0;
    std::uint64_t execution_id = 0;
    std::int32_t status = 0;
    std::initializer_list<std::uint64_t> arguments{};
    std::uint64_t link = 0;
    std::uint64_t time_ns = 0;  // 0: now
    std::string_view label{};
  };
  void add_look(const Looked &look);
  // What each execution tells. One that need not wait is sent right after it was submitted, and most are over before anything else happens: the
  // three are put together and then kept as one.
  // Budget: two cache lines written, those of the members, and of the last two of the store's; no clock.
  void add_submitted(const Submitted &event) {
    if (merges_ && !is_pending_ && !followed() && pending_.begin(event, host_sequence_ + 1)) {
      ++host_sequence_;
      is_pending_ = true;
    } else {
      add({.kind = CAPSULE_TRACE_EXECUTION_SUBMITTED,
           .execution_id = event.execution_id,
           .arguments = {event.source_bytes, event.inputs},
           .time_ns = event.time_ns});
    }
  }
  void add_sent(std::uint64_t execution_id, std::uint64_t time_ns, std::uint64_t queued_ns) {
    if (is_pending_ && pending_.add_sent(execution_id, time_ns, host_sequence_ + 1)) {
      ++host_sequence_;
    } else {
      add({.kind = CAPSULE_TRACE_EXECUTION_SENT, .execution_id = execution_id, .arguments = {queued_ns}, .time_ns = time_ns});
    }
  }
  void add_finished(const Finished &event) {
    if (is_pending_ && pending_.add_finished(event, host_sequence_ + 1)) {
      ++host_sequence_;
      is_pending_ = false;
      store_.pass(event.execution_id);
      store_.keep(pending_, 3);
    } else {
      add({.kind = CAPSULE_TRACE_EXECUTION_FINISHED,
           .execution_id = event.execution_id,
           .status = event.outcome,
           .arguments = {event.ran_ns, event.stdout_bytes, event.stderr_bytes},
           .time_ns = event.time_ns});
    }
  }
  // Any other. The clock where no time is given.
  void add(const Entry &entry) {
    if (wants(entry.kind)) {
      note(entry);
    } else if (entry.kind == CAPSULE_TRACE_SESSION_CLOSED) {
      wake_followers();  // there will be no more
    }
  }
  [[nodiscard]] bool wants(std::int32_t kind) const { return trace_kind(kind).severity >= level_; }
  [[nodiscard]] bool wants_debug() const { return level_ <= CAPSULE_LOG_DEBUG; }

  // Takes what a worker has written since. It is taken for hostile: what no worker of ours writes is counted as invalid.
  void collect(FlightReader &reader, const TraceWorker &worker, bool dead);
  void collect_one(FlightWriter writer, const FlightWords &told, const TraceWorker &worker, std::uint64_t now_ns);
  void count_lost(const FlightReader::Lost &lost);

  // The first `capacity` that fit in the order of collection, those then by time. CAPSULE_E_EVICTED where the filter's cursor is older than what
  // was evicted; `info` is told anyway.
  Status select(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &selected,
                capsule_trace_info &info);
  // The latest of a worker, by time.
  [[nodiscard]] std::vector<capsule_trace_event> last_of_worker(std::uint32_t incarnation, std::size_t count);

  // What belongs to no execution and was collected after the cursor, by time; `after_cursor` becomes the last one's.
  [[nodiscard]] std::vector<capsule_trace_event> without_execution(std::uint64_t &after_cursor);
  [[nodiscard]] const TraceLabels &labels() const { return labels_; }

  void report(SignalSet &set);
  // What of it fills the fields for events and bytes. Brings nothing to its place.
  [[nodiscard]] capsule_trace_info figures();
  // What does not depend on a filter.
  void tell(capsule_trace_info &info);
  // Of what has its place: what comes later is told later.
  [[nodiscard]] TraceLosses losses() const;
  [[nodiscard]] std::uint64_t lost_by_workers() const { return dropped_ + invalid_; }

  // Wakes those that follow when there is more.
  void follow(const std::shared_ptr<TraceFollower> &follower) {
    keep_pending();  // what is older wakes nobody
    followers_.push_back(follower);
  }
  [[nodiscard]] bool followed() const { return !followers_.empty(); }

 private:
  void note(const Entry &entry);
  void keep_pending();
  [[nodiscard]] Status check_cursor(const capsule_trace_filter &filter, capsule_trace_info &info) const;
  void wake_followers();
  void report_sources(SignalSet &set) const;

  [[nodiscard]] TraceCount emitted() const { return {.host = host_sequence_, .worker = told_by_workers_}; }

  // What each execution touches, together: it is cold between two of them.
  const std::int32_t level_;
  const bool merges_;
  bool is_pending_ = false;
  std::uint64_t host_sequence_ = 0;
  std::uint64_t told_by_workers_ = 0;
  std::vector<std::weak_ptr<TraceFollower>> followers_;
  // An execution's EXECUTION_SUBMITTED, to which more may be added.
  alignas(64) TraceSlot pending_{};
  TraceStore store_;
  TraceLabels labels_;
  std::uint64_t dropped_ = 0;
  std::uint64_t invalid_ = 0;
  std::array<std::uint64_t, CAPSULE_TRACE_SOURCE_CHECKPOINT + 1> noted_{};  // of the host's events, by source
};

}  // namespace capsule
