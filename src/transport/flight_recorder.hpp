// The flight recorder: events of one size that a worker writes into shared memory without a lock or a system call, and that the host
// reads at any time, also after a death.
//
// Each writer has a ring of its own; what it overwrites before it was read is dropped, and known to be by the numbers. An event is
// whole when its slot holds its number, and it is there when the ring's head says so. The worker alone writes; the host trusts
// nothing that it reads here.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace capsule {

// Who writes a ring: a thread of the worker, or whoever holds what the name says. The numbers are CAPSULE_TRACE_WRITER_….
enum class FlightWriter : std::uint8_t { kMain = 0, kLink = 1, kOutput = 2, kCode = 3 };
inline constexpr std::size_t kFlightWriters = 4;

// An event as it comes out. Numbers only: there is no field that could hold what the code handles.
struct FlightRecord {
  std::uint64_t sequence = 0;  // of its writer, from 1
  std::uint64_t time_ns = 0;
  std::uint32_t execution = 0;  // its id's low half: ids count from 1
  std::uint32_t parent = 0;     // low half of the sequence of the event that opened what it belongs to
  std::uint32_t label = 0;
  std::uint16_t kind = 0;
  std::uint8_t source = 0;
  std::uint8_t status = 0;
  std::array<std::uint64_t, 4> arguments{};
};

// A slot's words as an event.
FlightRecord flight_record(const std::array<std::uint64_t, 8> &words);

// One cache line: its number, time, execution and parent, label with kind, source and status, arguments.
struct alignas(64) FlightSlot {
  std::array<std::atomic<std::uint64_t>, 8> words;
};
static_assert(sizeof(FlightSlot) == 64);

// As it lies in memory; starts as zeros.
struct FlightMemory {
  static constexpr std::array<std::uint32_t, kFlightWriters> kCapacity{256, 64, 64, 64};  // powers of two
  static constexpr std::array<std::uint32_t, kFlightWriters> kFirst{0, 256, 320, 384};

  struct alignas(64) Head {
    std::atomic<std::uint64_t> value;
  };
  std::array<Head, kFlightWriters> heads;
  std::array<FlightSlot, 448> slots;

  [[nodiscard]] static std::size_t index(FlightWriter writer, std::uint64_t number) {
    const auto which = static_cast<std::size_t>(writer);
    return kFirst[which] + (number & (kCapacity[which] - 1));
  }
  [[nodiscard]] std::atomic<std::uint64_t> &head(FlightWriter writer) { return heads[static_cast<std::size_t>(writer)].value; }
  [[nodiscard]] const std::atomic<std::uint64_t> &head(FlightWriter writer) const {
    return heads[static_cast<std::size_t>(writer)].value;
  }
};

inline constexpr std::size_t kFlightWords = 9;  // of an event in a message: its writer, and its slot

// The reader's side: what was written since it last looked. One thread at a time.
class FlightReader {
 public:
  // What could not be had. Each event is read, or counted here, once.
  struct Lost {
    std::uint64_t dropped = 0;  // overwritten before they were read
    std::uint64_t invalid = 0;  // not what a writer leaves
  };

  FlightReader() = default;
  explicit FlightReader(const FlightMemory *memory) : memory_(memory) {}

  // A ring is half full: it is time to look.
  [[nodiscard]] bool due() const {
    for (std::size_t i = 0; i < kFlightWriters; ++i) {
      if (memory_ != nullptr &&
          memory_->heads[i].value.load(std::memory_order_relaxed) - next_[i] >= FlightMemory::kCapacity[i] / 2) {
        return true;
      }
    }
    return false;
  }

  // Asked at each frame: due(), but only now and then, for the heads are in another processor's cache.
  [[nodiscard]] bool due_now_and_then() { return ++asked_ % 8 == 0 && due(); }

  // Calls use(writer, record) for each event, those of one writer in their order. `dead`: the writer is gone, so that an event may be
  // whole that the head does not know of.
  template <typename Use>
  Lost read(bool dead, Use &&use) {
    return read_slots(dead, [&use](FlightWriter writer, const Words &words) { use(writer, flight_record(words)); });
  }
  // The same as words of a message.
  Lost read_words(std::vector<std::uint64_t> &words);

 private:
  using Words = std::array<std::uint64_t, 8>;

  template <typename Use>
  Lost read_slots(bool dead, Use &&use) {
    Lost lost;
    for (std::size_t i = 0; memory_ != nullptr && i < kFlightWriters; ++i) {
      const auto writer = static_cast<FlightWriter>(i);
      const std::uint64_t head = begin(writer, lost);
      while (next_[i] != head) {
        if (const auto words = take(writer, lost)) {
          use(writer, *words);
        }
      }
      if (dead && !broken_[i]) {
        if (const auto words = peek(writer, head)) {
          ++next_[i];
          use(writer, *words);
        }
      }
    }
    return lost;
  }

  // Up to where there is something to read; what is overwritten already is passed over.
  std::uint64_t begin(FlightWriter writer, Lost &lost);
  // The next event, if its slot still holds it.
  std::optional<Words> take(FlightWriter writer, Lost &lost);
  // What the slot of that number holds; nothing where that is not the event of that number, whole.
  [[nodiscard]] std::optional<Words> peek(FlightWriter writer, std::uint64_t number) const;

  const FlightMemory *memory_ = nullptr;
  std::array<std::uint64_t, kFlightWriters> next_{};
  std::uint32_t asked_ = 0;
  std::array<bool, kFlightWriters> broken_{};  // its head is not to be believed any more
};

}  // namespace capsule
