/**
 * @file trace.h
 * @brief The trace of a session: what happened to it, and to each of its executions, as events of one size in a bounded buffer. A pool
 * has one too.
 *
 * The host records its events under a lock that is held there anyway. What only a worker knows, the worker writes into memory that it
 * shares with the host, without a lock or a system call: it is found there also when the worker is dead. Both are merged by time.
 * Numbers and states only, never a text of the user's; the name of a capability is a number too, whose text is asked for by itself.
 *
 * A trace is guarded (introspection.h): by the default policy, which allows counts, it is answered, and the record of who looked is kept.
 *
 * Where the buffer is full the events of the oldest finished execution go, all of them together; executions that are not finished go
 * last. One that alone fills the buffer keeps its first 64 events and its latest. What does not belong to an execution has one eighth
 * of the space. Each event that there ever was is in exactly one of the counts of `capsule_trace_info`.
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
  /** Its worker died, other than by its close. Status: `CAPSULE_DEATH_…`. Arguments: process id, exit code, signal. */
  CAPSULE_TRACE_SESSION_DIED = 105,
  /** It was closed: the last event. */
  CAPSULE_TRACE_SESSION_CLOSED = 106,
  /** Debug. Its state changed. Status: `CAPSULE_SESSION_…`, the new one. Arguments: the old one. */
  CAPSULE_TRACE_SESSION_STATE_CHANGED = 107,
  /** No heartbeat came when one was due. Arguments: nanoseconds since the last. */
  CAPSULE_TRACE_SESSION_HEARTBEAT_MISSED = 108,

  /** It was accepted. Arguments: bytes of source, of inputs. */
  CAPSULE_TRACE_EXECUTION_SUBMITTED = 201,
  /** It was sent to the worker. Arguments: nanoseconds in the queue. */
  CAPSULE_TRACE_EXECUTION_SENT = 202,
  /** It is over, and its terminal event in the queue. Status: `CAPSULE_OUTCOME_…`. Arguments: nanoseconds it ran, bytes on stdout, on stderr. */
  CAPSULE_TRACE_EXECUTION_FINISHED = 203,
  /** It could not be sent at once. Arguments: executions in front of it. */
  CAPSULE_TRACE_EXECUTION_QUEUED = 204,
  /** Worker: it has come. Arguments: bytes of source. */
  CAPSULE_TRACE_EXECUTION_RECEIVED = 205,
  /** Debug. Worker: its source is compiled. Arguments: its `CAPSULE_CODE_…`. */
  CAPSULE_TRACE_EXECUTION_COMPILED = 206,
  /** Worker: its code begins. Arguments: its `CAPSULE_CODE_…`. */
  CAPSULE_TRACE_EXECUTION_STARTED = 207,
  /** Worker: its source had to be rewritten. Arguments: how often. */
  CAPSULE_TRACE_EXECUTION_TRANSFORMED = 208,
  /** Debug. Worker: its value is there, and described. Arguments: bytes of its repr. */
  CAPSULE_TRACE_EXECUTION_VALUE_CAPTURED = 209,
  /**
   * Worker: its result, or error, is about to be sent, behind all output. Arguments: nanoseconds it ran, bytes of its repr. Status: 1 for
   * an error.
   */
  CAPSULE_TRACE_EXECUTION_RESULT_SENT = 210,
  /** Debug. The host has its result, or error. */
  CAPSULE_TRACE_EXECUTION_RESULT_RECEIVED = 211,
  /** Debug. Its terminal event was taken by the caller. Arguments: nanoseconds that it waited. */
  CAPSULE_TRACE_EXECUTION_DELIVERED = 212,

  /** A line is wanted. Arguments: its `input_id`. */
  CAPSULE_TRACE_INPUT_REQUESTED = 301,
  /**
   * It was answered: status 0, or declined: 1. Arguments: its `input_id`; 0: by the host; of a durable execution also 1: as recorded when
   * it ran before, 2: by who settled its promise.
   */
  CAPSULE_TRACE_INPUT_ANSWERED = 302,
  /** Worker: nobody answered in time. Arguments: its `input_id`. */
  CAPSULE_TRACE_INPUT_TIMED_OUT = 303,
  /** Worker: the code got an end of file. Arguments: its `input_id`. */
  CAPSULE_TRACE_INPUT_EOF = 304,

  /** A cancel, or a timeout. Status: the `CAPSULE_OUTCOME_…` that it is to come to. Arguments: grace in milliseconds. */
  CAPSULE_TRACE_CANCEL_REQUESTED = 401,
  /** It came too late. */
  CAPSULE_TRACE_CANCEL_NOOP = 402,
  /** The host killed the worker. */
  CAPSULE_TRACE_CANCEL_KILLED = 403,
  /** Worker: the cancel has come. Status: 1 for an interrupt. */
  CAPSULE_TRACE_CANCEL_DELIVERED = 404,
  /** Worker: KeyboardInterrupt is raised in the code. Arguments: how often by now, in the session's worker. */
  CAPSULE_TRACE_CANCEL_INTERRUPTED = 405,
  /** The execution ended by it. Arguments: nanoseconds since it was first requested. */
  CAPSULE_TRACE_CANCEL_EFFECTIVE = 406,
  /** The grace period is over, and the execution is not. */
  CAPSULE_TRACE_CANCEL_GRACE_EXPIRED = 407,

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

  /** The code called a capability of the host. `link`, here and below: the request's id. Arguments: bytes of its arguments. */
  CAPSULE_TRACE_CAPABILITY_CALLED = 701,
  /** It was denied. Arguments, here and below: nanoseconds since it came. */
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
  /** Debug. The call was let through. Status: 1 where another's answer will be its own. Arguments: its time in milliseconds, 0 for no limit. */
  CAPSULE_TRACE_PROMISE_CREATED = 708,
  /** Debug. It is its turn: the host may take it. Status: its `CAPSULE_REQUEST_…`. Arguments: nanoseconds since it came. */
  CAPSULE_TRACE_PROMISE_SENT = 709,
  /** The host answered it when nobody waited any more. */
  CAPSULE_TRACE_PROMISE_LATE = 710,
  /** The host answered it once more. */
  CAPSULE_TRACE_PROMISE_DUPLICATE = 711,
  /** The host canceled all calls of the bridge, some of the session's among them. Arguments: how many. */
  CAPSULE_TRACE_BRIDGE_CANCEL_ALL = 712,
  /** The session's bridge is being closed. Arguments: calls of the session that are open. */
  CAPSULE_TRACE_BRIDGE_CLOSING = 713,
  /** It is closed, and those calls were rejected. Arguments: how many. */
  CAPSULE_TRACE_BRIDGE_CLOSED = 714,

  /** Worker: the first output of the execution. Status: its `CAPSULE_STREAM_…`. Arguments: bytes. */
  CAPSULE_TRACE_OUTPUT_FIRST = 801,
  /** Debug. Worker: the thread that sends output did so while the code ran. Arguments: bytes of the frames, pieces. */
  CAPSULE_TRACE_OUTPUT_PUMP_FLUSH = 802,
  /** Worker: the queue is full, and a write waits; told once of each execution. Arguments: bytes in the queue. */
  CAPSULE_TRACE_OUTPUT_BACKPRESSURE = 803,
  /** Worker: output was dropped by the output policy; told once of each execution. Arguments: bytes of that piece. */
  CAPSULE_TRACE_OUTPUT_DROPPED = 804,
  /** Debug. Worker: all output is to be sent ahead of the end. Arguments: bytes in the queue. */
  CAPSULE_TRACE_OUTPUT_DRAIN_BEGIN = 805,
  /** Debug. Worker: it was. Arguments: nanoseconds. */
  CAPSULE_TRACE_OUTPUT_DRAIN_END = 806,
  /** Worker: it could not be, in time. Arguments: pieces not sent, bytes in the queue, pieces sent, pieces dropped. */
  CAPSULE_TRACE_OUTPUT_DRAIN_TIMEOUT = 807,

  /** Events of the execution are missing here: it alone filled the buffer. Made for the answer. Arguments: how many. */
  CAPSULE_TRACE_TRUNCATED = 901,

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
  CAPSULE_TRACE_POOL_REMOVED = 609,

  /**
   * Whatever of the host serves a capability took the call. `link`, here and below: the request's id. Status: its `CAPSULE_REQUEST_…`.
   * Arguments: nanoseconds since it came.
   */
  CAPSULE_TRACE_PROVIDER_REQUEST = 1001,
  /** It answered. Status: `CAPSULE_PROVIDER_…`. Arguments: nanoseconds since it took the call, bytes of the answer. */
  CAPSULE_TRACE_PROVIDER_RESPONSE = 1002,
  /** What comes in pieces begins. Status, here and below: `CAPSULE_PROVIDER_…`, whose pieces they are. */
  CAPSULE_TRACE_PROVIDER_STREAM_OPEN = 1003,
  /** Debug. A piece. Arguments: its bytes, its number. */
  CAPSULE_TRACE_PROVIDER_STREAM_DATA = 1004,
  /** There are no more. Arguments: how many there were, their bytes. */
  CAPSULE_TRACE_PROVIDER_STREAM_CLOSE = 1005,
  /** Debug. How far it has come, as capsule_bridge_report_progress() says. Arguments: how much is done, of how much, 0 where that is not known. */
  CAPSULE_TRACE_PROVIDER_PROGRESS = 1006,

  /**
   * Debug. A frame came from the worker. Status, here and below: its `CAPSULE_CHANNEL_…`. Arguments: bytes, the number of its message, as
   * capsule_message_name() names it.
   */
  CAPSULE_TRACE_TRANSPORT_FRAME_IN = 1101,
  /** Debug. A frame was given to the channel. Arguments: as above. */
  CAPSULE_TRACE_TRANSPORT_FRAME_OUT = 1102,
  /** The worker does not take what is sent, and the rest waits; told once until all was taken. Arguments: bytes that wait. */
  CAPSULE_TRACE_TRANSPORT_STALL = 1103,
  /** A frame of the worker's was refused, which ends the worker. Status: `CAPSULE_REJECT_…`. Arguments: its process id. */
  CAPSULE_TRACE_TRANSPORT_REJECTED = 1104,
  /** It has to wait for the session's rate limiter. Arguments: nanoseconds, as it looks now. */
  CAPSULE_TRACE_TRANSPORT_LIMITER_WAIT = 1105,

  /**
   * Debug. A look (introspection.h) at the session, or at the pool in a pool's trace, was allowed. `link`, here and below: the number of its
   * audit record, 0 where that could not be kept. Status, here and below: the `CAPSULE_INSPECT_…` that decided. Arguments, here and below: what was
   * looked at, `CAPSULE_LOOK_…`; who decided, `CAPSULE_DECIDED_…`; here the bytes answered, 0 where the look failed.
   */
  CAPSULE_TRACE_POLICY_ALLOWED = 1201,
  /** A look was denied. The last argument: the `CAPSULE_INSPECT_…` that was asked for, or 0. */
  CAPSULE_TRACE_POLICY_DENIED = 1202,
  /** Debug. Names were redacted in what a look was answered, or left out. The last argument: how many. */
  CAPSULE_TRACE_POLICY_REDACTED = 1203
};

