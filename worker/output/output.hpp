// The worker's output: a bounded queue in shared memory, sent in order by the pump, or by the main thread ahead of a terminal frame.
// What the process prints at descriptor level is read from the capture pipes straight into that memory: no byte is ever held only
// by this process, so that none is lost when it dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"
#include "futex.hpp"
#include "native_thread.hpp"
#include "poll_set.hpp"
#include "session_state.hpp"
#include "transport/session_memory.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {

class Output {
 public:
  // `work_fd` is borrowed. Reads of the capture ends never block.
  Output(SessionState &state, SessionMemory memory, int work_fd, UniqueFd out_read, UniqueFd err_read, std::uint64_t credit,
         std::uint32_t max_frame_bytes);
  ~Output();
  Output(const Output &) = delete;
  Output &operator=(const Output &) = delete;

  // One thread at a time: in Python, whoever holds the GIL. Appends what fits and returns how much that was; the caller waits at
  // space() for the rest. Budget: no system call unless the pump sleeps, no lock.
  std::size_t append(std::uint8_t stream, std::string_view data);
  // The same, all or nothing.
  bool append_whole(std::uint8_t stream, std::string_view data);
  // Any thread. Has what was appended sent soon; appending a newline does the same.
  void flush();
  // Opened whenever room was made. Before waiting, say so with flush().
  Gate &space() { return space_; }

  // Main thread, without the GIL. Sends everything appended or captured so far, then the frame. Waits for credit as long as it takes.
  void send_behind(std::uint64_t execution_id, const wire::Body &body);

  [[nodiscard]] WorkerCounters &counters() const { return counters_; }

  // Link thread.
  void add_credit(std::uint64_t bytes);
  // The link thread watches these while the pump is not running, and starts it when there is something for it to do.
  [[nodiscard]] int doorbell_fd() const { return doorbell_.get(); }
  [[nodiscard]] int capture_fd(int stream) const { return capture_[stream - 1].get(); }
  [[nodiscard]] bool pumping() const { return pump_.running(); }
  void on_doorbell();
  // Parks the pump around a fork, and resumes it. What is queued stays queued.
  void start_pump();
  void stop_pump();

 private:
  // What an appending thread has to do about the pump.
  enum class Pump : std::uint32_t {
    kAsleep,     // ring the doorbell for a line
    kLingering,  // it wakes by itself soon: ring only for a lot
    kAwake,      // it looks again before it sleeps
  };

  void pump_main();
  void pump_wait(bool linger);
  void ring_doorbell();
  void drain_doorbell();
  // Under sender_. True when the pipe is empty, as far as can be seen; false when it holds more, or there is no room for it.
  bool read_capture(std::uint8_t stream);
  bool read_captures();
  // Under sender_: packs and sends what credit allows.
  void send_queued();
  void pack_queued();
  void transmit();
  // The host keeps back at most a quarter of its window, and a piece is at most half of it: there always comes enough.
  [[nodiscard]] std::int64_t credit() const { return credit_.load(std::memory_order_acquire); }
  [[nodiscard]] bool can_send() const;

  SessionState &state_;
  SessionMemory memory_;
  OutputQueue &queue_;
  WorkerCounters &counters_;
  const int work_fd_;
  const std::size_t max_chunk_;  // bytes that one Output frame gathers from neighbouring pieces
  const std::size_t max_piece_;  // longest piece of text that travels whole; longer ones are cut between characters
  UniqueFd capture_[2];
  UniqueFd doorbell_;
  PollSet everything_;     // the doorbell and the capture pipes
  PollSet doorbell_only_;  // while there is no room: the pipes fill up, which stops a program that prints without end

  // Cache lines of their own: the first is the appending threads', the second the pump's, touched for each piece of output.
  alignas(64) std::atomic<Pump> pump_state_{Pump::kAsleep};
  alignas(64) std::atomic<std::int64_t> credit_{0};
  Gate space_;
  Gate credited_;

  std::mutex sender_;  // guards the work channel's sending side, the captured ring, and all below
  wire::Encoder encoder_;
  std::vector<std::uint8_t> packed_;
  OutputQueue::Cursor packed_cursor_;
  std::size_t packed_pieces_ = 0;
  std::size_t packed_bytes_ = 0;
  std::string chunk_;

  NativeThread pump_;
  std::atomic<bool> stopping_{false};
};

}  // namespace capsule::worker
