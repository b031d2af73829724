/**
 * @file diagnostics.h
 * @brief What a session's worker counts while it runs code.
 */
#ifndef CAPSULE_DIAGNOSTICS_H
#define CAPSULE_DIAGNOSTICS_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief What the executors of a session have counted: numbers only, from its first worker on, restarts included.
 *
 * A counter moves before the effect that a caller can see: after an execution's terminal event was taken, what the execution
 * did is in here. Maxima are those of the worker that reached most.
 */
typedef struct capsule_executor_metrics {
  /** `sizeof(capsule_executor_metrics)`, set by the caller. */
  uint32_t struct_size;
  /**
   * 0 where the figures are of one moment. 1 where the live worker was counting each time that was tried: its part is as it was when it was
   * last copied whole. 1 too from when on a worker was killed in the middle of counting: of that one step a part is in here.
   */
  uint32_t stale;

  /**
   * Pieces of output that were printed: one for each write or `print` of at most 32 KiB, more for longer ones. The lines in which
   * `CAPSULE_OUTPUT_DROP_NEW` tells what it dropped are among them, those of `CAPSULE_OUTPUT_DROP_OLDEST` are not.
   */
  uint64_t outputs_enqueued;
  /** Their bytes. */
  uint64_t output_bytes_enqueued;
  /** Pieces of output captured at descriptor level: one for each read from a pipe. */
  uint64_t outputs_captured;
  /** Their bytes. */
  uint64_t output_bytes_captured;
  /** Pieces of both kinds sent to the host. */
  uint64_t outputs_sent;
  /** Their bytes. */
  uint64_t output_bytes_sent;
  /**
   * Most bytes that waited in the queue at once, the two ways of writing (print, descriptor) each by itself; a piece counts with a
   * header of 32 bytes and padded to 8.
   */
  uint64_t output_queue_bytes_max;
  /** Writes that found the queue full and waited. */
  uint64_t output_waits;
  /** Writes of which something was dropped, as `CAPSULE_OUTPUT_DROP_NEW` has it, and pieces, as `CAPSULE_OUTPUT_DROP_OLDEST` does. */
  uint64_t outputs_dropped;
  /** The bytes dropped. */
  uint64_t output_bytes_dropped;
  /** Writes that raised, as `CAPSULE_OUTPUT_ERROR` has it. */
  uint64_t outputs_refused;
  /** Times all output was sent ahead of a terminal event or an input request. */
  uint64_t drains;
  /** Time this took, in nanoseconds. */
  uint64_t drain_ns;

  /** Input requests sent to the host. */
  uint64_t input_requests;
  /** Of these, answered with a line. */
  uint64_t input_answered;
  /** Of these, ended by EOFError: declined by the host, or the session was closed. */
  uint64_t input_declined;
  /** Of these, ended by a cancel or an interrupt. */
  uint64_t input_canceled;
  /** Of these, ended by TimeoutError. */
  uint64_t input_timed_out;

  /** Bytes that `coalesce_carriage_returns` left out. */
  uint64_t output_bytes_coalesced;
  /** Executions that ended as `OutputDrainTimeout`. */
  uint64_t drain_timeouts;
  /** Executions of which that was suppressed, as `CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT` has it. */
  uint64_t drain_timeouts_suppressed;
  /** Displays that the code made. */
  uint64_t displays_made;
  /** Displays that `output_policy` dropped or refused. */
  uint64_t displays_dropped;
  /** Parts of displays that were cut or left out for `display_limit_bytes`. */
  uint64_t displays_truncated;
  /** Methods of displayed objects that raised. */
  uint64_t display_errors;
  /** Calls of `progress`. */
  uint64_t progress_calls;
  /** Of these, passed over for `progress_rate_per_s`. */
  uint64_t progress_skipped;
  /** Pieces of output that wait in the queue now: printed or captured, displays among them, and neither sent nor dropped. */
  uint64_t output_queue_pieces;
  /** The most there were when the worker sent some, or dropped some for want of room. */
  uint64_t output_queue_pieces_max;
  /** Bytes of the queue that are taken now, headers and padding included; what is sent keeps its room until the socket has it all. */
  uint64_t output_queue_bytes;
} capsule_executor_metrics;

