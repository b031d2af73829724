// What the worker's threads share about the execution under way, and why the process ends.
#pragma once

#include <pthread.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/clock.hpp"
#include "recorder.hpp"

namespace capsule::worker {

// Exit statuses of a session's process that are the worker's own doing.
enum ExitCode : int {
  kExitNormal = 0,
  kExitChannelLost = 74,  // a descriptor of the channels was closed, or frames could not be read
  kExitRefused = 75,      // the host speaks another protocol, or a preload failed
};

// A channel failed with that errno. Where the peer is gone, so is the host: what this process has started goes with it (I10), for
// there may be no zygote left to see to it. Else the user's code closed our descriptor.
[[noreturn]] inline void end_without_channel(int error) {
  if (error == EPIPE || error == ECONNRESET) {
    kill(0, SIGKILL);  // the process leads its group
  }
  _exit(kExitChannelLost);
}

// Code may swallow what was raised, and __del__ always does, so it is raised again; but `finally` blocks get this long first.
inline constexpr std::uint64_t kCleanUpNs = 100 * kNsPerMs;

// Written by the thread that the comment names, read by all.
struct SessionState {
  // Main. The execution under way, 0 when idle; what output belongs to.
  std::atomic<std::uint64_t> current_id{0};
  // Main. The same while the user's own code runs: what a cancel may interrupt. 0 in the engine's code.
  std::atomic<std::uint64_t> interruptible_id{0};
  // Main. The last one whose end was reported; ids only grow, so a cancel for one up to this is late.
  std::atomic<std::uint64_t> ended_id{0};
  // Main. The same of what the host asks for between executions, whose ids have kRequestBit.
  std::atomic<std::uint64_t> ended_request_id{0};
  std::atomic<std::uint64_t> started_ns{0};
  std::atomic<std::uint64_t> namespace_size{0};
  std::atomic<std::uint64_t> namespace_counted_ns{0};
  // Whoever holds the GIL. Output bytes of the execution under way that the output policy dropped.
  std::atomic<std::uint64_t> dropped_bytes{0};
  // Main. Time the execution under way has waited for input.
  std::atomic<std::uint64_t> input_wait_ns{0};
  // Main. The same for answers of the host to its calls.
  std::atomic<std::uint64_t> call_wait_ns{0};
  // Link. The execution to cancel: never reset, so that a cancel that comes before its execution is not lost.
  std::atomic<std::uint64_t> cancel_id{0};
  // Link. The execution to interrupt once; whoever delivers it resets it.
  std::atomic<std::uint64_t> interrupt_id{0};
  std::atomic<bool> shutting_down{false};
  // Main. Times that a cancel was raised in the running code: it then gets time to clean up before the next.
  std::atomic<std::uint64_t> raised{0};
  // Main. Which execution it was last raised in, and when.
  std::uint64_t raised_id = 0;
  std::uint64_t raised_ns = 0;
  // Set once at start.
  pid_t pid = 0;
  pid_t main_thread = 0;
  pthread_t main_pthread = 0;

  // What happens is noted where it does.
  Recorder recorder;

  // True in a child that the user's code forked: it shares no channel with the host and must not speak for the session.
  std::atomic<bool> foreign{false};

  // The execution that output belongs to where nothing says otherwise: the one under way, or the last.
  [[nodiscard]] std::uint64_t writing_id() const {
    const std::uint64_t current = current_id.load(std::memory_order_relaxed);
    return current != 0 ? current : ended_id.load(std::memory_order_relaxed);
  }

  // Main: whether the running execution was asked to stop.
  [[nodiscard]] bool asked_to_stop() const {
    const std::uint64_t id = interruptible_id.load(std::memory_order_seq_cst);
    return id != 0 && ((cancel_id.load(std::memory_order_seq_cst) == id && !cleaning_up(id, monotonic_ns())) ||
                       interrupt_id.load(std::memory_order_seq_cst) == id);
  }
  // Main: of two signals in flight the second must not hit the handler of the first.
  [[nodiscard]] bool cleaning_up(std::uint64_t id, std::uint64_t now_ns) const {
    return raised_id == id && now_ns - raised_ns < kCleanUpNs;
  }
  // Main: whether the running execution has to stop now; the caller then raises. Consumes a single interrupt.
  [[nodiscard]] bool must_stop() {
    const std::uint64_t id = interruptible_id.load(std::memory_order_seq_cst);
    if (id == 0) {
      return false;
    }
    std::uint64_t expected = id;
    const std::uint64_t now = monotonic_ns();
    const bool cancel = cancel_id.load(std::memory_order_seq_cst) == id && !cleaning_up(id, now);
    const bool stop = interrupt_id.compare_exchange_strong(expected, 0) || cancel;
    if (stop) {
      raised_id = id;
      raised_ns = now;
    }
    const std::uint64_t before = raised.fetch_add(stop ? 1 : 0, std::memory_order_seq_cst);
    if (stop) {
      recorder.record<CAPSULE_TRACE_CANCEL_INTERRUPTED>(FlightWriter::kMain,
                                                        {.execution_id = id, .time_ns = now, .arguments = {before + 1}});
    }
    return stop;
  }
  [[nodiscard]] bool canceled(std::uint64_t id) const { return cancel_id.load(std::memory_order_seq_cst) == id; }
};

}  // namespace capsule::worker
