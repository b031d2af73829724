// What host and worker of one session share: the worker's counters, its flight recorder, its output queue, and at the end where its
// Python code stands.
#pragma once

#include "transport/flight_recorder.hpp"
#include "transport/output_queue.hpp"
#include "transport/shared_memory.hpp"
#include "transport/worker_counters.hpp"
#include "transport/worker_stacks.hpp"

namespace capsule {

class SessionMemory {
 public:
  static std::size_t size(std::size_t queue_bytes) {
    return kQueueAt + OutputQueue::memory_size(queue_bytes) + sizeof(WorkerStacks);
  }

  SessionMemory() = default;
  // Of at least size(0) bytes, zeroed by the host; false afterwards when it is smaller.
  explicit SessionMemory(SharedMemory memory) : memory_(std::move(memory)) {
    if (memory_.size() > size(0)) {
      memory_.prefault(kQueueAt);  // counters and rings of events: no fault on their writers' way
      queue_ = OutputQueue(static_cast<char *>(memory_.data()) + kQueueAt, memory_.size() - kQueueAt - sizeof(WorkerStacks));
    }
  }

  [[nodiscard]] WorkerCounters &counters() const { return *static_cast<WorkerCounters *>(memory_.data()); }
  [[nodiscard]] FlightMemory &flight() const {
    return *reinterpret_cast<FlightMemory *>(static_cast<char *>(memory_.data()) + kFlightAt);
  }
  OutputQueue &queue() { return queue_; }
  [[nodiscard]] WorkerStacks &stacks() const {
    return *reinterpret_cast<WorkerStacks *>(static_cast<char *>(memory_.data()) + memory_.size() - sizeof(WorkerStacks));
  }
  SharedMemory &file() { return memory_; }

 private:
  static constexpr std::size_t kFlightAt = sizeof(WorkerCounters);
  static constexpr std::size_t kQueueAt = kFlightAt + sizeof(FlightMemory);
  static_assert(kFlightAt % alignof(FlightMemory) == 0);

  SharedMemory memory_;
  OutputQueue queue_;
};

}  // namespace capsule
