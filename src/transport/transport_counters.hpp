// What a channel counts. What is sent is counted by whoever sends, what is received by whoever receives; anybody may read.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "base/sequence.hpp"
#include "wire/messages.hpp"

namespace capsule {

// A counter with one writer at a time: a load and a store.
class LoneCounter {
 public:
  void add(std::uint64_t amount = 1) { value_.store(get() + amount, std::memory_order_release); }
  void raise(std::uint64_t to) { value_.store(std::max(get(), to), std::memory_order_release); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Frames one way.
struct FlowCounters {
  LoneCounter bytes;
  LoneCounter largest_bytes;
  std::array<LoneCounter, std::variant_size_v<wire::Body>> messages;  // by their number in the union

  Sequence sequence;

  // As they were at one moment.
  struct Copy {
    std::uint64_t bytes = 0;
    std::uint64_t largest_bytes = 0;
    std::array<std::uint64_t, std::variant_size_v<wire::Body>> messages{};
  };
  // False where a frame was being counted each time that was tried: then each number is right by itself.
  bool copy_to(Copy &copy) const {
    return sequence.read([&] { copy_each(copy); }) || (copy_each(copy), false);
  }
  void count(std::size_t message, std::uint64_t size) {
    const Sequence::Step step(sequence);
    bytes.add(size);
    largest_bytes.raise(size);
    messages[message].add();
  }

 private:
  void copy_each(Copy &copy) const {
    copy.bytes = bytes.get();
    copy.largest_bytes = largest_bytes.get();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      copy.messages[i] = messages[i].get();
    }
  }
};

// Why a frame was refused, as CAPSULE_REJECT_….
enum class RejectReason : std::uint8_t { kOversize, kLength, kMalformed, kDescriptors, kUnexpected, kVersion };
inline constexpr std::size_t kRejectReasons = 6;

struct ChannelCounters {
  FlowCounters sent;
  FlowCounters received;
  LoneCounter wakeups;
  LoneCounter partial_reads;
  LoneCounter write_stalls;
  LoneCounter queue_bytes_max;
  LoneCounter encode_ns;
  LoneCounter decode_ns;
};

}  // namespace capsule
