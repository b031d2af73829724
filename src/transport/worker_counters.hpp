// Counters that a worker keeps in shared memory. The host reads them at any time, also after a death, and believes none: they are
// only ever shown. Each has one writer at a time (in Python, whoever holds the GIL), so that counting is a load and a store.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/buckets.hpp"

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
#define CAPSULE_COUNTED_MAXIMA(X) X(output_queue_bytes_max)
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

// Starts as zeros, as shared memory does.
class WorkerCounters {
 public:
  void add(Counter counter, std::uint64_t amount = 1) {
    std::atomic<std::uint64_t> &value = at(counter);
    value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  void raise(Counter maximum, std::uint64_t to) {
    std::atomic<std::uint64_t> &value = at(maximum);
    if (value.load(std::memory_order_relaxed) < to) {
      value.store(to, std::memory_order_release);
    }
  }
  void set(Counter counter, std::uint64_t to) { at(counter).store(to, std::memory_order_release); }
  [[nodiscard]] std::uint64_t get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> &at(Counter counter) { return values_[static_cast<std::size_t>(counter)]; }

  alignas(64) std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count)> values_;
};

}  // namespace capsule
