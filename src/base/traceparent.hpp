// The W3C trace context that is made for an execution that was given none: by host and worker alike, so that nothing of it has to be sent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace capsule {

// Of 64 bits, 64 others that no neighbour shares: the finalizer of SplitMix64.
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31U);
}

class Traceparent {
 public:
  static constexpr std::size_t kSize = 55;

  // `session_half`: of the trace id, what a session's executions have in common.
  Traceparent(std::uint64_t session_half, std::uint64_t execution_id) {
    const std::uint64_t low = mixed(session_half ^ execution_id);
    put(kHalfAt, session_half);
    put(kHalfAt + kDigits, low | 1U);
    put(kHalfAt + 2 * kDigits + 1, mixed(low) | 1U);
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), kSize}; }
  // What those of the session begin with.
  [[nodiscard]] std::string_view session_part() const { return {text_.data(), kHalfAt + kDigits}; }

 private:
  static constexpr std::size_t kHalfAt = 3;
  static constexpr std::size_t kDigits = 16;

  void put(std::size_t at, std::uint64_t number) {
    for (std::size_t i = kDigits; i-- > 0; number >>= 4U) {
      text_[at + i] = "0123456789abcdef"[number & 0xFU];
    }
  }

  std::array<char, kSize + 1> text_{"00-................................-................-01"};
};

}  // namespace capsule
