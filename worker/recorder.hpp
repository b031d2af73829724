// The worker's side of the flight recorder: what only the worker knows of an execution, written where it happens.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "diagnostics/trace_kinds.hpp"
#include "transport/flight_recorder.hpp"

namespace capsule::worker {

class ControlSender;

struct FlightEntry {
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  std::uint8_t status = 0;
  std::array<std::uint64_t, 4> arguments{};
};

// Each ring has one writer at a time: the thread that it is named after, or whoever holds the sender's lock (kOutput) or the GIL (kCode).
class Recorder {
 public:
  // Before the threads start. `level`: the least severe CAPSULE_LOG_… that is recorded.
  void attach(FlightMemory &memory, std::int32_t level) {
    memory_ = &memory;
    level_.store(level, std::memory_order_relaxed);
  }
  // The same with rings of its own, whose events go to the host in messages.
  void attach(ControlSender &sender, std::int32_t level);
  // Any thread: sends what there is. Nothing to do where the host reads it by itself.
  void send() {
    if (sender_ != nullptr) {
      send_batch();
    }
  }
  // In a child that the user's code forked: the rings are its parent's.
  void stop() { level_.store(CAPSULE_LOG_OFF, std::memory_order_relaxed); }

  // Whether a kind of that severity is recorded: whoever reads a clock for it asks first.
  template <std::int32_t kKind>
  [[nodiscard]] bool wants() const {
    static_assert(trace_kind(kKind).by_worker);
    return trace_kind(kKind).severity >= level_.load(std::memory_order_relaxed);
  }

  // Budget: a load and a branch when it is off; else ten stores, no lock, no system call. Of what is added to the event in front of it, two.
  template <std::int32_t kKind>
  void record(FlightWriter writer, const FlightEntry &entry) {
    if (!wants<kKind>()) {
      return;
    }
    if constexpr (kKind == CAPSULE_TRACE_EXECUTION_RECEIVED) {
      Lane &lane = lanes_[static_cast<std::size_t>(writer)];
      lane.received = &write(writer, kKind, trace_kind(kKind).source, entry);
      lane.received_ns = entry.time_ns;
      lane.span = static_cast<std::uint32_t>(lane.sequence);
    } else if constexpr (kKind == CAPSULE_TRACE_EXECUTION_STARTED || kKind == CAPSULE_TRACE_EXECUTION_RESULT_SENT) {
      Lane &lane = lanes_[static_cast<std::size_t>(writer)];
      if (!add<kKind>(lane, entry)) {
        write(writer, kKind, trace_kind(kKind).source, entry);
      }
      lane.span = kKind == CAPSULE_TRACE_EXECUTION_RESULT_SENT ? 0 : lane.span;
    } else {
      write(writer, kKind, trace_kind(kKind).source, entry);
    }
  }

  // The same at its first time in an execution, or in a later one; reads the clock itself then. From more than one thread.
  template <std::int32_t kKind>
  void record_once(FlightWriter writer, FlightEntry entry) {
    std::atomic<std::uint64_t> &last = once_of(kKind);
    std::uint64_t seen = last.load(std::memory_order_relaxed);
    while (wants<kKind>() && entry.execution_id > seen) {
      if (last.compare_exchange_weak(seen, entry.execution_id, std::memory_order_relaxed)) {
        entry.time_ns = monotonic_ns();
        record<kKind>(writer, entry);
        return;
      }
    }
  }

 private:
  void send_batch();
  std::atomic<std::uint64_t> &once_of(std::int32_t kind) {
    return once_[kind == CAPSULE_TRACE_OUTPUT_FIRST ? 0 : kind == CAPSULE_TRACE_OUTPUT_BACKPRESSURE ? 1 : 2];
  }
  // Each writer's on a cache line of its own: all that it touches of the recorder but for where the memory is.
  struct alignas(64) Lane {
    std::uint64_t next = 0;      // slot
    std::uint64_t sequence = 0;  // of its latest event
    // The slot of EXECUTION_RECEIVED while that is the latest, and the execution under way.
    FlightSlot *received = nullptr;
    std::uint64_t received_ns = 0;
    std::uint32_t span = 0;
    bool has_started = false;
  };
  static_assert(sizeof(Lane) == 64);

  // To the slot of EXECUTION_RECEIVED, where that is the latest and has room for it.
  template <std::int32_t kKind>
  static bool add(Lane &lane, const FlightEntry &entry) {
    constexpr bool kStarts = kKind == CAPSULE_TRACE_EXECUTION_STARTED;
    const std::uint64_t after_ns = entry.time_ns - lane.received_ns;
    if (lane.received == nullptr || after_ns - 1 >= UINT32_MAX || (entry.arguments[0] >> 32U) != 0 || entry.status != 0 ||
        lane.has_started == kStarts) {
      return false;
    }
    if constexpr (!kStarts) {
      lane.received->words[FlightSlot::kValueBytes].store(entry.arguments[1], std::memory_order_relaxed);
    }
    lane.received->words[kStarts ? FlightSlot::kStarted : FlightSlot::kResultSent].store(after_ns | (entry.arguments[0] << 32U),
                                                                                         std::memory_order_release);
    ++lane.sequence;
    lane.has_started = true;
    lane.received = kStarts ? lane.received : nullptr;
    return true;
  }
  FlightSlot &write(FlightWriter writer, std::int32_t kind, std::uint8_t source, const FlightEntry &entry) {
    Lane &lane = lanes_[static_cast<std::size_t>(writer)];
    FlightSlot &slot = memory_->slots[FlightMemory::index(writer, lane.next)];
    const std::uint64_t number = ++lane.next;
    ++lane.sequence;
    const std::uint64_t parent = lane.span;
    lane.received = nullptr;
    lane.has_started = false;
    const auto set = [&slot](std::size_t at, std::uint64_t to) { slot.words[at].store(to, std::memory_order_relaxed); };
    std::atomic_thread_fence(std::memory_order_release);  // who finds no number here finds the head that says why
    set(0, 0);
    std::atomic_thread_fence(std::memory_order_release);
    set(1, entry.time_ns);
    // What the host asks for between executions has a number too, with a bit that says so.
    const std::uint64_t execution = (entry.execution_id >> 32U) == 0 ? entry.execution_id : 0;
    set(2, execution | (parent << 32U));
    set(3, static_cast<std::uint32_t>(lane.sequence) | (static_cast<std::uint64_t>(kind) << 32U) |
               (static_cast<std::uint64_t>(source) << 48U) | (static_cast<std::uint64_t>(entry.status) << 56U));
    for (std::size_t i = 0; i < entry.arguments.size(); ++i) {
      set(4 + i, entry.arguments[i]);
    }
    slot.words[0].store(number, std::memory_order_release);
    memory_->head(writer).store(number, std::memory_order_release);
    return slot;
  }

  std::atomic<std::int32_t> level_{CAPSULE_LOG_OFF};
  FlightMemory *memory_ = nullptr;
  ControlSender *sender_ = nullptr;
  std::unique_ptr<FlightMemory> own_;
  std::mutex sending_;
  FlightReader own_reader_;  // under sending_
  std::array<Lane, kFlightWriters> lanes_{};
  std::array<std::atomic<std::uint64_t>, 3> once_{};  // the executions that it was last told of
};

}  // namespace capsule::worker
