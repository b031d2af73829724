/**
 * @file trace.h
 * @brief The trace of a session: what happened to it, and to each of its executions, as events of one size in a bounded buffer. A pool
 * has one too.
 *
 * An event is recorded where it happens, under a lock that is held there anyway, for the price of writing it. Numbers and states only,
 * never a text of the user's. Where the buffer is full the events of the oldest execution go, all of them together, and are counted;
 * what does not belong to an execution goes one by one.
 */
#ifndef CAPSULE_TRACE_H
#define CAPSULE_TRACE_H

#include "capsule/pool.h"
#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What an event tells, and what its arguments are. Those that are not named are zero. */
enum {
  /** The session was opened. `link`: the session it branched from. */
  CAPSULE_TRACE_SESSION_CREATED = 101,
  /** Its worker's process exists. Arguments: process id. */
  CAPSULE_TRACE_SESSION_SPAWNED = 102,
  /** Its worker can run code. Arguments: process id, nanoseconds since it was asked for. */
  CAPSULE_TRACE_SESSION_READY = 103,
  /** It was restarted. Status: 0 by capsule_session_restart(), else its `restart_policy`. */
  CAPSULE_TRACE_SESSION_RESTARTED = 104,
  /** Its worker died. Status: `CAPSULE_DEATH_…`. Arguments: process id, exit code, signal. */
  CAPSULE_TRACE_SESSION_DIED = 105,
  /** It was closed: the last event. */
  CAPSULE_TRACE_SESSION_CLOSED = 106,

  /** It was accepted. Arguments: bytes of source, of inputs. */
  CAPSULE_TRACE_EXECUTION_SUBMITTED = 201,
  /** It was sent to the worker. Arguments: nanoseconds in the queue. */
  CAPSULE_TRACE_EXECUTION_SENT = 202,
  /** It is over, and its terminal event in the queue. Status: `CAPSULE_OUTCOME_…`. Arguments: nanoseconds it ran, bytes on stdout, on stderr. */
  CAPSULE_TRACE_EXECUTION_FINISHED = 203,

  /** A line is wanted. Arguments: its `input_id`. */
  CAPSULE_TRACE_INPUT_REQUESTED = 301,
  /** It was answered: status 0, or declined: 1. Arguments: its `input_id`. */
  CAPSULE_TRACE_INPUT_ANSWERED = 302,

  /** A cancel, or a timeout. Status: the `CAPSULE_OUTCOME_…` that it is to come to. Arguments: grace in milliseconds. */
  CAPSULE_TRACE_CANCEL_REQUESTED = 401,
  /** It came too late. */
  CAPSULE_TRACE_CANCEL_NOOP = 402,
  /** The host killed the worker. */
  CAPSULE_TRACE_CANCEL_KILLED = 403,

  /** A checkpoint is being made. */
  CAPSULE_TRACE_CHECKPOINT_BEGIN = 501,
  /** It was, or not: status as the call's. Arguments: bytes of values, names left out. */
  CAPSULE_TRACE_CHECKPOINT_END = 502,
  /** Names were left out of it. Arguments: how many. */
  CAPSULE_TRACE_CHECKPOINT_SKIPPED = 503,
  /** A checkpoint, or (`link` not 0) the snapshot of that number, is being restored. */
  CAPSULE_TRACE_RESTORE_BEGIN = 504,
  /** It was, or not: status as the call's. */
  CAPSULE_TRACE_RESTORE_END = 505,
  /** A snapshot was taken, or not: status as the call's. `link`: its number. Arguments: nanoseconds, 1 where it is a transaction's. */
  CAPSULE_TRACE_SNAPSHOT_FORKED = 506,
  /** An execution was rolled back. Status: its `CAPSULE_OUTCOME_…`. Arguments: its `CAPSULE_SCOPE_…`, its `CAPSULE_EFFECT_…`. */
  CAPSULE_TRACE_ROLLED_BACK = 507,
  /** A session branched from this one. `link`: its number. */
  CAPSULE_TRACE_BRANCHED = 508,

  /** The code called a capability of the host. Arguments: bytes of its arguments. */
  CAPSULE_TRACE_CAPABILITY_CALLED = 701,
  /** It was denied. `link`, here and below: the request's id. Arguments, here and below: nanoseconds since it came. */
  CAPSULE_TRACE_CAPABILITY_DENIED = 702,
  /** The host answered it. */
  CAPSULE_TRACE_PROMISE_RESOLVED = 703,
  /** The host answered it with a failure, or it could not be made. */
  CAPSULE_TRACE_PROMISE_REJECTED = 704,
  /** Its time was over. */
  CAPSULE_TRACE_PROMISE_TIMEOUT = 705,
  /** The host canceled all calls. */
  CAPSULE_TRACE_PROMISE_CANCELED = 706,
  /** The bridge was closed. */
  CAPSULE_TRACE_SHUTDOWN_REJECTED = 707,