/** @brief How a provider answered, and whose pieces there are. */
enum {
  /** The answer is a value. */
  CAPSULE_PROVIDER_VALUE = 0,
  /** It is a failure. */
  CAPSULE_PROVIDER_FAILURE = 1,
  /** The call was approved. */
  CAPSULE_PROVIDER_APPROVED = 2,
  /** It was not. */
  CAPSULE_PROVIDER_REFUSED = 3,
  /** Pieces of the answer, from the host. */
  CAPSULE_PROVIDER_ANSWERS = 4,
  /** Pieces that the code sends to the host. */
  CAPSULE_PROVIDER_UPLOADS = 5
};

/** @brief What is looked at: the fields of `capsule_introspection_policy` in their order. */
enum {
  CAPSULE_LOOK_PROMISES = 1,
  CAPSULE_LOOK_NAMESPACE = 2,
  CAPSULE_LOOK_POOL = 3,
  CAPSULE_LOOK_EXECUTION = 4,
  CAPSULE_LOOK_ISOLATION = 5,
  CAPSULE_LOOK_STACK = 6,
  CAPSULE_LOOK_TRACE = 7,
  CAPSULE_LOOK_POSTMORTEM = 8
};

/** @brief Who decided about a look. */
enum {
  /** The runtime's policy. */
  CAPSULE_DECIDED_RUNTIME = 1,
  /** What it was narrowed to for the session. */
  CAPSULE_DECIDED_SESSION = 2,
  /** The look itself, which asked for less than the policy allows. */
  CAPSULE_DECIDED_REQUEST = 3,
  /** The audit trail, which has to keep a record and cannot. */
  CAPSULE_DECIDED_AUDIT = 4
};

