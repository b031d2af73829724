// The output queue in shared memory: what the worker's threads append and its pump sends, and what the host reads after a death.
//
// Positions count bytes since the beginning and never go down; a record is a header and its bytes, padded to 8, at
// position modulo capacity. The worker alone writes; the host trusts nothing it reads here.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace capsule {

struct OutputRecord {
  std::uint64_t execution_id = 0;
  std::uint8_t stream = 0;
  std::string data;
};

class OutputRing {
 public:
  // Bytes of shared memory for at least so much queue; the capacity is a power of two.
  static std::size_t memory_size(std::size_t queue_bytes);

  OutputRing() = default;
  // Over memory of memory_size(n) bytes, zeroed at first.
  OutputRing(void *memory, std::size_t size);

  // Worker, one producer at a time. False when there is no room.
  bool append(std::uint64_t execution_id, std::uint8_t stream, std::string_view data);
  // Most bytes of one record: so that two always fit.
  [[nodiscard]] std::size_t max_record() const { return capacity_ / 2 - 64; }

  [[nodiscard]] std::uint64_t head() const { return header_->head.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t tail() const { return header_->tail.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t queued() const { return head() - tail(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // Worker's pump: everything before this position was sent.
  void release(std::uint64_t position) { header_->tail.store(position, std::memory_order_release); }

  // Reads the record at `position` and moves the position behind it. Nothing at the head, or when the memory does not hold a
  // record there (then `position` stays).
  std::optional<OutputRecord> read(std::uint64_t &position) const;
  // Stream and execution of the record at `position` and its length, without its bytes.
  struct Peek {
    std::uint64_t execution_id;
    std::uint32_t size;
    std::uint8_t stream;
  };
  [[nodiscard]] std::optional<Peek> peek(std::uint64_t position) const { return peek(position, head()); }
  // The same up to a head read before: who reads many records leaves the producer's cache line alone.
  [[nodiscard]] std::optional<Peek> peek(std::uint64_t position, std::uint64_t head) const;
  // Appends the bytes of the record at `position` to `out` and returns the position behind it; after peek() only.
  std::uint64_t take(std::uint64_t position, const Peek &record, std::string &out) const;

 private:
  struct alignas(64) Header {
    alignas(64) std::atomic<std::uint64_t> head;
    alignas(64) std::atomic<std::uint64_t> tail;
  };
  struct RecordHeader {
    std::uint32_t size;
    std::uint32_t stream;
    std::uint64_t execution_id;
  };
  static constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

  void copy_in(std::uint64_t position, const void *from, std::size_t size);
  void copy_out(std::uint64_t position, void *to, std::size_t size) const;

  Header *header_ = nullptr;
  char *data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace capsule
