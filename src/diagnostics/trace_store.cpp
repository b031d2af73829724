#include "diagnostics/trace_store.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "capsule/trace.h"

namespace capsule {
namespace {

bool by_worker(const TraceRecord &record) { return record.incarnation != 0; }
bool opens(const TraceRecord &record) { return record.kind == CAPSULE_TRACE_EXECUTION_SUBMITTED && !by_worker(record); }

}  // namespace

TraceStore::TraceStore(std::uint64_t max_bytes, bool lone_only)
    : max_pieces_(max_bytes / kPieceCost),
      max_lone_pieces_(lone_only ? max_pieces_ : std::max<std::uint64_t>(max_pieces_ / 8, 1)),
      head_pieces_(std::max<std::uint64_t>(max_pieces_ / 2, 1)),
      lone_only_(lone_only),
      block_pieces_(static_cast<std::uint32_t>(std::clamp<std::uint64_t>(max_pieces_ / 16, 1, kMostOfBlock))) {}

TraceStore::Groups::const_iterator TraceStore::find(std::uint64_t execution_id) const {
  if (groups_.empty() || execution_id > groups_.back().execution_id()) {
    return groups_.end();
  }
  // Where none went from the middle, its place is known.
  const std::uint64_t place = execution_id - groups_.front().execution_id();
  if (place < groups_.size() && groups_[place].execution_id() == execution_id) {
    return groups_.begin() + static_cast<std::ptrdiff_t>(place);
  }
  return std::lower_bound(groups_.begin(), groups_.end(), execution_id,
                          [](const Group &group, std::uint64_t id) { return group.execution_id() < id; });
}

// Most events are of one of the last.
TraceStore::Group *TraceStore::group_of(std::uint64_t execution_id) {
  if (!groups_.empty() && groups_.back().execution_id() == execution_id) {
    return &groups_.back();
  }
  const auto found = find(execution_id);
  return found == groups_.end() || found->execution_id() != execution_id
             ? nullptr
             : &groups_[static_cast<std::size_t>(found - groups_.begin())];
}

bool TraceStore::has(std::uint64_t execution_id) const {
  const auto found = find(execution_id);
  return found != groups_.end() && found->execution_id() == execution_id;
}

bool TraceStore::is_open(std::uint64_t execution_id) const {
  return std::binary_search(open_.begin(), open_.end(), execution_id);
}

void TraceStore::open(std::uint64_t execution_id) {
  if (execution_id > last_opened_) {
    last_opened_ = execution_id;
    open_.push_back(execution_id);
  }
}

void TraceStore::close(std::uint64_t execution_id) {
  const auto found = std::lower_bound(open_.begin(), open_.end(), execution_id);
  if (found != open_.end() && *found == execution_id) {
    open_.erase(found);
  }
  if (Group *group = groups_.empty() ? nullptr : group_of(execution_id)) {
    group->finished = true;
  }
}

void TraceStore::begin_incarnation(std::uint32_t incarnation) {
  if (incarnation != incarnation_) {
    settle();
    incarnation_ = incarnation;
  }
}

void TraceStore::find_room(const TraceSlot &slot, std::uint32_t events) {
  const std::uint64_t execution_id = slot.execution_id();
  if (max_pieces_ == 0) {
    gone_.refused.add(slot.by_worker(), events);
  } else if (is_late(execution_id)) {
    gone_.late.add(slot.by_worker(), events);
  } else if ((execution_id == 0 && !lone_only_) || (room_left_ == 0 && !next_room(execution_id))) {
    place(slot);  // those of none are few, and have a share of their own
  } else {
    put(slot, events);
  }
}

// Of the next piece; false where there is none, and then nothing is held any more.
bool TraceStore::next_room(std::uint64_t for_execution_id) {
  if ((held_.empty() || held_.back().begun == block_pieces_) && !hold_more(for_execution_id)) {
    settle();
    return false;
  }
  Block &block = held_.back();
  room_ = pieces_[block.pieces[block.begun++]].slots.data();
  room_left_ = kSlotsOfPiece;
  return true;
}

void TraceStore::place(const TraceSlot &slot) {
  TraceRecord record = slot.record(incarnation_);
  record.cursor = last_cursor_ + 1;
  last_cursor_ += record.events();
  place(record);
}

void TraceStore::keep(TraceRecord record) {
  if (max_pieces_ == 0) {
    gone_.refused.add(by_worker(record), record.events());
  } else if (is_late(record.execution_id)) {
    gone_.late.add(by_worker(record), record.events());
  } else {
    settle();
    record.cursor = last_cursor_ + 1;
    last_cursor_ += record.events();
    place(record);
  }
}

// Room for another block of slots, behind the others.
bool TraceStore::hold_more(std::uint64_t for_execution_id) {
  while (free_.size() < block_pieces_) {
    if (pieces_.size() < max_pieces_) {
      pieces_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(pieces_.size() - 1));
    } else if (!evict_finished(for_execution_id)) {  // those that have a place are older
      // Of an execution that stays nothing goes from the middle.
      if (has(for_execution_id) || !discard_oldest(for_execution_id)) {
        return false;
      }
    }
  }
  Block &block = held_.emplace_back();
  for (std::uint32_t i = 0; i < block_pieces_; ++i) {
    block.pieces[i] = take_free();
    ::new (&pieces_[block.pieces[i]].slots) std::array<TraceSlot, kSlotsOfPiece>;
  }
  return true;
}