/** @brief Whether an event is a moment, or one end of a span of time. */
enum { CAPSULE_TRACE_INSTANT = 0, CAPSULE_TRACE_PHASE_BEGIN = 1, CAPSULE_TRACE_PHASE_END = 2 };

/** @brief Somebody who reads a session's trace event by event: a cursor; released with capsule_trace_release(). */
typedef struct capsule_trace capsule_trace;

/** @brief Where an event comes from. */
enum {
  CAPSULE_TRACE_SOURCE_HOST = 1,
  CAPSULE_TRACE_SOURCE_TRANSPORT = 2,
  CAPSULE_TRACE_SOURCE_WORKER = 3,
  CAPSULE_TRACE_SOURCE_EXECUTOR = 4,
  CAPSULE_TRACE_SOURCE_OUTPUT = 5,
  CAPSULE_TRACE_SOURCE_BRIDGE = 6,
  CAPSULE_TRACE_SOURCE_PROVIDER = 7,
  CAPSULE_TRACE_SOURCE_POOL = 8,
  CAPSULE_TRACE_SOURCE_CHECKPOINT = 9
};

/** @brief Who wrote an event: the host, or a thread of the worker. Each numbers its own. */
enum {
  CAPSULE_TRACE_WRITER_HOST = 0,
  /** The worker's main thread. */
  CAPSULE_TRACE_WRITER_MAIN = 1,
  /** The thread that reads the control channel. */
  CAPSULE_TRACE_WRITER_LINK = 2,
  /** Whoever sends output: the pump, or the main thread ahead of a result. */
  CAPSULE_TRACE_WRITER_OUTPUT = 3,
  /** Whatever thread of the code holds the GIL. */
  CAPSULE_TRACE_WRITER_CODE = 4
};

