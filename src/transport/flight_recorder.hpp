// The flight recorder: events of one size that a worker writes into shared memory without a lock or a system call, and that the host
// reads at any time, also after a death.
//
// Each writer has a ring of its own; what it overwrites before it was read is dropped, and known to be by the numbers. A slot is
// whole when it holds its number, and it is there when the ring's head says so. The worker alone writes; the host trusts nothing that
// it reads here.
//
// Most executions are received, begin and send a result, and nothing else happens. Such a one is three events in one slot: the later two
// are added to that of EXECUTION_RECEIVED, each by one store, as long as it is the latest of its ring. Who writes touches one cache line,
// and who reads and keeps them one.
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
  std::uint16_t kind = 0;
  std::uint8_t source = 0;
  std::uint8_t status = 0;
  std::array<std::uint64_t, 4> arguments{};
  // Of EXECUTION_RECEIVED: not 0 where EXECUTION_STARTED came next, and EXECUTION_RESULT_SENT behind it, and so many nanoseconds later.
  // The second argument is that of EXECUTION_STARTED then, and the last two are those of EXECUTION_RESULT_SENT.
  std::uint32_t started_after_ns = 0;
  std::uint32_t sent_after_ns = 0;

  [[nodiscard]] std::uint32_t events() const { return 1U + (started_after_ns != 0 ? 1U : 0U) + (sent_after_ns != 0 ? 1U : 0U); }
  // One of them, from 0.
  [[nodiscard]] FlightRecord event(std::uint32_t which) const;
  bool operator==(const FlightRecord &) const = default;
};

using FlightWords = std::array<std::uint64_t, 8>;
// From and to the words of a slot, with the whole sequence in place of the number.
FlightRecord flight_record(FlightWriter writer, const FlightWords &words);
FlightWords flight_words(const FlightRecord &record);
// How many events these words are.
std::uint32_t flight_events(FlightWriter writer, const FlightWords &words);

// One cache line: its number, time, execution and parent, sequence (its low half) with kind, source and status, arguments. What was added
// to an EXECUTION_RECEIVED has the place of arguments: nanoseconds with the class of the code, nanoseconds with those that the code ran,
// the size of its value.
struct alignas(64) FlightSlot {
  static constexpr std::size_t kStarted = 5;
  static constexpr std::size_t kResultSent = 6;
  static constexpr std::size_t kValueBytes = 7;

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

inline constexpr std::size_t kFlightWords = 9;  // of an event in a message: its writer, and flight_words()

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
          memory_->heads[i].value.load(std::memory_order_relaxed) - lanes_[i].next >= FlightMemory::kCapacity[i] / 2) {
        return true;
      }
    }
    return false;
  }

  // Asked at each frame: due(), but only now and then, for the heads are in another processor's cache.
  [[nodiscard]] bool due_now_and_then() { return ++asked_ % 8 == 0 && due(); }

  // Calls use(writer, words) for what was written, that of one writer in its order; they are up to three events. `dead`: the writer is
  // gone, so that an event may be whole that the head does not know of.
  template <typename Use>
  Lost read(bool dead, Use &&use) {
    Lost lost;
    for (std::size_t i = 0; memory_ != nullptr && i < kFlightWriters; ++i) {
      const auto writer = static_cast<FlightWriter>(i);
      const std::uint64_t head = begin(writer, lost);
      if (writer == FlightWriter::kMain && partly_) {
        read_rest(head, use);
      }
      while (lanes_[i].next != head) {
        take(writer, lost, use);
      }
      if (FlightWords words; dead && !lanes_[i].broken && peek(writer, head, words)) {
        take(writer, lost, use);
      }
    }
    return lost;
  }
  // The same as words of a message.
  Lost read_words(std::vector<std::uint64_t> &words);

 private:
  // Of one writer.
  struct Lane {
    std::uint64_t next = 0;      // slot
    std::uint64_t sequence = 0;  // of the last event that was read or counted
    std::uint64_t missed = 0;    // slots since, of which nobody knows yet how many events they held
    std::uint64_t invalid = 0;   // of those events, what was counted as that
    bool broken = false;         // its head is not to be believed any more
  };

  template <typename Use>
  void take(FlightWriter writer, Lost &lost, Use &&use) {
    if (FlightWords words; next_words(writer, words, lost)) {
      use(writer, words);
    }
  }
  template <typename Use>
  void read_rest(std::uint64_t head, Use &&use) {
    const std::uint32_t told = partly_->events();
    const FlightRecord now = look_again(head);
    for (std::uint32_t i = told; i < now.events(); ++i) {
      use(FlightWriter::kMain, flight_words(now.event(i)));
    }
  }

  // Up to where there is something to read; what is overwritten already is passed over.
  std::uint64_t begin(FlightWriter writer, Lost &lost);
  // What the next slot holds, if it still does.
  bool next_words(FlightWriter writer, FlightWords &words, Lost &lost);
  // What the slot of that number holds; false where that is not what its writer left there, whole.
  bool peek(FlightWriter writer, std::uint64_t number, FlightWords &words) const;
  // `head` was looked at first: nothing is added to what is not the latest.
  FlightRecord look_again(std::uint64_t head);

  const FlightMemory *memory_ = nullptr;
  std::array<Lane, kFlightWriters> lanes_{};
  std::uint32_t asked_ = 0;
  // The latest EXECUTION_RECEIVED, where more may be added to it; and its slot.
  std::optional<FlightRecord> partly_;
  std::uint64_t partly_at_ = 0;
};

}  // namespace capsule
