// The receiving end of the work channel, of which the main thread is the only reader.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <vector>

#include "session_state.hpp"
#include "transport/frame.hpp"
#include "transport/socket.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {

class WorkReader {
 public:
  // `fd` is borrowed.
  WorkReader(int fd, std::uint32_t max_frame_bytes) : fd_(fd), reader_(max_frame_bytes) {}

  [[nodiscard]] int fd() const { return fd_; }

  // The next whole frame that was received, valid until room() is called; nothing where there is none.
  std::optional<wire::Envelope> next() {
    auto frame = reader_.next();
    if (!frame.ok()) {
      _exit(kExitChannelLost);
    }
    if (!frame.value()) {
      return std::nullopt;
    }
    auto envelope = wire::decode(*frame.value());
    if (!envelope.ok()) {
      _exit(kExitChannelLost);
    }
    return std::move(envelope.value());
  }

  // Where the next receive() writes.
  std::span<std::uint8_t> room() { return reader_.room(); }
  // Waits for bytes, once. Those that came, 0 at the end, or -1 with errno set; take() them.
  ssize_t receive(std::span<std::uint8_t> room) { return capsule::receive(fd_, room, &attached_); }
  void take(ssize_t count) { reader_.filled(static_cast<std::size_t>(count)); }

  // So many of the descriptors that came, or what there is.
  std::vector<UniqueFd> take_attached(std::size_t count) {
    const auto end = attached_.begin() + static_cast<std::ptrdiff_t>(std::min(count, attached_.size()));
    std::vector<UniqueFd> taken(std::make_move_iterator(attached_.begin()), std::make_move_iterator(end));
    attached_.erase(attached_.begin(), end);
    return taken;
  }

 private:
  const int fd_;
  FrameReader reader_;
  std::vector<UniqueFd> attached_;  // to the frames that were received
};

}  // namespace capsule::worker
