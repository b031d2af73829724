// A ring of output records in shared memory: one writer in the worker, one reader that sends, and the host, which reads what is left
// after a death.
//
// Positions count bytes since the beginning and never go down; a record is a header and its bytes, padded to 8, at
// position modulo capacity. The worker alone writes; the host trusts nothing it reads here.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace capsule {

class OutputRing {
 public:
  // What stands before a record's bytes. `after` orders the records of two rings, see OutputQueue.
  struct Record {
    std::uint64_t execution_id;
    std::uint64_t after;
    std::uint32_t size;
    std::uint32_t writer_id;
    std::uint8_t stream;  // CAPSULE_STREAM_…, or kMessageStream
    std::uint8_t origin;  // CAPSULE_ORIGIN_…
    std::uint16_t reserved;
    std::uint32_t reserved_too;

    // Whether the other one's bytes may stand right behind this one's, as if written at once.
    [[nodiscard]] bool continued_by(const Record &other) const {
      return execution_id == other.execution_id && stream == other.stream && origin == other.origin &&
             writer_id == other.writer_id;
    }
  };
  static_assert(sizeof(Record) == 32);

  // What a record takes beside its bytes, at most: header and padding.
  static constexpr std::size_t kOverhead = sizeof(Record) + 7;

  // Bytes of shared memory for at least so much queue; the capacity is a power of two.
  static std::size_t memory_size(std::size_t queue_bytes);

  OutputRing() = default;
  // Over memory of memory_size(n) bytes, 64-aligned, zeroed at first.
  OutputRing(void *memory, std::size_t size);

  // Writer. False when there is no room.
  bool append(const Record &record, const char *data);

  // Writer: a record that the kernel fills. Room for record.size bytes in up to two parts; nothing when there is none. Then
  // commit() with the number of bytes that came. Who dies in between leaves bytes that unfinished() finds.
  std::optional<std::array<iovec, 2>> reserve(const Record &record);
  void commit(std::uint32_t size);

  [[nodiscard]] std::uint64_t head() const { return header_->head.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t tail() const { return header_->tail.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t queued() const { return head() - tail(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // Most bytes of one record: so that two always fit.
  [[nodiscard]] std::size_t max_record() const { return capacity_ / 2 - 64; }

  // Reader: everything before this position was sent.
  void release(std::uint64_t position) { header_->tail.store(position, std::memory_order_release); }

  // The record at `position`, given the head; nothing at the head, or where the memory holds no record.
  [[nodiscard]] std::optional<Record> peek(std::uint64_t position, std::uint64_t head) const;
  // Appends the bytes of the record at `position` to `out` and returns the position behind it; after peek() only.
  std::uint64_t take(std::uint64_t position, const Record &record, std::string &out) const;
  // The position behind the record at `position`.
  static std::uint64_t behind(std::uint64_t position, const Record &record) {
    return position + sizeof record + padded(record.size);
  }

  // Host, after a death: the record that was being filled at the head, and whether bytes have come into it.
  struct Unfinished {
    Record record;
    std::string data;
    bool touched;
  };
  [[nodiscard]] std::optional<Unfinished> unfinished() const;

 private:
  // On three cache lines: the writer's, the reader's, and one that is only looked at after a death.
  struct alignas(64) Header {
    alignas(64) std::atomic<std::uint64_t> head;
    alignas(64) std::atomic<std::uint64_t> tail;
    alignas(64) std::atomic<std::uint64_t> filling;  // 1 + position of the reserved record
  };
  static constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }
  [[nodiscard]] std::size_t at(std::uint64_t position) const { return position & (capacity_ - 1); }

  void copy_in(std::uint64_t position, const void *from, std::size_t size);
  void copy_out(std::uint64_t position, void *to, std::size_t size) const;

  Header *header_ = nullptr;
  char *data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace capsule
