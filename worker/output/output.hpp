// The worker's output: a bounded queue in shared memory, sent in order by the pump, or by the main thread ahead of a terminal frame.
// What the process prints at descriptor level is read from the capture pipes straight into that memory: no byte is ever held only
// by this process, so that none is lost when it dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"
#include "futex.hpp"
#include "native_thread.hpp"
#include "output/progress.hpp"
#include "output/writer.hpp"
#include "poll_set.hpp"
#include "session_state.hpp"
#include "transport/session_memory.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {

struct OutputLimits {
  std::uint64_t credit = 0;
  std::uint32_t max_frame_bytes = 0;
  bool coalesce_carriage_returns = false;
  std::uint64_t progress_interval_ns = 0;
};

// What could not be sent although the host had given credit for it.
struct DrainStall {
  std::uint64_t pending_sends;
  std::uint64_t queue_bytes;
  std::uint64_t sent;
  std::uint64_t dropped;
};

// Of what is written so; size and order are still to be set.
OutputRing::Record record_of(const Writer &writer, std::uint8_t stream);

class Output {
 public:
  // `work_fd` is borrowed. Reads of the capture ends never block.
  Output(SessionState &state, SessionMemory memory, int work_fd, UniqueFd out_read, UniqueFd err_read, OutputLimits limits);
  ~Output();
  Output(const Output &) = delete;
  Output &operator=(const Output &) = delete;

  // One thread at a time: in Python, whoever holds the GIL. Appends what fits and returns how much that was; the caller waits at
  // space() for the rest. Budget: no system call unless the pump sleeps, no lock.
  std::size_t append(const Writer &writer, std::uint8_t stream, std::string_view data);
  // The same, all or nothing.
  bool append_whole(const Writer &writer, std::uint8_t stream, std::string_view data);
  // The same for a frame that travels in the output: from `offset` on, returns the offset that it came to.
  std::size_t append_message(const Writer &writer, std::string_view frame, std::size_t offset);
  [[nodiscard]] std::size_t queue_bytes() { return queue_.printed().capacity(); }
  // The same thread: whether so many bytes could be appended now.
  [[nodiscard]] bool has_room(std::size_t size);
  [[nodiscard]] bool has_room_for_message(std::size_t size);
  // The same thread: drops the oldest that was printed until a piece of so many bytes fits, or the largest piece there is. What is on
  // its way is not dropped, but is no longer kept for the host to find after a crash.
  void drop_oldest(std::size_t size);
  // Any thread. Has what was appended sent soon; appending a newline does the same.
  void flush();
  // Opened whenever room was made. Before waiting, say so with flush().
  Gate &space() { return space_; }

  // The same thread as append(). True when the frame waits for the pump to send it; false when the caller is to append it now.
  bool hold_progress(const Writer &writer, const std::string &id, std::string_view frame);
  // What still waits, at an execution's end.
  std::vector<ProgressBars::Frame> take_progress() { return progress_.take_all(); }

  // Without the GIL. Sends everything appended or captured so far, then the frame. Waits for credit as long as it takes.
  // Where there is credit and still nothing moves for `patience_ns` (0: never mind), it gives up, and the frame is not sent. Nor is
  // an input request, from any thread, whose execution's end was sent meanwhile.
  // A descriptor that is given, and stays the caller's, goes with it.
  std::optional<DrainStall> send_behind(std::uint64_t execution_id, const wire::Body &body, std::uint64_t patience_ns = 0,
                                        int attached = -1);
  // Sends the frame behind no more than what is already on its way.
  void send_next(std::uint64_t execution_id, const wire::Body &body);

  [[nodiscard]] WorkerCounters &counters() const { return counters_; }
  [[nodiscard]] WorkerStacks &stacks() const { return memory_.stacks(); }
  [[nodiscard]] FlightMemory &flight() const { return memory_.flight(); }

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
  using Lock = std::unique_lock<std::mutex>;

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
  void count_oldest(const OutputRing::Record &dropped);
  void record_end(std::uint64_t execution_id, const wire::Body &body, std::uint64_t began_ns, std::uint64_t now_ns);
  void post_due_progress();
  // Under sender_: packs and sends what credit allows and the socket takes; false when the socket is full.
  bool send_queued();
  void count_depth();
  void pack_queued();
  bool pack_notice();
  void pack(std::uint64_t execution_id, const wire::Body &body);
  bool transmit();
  ssize_t send_bytes(std::span<const std::uint8_t> bytes);
  [[nodiscard]] bool packed_up_to(const OutputQueue::Cursor &target) const;
  void wait_writable(Lock &lock, std::uint64_t deadline_ns);
  void send_packed(Lock &lock);
  // There always comes enough for a piece: see largest_piece().
  [[nodiscard]] std::int64_t credit() const { return credit_.load(std::memory_order_acquire); }
  [[nodiscard]] bool has_credit_for(std::uint8_t stream, std::size_t bytes) const;
  void spend(std::uint8_t stream, std::size_t bytes);
  // Under sender_.
  [[nodiscard]] bool can_send() const;

  SessionState &state_;
  SessionMemory memory_;
  OutputQueue &queue_;
  WorkerCounters &counters_;
  const int work_fd_;
  const std::size_t max_chunk_;  // bytes that one Output frame gathers from neighbouring pieces
  const std::size_t max_piece_;  // longest piece of text that travels whole; longer ones are cut between characters
  const bool coalesce_;
  UniqueFd capture_[2];
  UniqueFd doorbell_;
  PollSet everything_;     // the doorbell and the capture pipes
  PollSet doorbell_only_;  // while there is no room: the pipes fill up, which stops a program that prints without end
  PollSet pump_writable_;  // the doorbell, and the work channel to write on
  PollSet main_writable_;  // that alone

  // Cache lines of their own: the first is the appending threads', the second the pump's, touched for each piece of output.
  alignas(64) std::atomic<Pump> pump_state_{Pump::kAsleep};
  alignas(64) std::atomic<std::int64_t> credit_{0};
  Gate space_;
  Gate credited_;
  ProgressBars progress_;

  std::mutex sender_;  // guards the work channel's sending side, the captured ring, and all below; never held for a wait
  wire::Encoder encoder_;
  std::vector<std::uint8_t> packed_;  // frames on their way
  std::size_t packed_sent_ = 0;       // bytes of them that the socket has taken
  int attached_ = -1;                 // goes with the next bytes: with, or in front of, the frame that it is for
  OutputQueue::Cursor packed_cursor_;
  std::uint64_t packed_pieces_ = 0;
  std::uint64_t total_packed_ = 0;  // bytes, ever
  std::uint64_t total_sent_ = 0;
  std::uint64_t last_ended_id_ = 0;         // the execution whose end was packed last
  std::uint64_t oldest_dropped_bytes_ = 0;  // in front of the queue, and not yet told
  std::uint64_t oldest_dropped_id_ = 0;
  std::string chunk_;

  NativeThread pump_;
  std::atomic<bool> stopping_{false};
};

}  // namespace capsule::worker