/**
 * @brief Copies the counters. Reads shared memory: never waits for the worker, and works after its death.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_executor_metrics(capsule_session *session, capsule_executor_metrics *metrics,
                                                                capsule_error *error);

/** @brief What a session knows of the code it was given, and what its event loop did; see `CAPSULE_CODE_…`. Restarts included. */
typedef struct capsule_async_metrics {
  /** `sizeof(capsule_async_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** As that of capsule_executor_metrics. */
  uint32_t stale;
  /** Executions run on the event loop. */
  uint64_t executions;
  /** Of these, ended with a result. */
  uint64_t successes;
  /** Of these, ended by an exception other than the next. */
  uint64_t errors;
  /** Of these, ended by CancelledError, or by the KeyboardInterrupt of a cancel. */
  uint64_t canceled;
  /** Coroutines of executions that were closed before they ran, and tasks that were left when the session closed. */
  uint64_t coroutines_closed;
  /** Executions classified as `CAPSULE_CODE_TOP_LEVEL_AWAIT`. */
  uint64_t mode_top_level_await;
  /** As `CAPSULE_CODE_ASYNC_DEF`. */
  uint64_t mode_async_def;
  /** As `CAPSULE_CODE_BLOCKING_SYNC`. */
  uint64_t mode_blocking_sync;
  /** As `CAPSULE_CODE_SIMPLE_SYNC`. */
  uint64_t mode_simple_sync;
  /** As `CAPSULE_CODE_UNKNOWN`. */
  uint64_t mode_unknown;
  /** Sources that import a module known to block. */
  uint64_t detected_blocking_imports;
  /** Calls in them known to block. */
  uint64_t detected_blocking_calls;
  /** Calls of attributes whose base is no name, or too deep, and could not be judged. */
  uint64_t missed_attribute_chains;
  /** Calls not taken for blocking because the source had bound their name before. */
  uint64_t overshadow_guard_skips;
  /** Sources compiled inside a coroutine function because they do not compile as they are, as for a `return` beside an `await`. */
  uint64_t ast_fallbacks;
  /** Sources of which something was rewritten, fallbacks included. */
  uint64_t ast_transforms;
  /** Functions rewritten, see `CAPSULE_ASYNC_REWRITE_DEF`. */
  uint64_t ast_def_rewrites;
  /** Lambdas rewritten, see `CAPSULE_ASYNC_REWRITE_LAMBDA`. */
  uint64_t ast_lambda_helpers;
  /** Syntax trees found in the cache. */
  uint64_t ast_cache_hits;
  /** Not found. */
  uint64_t ast_cache_misses;
  /** Put out of it. */
  uint64_t ast_cache_evictions;
  /** Compiled sources found in the cache. */
  uint64_t code_cache_hits;
  /** Not found. */
  uint64_t code_cache_misses;
  /** Put out of it. */
  uint64_t code_cache_evictions;
  /** Cancels, timeouts and interrupts that reached code on the loop. */
  uint64_t cancels_requested;
  /** Of these, its task was canceled or its code interrupted. */
  uint64_t cancels_effective;
  /** Of these, they came when the task was done. */
  uint64_t cancels_noop;
  /** Of these, they came before the task began, and were kept for it. */
  uint64_t cancels_pending;
  /** Log records of blocking code. */
  uint64_t blocking_warnings;
  /** Those not made because the session had made the same before. */
  uint64_t blocking_warnings_suppressed;
} capsule_async_metrics;

/**
 * @brief Copies the counters. Reads shared memory: never waits for the worker, and works after its death.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_async_metrics(capsule_session *session, capsule_async_metrics *metrics,
                                                             capsule_error *error);

/** @brief What a session's rate limiter did; opt-in by `enable_metrics`. */
typedef struct capsule_limiter_metrics {
  /** `sizeof(capsule_limiter_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Executions that asked for a token. */
  uint64_t acquires;
  /** Times there was none, and a wait began. */
  uint64_t waits;
  /** Time waited for tokens that came, as measured. */
  uint64_t wait_ns;
  /** Times a timer ended such a wait. */
  uint64_t wakeups;
  /** Executions canceled while they waited. */
  uint64_t canceled;
  /** Tokens there are now, 0 … `rate_limit_burst`; 0 without a limit. */
  double tokens;
} capsule_limiter_metrics;

/**
 * @brief Copies what the rate limiter did.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (opened without `enable_metrics`); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_limiter_metrics(capsule_session *session, capsule_limiter_metrics *metrics,
                                                               capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
