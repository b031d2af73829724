// The output queue of a session in shared memory: one ring of what the code printed, one of what was captured at descriptor level.
// Two, so that neither writer waits for the other; each captured record says behind how much printed output it came, and in that
// order both are read.
#pragma once

#include "transport/output_ring.hpp"

namespace capsule {

class OutputQueue {
 public:
  // Up to where each ring was read.
  struct Cursor {
    std::uint64_t printed = 0;
    std::uint64_t captured = 0;
    bool operator==(const Cursor &) const = default;
  };

  // Shared memory for at least so much in each of the rings.
  static std::size_t memory_size(std::size_t queue_bytes);

  OutputQueue() = default;
  OutputQueue(void *memory, std::size_t size);

  OutputRing &printed() { return printed_; }
  OutputRing &captured() { return captured_; }

  [[nodiscard]] Cursor head() const { return {printed_.head(), captured_.head()}; }
  [[nodiscard]] Cursor tail() const { return {printed_.tail(), captured_.tail()}; }
  [[nodiscard]] bool empty() const { return head() == tail(); }
  void release(const Cursor &cursor) {
    printed_.release(cursor.printed);
    captured_.release(cursor.captured);
  }

  // The next record at the cursor, given the head; nothing when there is none.
  [[nodiscard]] std::optional<OutputRing::Record> peek(const Cursor &cursor, const Cursor &head) const;
  // Appends to `out` the bytes of the next record and of those behind it that continue it, up to `limit` bytes, and moves the cursor.
  // Pieces of messages stay apart. Returns how many records they were. After peek() only.
  std::size_t take(Cursor &cursor, const Cursor &head, std::size_t limit, std::string &out) const;

 private:
  [[nodiscard]] bool next_is_captured(const Cursor &cursor, const Cursor &head) const;

  OutputRing printed_;
  OutputRing captured_;
};

}  // namespace capsule
