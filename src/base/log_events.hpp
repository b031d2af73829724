// The one table of the library's log records: what is not in it cannot be logged. The reference page (include/capsule/SIGNALS.md) is made
// of it, and a test looks for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "capsule/log.h"

namespace capsule {

// X(event, level, fields behind it in their order, meaning). Fields in brackets are there where there is something to say.
// clang-format off
#define CAPSULE_LOG_EVENTS(X) \
  X(session_ready, INFO, "session, pid", "A worker serves.") \
  X(session_failed, WARN, "session, status", "No worker could be started.") \
  X(worker_gone, INFO, "session, pid, reason", "A worker ended; `reason` is a `CAPSULE_DEATH_…` of event.h.") \
  X(protocol_error, ERROR, "session, pid", "A worker said what no worker says, and is killed for it.") \
  X(heartbeat_send_failed, WARN, "session, failures", "A worker could not send a heartbeat; its first. The others are counted.") \
  X(checkpoint_not_restored, WARN, "session, status", "A restarted session has lost its state: its checkpoint cannot be restored.") \
  X(interceptor_error, WARN, "session, interceptor, status", "An interceptor returned an error; its first.") \
  X(interceptor_over_budget, WARN, "session, interceptor, took_ns, budget_ns", "An interceptor took longer than its budget; the first time.") \
  X(interceptor_quarantined, WARN, "session, interceptor, over_budget", "An interceptor is not called any more.") \
  X(worker_log, WARN, "[session], source, [pid], size_bytes, raw", "A worker's or zygote's record that is none; cut to 1 KiB.") \
  X(worker_stderr, WARN, "[session], source, pid, size_bytes, raw", "A line that a worker wrote before it served, or a zygote; cut to 1 KiB.") \
  X(zygote_started, INFO, "pid, program", "A zygote was started.") \
  X(zygote_ended, INFO, "pid, ready", "A zygote ended that was told to.") \
  X(zygote_died, WARN, "pid, ready", "A zygote ended that was not told to.") \
  X(native_threads, WARN, "module, pid", "A preloaded module left threads running, which a fork does not have.") \
  X(pool_warm, INFO, "pool, imports, duration_ns", "The session that a pool's others are copies of is there.") \
  X(pool_creation_failed, WARN, "pool, status", "A pool could not create a session; the first time since it last could.") \
  X(pool_removed, DEBUG, "session, pool, acquisitions", "A session left its pool.") \
  X(capability_denied, INFO, "session, execution, capability, reason", "A call of the host was denied; the first of an execution.") \
  X(bridge_closed, DEBUG, "rejected", "A bridge was closed, and with it so many open calls.") \
  X(promise_late, DEBUG, "request", "An answer of the host to a call that nobody waits for any more.") \
  X(promise_duplicate, DEBUG, "request", "An answer of the host to a call that was answered.") \
  X(promise_claim_lost, WARN, "promise", "The server has given a durable execution to somebody else; the first time since one was got.") \
  X(promise_stream_lost, WARN, "again_in_ms, status", "The server's stream of events ended; the first time since it was connected. `status` is a `CAPSULE_E_…`.") \
  X(durable_not_recorded, ERROR, "session, execution, status", "The end of a durable execution could not be recorded; its promise stays open.") \
  X(export_failed, WARN, "exporter, events", "An exporter could not write; its first failure.") \
  X(audit_sink_failed, ERROR, "required", "The audit's sink took no record; the first time since it did.") \
  X(frame_sent, DEBUG, "[session], channel, execution, encoding, message_id, kind, length, waiting", "A frame was handed to a socket; `waiting` bytes of it wait.") \
  X(frame_wakeup, DEBUG, "[session], channel, bytes", "A read brought so many bytes.") \
  X(frame_read, DEBUG, "[session], channel, length", "They complete a frame.") \
  X(frame_decoded, DEBUG, "[session], channel, encoding, message_id, kind", "It was verified and decoded.") \
  X(frame_routed, DEBUG, "session, channel, [execution], message_id, kind, route", "It goes to the execution, or to the session.") \
  X(blocking_import, WARN, "session, source, execution, detail", "Code imports a module that is known to block; once in a session.") \
  X(blocking_call, WARN, "session, source, execution, detail", "Code calls what is known to block, or at level info what may; once in a session.") \
  X(drain_timeout_suppressed_in_async_wrapper, WARN, "session, source, execution, pending_sends, queue_size, sent, dropped", "An execution's output could not be drained in time, which was not made its end.")
// clang-format on

enum class LogEvent : std::uint8_t {
#define X(event, ...) event,
  CAPSULE_LOG_EVENTS(X)
#undef X
};

struct LogEventInfo {
  std::string_view name;
  std::int32_t level = CAPSULE_LOG_OFF;
  std::string_view fields;
  std::string_view meaning;
};

inline constexpr auto kLogEvents = std::to_array<LogEventInfo>({
#define X(event, level, fields, meaning) {#event, CAPSULE_LOG_##level, fields, meaning},
    CAPSULE_LOG_EVENTS(X)
#undef X
});

constexpr const LogEventInfo &info_of(LogEvent event) { return kLogEvents[static_cast<std::size_t>(event)]; }

}  // namespace capsule
