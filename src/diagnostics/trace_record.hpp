// An event as it is kept, and in few bytes: most of its numbers are small, or near those of the event in front of it. What lies between
// executions is cold, so that what is kept of one costs by the bytes that it touches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace capsule {

struct TraceRecord {
  std::uint64_t cursor = 0;  // number in the order of collection
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t sequence = 0;  // of its writer
  std::uint64_t link = 0;
  std::array<std::uint64_t, 4> arguments{};
  std::uint32_t parent = 0;  // low half of a sequence
  std::uint32_t label = 0;
  std::int32_t status = 0;
  std::uint32_t incarnation = 0;  // 0: the host
  std::uint16_t kind = 0;
  std::uint8_t writer = 0;
  // Of EXECUTION_SUBMITTED: not 0 where EXECUTION_SENT came next, and so many nanoseconds later. Two events are kept as one then.
  std::uint64_t sent_after_ns = 0;

  [[nodiscard]] std::uint32_t events() const { return sent_after_ns == 0 ? 1 : 2; }
  // The second of the two.
  [[nodiscard]] TraceRecord sent() const;
  bool operator==(const TraceRecord &) const = default;
};

// What the next event is told against: the one in front of it, or that event itself where it is the first.
struct TraceBase {
  std::uint64_t cursor = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t execution_id = 0;
};

// Of one event: two bytes for what there is, two for its kind, and the numbers, of 7 bits a byte.
inline constexpr std::size_t kMostEncoded = 2 + 2 + 6 * 10 + 4 * 10 + 4 * 5;

// Writes kMostEncoded bytes at most; returns where it stopped. The base becomes the event's.
std::uint8_t *encode(const TraceRecord &record, TraceBase &base, std::uint8_t *out);
// Reads what encode() wrote against the same base.
const std::uint8_t *decode(const std::uint8_t *in, TraceBase &base, TraceRecord &record);

}  // namespace capsule
