// Cuts a stream of bytes into size-prefixed frames. Pure: no descriptor, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.hpp"

namespace capsule {

class FrameReader {
 public:
  explicit FrameReader(std::uint32_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  void set_max_frame_bytes(std::uint32_t bytes) { max_frame_bytes_ = bytes; }

  // Room to receive into, never empty: as much as the frame under way still needs, or a small buffer's worth.
  std::span<std::uint8_t> room();
  // So many bytes of it were filled.
  void filled(std::size_t bytes) { end_ += bytes; }

  // The next whole frame, prefix included, 8-aligned, valid until room() is called; nothing when more bytes are needed.
  // CAPSULE_E_PROTOCOL when what follows cannot be a frame: the stream is unusable from there on.
  Result<std::optional<std::span<const std::uint8_t>>> next();

  // Whether what made it unusable is a frame above the limit.
  [[nodiscard]] bool oversize() const { return oversize_; }
  // Whether a part of a frame is waiting for the rest.
  [[nodiscard]] bool mid_frame() const { return end_ != begin_; }

 private:
  [[nodiscard]] std::uint8_t *bytes() { return reinterpret_cast<std::uint8_t *>(words_.data()); }
  [[nodiscard]] std::size_t capacity() const { return words_.size() * sizeof(std::uint64_t); }
  // Length of the frame that starts at begin_, prefix included; 0 while the prefix is not complete.
  [[nodiscard]] std::size_t frame_size();

  std::uint32_t max_frame_bytes_;
  std::vector<std::uint64_t> words_;  // 8-aligned storage
  std::size_t begin_ = 0;             // multiple of 8: the length of every frame is
  std::size_t end_ = 0;
  bool oversize_ = false;
};

}  // namespace capsule
