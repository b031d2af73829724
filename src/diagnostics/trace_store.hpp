// Where the events of a trace are kept: in pieces of one size out of a fixed number of them, so that the memory has a bound. What makes
// room is said in trace.h.
//
// An event is held as it came, behind the one before it, whatever execution that was of. Only when somebody looks, or what is oldest
// cannot go as it is, each is packed and gets its place with those of its execution; of most nobody ever asks. To pack it and to find the
// place costs the most: it is cold between executions, as code and as memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "diagnostics/trace_record.hpp"
#include "diagnostics/trace_slot.hpp"

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

  // An execution begins; from here on its events are taken. Before the first of them.
  void open(std::uint64_t execution_id);
  // The same of one that is over, all of whose events are known.
  void pass(std::uint64_t execution_id) { last_opened_ = std::max(last_opened_, execution_id); }
  // It is over: when room is needed, what is there of it goes before what others have that are not. After its last event.
  void close(std::uint64_t execution_id);

  // Takes what is up to three events. What is not kept is counted.
  // Budget: two cache lines written, its room's and the members'; one block of 96 in turn, nothing allocated once the space is full.
  void keep(const TraceSlot &slot, std::uint32_t events) {
    // Where it is neither late nor one of the few that have a share of their own.
    if (room_left_ != 0 && slot.execution_id() > passed_) {
      put(slot, events);
    } else {
      find_room(slot, events);
    }
  }
  // Takes an event for which a slot has no room.
  void keep(TraceRecord record);
  // Whose worker the slots are that are kept from now on.
  void begin_incarnation(std::uint32_t incarnation);
  // Brings each to its place. Before any of the questions below.
  void settle();

  [[nodiscard]] const Gone &gone() const { return gone_; }
  [[nodiscard]] std::uint64_t last_cursor() const { return last_cursor_; }
  [[nodiscard]] std::uint64_t stored() const { return stored_ + held_events_; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return (pieces_.size() - free_.size()) * kPieceCost; }
  [[nodiscard]] std::uint64_t max_bytes() const { return max_pieces_ * kPieceCost; }
  [[nodiscard]] bool has(std::uint64_t execution_id) const;
  // Executions up to here were opened. Needs no settle().
  [[nodiscard]] std::uint64_t last_opened() const { return last_opened_; }

  // use(record): what belongs to no execution, in its order.
  template <typename Use>
  void for_each_lone(Use &&use) const {
    visit(lone_, use, [](const TraceRecord &, std::uint64_t) {});
  }
  // use(record), those of an execution in their order; where events are missing in the middle, gap(the record in front of it, how many).
  template <typename Use, typename Gap>
  void for_each(std::uint64_t only_execution_id, Use &&use, Gap &&gap) const {
    if (only_execution_id == 0) {
      visit(lone_, use, gap);
    }
    for (auto group = only_execution_id == 0 ? groups_.begin() : find(only_execution_id); group != groups_.end(); ++group) {
      if (only_execution_id != 0 && group->execution_id() != only_execution_id) {
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
    std::uint64_t first_cursor = 0;
    std::uint64_t first_time_ns = 0;
    std::uint64_t last_cursor = 0;
    std::uint32_t next = kNone;
    std::uint16_t count = 0;      // of events
    std::uint16_t by_worker = 0;  // of them
    std::uint16_t used = 0;
    std::array<std::uint8_t, 158> bytes;
  };
  static_assert(sizeof(Piece) == 192 && kMostEncoded <= sizeof(Piece::bytes));
  static constexpr std::size_t kSlotsOfPiece = sizeof(Piece) / sizeof(TraceSlot);
  // What a piece's room is: that, or slots.
  union Room {
    Room() : piece() {}
    Piece piece;
    std::array<TraceSlot, kSlotsOfPiece> slots;
  };
  // Pieces of slots.
  static constexpr std::size_t kMostOfBlock = 32;
  struct Block {
    std::uint32_t begun = 0;  // of its pieces
    std::array<std::uint32_t, kMostOfBlock> pieces{};
  };
  // Pieces in a row.
  struct Chain {
    TraceBase base;  // of what comes next
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t pieces = 0;
  };
  struct alignas(64) Group : Chain {  // found by a shift, not a division
    std::uint64_t truncated = 0;      // behind the head
    std::uint32_t head_end = kNone;   // the last piece of the head
    std::uint32_t opened_by = 0;
    std::uint32_t events = 0;  // up to those of the head, and one more
    bool finished = false;

    [[nodiscard]] std::uint64_t execution_id() const { return base.execution_id; }
  };
  static_assert(sizeof(Group) == 64);
  static constexpr std::uint64_t kPieceCost = sizeof(Piece) + sizeof(Group);

  // use(record), as they were written: one may be several events.
  template <typename Use>
  static void read(const Piece &piece, std::uint64_t execution_id, Use &&use) {
    TraceBase base{piece.first_cursor, piece.first_time_ns, execution_id};
    TraceRecord record;
    const std::uint8_t *in = piece.bytes.data();
    for (std::uint32_t told = 0; told < piece.count; told += record.events()) {
      in = decode(in, base, record);
      use(record);
    }
  }

  template <typename Use, typename Gap>
  void visit(const Group &group, Use &&use, Gap &&gap) const {
    for (std::uint32_t at = group.first; at != kNone; at = piece_at(at).next) {
      TraceRecord last;
      read(piece_at(at), group.execution_id(), [&](const TraceRecord &record) {
        for (std::uint32_t i = 0; i < record.events(); ++i) {
          last = record.event(i);
          use(last);
        }
      });
      if (at == group.head_end && group.truncated != 0) {
        gap(last, group.truncated);
      }
    }
  }

  using Groups = std::deque<Group>;
  [[nodiscard]] Groups::const_iterator find(std::uint64_t execution_id) const;
  [[nodiscard]] Group *group_of(std::uint64_t execution_id);

  [[nodiscard]] const Piece &piece_at(std::uint32_t number) const { return pieces_[number].piece; }
  [[nodiscard]] Piece &piece_at(std::uint32_t number) { return pieces_[number].piece; }

  // What has no place yet.
  [[nodiscard]] bool is_late(std::uint64_t execution_id) const {
    return execution_id != 0 && execution_id <= passed_ && !has(execution_id);
  }
  void put(const TraceSlot &slot, std::uint32_t events) {
    *room_++ = slot;
    --room_left_;
    held_events_ += events;
  }
  void find_room(const TraceSlot &slot, std::uint32_t events);
  // use(slot), those of one of the blocks that are held.
  template <typename Use>
  void for_each_slot(const Block &block, Use &&use) const {
    const std::size_t slots = block.begun * kSlotsOfPiece - (&block == &held_.back() ? room_left_ : 0);
    for (std::size_t i = 0; i < slots; ++i) {
      use(pieces_[block.pieces[i / kSlotsOfPiece]].slots[i % kSlotsOfPiece]);
    }
  }
  bool hold_more(std::uint64_t for_execution_id);
  bool discard_oldest(std::uint64_t except_id);
  bool next_room(std::uint64_t for_execution_id);
  void place(const TraceSlot &slot);
  [[nodiscard]] bool is_open(std::uint64_t execution_id) const;

  // What has one.
  void place(TraceRecord &record);
  bool append(Group &group, const TraceRecord &record);
  void link_to_group(Group &group, std::uint32_t piece);
  bool evict_finished(std::uint64_t except_id);
  bool evict_execution(std::uint64_t except_id);
  void evict(const Groups::iterator &victim);
  bool truncate(Group &group);

  // Pieces.
  static void begin(Piece &piece, TraceBase &base, const TraceRecord &record);
  static bool write(Piece &piece, TraceBase &base, const TraceRecord &record);
  void link(Chain &chain, std::uint32_t piece);
  void evict_first(Chain &chain);
  void count_out(TraceCount &gone, std::uint64_t count, std::uint64_t by_worker);
  bool grow();
  std::uint32_t take_free();
  std::uint32_t make_piece(std::uint64_t for_execution_id);

  // What each slot touches, together.
  alignas(64) std::uint32_t room_left_ = 0;  // slots of the piece that is filled
  std::uint32_t incarnation_ = 0;
  TraceSlot *room_ = nullptr;
  std::uint64_t passed_ = 0;  // executions up to here have had their place, or went without one
  std::uint64_t held_events_ = 0;
  std::uint64_t last_opened_ = 0;
  std::uint64_t last_cursor_ = 0;
  const std::uint64_t max_pieces_;
  const std::uint64_t max_lone_pieces_;
  const std::uint64_t head_pieces_;
  const bool lone_only_;
  const std::uint32_t block_pieces_;
  std::deque<Room> pieces_;
  std::vector<std::uint32_t> free_;
  Groups groups_;  // by execution id, the oldest first
  Group lone_;
  std::deque<Block> held_;           // of all but the last every slot is taken
  std::vector<std::uint64_t> open_;  // executions that are not over, the oldest first
  std::uint64_t stored_ = 0;         // what has a place
  Gone gone_;
};

}  // namespace capsule
