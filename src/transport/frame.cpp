#include "transport/frame.hpp"

#include <bit>
#include <cstring>
#include <string>

namespace capsule {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are little-endian in memory");

constexpr std::size_t kPrefix = sizeof(std::uint32_t);
constexpr std::size_t kInitialBytes = 16U << 10U;
// A buffer grown beyond this by a large frame is given back once it is empty.
constexpr std::size_t kKeepBytes = 256U << 10U;

}  // namespace

std::size_t FrameReader::frame_size() {
  if (end_ - begin_ < kPrefix) {
    return 0;
  }
  std::uint32_t size = 0;
  std::memcpy(&size, bytes() + begin_, sizeof size);
  return kPrefix + size;
}

std::span<std::uint8_t> FrameReader::room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (capacity() > kKeepBytes) {
      words_ = {};
    }
  }
  if (begin_ > 0) {
    std::memmove(bytes(), bytes() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t wanted = std::max(frame_size(), end_ + 1);
  if (capacity() < wanted || words_.empty()) {
    words_.resize((std::max(wanted, kInitialBytes) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
  }
  return {bytes() + end_, capacity() - end_};
}

Result<std::optional<std::span<const std::uint8_t>>> FrameReader::next() {
  const std::size_t size = frame_size();
  if (size == 0) {
    return std::optional<std::span<const std::uint8_t>>();
  }
  if (size > max_frame_bytes_) {
    oversize_ = true;
    return Status(CAPSULE_E_PROTOCOL, "a frame of " + std::to_string(size) + " bytes is larger than the limit of " +
                                          std::to_string(max_frame_bytes_));
  }
  if (size % sizeof(std::uint64_t) != 0 || size < 2 * sizeof(std::uint64_t)) {
    return Status(CAPSULE_E_PROTOCOL, "a frame cannot be " + std::to_string(size) + " bytes long");
  }
  if (end_ - begin_ < size) {
    return std::optional<std::span<const std::uint8_t>>();
  }
  const std::span<const std::uint8_t> frame(bytes() + begin_, size);
  begin_ += size;
  return std::optional<std::span<const std::uint8_t>>(frame);
}

}  // namespace capsule
