// What output costs of the credit that the host gives: both sides reckon by this.
#pragma once

#include <cstdint>

#include "transport/message_piece.hpp"

namespace capsule {

// A piece takes more of the host than its bytes: about so much, which the host's memory for output is bounded by. That of a message
// becomes an event with texts of its own.
inline constexpr std::uint64_t kPieceOverhead = 96;
inline constexpr std::uint64_t kMessagePieceOverhead = 768;

inline std::uint64_t output_overhead(std::uint8_t stream) {
  return stream == kMessageStream ? kMessagePieceOverhead : kPieceOverhead;
}

inline std::uint64_t output_charge(std::uint8_t stream, std::uint64_t bytes) { return bytes + output_overhead(stream); }

// The host keeps back up to half of its window although it waits for nothing, and of each stream a cut character: what is left has
// to do for any piece.
inline constexpr std::uint64_t largest_piece(std::uint64_t window) {
  return window / 2 - kMessagePieceOverhead - 4 * kPieceOverhead;
}

}  // namespace capsule
