// The host's view of one worker process: its channels, its shared output queue, its pidfd. Owned by a session, which guards it.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.hpp"
#include "capsule/metrics.h"
#include "diagnostics/signals.hpp"
#include "loop/loop.hpp"
#include "session/stderr_log.hpp"
#include "transport/channel.hpp"
#include "transport/message_piece.hpp"
#include "transport/process.hpp"
#include "transport/session_memory.hpp"

namespace capsule {

struct Worker {
  // Makes the channels, the queue and the capture pipes. `child_fds` are the worker's ends, in the order of
  // worker/session_fds.hpp.
  static Result<std::shared_ptr<Worker>> create(std::uint32_t max_frame_bytes, std::size_t output_queue_bytes,
                                                std::vector<UniqueFd> &child_fds);

  Worker(UniqueFd work_fd, UniqueFd control_fd, std::uint32_t max_frame_bytes)
      : work(std::move(work_fd), max_frame_bytes), control(std::move(control_fd), max_frame_bytes) {}

  // Sending on either channel: under the session's lock. Receiving on `work`: under `reader`, by the loop thread or by a
  // caller that waits for events. Receiving on `control`: the loop thread.
  Channel work;
  Channel control;
  std::mutex reader;
  bool work_ended = false;  // guarded by `reader`

  SessionMemory shared;
  CountersCopy counted;       // of its counters, as they were copied last; guarded by the session's lock, and the next
  bool counts_stale = false;  // the last copy could not be had whole
  FlightReader flight;        // of its events; guarded by the session's lock
  std::array<std::uint64_t, kFlightWriters>
      flight_told{};                     // where these come in messages: up to which of each writer they came
  OutputQueue::Cursor received;          // of the queue: up to where it was received; guarded by `reader`
  UniqueFd capture[2];                   // read ends of stdout and stderr, by open files of the host's own
  std::shared_ptr<StderrLog> start_log;  // of what it writes to both, until it serves; guarded by the session's lock
  MessageAssembly message;               // of the output stream; guarded by the session's lock
  std::uint64_t message_charge = 0;      // bytes of it for which no credit was given yet
  std::uint64_t allowance = 0;           // bytes of output that it may still send; guarded by the session's lock

  Process process;
  std::optional<ExitStatus> exit_status;  // once known
  std::uint64_t incarnation = 0;          // number of the process in its runtime
  std::uint64_t began_ns = 0;             // when it was asked for
  std::uint32_t number = 0;               // of the process in its session, from 1
  StartPath path = StartPath::kFork;
  int zygote_pid = 0;  // of the zygote that looks after it
  bool ready = false;
  bool gone = false;       // the pidfd said so
  bool kill_sent = false;  // by the host
  Status protocol_error;   // why the host killed it, when it broke the protocol

  // Wakes a caller that reads `work`.
  UniqueFd wake;
  Loop::HandoffId handoff = 0;
  Loop::TimerId start_timer{};
  Loop::TimerId heartbeat_timer{};
  std::multiset<std::uint64_t>
      readings;                   // of its memory that go on: by when each has to be over; guarded by the session's lock
  bool readings_watched = false;  // a timer looks after them
  std::uint64_t missed_told = 0;  // heartbeats that did not come since the last one, with an event each
  std::shared_ptr<Loop::Watch> control_watch;
  std::shared_ptr<Loop::Watch> process_watch;
  std::shared_ptr<Loop::Watch> start_log_watch;

  LogRate log_rate;  // of its own records; guarded by the session's lock

  // From channels that are closed by now, for the session's counters.
  [[nodiscard]] std::uint64_t frames_sent() const { return work.frames_sent() + control.frames_sent(); }
  [[nodiscard]] std::uint64_t bytes_sent() const { return work.bytes_sent() + control.bytes_sent(); }
};

// Adds a worker's counters to what was counted before.
void add_executor_metrics(capsule_executor_metrics &metrics, const CountersCopy &counters);
void add_transport_metrics(capsule_transport_metrics &metrics, const Worker &worker);
void add_async_metrics(capsule_async_metrics &metrics, const CountersCopy &counters);

}  // namespace capsule
