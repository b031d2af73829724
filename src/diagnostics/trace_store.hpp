// Where the events of a trace are kept: by execution, in pieces of one size out of a fixed number of them, so that the memory has a
// bound. What makes room is said in trace.h.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "diagnostics/trace_record.hpp"

namespace capsule {

// Counted by who wrote the events.
struct TraceCount {
  std::uint64_t host = 0;
  std::uint64_t worker = 0;

  void add(bool by_worker, std::uint64_t count = 1) { (by_worker ? worker : host) += count; }
  [[nodiscard]] std::uint64_t total() const { return host + worker; }
};

class TraceStore {
 public:
  // What became of events that are no longer here.
  struct Gone {
    TraceCount evicted;
    TraceCount refused;
    TraceCount late;
    TraceCount truncated;
    std::uint64_t evicted_executions = 0;
    std::uint64_t newest_evicted = 0;  // the largest cursor among the evicted
  };

  // The share of the space for what belongs to no execution is one eighth; `lone_only`: all of it.
  TraceStore(std::uint64_t max_bytes, bool lone_only);

  // Where an event belongs: to an execution, 0 for none, which it opens or ends.
  struct Place {
    std::uint64_t execution_id = 0;
    bool opens = false;
    bool ends = false;
  };
  // Of the host's the parent is set: the first that was kept of the host's of that execution. False where there is no room, or no such
  // execution, which is counted.
  bool add(const Place &place, TraceRecord &record);
  // One that is not even looked at.
  void refuse() { gone_.refused.add(/*by_worker=*/false); }

  [[nodiscard]] const Gone &gone() const { return gone_; }
  [[nodiscard]] std::uint64_t stored() const { return stored_; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return (pieces_.size() - free_.size()) * kPieceCost; }
  [[nodiscard]] std::uint64_t max_bytes() const { return max_pieces_ * kPieceCost; }
  [[nodiscard]] bool has(std::uint64_t execution_id) const;
  // Executions up to here were opened.
  [[nodiscard]] std::uint64_t last_opened() const { return last_opened_; }

  // use(record): what belongs to no execution, in its order.
  template <typename Use>
  void for_each_lone(Use &&use) const {
    visit(
        lone_, [&use](std::uint64_t, const TraceRecord &record) { use(record); },
        [](std::uint64_t, const TraceRecord &, std::uint64_t) {});
  }
  // use(execution_id, record), those of an execution in their order; where events are missing in the middle, gap(execution_id, the
  // record in front of it, how many).
  template <typename Use, typename Gap>
  void for_each(std::uint64_t only_execution_id, Use &&use, Gap &&gap) const {
    if (only_execution_id == 0) {
      visit(lone_, use, gap);
    }
    for (auto group = only_execution_id == 0 ? groups_.begin() : find(only_execution_id); group != groups_.end(); ++group) {
      if (only_execution_id != 0 && group->execution_id != only_execution_id) {
        return;
      }
      visit(*group, use, gap);
    }
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // Of an execution that alone fills the space these stay, or as many as half of the space has room for.
  static constexpr std::uint32_t kHeadEvents = 64;

  // Events one behind the other. Three cache lines: an execution has its usual events in one.
  struct alignas(64) Piece {
    TraceBase first;
    TraceBase last;
    std::uint32_t next = kNone;
    std::uint16_t count = 0;      // of events
    std::uint16_t by_worker = 0;  // of them
    std::uint32_t used = 0;
    std::array<std::uint8_t, 144> bytes;
  };
  static_assert(sizeof(Piece) == 192 && kMostEncoded <= sizeof(Piece::bytes));
  struct alignas(64) Group {  // found by a shift, not a division
    std::uint64_t execution_id = 0;
    std::uint64_t truncated = 0;  // behind the head
    std::uint64_t events = 0;     // with those
    std::uint32_t first = kNone;
    std::uint32_t head_end = kNone;  // the last piece of the head
    std::uint32_t last = kNone;
    std::uint32_t pieces = 0;
    std::uint32_t opened_by = 0;
    bool finished = false;
  };
  static constexpr std::uint64_t kPieceCost = sizeof(Piece) + sizeof(Group);

  template <typename Use, typename Gap>
  void visit(const Group &group, Use &&use, Gap &&gap) const {
    for (std::uint32_t at = group.first; at != kNone; at = pieces_[at].next) {
      const Piece &piece = pieces_[at];
      TraceBase base = piece.first;
      TraceRecord record;
      const std::uint8_t *in = piece.bytes.data();
      for (std::uint32_t told = 0; told < piece.count; told += record.events()) {
        in = decode(in, base, record);
        use(group.execution_id, record);
        if (record.events() == 2) {
          use(group.execution_id, record.sent());
        }
      }
      if (at == group.head_end && group.truncated != 0) {
        gap(group.execution_id, record, group.truncated);
      }
    }
  }

  using Groups = std::deque<Group>;
  [[nodiscard]] Groups::const_iterator find(std::uint64_t execution_id) const;
  [[nodiscard]] Group *group_of(std::uint64_t execution_id);
  bool append(Group &group, const TraceRecord &record);
  void link(Group &group, std::uint32_t piece);
  std::uint32_t make_piece(std::uint64_t for_execution_id);
  void count_out(TraceCount &gone, const Piece &piece);
  bool evict_execution(std::uint64_t except_id);
  void evict_piece(Group &group, std::uint32_t piece);
  bool truncate(Group &group);

  const std::uint64_t max_pieces_;
  const std::uint64_t max_lone_pieces_;
  const std::uint64_t head_pieces_;
  std::deque<Piece> pieces_;
  std::vector<std::uint32_t> free_;
  Groups groups_;  // by execution id, the oldest first
  Group lone_;
  std::uint64_t stored_ = 0;
  std::uint64_t last_opened_ = 0;
  Gone gone_;
};

}  // namespace capsule