/** @brief How the events of a worker come to the host. */
enum {
  /** By memory that both have: `trace_transport` of a session, the default. */
  CAPSULE_TRACE_BY_MEMORY = 0,
  /** In messages, in batches: where there is no such memory. What was not sent dies with the worker. */
  CAPSULE_TRACE_BY_MESSAGES = 1
};

/** @brief Most names that a session's trace numbers. What comes then is `CAPSULE_TRACE_LABEL_OTHER`, and counted. */
#define CAPSULE_TRACE_LABELS 4096
/** @brief Longest name that is numbered, in bytes. */
#define CAPSULE_TRACE_LABEL_SIZE 256
/** @brief Of `text` of `capsule_trace_label`: the longest label that a policy shows, and a NUL. */
#define CAPSULE_TRACE_LABEL_TEXT_SIZE 1025

/** @brief The number of all names for which there was no other. */
enum { CAPSULE_TRACE_LABEL_OTHER = 1 };

/** @brief Arguments of an event. */
enum { CAPSULE_TRACE_ARGUMENTS = 4 };

/** @brief One event. Never extended: events are handed out as an array. (incarnation, writer, sequence) names it. */
typedef struct capsule_trace_event {
  /** Number in the order in which the host collected the events, from 1: what a reader that follows goes on from. */
  uint64_t cursor;
  /** CLOCK_MONOTONIC; `realtime_offset_ns` of `capsule_trace_info` makes it the wall clock's. */
  uint64_t time_ns;
  /** The execution it belongs to, or 0. */
  uint64_t execution_id;
  /** Number of the event among those of its writer, from 1. */
  uint64_t sequence;
  /** `sequence` of the event of the same writer that opened what this one belongs to, its low 32 bits; or 0. */
  uint64_t parent;
  /** As the kind says, or 0. */
  uint64_t link;
  /** `CAPSULE_TRACE_…`. */
  int32_t kind;
  /** `CAPSULE_TRACE_INSTANT`, `…_PHASE_BEGIN`, `…_PHASE_END`. */
  int32_t phase;
  /** As the kind says. */
  int32_t status;
  /** `CAPSULE_LOG_DEBUG` … `CAPSULE_LOG_ERROR`. */
  int32_t severity;
  /** `CAPSULE_TRACE_SOURCE_…`. */
  int32_t source;
  /** `CAPSULE_TRACE_WRITER_…`. */
  int32_t writer;
  /** Which of the session's workers it comes from, from 1; 0 for the host. */
  uint32_t incarnation;
  /** Number of a name, which capsule_session_get_trace_label() tells: of the capability that is called; or 0. */
  uint32_t label;
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
  /** Collected after that one: the cursor of who follows. 0: from the oldest that there is. */
  uint64_t after_cursor;
  /** From that time on, CLOCK_MONOTONIC. */
  uint64_t since_ns;
  /** Up to that time, itself not; 0 for no end. */
  uint64_t until_ns;
  /** `CAPSULE_TRACE_SOURCE_…`; 0 for all. */
  int32_t source;
  /** The least severe that is wanted, `CAPSULE_LOG_…`; 0 for all. */
  int32_t severity;
  /** Who looks, for the audit record (introspection.h): at most 64 bytes; copied. Default empty. */
  capsule_text caller;
} capsule_trace_filter;

