// Counting lines, fast enough for all output that passes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace capsule {

// Newlines in the text. Eight bytes at a time: a byte by byte count took a sixth of the time that output takes in all.
inline std::uint64_t count_newlines(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kLow = 0x7f * kOnes;
  constexpr std::size_t kBlock = 31 * sizeof(std::uint64_t);  // so that the sum of all lanes fits into one
  std::uint64_t count = 0;
  while (text.size() >= 8) {
    const std::string_view block = text.substr(0, text.size() < kBlock ? text.size() & ~std::size_t{7} : kBlock);
    std::uint64_t lanes = 0;
    for (std::size_t at = 0; at < block.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, block.data() + at, 8);
      word ^= '\n' * kOnes;
      lanes += ~(((word & kLow) + kLow) | word | kLow) >> 7U;  // 1 in the lane of each byte that is zero now
    }
    count += (lanes * kOnes) >> 56U;
    text.remove_prefix(block.size());
  }
  for (const char byte : text) {
    count += byte == '\n' ? 1 : 0;
  }
  return count;
}

}  // namespace capsule
