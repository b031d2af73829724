// One end of a framed stream socket: sends whole frames without waiting, receives and decodes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "transport/frame.hpp"
#include "transport/transport_counters.hpp"
#include "wire/codec.hpp"

namespace capsule {

// What one round of receiving came to.
enum class ReceiveState {
  kDrained,  // all that had come was read
  kMore,     // the round was full: there may be more
  kEnd,      // the peer closed or reset the stream
  kBroken,   // not the protocol; see Channel::error()
};

// Sending and receiving may happen on two threads, each side one at a time; the owner's lock sees to it.
class Channel {
 public:
  using Handler = std::function<void(const wire::Envelope &, std::size_t frame_bytes)>;

  Channel(UniqueFd fd, std::uint32_t max_frame_bytes) : fd_(std::move(fd)), reader_(max_frame_bytes), max_(max_frame_bytes) {}
  ~Channel();
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;

  // What the log says of the channel: key=value fields.
  void set_label(std::string fields, std::shared_ptr<const LogLevel> level = std::make_shared<LogLevel>()) {
    label_ = std::move(fields);
    log_level_ = std::move(level);
  }

  // Counts the time of encoding and decoding, which costs two looks at the clock for each frame.
  void time_codec() { times_codec_ = true; }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::uint32_t max_frame_bytes() const { return max_; }

  // Sends a frame; what the socket does not take now is kept for flush(). Where the peer is gone the frame is dropped: its death is noticed
  // elsewhere. An error where this process cannot send, for want of descriptors say: then nothing was sent of it.
  Status send(std::uint64_t execution_id, wire::Body body, std::span<const int> fds = {});
  // Sends what was kept. Call when the descriptor is writable. An error as of send(): what was kept is lost, and so is the peer.
  Status flush();
  [[nodiscard]] bool pending() const { return !unsent_.empty(); }
  [[nodiscard]] std::size_t pending_bytes() const { return unsent_.size(); }

  // Receives once and hands over every whole frame. Descriptors that came along are kept for take_fds().
  ReceiveState receive_round(const Handler &handler, bool with_fds = false);
  // How far the stream was received, and how far that would be if all were that is there now: where a peer that writes without end is to
  // be read up to.
  [[nodiscard]] std::uint64_t received_to() const { return received_to_; }
  [[nodiscard]] std::uint64_t end_now() const;
  [[nodiscard]] const Status &error() const { return error_; }
  // Why, where the state is kBroken.
  [[nodiscard]] RejectReason reject_reason() const { return reject_reason_; }
  // The one that came first; for frames that say that one comes with them.
  UniqueFd take_fd();
  std::vector<UniqueFd> take_fds() { return std::exchange(fds_, {}); }

  [[nodiscard]] const ChannelCounters &counters() const { return counters_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return counters_.sent.bytes.get(); }
  [[nodiscard]] std::uint64_t frames_sent() const { return frames_sent_; }

 private:
  UniqueFd fd_;
  wire::Encoder encoder_;
  FrameReader reader_;
  std::uint32_t max_;
  // Descriptors that go with a byte of what is not sent yet.
  struct Attachment {
    std::size_t offset;
    std::vector<UniqueFd> fds;
  };
  ssize_t send_next();

  std::vector<std::uint8_t> unsent_;
  std::deque<Attachment> attachments_;
  std::vector<UniqueFd> fds_;
  ReceiveState broken(RejectReason reason, Status error) {
    reject_reason_ = reason;
    error_ = std::move(error);
    return ReceiveState::kBroken;
  }

  Status error_;
  RejectReason reject_reason_ = RejectReason::kMalformed;
  std::string label_;
  std::shared_ptr<const LogLevel> log_level_ = std::make_shared<LogLevel>();
  ChannelCounters counters_;
  std::uint64_t frames_sent_ = 0;
  std::uint64_t received_to_ = 0;
  bool times_codec_ = false;
};

}  // namespace capsule
