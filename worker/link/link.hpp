// The link thread: reads the control channel, delivers cancels, answers and credit, watches the host, sends the heartbeat. It never
// takes the GIL.
#pragma once

#include <cstdint>

#include "base/unique_fd.hpp"
#include "link/call_table.hpp"
#include "link/control_sender.hpp"
#include "link/input_table.hpp"
#include "native_thread.hpp"
#include "output/output.hpp"
#include "poll_set.hpp"
#include "session_state.hpp"
#include "transport/frame.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {

// The signal that breaks the main thread out of whatever it does: one nobody else has a name for. Its handler asks
// SessionState::must_stop().
int cancel_signal();

class Link {
 public:
  // Descriptors are borrowed.
  Link(SessionState &state, Output &output, InputTable &inputs, CallTable &calls, ControlSender &sender, int control_fd,
       int work_fd, int host_pidfd, FrameReader reader, std::uint32_t heartbeat_interval_ms);
  ~Link();
  Link(const Link &) = delete;
  Link &operator=(const Link &) = delete;

  void start();
  // Parks the thread, as around a fork; start() resumes it.
  void stop();

 private:
  void run();
  void watch_output(bool watch);
  std::uint64_t next_deadline() const;
  void receive_frames();
  void on_frame(const wire::Envelope &envelope);
  void send_heartbeat();
  void repeat_cancel();
  void record_delivered(std::uint64_t execution_id, std::uint8_t interrupt);
  void signal_main() const;
  [[noreturn]] void host_is_gone() const;

  SessionState &state_;
  Output &output_;
  InputTable &inputs_;
  CallTable &calls_;
  ControlSender &sender_;
  const int control_fd_;
  const int work_fd_;
  const int host_pidfd_;
  FrameReader reader_;
  std::vector<UniqueFd> attached_;  // to the frames that were received
  const std::uint64_t heartbeat_ns_;
  std::uint64_t next_heartbeat_ns_ = 0;
  std::uint64_t next_cancel_ns_ = kNoDeadline;
  std::uint64_t cancel_pause_ns_ = 0;
  std::uint64_t seen_raised_ = 0;
  std::uint64_t send_failures_ = 0;
  UniqueFd wake_;
  PollSet set_;
  bool watching_output_ = false;
  std::atomic<bool> stopping_{false};
  NativeThread thread_;
};

}  // namespace capsule::worker
