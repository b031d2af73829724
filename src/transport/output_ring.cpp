#include "transport/output_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace capsule {
namespace {

// What a reserved record holds until bytes come: no byte of UTF-8 text.
constexpr char kUntouched = '\xff';

}  // namespace

std::size_t OutputRing::memory_size(std::size_t queue_bytes) { return sizeof(Header) + std::bit_ceil(queue_bytes); }

OutputRing::OutputRing(void *memory, std::size_t size)
    : header_(static_cast<Header *>(memory)),
      data_(static_cast<char *>(memory) + sizeof(Header)),
      capacity_(std::bit_floor(size - sizeof(Header))) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
}

bool OutputRing::append(const Record &record, const char *data) {
  const std::uint64_t head = header_->head.load(std::memory_order_relaxed);
  const std::size_t needed = sizeof record + padded(record.size);
  if (head - tail() + needed > capacity_) {
    return false;
  }
  copy_in(head, &record, sizeof record);
  copy_in(head + sizeof record, data, record.size);
  header_->head.store(head + needed, std::memory_order_release);
  return true;
}

std::optional<std::array<iovec, 2>> OutputRing::reserve(const Record &record) {
  const std::uint64_t head = header_->head.load(std::memory_order_relaxed);
  if (head - tail() + sizeof record + padded(record.size) > capacity_) {
    return std::nullopt;
  }
  copy_in(head, &record, sizeof record);
  const std::size_t begin = at(head + sizeof record);
  const std::size_t first = std::min<std::size_t>(record.size, capacity_ - begin);
  const std::array<iovec, 2> parts{iovec{data_ + begin, first}, iovec{data_, record.size - first}};
  for (const iovec &part : parts) {
    std::memset(part.iov_base, kUntouched, part.iov_len);
  }
  header_->filling.store(head + 1, std::memory_order_release);
  return parts;
}

void OutputRing::commit(std::uint32_t size) {
  const std::uint64_t head = header_->head.load(std::memory_order_relaxed);
  if (size == 0) {
    header_->filling.store(0, std::memory_order_release);
    return;
  }
  copy_in(head + offsetof(Record, size), &size, sizeof size);
  // `filling` need not be reset: it no longer names the head.
  header_->head.store(head + sizeof(Record) + padded(size), std::memory_order_release);
}

std::optional<OutputRing::Record> OutputRing::peek(std::uint64_t position, std::uint64_t head) const {
  const std::uint64_t available = head - position;
  if (available < sizeof(Record) || available > capacity_) {
    return std::nullopt;
  }
  Record record{};
  copy_out(position, &record, sizeof record);
  if (sizeof record + padded(record.size) > available) {
    return std::nullopt;
  }
  return record;
}

std::uint64_t OutputRing::take(std::uint64_t position, const Record &record, std::string &out) const {
  const std::size_t before = out.size();
  out.resize(before + record.size);
  copy_out(position + sizeof record, out.data() + before, record.size);
  return behind(position, record);
}

std::optional<OutputRing::Unfinished> OutputRing::unfinished() const {
  const std::uint64_t position = head();
  if (header_->filling.load(std::memory_order_acquire) != position + 1) {
    return std::nullopt;
  }
  const auto record = peek(position, position + capacity_);
  if (!record) {
    return std::nullopt;
  }
  Unfinished found{*record, {}, false};
  take(position, *record, found.data);
  found.touched = found.data.find_first_not_of(kUntouched) != std::string::npos;
  return found;
}

void OutputRing::copy_in(std::uint64_t position, const void *from, std::size_t size) {
  const std::size_t begin = at(position);
  const std::size_t first = std::min(size, capacity_ - begin);
  std::memcpy(data_ + begin, from, first);
  std::memcpy(data_, static_cast<const char *>(from) + first, size - first);
}

void OutputRing::copy_out(std::uint64_t position, void *to, std::size_t size) const {
  const std::size_t begin = at(position);
  const std::size_t first = std::min(size, capacity_ - begin);
  std::memcpy(to, data_ + begin, first);
  std::memcpy(static_cast<char *>(to) + first, data_, size - first);
}

}  // namespace capsule
