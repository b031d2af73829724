// The one table of the kinds of trace events: the host's, and those that only a worker knows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "capsule/log.h"
#include "capsule/trace.h"

namespace capsule {

// X(kind, name, severity, phase, source, told by a worker). A severity is a CAPSULE_LOG_….
#define CAPSULE_TRACE_KINDS(X)                                                            \
  X(SESSION_CREATED, "session_created", INFO, INSTANT, HOST, false)                       \
  X(SESSION_SPAWNED, "session_spawned", INFO, INSTANT, HOST, false)                       \
  X(SESSION_READY, "session_ready", INFO, INSTANT, HOST, false)                           \
  X(SESSION_RESTARTED, "session_restarted", WARN, INSTANT, HOST, false)                   \
  X(SESSION_DIED, "session_died", ERROR, INSTANT, HOST, false)                            \
  X(SESSION_CLOSED, "session_closed", INFO, INSTANT, HOST, false)                         \
  X(SESSION_STATE_CHANGED, "session_state_changed", DEBUG, INSTANT, HOST, false)          \
  X(SESSION_HEARTBEAT_MISSED, "session_heartbeat_missed", WARN, INSTANT, HOST, false)     \
  X(EXECUTION_SUBMITTED, "execution_submitted", INFO, PHASE_BEGIN, HOST, false)           \
  X(EXECUTION_SENT, "execution_sent", INFO, INSTANT, HOST, false)                         \
  X(EXECUTION_FINISHED, "execution_finished", INFO, PHASE_END, HOST, false)               \
  X(EXECUTION_QUEUED, "execution_queued", INFO, INSTANT, HOST, false)                     \
  X(EXECUTION_RECEIVED, "execution_received", INFO, PHASE_BEGIN, WORKER, true)            \
  X(EXECUTION_COMPILED, "execution_compiled", DEBUG, INSTANT, EXECUTOR, true)             \
  X(EXECUTION_STARTED, "execution_started", INFO, INSTANT, EXECUTOR, true)                \
  X(EXECUTION_TRANSFORMED, "execution_transformed", INFO, INSTANT, EXECUTOR, true)        \
  X(EXECUTION_VALUE_CAPTURED, "execution_value_captured", DEBUG, INSTANT, EXECUTOR, true) \
  X(EXECUTION_RESULT_SENT, "execution_result_sent", INFO, PHASE_END, WORKER, true)        \
  X(EXECUTION_RESULT_RECEIVED, "execution_result_received", DEBUG, INSTANT, HOST, false)  \
  X(EXECUTION_DELIVERED, "execution_delivered", DEBUG, INSTANT, HOST, false)              \
  X(OUTPUT_FIRST, "output_first", INFO, INSTANT, OUTPUT, true)                            \
  X(OUTPUT_PUMP_FLUSH, "output_pump_flush", DEBUG, INSTANT, OUTPUT, true)                 \
  X(OUTPUT_BACKPRESSURE, "output_backpressure", INFO, INSTANT, OUTPUT, true)              \
  X(OUTPUT_DROPPED, "output_dropped", WARN, INSTANT, OUTPUT, true)                        \
  X(OUTPUT_DRAIN_BEGIN, "output_drain_begin", DEBUG, PHASE_BEGIN, OUTPUT, true)           \
  X(OUTPUT_DRAIN_END, "output_drain_end", DEBUG, PHASE_END, OUTPUT, true)                 \
  X(OUTPUT_DRAIN_TIMEOUT, "output_drain_timeout", ERROR, INSTANT, OUTPUT, true)           \
  X(INPUT_REQUESTED, "input_requested", INFO, PHASE_BEGIN, HOST, false)                   \
  X(INPUT_ANSWERED, "input_answered", INFO, PHASE_END, HOST, false)                       \
  X(INPUT_TIMED_OUT, "input_timed_out", WARN, INSTANT, EXECUTOR, true)                    \
  X(INPUT_EOF, "input_eof", INFO, INSTANT, EXECUTOR, true)                                \
  X(CANCEL_REQUESTED, "cancel_requested", INFO, INSTANT, HOST, false)                     \
  X(CANCEL_NOOP, "cancel_noop", INFO, INSTANT, HOST, false)                               \
  X(CANCEL_KILLED, "cancel_killed", WARN, INSTANT, HOST, false)                           \
  X(CANCEL_DELIVERED, "cancel_delivered", INFO, INSTANT, WORKER, true)                    \
  X(CANCEL_INTERRUPTED, "cancel_interrupted", INFO, INSTANT, EXECUTOR, true)              \
  X(CANCEL_EFFECTIVE, "cancel_effective", INFO, INSTANT, HOST, false)                     \
  X(CANCEL_GRACE_EXPIRED, "cancel_grace_expired", WARN, INSTANT, HOST, false)             \
  X(CHECKPOINT_BEGIN, "checkpoint_begin", INFO, PHASE_BEGIN, CHECKPOINT, false)           \
  X(CHECKPOINT_END, "checkpoint_end", INFO, PHASE_END, CHECKPOINT, false)                 \
  X(CHECKPOINT_SKIPPED, "checkpoint_skipped", WARN, INSTANT, CHECKPOINT, false)           \
  X(RESTORE_BEGIN, "restore_begin", INFO, PHASE_BEGIN, CHECKPOINT, false)                 \
  X(RESTORE_END, "restore_end", INFO, PHASE_END, CHECKPOINT, false)                       \
  X(SNAPSHOT_FORKED, "snapshot_forked", INFO, INSTANT, CHECKPOINT, false)                 \
  X(ROLLED_BACK, "rolled_back", INFO, INSTANT, CHECKPOINT, false)                         \
  X(BRANCHED, "branched", INFO, INSTANT, CHECKPOINT, false)                               \
  X(POOL_ACQUIRE_BEGIN, "pool_acquire_begin", INFO, PHASE_BEGIN, POOL, false)             \
  X(POOL_HIT, "pool_hit", INFO, INSTANT, POOL, false)                                     \
  X(POOL_MISS, "pool_miss", INFO, INSTANT, POOL, false)                                   \
  X(POOL_ACQUIRED, "pool_acquired", INFO, PHASE_END, POOL, false)                         \
  X(POOL_RELEASED, "pool_released", INFO, INSTANT, POOL, false)                           \
  X(POOL_RECYCLED, "pool_recycled", INFO, INSTANT, POOL, false)                           \
  X(POOL_WARMUP_TRIGGERED, "pool_warmup_triggered", INFO, INSTANT, POOL, false)           \
  X(POOL_HEALTH_TRIGGERED, "pool_health_triggered", INFO, INSTANT, POOL, false)           \
  X(POOL_REMOVED, "pool_removed", INFO, INSTANT, POOL, false)                             \
  X(CAPABILITY_CALLED, "capability_called", INFO, PHASE_BEGIN, BRIDGE, false)             \
  X(CAPABILITY_DENIED, "capability_denied", WARN, PHASE_END, BRIDGE, false)               \
  X(PROMISE_RESOLVED, "promise_resolved", INFO, PHASE_END, BRIDGE, false)                 \
  X(PROMISE_REJECTED, "promise_rejected", INFO, PHASE_END, BRIDGE, false)                 \
  X(PROMISE_TIMEOUT, "promise_timeout", WARN, PHASE_END, BRIDGE, false)                   \
  X(PROMISE_CANCELED, "promise_canceled", INFO, PHASE_END, BRIDGE, false)                 \
  X(SHUTDOWN_REJECTED, "shutdown_rejected", INFO, PHASE_END, BRIDGE, false)               \
  X(PROMISE_CREATED, "promise_created", DEBUG, INSTANT, BRIDGE, false)                    \
  X(PROMISE_SENT, "promise_sent", DEBUG, INSTANT, BRIDGE, false)                          \
  X(PROMISE_LATE, "promise_late", WARN, INSTANT, BRIDGE, false)                           \
  X(PROMISE_DUPLICATE, "promise_duplicate", WARN, INSTANT, BRIDGE, false)                 \
  X(BRIDGE_CANCEL_ALL, "bridge_cancel_all", INFO, INSTANT, BRIDGE, false)                 \
  X(BRIDGE_CLOSING, "bridge_closing", INFO, INSTANT, BRIDGE, false)                       \
  X(BRIDGE_CLOSED, "bridge_closed", INFO, INSTANT, BRIDGE, false)                         \
  X(PROVIDER_REQUEST, "provider_request", INFO, PHASE_BEGIN, PROVIDER, false)             \
  X(PROVIDER_RESPONSE, "provider_response", INFO, PHASE_END, PROVIDER, false)             \
  X(PROVIDER_STREAM_OPEN, "provider_stream_open", INFO, INSTANT, PROVIDER, false)         \
  X(PROVIDER_STREAM_DATA, "provider_stream_data", DEBUG, INSTANT, PROVIDER, false)        \
  X(PROVIDER_STREAM_CLOSE, "provider_stream_close", INFO, INSTANT, PROVIDER, false)       \
  X(PROVIDER_PROGRESS, "provider_progress", DEBUG, INSTANT, PROVIDER, false)              \
  X(TRANSPORT_FRAME_IN, "transport_frame_in", DEBUG, INSTANT, TRANSPORT, false)           \
  X(TRANSPORT_FRAME_OUT, "transport_frame_out", DEBUG, INSTANT, TRANSPORT, false)         \
  X(TRANSPORT_STALL, "transport_stall", INFO, INSTANT, TRANSPORT, false)                  \
  X(TRANSPORT_REJECTED, "transport_rejected", ERROR, INSTANT, TRANSPORT, false)           \
  X(TRANSPORT_LIMITER_WAIT, "transport_limiter_wait", INFO, INSTANT, TRANSPORT, false)    \
  X(POLICY_ALLOWED, "policy_allowed", DEBUG, INSTANT, HOST, false)                        \
  X(POLICY_DENIED, "policy_denied", WARN, INSTANT, HOST, false)                           \
  X(POLICY_REDACTED, "policy_redacted", DEBUG, INSTANT, HOST, false)                      \
  X(TRUNCATED, "truncated", WARN, INSTANT, HOST, false)

struct TraceKind {
  const char *name = nullptr;  // null: there is no such kind
  std::uint8_t severity = 0;
  std::uint8_t phase = CAPSULE_TRACE_INSTANT;
  std::uint8_t source = 0;
  bool by_worker = false;
};

// A group of kinds is a hundred of them, of which the first few are used.
inline constexpr std::int32_t kTraceGroup = 100;
inline constexpr std::size_t kTraceGroups = 13;
inline constexpr std::size_t kTraceKindsInGroup = 16;

inline constexpr auto kTraceKindTable = [] {
  std::array<TraceKind, kTraceGroups * kTraceKindsInGroup> table{};
  const auto put = [&table](std::int32_t kind, const TraceKind &told) {
    const auto number = static_cast<std::size_t>(kind);
    table.at(number / kTraceGroup * kTraceKindsInGroup + number % kTraceGroup) = told;
  };
#define CAPSULE_TRACE_ROW(id, name, severity, phase, source, by_worker) \
  put(CAPSULE_TRACE_##id, {name, CAPSULE_LOG_##severity, CAPSULE_TRACE_##phase, CAPSULE_TRACE_SOURCE_##source, by_worker});
  CAPSULE_TRACE_KINDS(CAPSULE_TRACE_ROW)
#undef CAPSULE_TRACE_ROW
  return table;
}();

// Folded where the kind is a constant.
constexpr TraceKind trace_kind(std::int32_t kind) {
  const auto whole = static_cast<std::size_t>(static_cast<std::uint32_t>(kind));  // a negative one is in no group
  const std::size_t group = whole / kTraceGroup;
  const std::size_t number = whole % kTraceGroup;
  return group < kTraceGroups && number < kTraceKindsInGroup ? kTraceKindTable[group * kTraceKindsInGroup + number]
                                                             : TraceKind{};
}

}  // namespace capsule
