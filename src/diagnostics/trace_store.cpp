#include "diagnostics/trace_store.hpp"

#include <algorithm>

namespace capsule {

TraceStore::TraceStore(std::uint64_t max_bytes, bool lone_only)
    : max_pieces_(max_bytes / kPieceCost),
      max_lone_pieces_(lone_only ? max_pieces_ : std::max<std::uint64_t>(max_pieces_ / 8, 1)),
      head_pieces_(std::max<std::uint64_t>(max_pieces_ / 2, 1)) {}

TraceStore::Groups::const_iterator TraceStore::find(std::uint64_t execution_id) const {
  if (groups_.empty() || execution_id > groups_.back().execution_id) {
    return groups_.end();
  }
  // Where none went from the middle, its place is known.
  const std::uint64_t place = execution_id - groups_.front().execution_id;
  if (place < groups_.size() && groups_[place].execution_id == execution_id) {
    return groups_.begin() + static_cast<std::ptrdiff_t>(place);
  }
  return std::lower_bound(groups_.begin(), groups_.end(), execution_id,
                          [](const Group &group, std::uint64_t id) { return group.execution_id < id; });
}

// Most events are of one of the last.
TraceStore::Group *TraceStore::group_of(std::uint64_t execution_id) {
  if (!groups_.empty() && groups_.back().execution_id == execution_id) {
    return &groups_.back();
  }
  const auto found = find(execution_id);
  return found == groups_.end() || found->execution_id != execution_id
             ? nullptr
             : &groups_[static_cast<std::size_t>(found - groups_.begin())];
}

bool TraceStore::has(std::uint64_t execution_id) const {
  const auto found = find(execution_id);
  return found != groups_.end() && found->execution_id == execution_id;
}

bool TraceStore::add(const Place &place, TraceRecord &record) {
  const bool by_worker = record.incarnation != 0;
  if (max_pieces_ == 0) {
    gone_.refused.add(by_worker, record.events());
    return false;
  }
  if (place.execution_id == 0) {
    return append(lone_, record);
  }
  Group *group = group_of(place.execution_id);
  if (group == nullptr && place.opens && place.execution_id > last_opened_) {
    last_opened_ = place.execution_id;
    group = &groups_.emplace_back(Group{.execution_id = place.execution_id});
  }
  if (group == nullptr) {
    gone_.late.add(by_worker, record.events());
    return false;
  }
  group->finished = group->finished || place.ends;
  if (!by_worker) {
    record.parent = group->opened_by;
    group->opened_by = group->opened_by == 0 ? static_cast<std::uint32_t>(record.sequence) : group->opened_by;
  }
  return append(*group, record);
}

bool TraceStore::append(Group &group, const TraceRecord &record) {
  std::array<std::uint8_t, kMostEncoded> bytes;
  std::size_t size = 0;
  std::uint32_t at = group.events == kHeadEvents ? kNone : group.last;
  TraceBase base;
  if (at != kNone) {
    base = pieces_[at].last;
    size = static_cast<std::size_t>(encode(record, base, bytes.data()) - bytes.data());
  }
  Group *owner = &group;
  if (at == kNone || pieces_[at].used + size > sizeof(Piece::bytes)) {
    const std::uint64_t execution_id = group.execution_id;
    at = make_piece(execution_id);
    if (at == kNone) {
      gone_.truncated.add(record.incarnation != 0, record.events());
      return false;
    }
    owner = execution_id == 0 ? &lone_ : group_of(execution_id);  // others went from in front of it
    link(*owner, at);
    base = {record.cursor, record.time_ns};
    pieces_[at].first = base;
    size = static_cast<std::size_t>(encode(record, base, bytes.data()) - bytes.data());
  }
  Piece &piece = pieces_[at];
  std::copy_n(bytes.data(), size, piece.bytes.data() + piece.used);
  piece.used += static_cast<std::uint32_t>(size);
  piece.last = base;
  piece.count = static_cast<std::uint16_t>(piece.count + record.events());
  piece.by_worker = static_cast<std::uint16_t>(piece.by_worker + (record.incarnation != 0 ? 1 : 0));
  owner->events += record.events();
  stored_ += record.events();
  return true;
}

void TraceStore::link(Group &group, std::uint32_t piece) {
  Piece &fresh = pieces_[piece];
  fresh.next = kNone;
  fresh.count = 0;
  fresh.by_worker = 0;
  fresh.used = 0;
  (group.last == kNone ? group.first : pieces_[group.last].next) = piece;
  group.last = piece;
  if (++group.pieces <= head_pieces_ && group.events < kHeadEvents) {
    group.head_end = piece;
  }
}

// kNone where there is no room.
std::uint32_t TraceStore::make_piece(std::uint64_t for_execution_id) {
  if (for_execution_id == 0 && lone_.pieces >= max_lone_pieces_) {
    evict_piece(lone_, lone_.first);
  }
  while (free_.empty()) {
    if (pieces_.size() < max_pieces_) {
      pieces_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(pieces_.size() - 1));
    } else if (!evict_execution(for_execution_id)) {
      Group *group = for_execution_id == 0 ? nullptr : group_of(for_execution_id);
      if (group != nullptr && truncate(*group)) {
        break;
      }
      if (group == nullptr && lone_.first != kNone) {
        evict_piece(lone_, lone_.first);
        break;
      }
      return kNone;
    }
  }
  const std::uint32_t piece = free_.back();
  free_.pop_back();
  return piece;
}

// The oldest that is finished, else the oldest; false where there is none but the one that the room is for.
bool TraceStore::evict_execution(std::uint64_t except_id) {
  const auto other = [except_id](const Group &group) { return group.execution_id != except_id; };
  auto victim =
      std::find_if(groups_.begin(), groups_.end(), [&](const Group &group) { return group.finished && other(group); });
  if (victim == groups_.end()) {
    victim = std::find_if(groups_.begin(), groups_.end(), other);
  }
  if (victim == groups_.end()) {
    return false;
  }
  while (victim->first != kNone) {
    evict_piece(*victim, victim->first);
  }
  ++gone_.evicted_executions;
  groups_.erase(victim);
  return true;
}

void TraceStore::count_out(TraceCount &gone, const Piece &piece) {
  stored_ -= piece.count;
  gone.add(/*by_worker=*/true, piece.by_worker);
  gone.add(/*by_worker=*/false, piece.count - piece.by_worker);
}

// The first of them.
void TraceStore::evict_piece(Group &group, std::uint32_t piece) {
  Piece &evicted = pieces_[piece];
  count_out(gone_.evicted, evicted);
  gone_.newest_evicted = std::max(gone_.newest_evicted, evicted.last.cursor);
  group.first = evicted.next;
  group.last = group.first == kNone ? kNone : group.last;
  --group.pieces;
  free_.push_back(piece);
}

// The oldest piece behind the head makes room; false where there is none.
bool TraceStore::truncate(Group &group) {
  const std::uint32_t piece = group.head_end == kNone ? kNone : pieces_[group.head_end].next;
  if (piece == kNone) {
    return false;
  }
  count_out(gone_.truncated, pieces_[piece]);
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