/**
 * @brief What there is, and what there is no longer. `emitted` = `stored` + `evicted` + `dropped` + `refused` + `late` + `truncated` +
 * `invalid`, at any time.
 */
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
  /** Bytes that they may take: `trace_bytes`, but for what is left of it by whole pieces. */
  uint64_t limit_bytes;
  /** Cursor of the last event there was. */
  uint64_t last_cursor;
  /** Where a reader that follows goes on. */
  uint64_t next_cursor;
  /** Events recorded, by the host or a worker. Those below the session's `trace_level` are none. */
  uint64_t emitted;
  /** Events that went to make room. */
  uint64_t evicted;
  /** Executions that went with them. */
  uint64_t evicted_executions;
  /** Events that their writer overwrote before the host read them. */
  uint64_t dropped;
  /** Events that nothing was kept of because `trace_bytes` is 0. */
  uint64_t refused;
  /** Events of an execution that was evicted before they came. */
  uint64_t late;
  /** Events of executions that alone filled the buffer. */
  uint64_t truncated;
  /** What a worker left that is no event. */
  uint64_t invalid;
  /** The oldest cursor from which nothing is missing. */
  uint64_t oldest_cursor;
  /** With `CAPSULE_E_EVICTED`: the events behind the filter's cursor that are gone. */
  uint64_t lost;
  /** What is added to a `time_ns` for nanoseconds since 1970. */
  int64_t realtime_offset_ns;
  /** Names that have numbers. */
  uint64_t labels;
  /** Events that got `CAPSULE_TRACE_LABEL_OTHER`. */
  uint64_t labels_other;
  /** Of the events that were answered, of a reader so far: those with a name that the policy does not show as it is. */
  uint64_t redacted;
} capsule_trace_info;

/** @brief A name in a trace, as the policy shows it. */
typedef struct capsule_trace_label {
  /** `sizeof(capsule_trace_label)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_LABEL_…` (introspection.h). */
  int32_t form;
  /** Length of what is shown before it was cut. */
  uint64_t full_bytes;
  /** What is shown, NUL-terminated: at most `max_label_bytes` of the policy; empty where it is dropped. */
  char text[CAPSULE_TRACE_LABEL_TEXT_SIZE];
} capsule_trace_label;

