#include "diagnostics/trace_store.hpp"

#include <algorithm>

namespace capsule {

TraceStore::TraceStore(std::uint64_t max_bytes, bool lone_only)
    : max_pieces_(max_bytes / kPieceCost),
      max_lone_pieces_(lone_only ? max_pieces_ : std::max<std::uint64_t>(max_pieces_ / 8, 1)),
      head_pieces_(std::clamp<std::uint64_t>(max_pieces_ / 2, 1, kHeadPieces)) {}

TraceStore::Groups::const_iterator TraceStore::find(std::uint64_t execution_id) const {
  // Where none went from the middle, its place is known.
  const std::uint64_t place = groups_.empty() ? 0 : execution_id - groups_.front().execution_id;
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

TraceStore::Group *TraceStore::open(std::uint64_t execution_id) {
  last_opened_ = execution_id;
  return &groups_.emplace_back(Group{.execution_id = execution_id});
}

TraceRecord *TraceStore::add(std::uint64_t execution_id, bool opens, bool by_worker) {
  if (max_pieces_ == 0) {
    gone_.refused.add(by_worker);
    return nullptr;
  }
  if (execution_id == 0) {
    return append(lone_, by_worker);
  }
  Group *group = group_of(execution_id);
  if (group == nullptr && opens && execution_id > last_opened_) {
    group = open(execution_id);
  }
  if (group == nullptr) {
    gone_.late.add(by_worker);
    return nullptr;
  }
  return append(*group, by_worker);
}

std::uint32_t TraceStore::opened_by(std::uint64_t execution_id, std::uint64_t sequence) {
  Group *group = group_of(execution_id);
  if (group == nullptr || group->opened_by != 0) {
    return group == nullptr ? 0 : group->opened_by;
  }
  group->opened_by = static_cast<std::uint32_t>(sequence);
  return 0;
}

void TraceStore::finish(std::uint64_t execution_id) {
  if (Group *group = group_of(execution_id)) {
    group->finished = true;
  }
}

TraceRecord *TraceStore::append(Group &group, bool by_worker) {
  if (group.last == kNone || pieces_[group.last].count == kInPiece) {
    const std::uint64_t execution_id = group.execution_id;
    const std::uint32_t piece = make_piece(execution_id, by_worker);
    if (piece == kNone) {
      return nullptr;
    }
    // Others went from in front of it.
    Group &owner = execution_id == 0 ? lone_ : *group_of(execution_id);
    pieces_[piece].count = 0;
    pieces_[piece].next = kNone;
    (owner.last == kNone ? owner.first : pieces_[owner.last].next) = piece;
    owner.last = piece;
    if (++owner.pieces <= head_pieces_) {
      owner.head_end = piece;
    }
    ++stored_;
    return &pieces_[piece].records[pieces_[piece].count++];
  }
  ++stored_;
  Piece &last = pieces_[group.last];
  return &last.records[last.count++];
}

// kNone where there is no room for it, which is counted.
std::uint32_t TraceStore::make_piece(std::uint64_t for_execution_id, bool by_worker) {
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
      gone_.truncated.add(by_worker);
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
  for (std::uint32_t i = 0; i < piece.count; ++i) {
    gone.add(piece.records[i].incarnation != 0);
  }
}

// The first of them.
void TraceStore::evict_piece(Group &group, std::uint32_t piece) {
  Piece &evicted = pieces_[piece];
  count_out(gone_.evicted, evicted);
  gone_.newest_evicted = std::max(gone_.newest_evicted, evicted.records[evicted.count - 1].cursor);
  group.first = evicted.next;
  group.last = group.first == kNone ? kNone : group.last;
  --group.pieces;
  free_.push_back(piece);
}

// The oldest piece behind the head makes room; false where there is none.
bool TraceStore::truncate(Group &group) {
  if (group.pieces <= head_pieces_) {
    return false;
  }
  const std::uint32_t piece = pieces_[group.head_end].next;
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
