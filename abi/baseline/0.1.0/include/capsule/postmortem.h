/**
 * @file postmortem.h
 * @brief What is known of a worker that died: how, in the middle of what, and what it did last.
 *
 * Made by the host when it understands a death, of what the worker left in shared memory and of what the host knew. Numbers and states
 * only, but for the stack, which has names of files and functions: no value, no source, no output. A session keeps those of its last deaths; the end that a close or a restart
 * asks for is none.
 *
 * It is guarded (introspection.h): by the default policy it is told without the frames of the stack, which `postmortem` of the policy shows.
 */
#ifndef CAPSULE_POSTMORTEM_H
#define CAPSULE_POSTMORTEM_H

#include "capsule/session.h"
#include "capsule/stack.h"
#include "capsule/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What is known of one death; released with capsule_postmortem_release(). */
typedef struct capsule_postmortem capsule_postmortem;

/** @brief Post-mortems that a session keeps. */
enum { CAPSULE_POSTMORTEMS_KEPT = 4 };

/** @brief Events of a dead worker that a post-mortem keeps, at most. */
enum { CAPSULE_POSTMORTEM_EVENTS = 256 };

/** @brief How a worker ended, and in the middle of what. Times are CLOCK_MONOTONIC. */
typedef struct capsule_postmortem_info {
  /** `sizeof(capsule_postmortem_info)`, set by the caller. */
  uint32_t struct_size;
  /** Its process id. */
  int32_t pid;
  /** The session's number in its runtime. */
  uint64_t session_id;
  /** Which of the session's workers it was, from 1. */
  uint32_t incarnation;
  /** `CAPSULE_DEATH_…`. */
  int32_t death_reason;
  /** 1 when the reason was reported; 0 when it is inferred. */
  int32_t death_certain;
  /** Its exit code, where it exited. */
  int32_t exit_code;
  /** The signal that killed it, or 0. */
  int32_t signal_number;
  /** `kind` of the last event of its main thread (trace.h), or 0: where it stood. */
  int32_t last_kind;
  /** When the death was understood. */
  uint64_t died_ns;
  /** How long there was the worker, since it was asked for. */
  uint64_t uptime_ns;
  /** The execution it was running, or 0. */
  uint64_t execution_id;
  /** How long it had been running it. */
  uint64_t execution_age_ns;
  /** Executions that waited behind it. */
  uint64_t executions_queued;
  /** Age of its last heartbeat; 0 where there was none. The following figures are that heartbeat's. */
  uint64_t heartbeat_age_ns;
  /** Resident memory. */
  uint64_t resident_bytes;
  /** Memory that it shared with nobody. */
  uint64_t private_bytes;
  /** CPU time. */
  uint64_t cpu_ns;
  /** Threads. */
  uint64_t threads;
  /** Names in its namespace. */
  uint64_t namespace_size;
  /** Limit: most bytes that wait in its output queue. */
  uint64_t output_queue_limit_bytes;
  /** Limit: output that may be on its way to the host. */
  uint64_t output_window_bytes;
  /** Limit: `timeout_ms` of the execution, 0 for none. */
  int64_t timeout_ms;
  /** Limit: `cancel_grace_ms` of the session. */
  int64_t cancel_grace_ms;
  /** Output that it had not sent, and that was found after its death and is delivered. */
  uint64_t output_recovered_bytes;
  /** Output of the execution that the host has, and that nobody took yet, the recovered included. */
  uint64_t output_untaken_bytes;
  /** Events that the worker overwrote, or left half written, in all its session's life. */
  uint64_t events_lost;
  /** Its last events, by time: `event_count` of them, owned by the handle. */
  const capsule_trace_event *events;
  /** Number of `events`, 0 … `CAPSULE_POSTMORTEM_EVENTS`. */
  size_t event_count;
  /** Limits: those that the worker announced, as in `capsule_worker_info` (metrics.h). Owned by the handle. */
  capsule_text announced_limits;
} capsule_postmortem_info;

/**
 * @brief What is known of one of a session's last deaths.
 *
 * As far as the policy lets it be seen: capsule_session_inspect_postmortem() with the defaults.
 * @param session A session, closed ones included.
 * @param index 0 for the last death, 1 for the one before it, up to `CAPSULE_POSTMORTEMS_KEPT` - 1.
 * @param[out] postmortem The new handle, NULL on failure; ended with capsule_postmortem_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED`, by the policy; `CAPSULE_E_STATE` when there was no such death; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any
 * thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_postmortem(capsule_session *session, uint32_t index,
                                                          capsule_postmortem **postmortem, capsule_error *error);

/**
 * @brief Copies what a post-mortem says.
 * @param postmortem A post-mortem.
 * @param[out] info Its `struct_size` set by the caller; `events` are the handle's, until it is released.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_postmortem_get_info(capsule_postmortem *postmortem, capsule_postmortem_info *info,
                                                       capsule_error *error);

/**
 * @brief Where its Python code stood, by file, function and line, when a fatal signal ended it (stack.h): as the policy showed it when the
 * post-mortem was had.
 * @param postmortem A post-mortem.
 * @param[out] stack The new handle, NULL on failure; ended with capsule_stack_release(). It outlives the post-mortem.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` when it left no stack, as SIGKILL does not; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_postmortem_get_stack(capsule_postmortem *postmortem, capsule_stack **stack,
                                                        capsule_error *error);

/**
 * @brief All of it as a JSON object, one line, that `capsule postmortem FILE` shows; of a stack the lines, without the names.
 * @param postmortem A post-mortem.
 * @param[out] json The text: the handle's, until it is released.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_postmortem_to_json(capsule_postmortem *postmortem, capsule_text *json, capsule_error *error);

/**
 * @brief Gives a post-mortem back.
 * @param postmortem A post-mortem; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_postmortem_release(capsule_postmortem *postmortem);

#ifdef __cplusplus
}
#endif
#endif