/**
 * @brief Copies events of a session: the first that fit in the order of their cursors, those then by time.
 * @param session A session, closed ones included.
 * @param filter NULL for all.
 * @param[out] events Room for `capacity` events; NULL with 0 to count only.
 * @param capacity Room in `events`.
 * @param[out] count Events written: the first `capacity` of those that fit the filter.
 * @param[in,out] info Nullable; its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_EVICTED` when events behind the filter's `after_cursor` are gone: then `info` says how many, and where
 * to go on (`oldest_cursor`); `CAPSULE_E_DENIED`, by the policy; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; never waits for the worker.
 * Since 0.1.
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
 * @return `CAPSULE_OK`; `CAPSULE_E_EVICTED`, as above; `CAPSULE_E_DENIED`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_get_trace(capsule_pool *pool, const capsule_trace_filter *filter,
                                                  capsule_trace_event *events, size_t capacity, size_t *count,
                                                  capsule_trace_info *info, capsule_error *error);

/**
 * @brief Begins to read a session's trace event by event.
 * @param session A session, closed ones included. It need not outlive the reader.
 * @param filter NULL for all.
 * @param[out] trace The new handle, NULL on failure; ended with capsule_trace_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED`, by the policy; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_trace_get(capsule_session *session, const capsule_trace_filter *filter,
                                             capsule_trace **trace, capsule_error *error);

/**
 * @brief Takes the next event. What was collected at one time comes ordered by time.
 * @param trace A reader.
 * @param timeout_ms How long to wait for one: -1 without limit, 0 not at all, up to 86,400,000.
 * @param[out] event The event.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT` when there is none yet; `CAPSULE_E_END` when the session is closed and all was read;
 * `CAPSULE_E_EVICTED` once when events were evicted before they were read: the message says how many, and the next call goes on behind
 * them; `CAPSULE_E_DENIED` when the policy was narrowed meanwhile; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread; waits, but never
 * for the worker. Since 0.1.
 */
CAPSULE_API capsule_status capsule_trace_next(capsule_trace *trace, int64_t timeout_ms, capsule_trace_event *event,
                                              capsule_error *error);

/**
 * @brief A descriptor that is readable while capsule_trace_next() may have something. A worker's events are collected when it sends a frame.
 * @param trace A reader.
 * @param[out] fd The descriptor, to wait on and never to read; the reader's, until it is released.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_trace_get_fd(capsule_trace *trace, int32_t *fd, capsule_error *error);

/**
 * @brief What there is of the trace that is read, and what there is no longer.
 * @param trace A reader.
 * @param[in,out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_trace_get_info(capsule_trace *trace, capsule_trace_info *info, capsule_error *error);

/**
 * @brief Gives a reader back.
 * @param trace A reader; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_trace_release(capsule_trace *trace);

/** @brief Bytes of a `traceparent`, its NUL included. */
enum { CAPSULE_TRACEPARENT_SIZE = 56 };

/** @brief Bytes of the longest `tracestate`, its NUL included. */
enum { CAPSULE_TRACESTATE_SIZE = 513 };

/** @brief The W3C trace context of an execution. */
typedef struct capsule_trace_context {
  /** `sizeof(capsule_trace_context)`, set by the caller. */
  uint32_t struct_size;
  /** 1 where it was given with the execution; 0 where one was made for it. */
  int32_t given;
  /** `traceparent`, NUL-terminated. */
  char traceparent[CAPSULE_TRACEPARENT_SIZE];
  /** `tracestate`, NUL-terminated, or empty. */
  char tracestate[CAPSULE_TRACESTATE_SIZE];
} capsule_trace_context;

/**
 * @brief The name that an event's `label` stands for. It keeps its number as long as the session's handle is there.
 *
 * It is a look of its own (introspection.h), at the level of `trace` of the policy: at that of counts, the default, the name is dropped.
 * capsule_session_inspect_trace_label() with the defaults.
 * @param session A session, closed ones included.
 * @param number `label` of an event of its trace.
 * @param[in,out] label Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED`, by the policy; `CAPSULE_E_ARGUMENT` also where no name has that number; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; never waits for the worker. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_trace_label(capsule_session *session, uint32_t number,
                                                           capsule_trace_label *label, capsule_error *error);

/**
 * @brief The trace context of an execution: the one given with it, or one that was made for it, always the same.
 * @param session A session, closed ones included.
 * @param execution_id The execution. What was given is kept of the last 1,024 that something was given with.
 * @param[in,out] context Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` also where the session has no such execution; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any
 * thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_trace_context(capsule_session *session, uint64_t execution_id,
                                                             capsule_trace_context *context, capsule_error *error);

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
