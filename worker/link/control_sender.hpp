// The worker's side of the control channel for whoever has something to say on it: any thread, never waiting.
#pragma once

#include <mutex>
#include <span>
#include <string>

#include "base/log_events.hpp"
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

  // What the host waits for, or must not miss: waits until the socket has taken all of it. The host reads this channel always.
  void post(std::uint64_t execution_id, const wire::Body &body, std::span<const int> fds = {}) {
    const std::lock_guard lock(mutex_);
    const auto frame = encoder_.encode(execution_id, body);
    const ssize_t sent = send_with_fds(control_fd_, frame, fds);
    if (sent >= 0) {
      send_all(control_fd_, frame.subspan(static_cast<std::size_t>(sent)));
    }
  }
  void answer(const wire::Answer &answer, int attached = -1) { post(0, answer, {&attached, attached < 0 ? 0U : 1U}); }

  // A record of the host's log; the host adds whose it is.
  void log(LogEvent event, const std::string &fields) { log(info_of(event).level, event, fields); }
  void log(std::int32_t level, LogEvent event, const std::string &fields) {
    const std::string line = "event=" + std::string(info_of(event).name) + " " + fields;
    send(wire::Log{level, line});
  }

 private:
  const int control_fd_;
  std::mutex mutex_;
  wire::Encoder encoder_;
};

}  // namespace capsule::worker
