// An event as it is kept, and in few bytes: most of its numbers are small, or near those of the event in front of it. What lies between
// executions is cold, so that what is kept of one costs by the bytes that it touches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace capsule {

// Usual neighbours are one record: EXECUTION_SUBMITTED with EXECUTION_SENT and EXECUTION_FINISHED, EXECUTION_RECEIVED with
// EXECUTION_STARTED and EXECUTION_RESULT_SENT. All but the kind, the time and these arguments follows from the first of them.
struct TraceRecord {
  std::uint64_t cursor = 0;  // number in the order of collection
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t sequence = 0;  // of its writer
  std::uint64_t link = 0;
  std::array<std::uint64_t, 5> arguments{};  // of one event; or of one behind the other: two and three, or one, one and two
  std::uint32_t parent = 0;                  // low half of a sequence
  std::uint32_t label = 0;
  std::int32_t status = 0;
  std::uint32_t incarnation = 0;  // 0: the host
  std::uint16_t kind = 0;
  std::uint8_t writer = 0;
  // Of what is more than one event: how many nanoseconds after the first the second came, and the third; 0: it did not. The status is the
  // third's.
  std::array<std::uint64_t, 2> after_ns{};

  [[nodiscard]] std::uint32_t events() const { return 1U + (after_ns[0] != 0 ? 1U : 0U) + (after_ns[1] != 0 ? 1U : 0U); }
  // One of them, from 0.
  [[nodiscard]] TraceRecord event(std::uint32_t which) const;
  bool operator==(const TraceRecord &) const = default;
};

// What the next event is told against: the one in front of it, or that event itself where it is the first.
struct TraceBase {
  std::uint64_t cursor = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t execution_id = 0;
};

// Of one event: two bytes for what there is, two for its kind, and the numbers, of 7 bits a byte.
inline constexpr std::size_t kMostEncoded = 2 + 2 + 5 * 10 + 2 * 10 + 5 * 10 + 4 * 5;

// Writes kMostEncoded bytes at most; returns where it stopped. The base becomes the event's.
std::uint8_t *encode(const TraceRecord &record, TraceBase &base, std::uint8_t *out);
// Reads what encode() wrote against the same base.
const std::uint8_t *decode(const std::uint8_t *in, TraceBase &base, TraceRecord &record);

}  // namespace capsule
