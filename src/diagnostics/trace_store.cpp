#include "diagnostics/trace_store.hpp"

#include <algorithm>
#include <utility>

#include "capsule/trace.h"

namespace capsule {
namespace {

bool by_worker(const TraceRecord &record) { return record.incarnation != 0; }
bool opens(const TraceRecord &record) { return record.kind == CAPSULE_TRACE_EXECUTION_SUBMITTED && !by_worker(record); }
bool ends(const TraceRecord &record) { return record.kind == CAPSULE_TRACE_EXECUTION_FINISHED && !by_worker(record); }

}  // namespace

TraceStore::TraceStore(std::uint64_t max_bytes, bool lone_only)
    : max_pieces_(max_bytes / kPieceCost),
      max_lone_pieces_(lone_only ? max_pieces_ : std::max<std::uint64_t>(max_pieces_ / 8, 1)),
      head_pieces_(std::max<std::uint64_t>(max_pieces_ / 2, 1)) {}

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

void TraceStore::note(TraceRecord &record) {
  if (max_pieces_ == 0) {
    gone_.refused.add(by_worker(record), record.events());
    return;
  }
  if (record.execution_id != 0 && record.execution_id <= passed_ && !has(record.execution_id)) {
    gone_.late.add(by_worker(record), record.events());
    return;
  }
  follow_state(record);
  record.cursor = last_cursor_ + 1;
  last_cursor_ += record.events();
  if (record.execution_id == 0) {
    place(record);  // they are few, and have a share of their own
  } else if (append_recent(record)) {
    stored_ += record.events();
  } else {
    settle();
    place(record);
  }
}

// Which executions are over is known before their events have their place.
void TraceStore::follow_state(const TraceRecord &record) {
  if (opens(record) && record.execution_id > last_opened_) {
    last_opened_ = record.execution_id;
    open_.push_back(record.execution_id);
  } else if (ends(record)) {
    const auto found = std::lower_bound(open_.begin(), open_.end(), record.execution_id);
    if (found != open_.end() && *found == record.execution_id) {
      open_.erase(found);
    }
    if (Group *group = groups_.empty() ? nullptr : group_of(record.execution_id)) {
      group->finished = true;
    }
  }
}

bool TraceStore::append_recent(const TraceRecord &record) {
  if (!write(written_, written_base_, record)) {
    if (written_.count != 0 && !put_away(record.execution_id)) {
      return false;
    }
    begin(written_, written_base_, record);
    written_as_ = {};
    write(written_, written_base_, record);
  }
  written_as_.newest_execution = std::max(written_as_.newest_execution, record.execution_id);
  written_as_.opened += opens(record) ? 1 : 0;
  return true;
}

// The piece that is full goes behind the others.
bool TraceStore::put_away(std::uint64_t for_execution_id) {
  while (!grow()) {
    if (!evict_finished(for_execution_id) && !discard_recent(for_execution_id)) {  // those that have a place are older
      return false;
    }
  }
  written_as_.piece = take_free();
  written_as_.count = written_.count;
  written_as_.by_worker = written_.by_worker;
  written_as_.last_cursor = written_.last_cursor;
  pieces_[written_as_.piece] = written_;
  away_.push_back(written_as_);
  return true;
}

void TraceStore::settle() {
  // All of them first: their room may not do for what they become.
  std::vector<Piece> pieces;
  pieces.reserve(away_.size() + 1);
  while (!away_.empty()) {
    pieces.push_back(pieces_[away_.front().piece]);
    free_.push_back(away_.front().piece);
    away_.pop_front();
  }
  pieces.push_back(std::exchange(written_, {}));
  written_base_ = {};
  written_as_ = {};
  for (const Piece &piece : pieces) {
    stored_ -= piece.count;
    read(piece, 0, [this](TraceRecord &record) { place(record); });
  }
}

// The oldest that have no place go, where they are all of executions that are over. What is left of those is behind them, and goes when its
// turn comes.
bool TraceStore::discard_recent(std::uint64_t except_id) {
  if (away_.empty()) {
    return false;
  }
  const Away &oldest = away_.front();
  if (oldest.newest_execution == except_id || (!open_.empty() && oldest.newest_execution >= open_.front())) {
    return false;
  }
  count_out(gone_.evicted, oldest.count, oldest.by_worker);
  gone_.newest_evicted = std::max(gone_.newest_evicted, oldest.last_cursor);
  gone_.evicted_executions += oldest.opened;
  passed_ = std::max(passed_, oldest.newest_execution);
  free_.push_back(oldest.piece);
  away_.pop_front();
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
  if (group.last == kNone || behind_head || !write(pieces_[group.last], group.base, record)) {
    const std::uint64_t execution_id = group.execution_id();
    const std::uint32_t piece = make_piece(execution_id);
    if (piece == kNone) {
      return false;
    }
    owner = execution_id == 0 ? &lone_ : group_of(execution_id);  // others went from in front of it
    begin(pieces_[piece], owner->base, record);
    owner->base.execution_id = execution_id;
    link_to_group(*owner, piece);
    write(pieces_[piece], owner->base, record);
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
  piece.by_worker = static_cast<std::uint16_t>(piece.by_worker + (by_worker(record) ? 1 : 0));
  return true;
}

void TraceStore::link(Chain &chain, std::uint32_t piece) {
  pieces_[piece].next = kNone;
  (chain.last == kNone ? chain.first : pieces_[chain.last].next) = piece;
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
    if (evict_finished(for_execution_id) || discard_recent(for_execution_id)) {
      continue;
    }
    if (!away_.empty()) {
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
  return take_free();
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
  const Piece &piece = pieces_[chain.first];
  count_out(gone_.evicted, piece.count, piece.by_worker);
  gone_.newest_evicted = std::max(gone_.newest_evicted, piece.last_cursor);
  free_.push_back(chain.first);
  chain.first = piece.next;
  chain.last = chain.first == kNone ? kNone : chain.last;
  --chain.pieces;
}

// The oldest piece behind the head makes room; false where there is none.
bool TraceStore::truncate(Group &group) {
  const std::uint32_t piece = group.head_end == kNone ? kNone : pieces_[group.head_end].next;
  if (piece == kNone) {
    return false;
  }
  count_out(gone_.truncated, pieces_[piece].count, pieces_[piece].by_worker);
  group.truncated += pieces_[piece].count;
  pieces_[group.head_end].next = pieces_[piece].next;
  if (group.last == piece) {
    group.last = group.head_end;
  }
  --group.pieces;
  free_.push_back(piece);
  return true;
}

}  // namespace capsule