  /** In a pool's trace, capsule_pool_get_trace(): an acquisition. Arguments: its number in the pool. */
  CAPSULE_TRACE_POOL_ACQUIRE_BEGIN = 601,
  /** It was served from the idle sessions. `link`: the session. Arguments: its number. */
  CAPSULE_TRACE_POOL_HIT = 602,
  /** It was served by a session that it had to wait for. `link`: the session. Arguments: its number. */
  CAPSULE_TRACE_POOL_MISS = 603,
  /** It is over. Status: as the call's. `link`: the session, or 0. Arguments: its number, nanoseconds. */
  CAPSULE_TRACE_POOL_ACQUIRED = 604,
  /** A session was given back: status 0, or its handle was lost: 1. `link`: the session. */
  CAPSULE_TRACE_POOL_RELEASED = 605,
  /** It is to be replaced for its age, growth or executions; REMOVED follows. `link`: the session. Arguments: executions of its callers. */
  CAPSULE_TRACE_POOL_RECYCLED = 606,
  /** Sessions are to be made. Arguments: how many. */
  CAPSULE_TRACE_POOL_WARMUP_TRIGGERED = 607,
  /** The idle sessions are to be looked at. */
  CAPSULE_TRACE_POOL_HEALTH_TRIGGERED = 608,
  /** A session is none of the pool's any more. Status: `CAPSULE_REMOVAL_…`. `link`: the session. Arguments: its acquisitions. */
  CAPSULE_TRACE_POOL_REMOVED = 609
};

/** @brief Whether an event is a moment, or one end of a span of time. */
enum { CAPSULE_TRACE_INSTANT = 0, CAPSULE_TRACE_PHASE_BEGIN = 1, CAPSULE_TRACE_PHASE_END = 2 };

/** @brief Arguments of an event. */
enum { CAPSULE_TRACE_ARGUMENTS = 4 };

/** @brief One event. Never extended: events are handed out as an array. */
typedef struct capsule_trace_event {
  /** Number of the event in its session, from 1, without gaps where nothing was evicted or dropped. */
  uint64_t sequence;
  /** CLOCK_MONOTONIC. */
  uint64_t time_ns;
  /** The execution it belongs to, or 0. */
  uint64_t execution_id;
  /** As the kind says, or 0. */
  uint64_t link;
  /** `CAPSULE_TRACE_…`. */
  int32_t kind;
  /** `CAPSULE_TRACE_INSTANT`, `…_PHASE_BEGIN`, `…_PHASE_END`. */
  int32_t phase;
  /** As the kind says. */
  int32_t status;
  /** Reserved, zero. */
  int32_t reserved;
  /** As the kind says. */
  int64_t arguments[CAPSULE_TRACE_ARGUMENTS];
} capsule_trace_event;

/** @brief Which events are wanted; all zero but `struct_size` for all. */
typedef struct capsule_trace_filter {
  /** `sizeof(capsule_trace_filter)`. */
  uint32_t struct_size;
  /** `CAPSULE_TRACE_…` of one kind, or its hundreds alone for a group (500: checkpoints and snapshots); 0 for all. */
  int32_t kind;
  /** Of that execution; 0 for all. */
  uint64_t execution_id;
  /** With larger numbers than that: the cursor of who follows. */
  uint64_t after_sequence;
  /** From that time on, CLOCK_MONOTONIC. */
  uint64_t since_ns;
} capsule_trace_filter;

/** @brief What there is, and what there is no longer. */
typedef struct capsule_trace_info {
  /** `sizeof(capsule_trace_info)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Events that fit the filter, those included that did not fit in the caller's array. */
  uint64_t matched;
  /** Events in the buffer. */
  uint64_t stored;
  /** Bytes they take. */
  uint64_t stored_bytes;
  /** Number of the last event there was. */
  uint64_t last_sequence;
  /** Events evicted to make room. */
  uint64_t evicted;
  /** Executions that went with them. */
  uint64_t evicted_executions;
  /** Events dropped because an execution alone had filled the buffer. */
  uint64_t dropped;
} capsule_trace_info;

/**
 * @brief Copies events of a session, in the order of their numbers.
 * @param session A session, closed ones included.
 * @param filter NULL for all.
 * @param[out] events Room for `capacity` events; NULL with 0 to count only.
 * @param capacity Room in `events`.
 * @param[out] count Events written: the first `capacity` of those that fit the filter.
 * @param[in,out] info Nullable; its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; never waits for the worker. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_trace(capsule_session *session, const capsule_trace_filter *filter,
                                                     capsule_trace_event *events, size_t capacity, size_t *count,
                                                     capsule_trace_info *info, capsule_error *error);

/**
 * @brief The same of a pool's own trace: the events of acquisitions and of the pool's keeping, none of which belongs to an execution.
 * @param pool A pool, closed ones included.
 * @param filter NULL for all.
 * @param[out] events Room for `capacity` events; NULL with 0 to count only.
 * @param capacity Room in `events`.
 * @param[out] count Events written: the first `capacity` of those that fit the filter.
 * @param[in,out] info Nullable; its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_get_trace(capsule_pool *pool, const capsule_trace_filter *filter,
                                                  capsule_trace_event *events, size_t capacity, size_t *count,
                                                  capsule_trace_info *info, capsule_error *error);

/**
 * @brief The name of a kind of event, as in `"execution_sent"`.
 * @param kind `CAPSULE_TRACE_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_trace_kind_name(int32_t kind);

#ifdef __cplusplus
}
#endif
#endif
