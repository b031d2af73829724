// Counters that a worker keeps in shared memory. The host copies them at any time, also after a death, and believes none: they are
// only ever shown. Each has one writer at a time, so that counting is a load and a store; what one writer counts is of one moment.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/buckets.hpp"
#include "base/sequence.hpp"

namespace capsule {

// Each is a field of capsule_executor_metrics by the same name: sums, then maxima; the third list is capsule_async_metrics'.
#define CAPSULE_COUNTED_SUMS(X) \
  X(outputs_enqueued)           \
  X(output_bytes_enqueued)      \
  X(outputs_captured)           \
  X(output_bytes_captured)      \
  X(outputs_sent)               \
  X(output_bytes_sent)          \
  X(output_waits)               \
  X(outputs_dropped)            \
  X(output_bytes_dropped)       \
  X(outputs_refused)            \
  X(drains)                     \
  X(drain_ns)                   \
  X(input_requests)             \
  X(input_answered)             \
  X(input_declined)             \
  X(input_canceled)             \
  X(input_timed_out)            \
  X(output_bytes_coalesced)     \
  X(drain_timeouts)             \
  X(drain_timeouts_suppressed)  \
  X(displays_made)              \
  X(displays_dropped)           \
  X(displays_truncated)         \
  X(display_errors)             \
  X(progress_calls)             \
  X(progress_skipped)
#define CAPSULE_COUNTED_MAXIMA(X) \
  X(output_queue_bytes_max)       \
  X(output_queue_pieces_max)
#define CAPSULE_COUNTED_ASYNC(X) \
  X(executions)                  \
  X(successes)                   \
  X(errors)                      \
  X(canceled)                    \
  X(coroutines_closed)           \
  X(mode_top_level_await)        \
  X(mode_async_def)              \
  X(mode_blocking_sync)          \
  X(mode_simple_sync)            \
  X(mode_unknown)                \
  X(detected_blocking_imports)   \
  X(detected_blocking_calls)     \
  X(missed_attribute_chains)     \
  X(overshadow_guard_skips)      \
  X(ast_fallbacks)               \
  X(ast_transforms)              \
  X(ast_def_rewrites)            \
  X(ast_lambda_helpers)          \
  X(ast_cache_hits)              \
  X(ast_cache_misses)            \
  X(ast_cache_evictions)         \
  X(code_cache_hits)             \
  X(code_cache_misses)           \
  X(code_cache_evictions)        \
  X(cancels_requested)           \
  X(cancels_effective)           \
  X(cancels_noop)                \
  X(cancels_pending)             \
  X(blocking_warnings)           \
  X(blocking_warnings_suppressed)

// What the metrics by stream are made of, for streams 1 to 3 (stdout, stderr, displays) in a row each.
#define CAPSULE_COUNTED_STREAMS(X) \
  X(enqueued)                      \
  X(captured)                      \
  X(sent)                          \
  X(sent_bytes)                    \
  X(dropped)                       \
  X(refused)

enum class Counter : std::size_t {
#define X(name) name,
  CAPSULE_COUNTED_SUMS(X) CAPSULE_COUNTED_MAXIMA(X) CAPSULE_COUNTED_ASYNC(X)
#undef X
#define X(name) name##_stdout, name##_stderr, name##_display,
      CAPSULE_COUNTED_STREAMS(X)
#undef X
  // Pieces that drop_oldest took out of the queue again.
  queue_dropped,
  // How many drains took how long: the buckets of base/buckets.hpp.
  drain_buckets,
  last_drain_bucket = drain_buckets + kTimeBuckets - 1,
  // No count: bits of CAPSULE_EFFECT_… of the execution that is watched, or was last; above these the end of its number.
  effects,
  count
};

// The counter of a stream, by that of stdout.
constexpr Counter of_stream(Counter of_stdout, std::uint8_t stream) {
  constexpr std::uint8_t kStreams = 3;
  return static_cast<Counter>(static_cast<std::size_t>(of_stdout) + (stream >= 1 && stream <= kStreams ? stream - 1U : 0U));
}

inline constexpr unsigned kEffectBits = 32;

// Who writes a counter.
enum class CounterWriter : std::uint8_t {
  kCode,    // who runs the code: in Python, whoever holds the GIL
  kSender,  // who has the sending side of the work channel
  kAlone,   // the main thread, without the GIL: each such counter by itself
};

constexpr CounterWriter writer_of(Counter counter) {
  switch (counter) {
    case Counter::outputs_captured:
    case Counter::output_bytes_captured:
    case Counter::outputs_sent:
    case Counter::output_bytes_sent:
    case Counter::output_bytes_coalesced:
    case Counter::drains:
    case Counter::drain_ns:
    case Counter::output_queue_bytes_max:
    case Counter::output_queue_pieces_max:
      return CounterWriter::kSender;
    case Counter::drain_timeouts:
    case Counter::drain_timeouts_suppressed:
      return CounterWriter::kAlone;
    default:
      return (counter >= Counter::captured_stdout && counter < Counter::dropped_stdout) ||
                     (counter >= Counter::drain_buckets && counter <= Counter::last_drain_bucket)
                 ? CounterWriter::kSender
                 : CounterWriter::kCode;
  }
}

// Counters as the host has copied them.
class CountersCopy {
 public:
  [[nodiscard]] std::uint64_t get(Counter counter) const { return values_[static_cast<std::size_t>(counter)]; }

