// A sequence lock: what one writer changes together is copied as it was at one moment, and the writer never waits.
#pragma once

#include <atomic>
#include <cstdint>

namespace capsule {

// The numbers it guards are atomic; who writes them uses release, who reads them acquire. May lie in memory shared with a process that is
// killed in the middle of a step, or that writes nonsense: then nothing is read, and nobody waits.
class Sequence {
 public:
  // One at a time.
  class Step {
   public:
    explicit Step(Sequence &sequence) : sequence_(sequence) {
      sequence_.value_.store(sequence_.value_.load(std::memory_order_relaxed) | 1U, std::memory_order_relaxed);
    }
    ~Step() { sequence_.value_.store(sequence_.value_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
    Step(const Step &) = delete;
    Step &operator=(const Step &) = delete;

   private:
    Sequence &sequence_;
  };

  // Calls copy(), some times if need be; false when there was a step in the middle of each.
  template <typename Copy>
  [[nodiscard]] bool read(Copy &&copy) const {
    int copies = 0;
    for (int tries = 0; tries < kMostTries && copies < kMostCopies; ++tries) {
      const std::uint64_t before = value_.load(std::memory_order_acquire);
      if (before % 2 == 0) {
        ++copies;
        copy();
        if (value_.load(std::memory_order_acquire) == before) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  static constexpr int kMostTries = 5'000;  // some 10 µs: as long as a step takes that copies a piece of output
  static constexpr int kMostCopies = 64;

  std::atomic<std::uint64_t> value_{0};
};

}  // namespace capsule
