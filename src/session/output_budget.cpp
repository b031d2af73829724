#include "session/output_budget.hpp"

#include <algorithm>

#include "base/lines.hpp"
#include "base/utf8.hpp"
#include "transport/output_credit.hpp"

namespace capsule {
namespace {

// Neighbours of one writer are kept together up to this size.
constexpr std::size_t kMaxKept = 64U << 10U;
// Pieces that may be kept, however short they are.
constexpr std::uint64_t kMostPieces = 4096;

bool inside_character(std::string_view text, std::size_t position) {
  return position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80U;
}

}  // namespace

void OutputBudget::take(OutputPiece &piece) {
  if (!head_full_ && piece.data.size() <= head_left_) {
    head_left_ -= piece.data.size();
    cut_a_line_ = piece.data.empty() ? cut_a_line_ : piece.data.back() != '\n';
    return;
  }
  const std::size_t now = head_full_ ? 0 : utf8_prefix(piece.data, head_left_);
  head_full_ = true;
  OutputPiece rest = piece;
  rest.data.erase(0, now);
  rest.charge = 0;  // the worker need not wait for the end
  piece.data.resize(now);
  cut_a_line_ = piece.data.empty() ? cut_a_line_ : piece.data.back() != '\n';
  keep(std::move(rest));
}

void OutputBudget::keep(OutputPiece piece) {
  tail_bytes_ += piece.data.size();
  if (!tail_.empty() && tail_.back().piece.continued_by(piece) &&
      tail_.back().piece.data.size() + piece.data.size() <= kMaxKept) {
    tail_.back().piece.data += piece.data;
  } else {
    tail_.push_back({std::move(piece), 0});
  }
  while (tail_bytes_ > tail_most_) {
    leave_out(tail_bytes_ - tail_most_);
  }
  // Each takes more memory than its bytes.
  while (tail_.size() > std::max<std::uint64_t>(kMostPieces, tail_most_ / kPieceOverhead)) {
    leave_out(tail_.front().data().size());
  }
}

// Leaves out at least one byte, and about so many, of the oldest that was kept.
void OutputBudget::leave_out(std::size_t bytes) {
  Kept &oldest = tail_.front();
  const std::string_view data = oldest.data();
  std::size_t cut = std::min(bytes, data.size());
  for (int more = 0; more < 3 && inside_character(data, cut); ++more) {
    ++cut;
  }
  left_out_bytes_ += cut;
  left_out_lines_ += count_newlines(data.substr(0, cut));
  tail_bytes_ -= cut;
  oldest.begin += cut;
  if (oldest.data().empty()) {
    tail_.pop_front();
  }
}

std::deque<OutputPiece> OutputBudget::finish() {
  std::deque<OutputPiece> pieces;
  for (Kept &kept : tail_) {
    kept.piece.data.erase(0, kept.begin);
    pieces.push_back(std::move(kept.piece));
  }
  tail_.clear();
  tail_bytes_ = 0;
  return pieces;
}

}  // namespace capsule
