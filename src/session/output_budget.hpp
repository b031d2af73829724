// The bound of what one execution may print: of more, the first half and the last half reach the host.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "session/output_piece.hpp"

namespace capsule {

class OutputBudget {
 public:
  explicit OutputBudget(std::uint64_t bytes) : head_left_(bytes / 2), tail_most_(bytes - bytes / 2) {}

  // Takes a piece away from what is left of the first half: what is to be delivered now stays in it. The rest is kept, as long as
  // it is of the last half.
  void take(OutputPiece &piece);

  // At the end: what is to be delivered then, in order.
  std::deque<OutputPiece> finish();

  [[nodiscard]] std::uint64_t left_out_bytes() const { return left_out_bytes_; }
  [[nodiscard]] std::uint64_t left_out_lines() const { return left_out_lines_; }
  // Whether the first half ended within a line.
  [[nodiscard]] bool cut_a_line() const { return cut_a_line_; }

 private:
  // Of the last half. What lies before `begin` was left out: moved up only now and then.
  struct Kept {
    OutputPiece piece;
    std::size_t begin = 0;
    [[nodiscard]] std::string_view data() const { return std::string_view(piece.data).substr(begin); }
  };

  void keep(OutputPiece piece);
  void leave_out(std::size_t bytes);

  std::uint64_t head_left_;
  const std::uint64_t tail_most_;
  bool head_full_ = false;
  bool cut_a_line_ = false;
  std::deque<Kept> tail_;
  std::uint64_t tail_bytes_ = 0;
  std::uint64_t left_out_bytes_ = 0;
  std::uint64_t left_out_lines_ = 0;
};

}  // namespace capsule