void TraceStore::settle() {
  // All of them first: their room may not do for what they become.
  std::vector<TraceSlot> slots;
  slots.reserve(held_.size() * block_pieces_ * kSlotsOfPiece);
  for (const Block &block : held_) {
    for_each_slot(block, [&slots](const TraceSlot &slot) { slots.push_back(slot); });
    free_.insert(free_.end(), block.pieces.begin(), block.pieces.begin() + block_pieces_);
  }
  held_.clear();
  held_events_ = 0;
  room_left_ = 0;
  for (const TraceSlot &slot : slots) {
    place(slot);
  }
}

// The oldest that have no place go, where they are all of executions that are over. What is left of those is behind them, and goes when its
// turn comes.
bool TraceStore::discard_oldest(std::uint64_t except_id) {
  if (held_.empty()) {
    return false;
  }
  const Block &oldest = held_.front();
  std::uint64_t newest_execution = 0;
  std::uint64_t opened = 0;
  TraceCount count;
  for_each_slot(oldest, [&](const TraceSlot &slot) {
    newest_execution = std::max(newest_execution, slot.execution_id());
    opened += slot.opens() ? 1 : 0;
    count.add(slot.by_worker(), slot.events());
  });
  if (newest_execution == except_id || (!open_.empty() && newest_execution >= open_.front())) {
    return false;
  }
  held_events_ -= count.total();
  last_cursor_ += count.total();
  gone_.newest_evicted = last_cursor_;
  gone_.evicted.add(/*by_worker=*/true, count.worker);
  gone_.evicted.add(/*by_worker=*/false, count.host);
  gone_.evicted_executions += opened;
  passed_ = std::max(passed_, newest_execution);
  free_.insert(free_.end(), oldest.pieces.begin(), oldest.pieces.begin() + block_pieces_);
  held_.pop_front();
  room_left_ = held_.empty() ? 0 : room_left_;
  return true;
}

void TraceStore::place(TraceRecord &record) {
  Group *group = record.execution_id == 0 ? &lone_ : group_of(record.execution_id);
  if (group == nullptr && opens(record) && record.execution_id > passed_) {
    passed_ = record.execution_id;
    group = &groups_.emplace_back();
    group->base.execution_id = record.execution_id;
    group->finished = !is_open(record.execution_id);
  }
  if (group == nullptr) {
    const bool was_here = record.execution_id <= passed_;
    (was_here ? gone_.evicted : gone_.late).add(by_worker(record), record.events());
    gone_.newest_evicted =
        was_here ? std::max(gone_.newest_evicted, record.cursor + record.events() - 1) : gone_.newest_evicted;
    return;
  }
  if (!by_worker(record) && group != &lone_) {
    record.parent = group->opened_by;
    group->opened_by = group->opened_by == 0 ? static_cast<std::uint32_t>(record.sequence) : group->opened_by;
  }
  if (append(*group, record)) {
    stored_ += record.events();
  } else {
    gone_.truncated.add(by_worker(record), record.events());
  }
}

bool TraceStore::append(Group &group, const TraceRecord &record) {
  Group *owner = &group;
  const bool behind_head = group.events == kHeadEvents && group.last == group.head_end;
  if (group.last == kNone || behind_head || !write(piece_at(group.last), group.base, record)) {
    const std::uint64_t execution_id = group.execution_id();
    const std::uint32_t piece = make_piece(execution_id);
    if (piece == kNone) {
      return false;
    }
    owner = execution_id == 0 ? &lone_ : group_of(execution_id);  // others went from in front of it
    begin(piece_at(piece), owner->base, record);
    owner->base.execution_id = execution_id;
    link_to_group(*owner, piece);
    write(piece_at(piece), owner->base, record);
  }
  owner->events = std::min(owner->events + record.events(), kHeadEvents + 1);
  return true;
}

void TraceStore::begin(Piece &piece, TraceBase &base, const TraceRecord &record) {
  piece.first_cursor = record.cursor;
  piece.first_time_ns = record.time_ns;
  piece.count = 0;
  piece.by_worker = 0;
  piece.used = 0;
  base = {record.cursor, record.time_ns, 0};
}

