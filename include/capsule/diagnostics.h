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
  /** Reserved, zero. */
  uint32_t reserved;

  /** Pieces of output that were printed: one for each write of at most 32 KiB, more for longer ones. */
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
   * header of 24 bytes and padded to 8.
   */
  uint64_t output_queue_bytes_max;
  /** Writes that found the queue full and waited. */
  uint64_t output_waits;
  /** Writes of which something was dropped, as `CAPSULE_OUTPUT_DROP_NEW` has it. */
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
