// The worker's side of the control channel for whoever has something to say on it: any thread, never waiting.
#pragma once

#include <mutex>
#include <string>

#include "transport/socket.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {

class ControlSender {
 public:
  // `control_fd` is borrowed.
  explicit ControlSender(int control_fd) : control_fd_(control_fd) {}

  // Small frames: the socket takes one whole or not at all. A host that does not read loses a heartbeat or a log record, nothing
  // else; false says so.
  bool send(const wire::Body &body) {
    const std::lock_guard lock(mutex_);
    const auto frame = encoder_.encode(0, body);
    return send_some(control_fd_, frame) == static_cast<ssize_t>(frame.size());
  }

  // An answer that the host waits for: waits until the socket has taken all of it. The host reads this channel always.
  void answer(const wire::Answer &answer, int attached = -1) {
    const std::lock_guard lock(mutex_);
    const auto frame = encoder_.encode(0, answer);
    const ssize_t sent = send_with_fds(control_fd_, frame, {&attached, attached < 0 ? 0U : 1U});
    if (sent >= 0) {
      send_all(control_fd_, frame.subspan(static_cast<std::size_t>(sent)));
    }
  }

  // A log record: `level` is CAPSULE_LOG_…, the line key=value fields.
  void log(std::int32_t level, const std::string &line) { send(wire::Log{level, line}); }

 private:
  const int control_fd_;
  std::mutex mutex_;
  wire::Encoder encoder_;
};

}  // namespace capsule::worker