// False where there is no room. Where there is surely enough it is written in its place.
bool TraceStore::write(Piece &piece, TraceBase &base, const TraceRecord &record) {
  TraceBase next = base;
  std::array<std::uint8_t, kMostEncoded> bytes;
  const bool fits = sizeof(Piece::bytes) - piece.used >= kMostEncoded;
  std::uint8_t *const out = fits ? piece.bytes.data() + piece.used : bytes.data();
  const auto size = static_cast<std::size_t>(encode(record, next, out) - out);
  if (!fits) {
    if (piece.used + size > sizeof(Piece::bytes)) {
      return false;
    }
    std::copy_n(bytes.data(), size, piece.bytes.data() + piece.used);
  }
  base = next;
  piece.used = static_cast<std::uint16_t>(piece.used + size);
  piece.last_cursor = base.cursor;
  piece.count = static_cast<std::uint16_t>(piece.count + record.events());
  piece.by_worker = static_cast<std::uint16_t>(piece.by_worker + (by_worker(record) ? record.events() : 0));
  return true;
}

void TraceStore::link(Chain &chain, std::uint32_t piece) {
  piece_at(piece).next = kNone;
  (chain.last == kNone ? chain.first : piece_at(chain.last).next) = piece;
  chain.last = piece;
  ++chain.pieces;
}

void TraceStore::link_to_group(Group &group, std::uint32_t piece) {
  link(group, piece);
  if (group.pieces <= head_pieces_ && group.events < kHeadEvents) {
    group.head_end = piece;
  }
}

bool TraceStore::grow() {
  if (free_.empty() && pieces_.size() < max_pieces_) {
    pieces_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(pieces_.size() - 1));
  }
  return !free_.empty();
}

std::uint32_t TraceStore::take_free() {
  const std::uint32_t piece = free_.back();
  free_.pop_back();
  return piece;
}

// kNone where there is no room.
std::uint32_t TraceStore::make_piece(std::uint64_t for_execution_id) {
  if (for_execution_id == 0 && lone_.pieces >= max_lone_pieces_) {
    evict_first(lone_);
  }
  while (!grow()) {
    if (evict_finished(for_execution_id) || discard_oldest(for_execution_id)) {
      continue;
    }
    if (!held_.empty()) {
      settle();
      continue;
    }
    if (evict_execution(for_execution_id)) {
      continue;
    }
    Group *group = for_execution_id == 0 ? nullptr : group_of(for_execution_id);
    if (group != nullptr && truncate(*group)) {
      break;
    }
    if (group == nullptr && lone_.first != kNone) {
      evict_first(lone_);
      break;
    }
    return kNone;
  }
  const std::uint32_t piece = take_free();
  std::construct_at(&piece_at(piece));
  return piece;
}

// The oldest that is finished.
bool TraceStore::evict_finished(std::uint64_t except_id) {
  const auto victim = std::find_if(groups_.begin(), groups_.end(), [except_id](const Group &group) {
    return group.finished && group.execution_id() != except_id;
  });
  if (victim != groups_.end()) {
    evict(victim);
    return true;
  }
  return false;
}

// Else the oldest; false where there is none but the one that the room is for.
bool TraceStore::evict_execution(std::uint64_t except_id) {
  if (evict_finished(except_id)) {
    return true;
  }
  const auto victim = std::find_if(groups_.begin(), groups_.end(),
                                   [except_id](const Group &group) { return group.execution_id() != except_id; });
  if (victim != groups_.end()) {
    evict(victim);
    return true;
  }
  return false;
}

void TraceStore::evict(const Groups::iterator &victim) {
  while (victim->first != kNone) {
    evict_first(*victim);
  }
  ++gone_.evicted_executions;
  groups_.erase(victim);
}

void TraceStore::count_out(TraceCount &gone, std::uint64_t count, std::uint64_t by_worker) {
  stored_ -= count;
  gone.add(/*by_worker=*/true, by_worker);
  gone.add(/*by_worker=*/false, count - by_worker);
}

void TraceStore::evict_first(Chain &chain) {
  const Piece &piece = piece_at(chain.first);
  count_out(gone_.evicted, piece.count, piece.by_worker);
  gone_.newest_evicted = std::max(gone_.newest_evicted, piece.last_cursor);
  free_.push_back(chain.first);
  chain.first = piece.next;
  chain.last = chain.first == kNone ? kNone : chain.last;
  --chain.pieces;
}

// The oldest piece behind the head makes room; false where there is none.
bool TraceStore::truncate(Group &group) {
  const std::uint32_t piece = group.head_end == kNone ? kNone : piece_at(group.head_end).next;
  if (piece == kNone) {
    return false;
  }
  count_out(gone_.truncated, piece_at(piece).count, piece_at(piece).by_worker);
  group.truncated += piece_at(piece).count;
  piece_at(group.head_end).next = piece_at(piece).next;
  if (group.last == piece) {
    group.last = group.head_end;
  }
  --group.pieces;
  free_.push_back(piece);
  return true;
}

}  // namespace capsule
