#include "transport/output_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace capsule {

std::size_t OutputRing::memory_size(std::size_t queue_bytes) { return sizeof(Header) + std::bit_ceil(queue_bytes); }

OutputRing::OutputRing(void *memory, std::size_t size)
    : header_(static_cast<Header *>(memory)),
      data_(static_cast<char *>(memory) + sizeof(Header)),
      capacity_(std::bit_floor(size - sizeof(Header))) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
}

bool OutputRing::append(std::uint64_t execution_id, std::uint8_t stream, std::string_view data) {
  const std::uint64_t head = header_->head.load(std::memory_order_relaxed);
  const std::size_t needed = sizeof(RecordHeader) + padded(data.size());
  if (head - tail() + needed > capacity_) {
    return false;
  }
  const RecordHeader record{static_cast<std::uint32_t>(data.size()), stream, execution_id};
  copy_in(head, &record, sizeof record);
  copy_in(head + sizeof record, data.data(), data.size());
  header_->head.store(head + needed, std::memory_order_release);
  return true;
}

std::optional<OutputRing::Peek> OutputRing::peek(std::uint64_t position, std::uint64_t head) const {
  const std::uint64_t available = head - position;
  if (available < sizeof(RecordHeader) || available > capacity_) {
    return std::nullopt;
  }
  RecordHeader record{};
  copy_out(position, &record, sizeof record);
  if (sizeof record + padded(record.size) > available) {
    return std::nullopt;
  }
  return Peek{record.execution_id, record.size, static_cast<std::uint8_t>(record.stream)};
}

std::uint64_t OutputRing::take(std::uint64_t position, const Peek &record, std::string &out) const {
  const std::size_t before = out.size();
  out.resize(before + record.size);
  copy_out(position + sizeof(RecordHeader), out.data() + before, record.size);
  return position + sizeof(RecordHeader) + padded(record.size);
}

std::optional<OutputRecord> OutputRing::read(std::uint64_t &position) const {
  const auto found = peek(position);
  if (!found) {
    return std::nullopt;
  }
  OutputRecord record{found->execution_id, found->stream, {}};
  position = take(position, *found, record.data);
  return record;
}

void OutputRing::copy_in(std::uint64_t position, const void *from, std::size_t size) {
  const std::size_t at = position & (capacity_ - 1);
  const std::size_t first = std::min(size, capacity_ - at);
  std::memcpy(data_ + at, from, first);
  std::memcpy(data_, static_cast<const char *>(from) + first, size - first);
}

void OutputRing::copy_out(std::uint64_t position, void *to, std::size_t size) const {
  const std::size_t at = position & (capacity_ - 1);
  const std::size_t first = std::min(size, capacity_ - at);
  std::memcpy(to, data_ + at, first);
  std::memcpy(static_cast<char *>(to) + first, data_, size - first);
}

}  // namespace capsule
