#include "transport/flight_recorder.hpp"

namespace capsule {
namespace {

// A head that runs ahead of its reader by more is no writer's.
constexpr std::uint64_t kMostAhead = std::uint64_t{1} << 40U;
// Slots that are fetched ahead: another processor's cache has them.
constexpr std::uint64_t kPrefetched = 4;

}  // namespace

std::uint64_t FlightReader::begin(FlightWriter writer, Lost &lost) {
  const auto i = static_cast<std::size_t>(writer);
  const std::uint64_t head = memory_->head(writer).load(std::memory_order_acquire);
  // One more than the head says may have been read after a death.
  if (broken_[i] || head == next_[i] || head + 1 == next_[i]) {
    return next_[i];
  }
  if (head - next_[i] > kMostAhead) {
    broken_[i] = true;
    ++lost.invalid;
    return next_[i];
  }
  if (const std::uint64_t capacity = FlightMemory::kCapacity[i]; head - next_[i] > capacity) {
    lost.dropped += head - next_[i] - capacity;
    next_[i] = head - capacity;
  }
  for (std::uint64_t ahead = 0; ahead < kPrefetched; ++ahead) {
    __builtin_prefetch(&memory_->slots[FlightMemory::index(writer, next_[i] + ahead)]);
  }
  return head;
}

std::optional<FlightReader::Words> FlightReader::take(FlightWriter writer, Lost &lost) {
  const auto i = static_cast<std::size_t>(writer);
  __builtin_prefetch(&memory_->slots[FlightMemory::index(writer, next_[i] + kPrefetched)]);
  const std::uint64_t number = next_[i]++;
  const auto words = peek(writer, number);
  if (!words) {
    // The writer has come round, or is about to; else nobody has written what the head promised.
    const std::uint64_t head = memory_->head(writer).load(std::memory_order_acquire);
    ++(head - number >= FlightMemory::kCapacity[i] ? lost.dropped : lost.invalid);
  }
  return words;
}

std::optional<FlightReader::Words> FlightReader::peek(FlightWriter writer, std::uint64_t number) const {
  const FlightSlot &slot = memory_->slots[FlightMemory::index(writer, number)];
  if (slot.words[0].load(std::memory_order_acquire) != number + 1) {
    return std::nullopt;
  }
  Words words{number + 1};
  for (std::size_t at = 1; at < words.size(); ++at) {
    words[at] = slot.words[at].load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return slot.words[0].load(std::memory_order_relaxed) == number + 1 ? std::optional(words) : std::nullopt;
}

FlightReader::Lost FlightReader::read_words(std::vector<std::uint64_t> &words) {
  return read_slots(false, [&words](FlightWriter writer, const Words &slot) {
    words.push_back(static_cast<std::uint64_t>(writer));
    words.insert(words.end(), slot.begin(), slot.end());
  });
}

FlightRecord flight_record(const std::array<std::uint64_t, 8> &words) {
  return {.sequence = words[0],
          .time_ns = words[1],
          .execution = static_cast<std::uint32_t>(words[2]),
          .parent = static_cast<std::uint32_t>(words[2] >> 32U),
          .label = static_cast<std::uint32_t>(words[3]),
          .kind = static_cast<std::uint16_t>(words[3] >> 32U),
          .source = static_cast<std::uint8_t>(words[3] >> 48U),
          .status = static_cast<std::uint8_t>(words[3] >> 56U),
          .arguments = {words[4], words[5], words[6], words[7]}};
}

}  // namespace capsule