 private:
  friend class WorkerCounters;
  std::array<std::uint64_t, static_cast<std::size_t>(Counter::count)> values_{};
};

// Starts as zeros, as shared memory does.
class WorkerCounters {
 public:
  // What one writer counts together: it is copied whole or not at all.
  class Step {
   public:
    Step(WorkerCounters &counters, CounterWriter writer)
        : counters_(counters), step_(counters.sequences_[static_cast<std::size_t>(writer)].value) {}
    void add(Counter counter, std::uint64_t amount = 1) {
      std::atomic<std::uint64_t> &value = counters_.at(counter);
      value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_release);
    }
    void raise(Counter maximum, std::uint64_t to) {
      std::atomic<std::uint64_t> &value = counters_.at(maximum);
      if (value.load(std::memory_order_relaxed) < to) {
        value.store(to, std::memory_order_release);
      }
    }

   private:
    WorkerCounters &counters_;
    const Sequence::Step step_;
  };

  void add(Counter counter, std::uint64_t amount = 1) { Step(*this, writer_of(counter)).add(counter, amount); }
  // No count: what nothing is compared with.
  void set(Counter counter, std::uint64_t to) { at(counter).store(to, std::memory_order_release); }
  [[nodiscard]] std::uint64_t get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_acquire);
  }

  // False where a writer was in the middle of a step each time that was tried: then what it counts stays as it was in `copy`.
  bool copy_to(CountersCopy &copy) const {
    // In this order, so that nothing is sent in the copy that is not printed there.
    const bool sender = copy_of(CounterWriter::kSender, copy);
    const bool code = copy_of(CounterWriter::kCode, copy);
    copy_values(CounterWriter::kAlone, copy);
    return sender && code;
  }
  // Of a worker that is gone: also what it was counting.
  void take_all(CountersCopy &copy) const {
    for (const CounterWriter writer : {CounterWriter::kSender, CounterWriter::kCode, CounterWriter::kAlone}) {
      copy_values(writer, copy);
    }
  }

 private:
  struct alignas(64) Line {
    Sequence value;
  };

  std::atomic<std::uint64_t> &at(Counter counter) { return values_[static_cast<std::size_t>(counter)]; }
  [[nodiscard]] bool copy_of(CounterWriter writer, CountersCopy &copy) const {
    CountersCopy tried;
    const bool whole = sequences_[static_cast<std::size_t>(writer)].value.read([&] { copy_values(writer, tried); });
    for (std::size_t i = 0; whole && i < values_.size(); ++i) {
      if (writer_of(static_cast<Counter>(i)) == writer) {
        copy.values_[i] = tried.values_[i];
      }
    }
    return whole;
  }
  void copy_values(CounterWriter writer, CountersCopy &copy) const {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (writer_of(static_cast<Counter>(i)) == writer) {
        copy.values_[i] = get(static_cast<Counter>(i));
      }
    }
  }

  std::array<Line, 3> sequences_;
  alignas(64) std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count)> values_;
};

// Pieces of output that were printed or captured, and neither sent nor dropped. Of counters, or of a copy.
template <typename Counters>
std::uint64_t queued_pieces(const Counters &counters) {
  std::uint64_t came = 0;
  std::uint64_t went = counters.get(Counter::queue_dropped);
  constexpr std::uint8_t kStreams = 3;
  for (std::uint8_t stream = 1; stream <= kStreams; ++stream) {
    came +=
        counters.get(of_stream(Counter::enqueued_stdout, stream)) + counters.get(of_stream(Counter::captured_stdout, stream));
    went += counters.get(of_stream(Counter::sent_stdout, stream));
  }
  return came > went ? came - went : 0;
}

}  // namespace capsule
