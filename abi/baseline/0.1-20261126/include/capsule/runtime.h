/**
 * @file runtime.h
 * @brief The runtime: one loop thread and the processes it looks after.
 */
#ifndef CAPSULE_RUNTIME_H
#define CAPSULE_RUNTIME_H

#include "capsule/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A runtime: a token, never dereferenced. */
typedef struct capsule_runtime capsule_runtime;

/** @brief One rule of what may be called, see bridge.h. */
typedef struct capsule_rule capsule_rule;

/** @brief Options of a runtime; capsule_runtime_options_init() fills the defaults. */
typedef struct capsule_runtime_options {
  /** `sizeof(capsule_runtime_options)`. */
  uint32_t struct_size;
  /** Largest frame either side may send, in bytes, 64 KiB … 1 GiB. Default 16 MiB. Also the limit of a source text, less 4 KiB. */
  uint32_t max_frame_bytes;
  /**
   * Folder that holds `_capsule_worker.abi3.so` and `capsule-echo-worker`. Default empty: `CAPSULE_WORKER_DIR` from the
   * environment, else the folder `capsule` beside the loaded library.
   */
  capsule_text worker_dir;
  /** The most that any session may call of any bridge (bridge.h), `rule_count` of them; none: what bridges and sessions say. */
  const capsule_rule *rules;
  /** Number of `rules`. */
  size_t rule_count;
} capsule_runtime_options;

/**
 * @brief What became of calls of the host (bridge.h): those of a session, of all sessions that a pool has had, or of all bridges of a
 * runtime. At any moment created = pending_current + resolved + rejected + denied + timed_out + canceled + rejected_at_shutdown.
 *
 * Never extended: part of other structs. The bridge's own are capsule_bridge_metrics.
 */
typedef struct capsule_bridge_figures {
  /** Calls that are open. */
  uint64_t pending_current;
  /** The most there were at once. */
  uint64_t pending_hwm;
  /** Calls that came. */
  uint64_t created;
  /** Answered with a value. */
  uint64_t resolved;
  /** Answered with a failure, or refused. */
  uint64_t rejected;
  /** Denied by a rule, for want of one, or by the host. */
  uint64_t denied;
  /** Not answered in time. */
  uint64_t timed_out;
  /** Given up by the code, lost with its worker, or canceled by the host. */
  uint64_t canceled;
  /** Open when the bridge was closed, and those that came later. */
  uint64_t rejected_at_shutdown;
  /** Answers to a call that nobody waited for any more; of a runtime alone. */
  uint64_t late_settlements;
  /** Answers to a call that was answered; of a runtime alone. */
  uint64_t duplicate_settlements;
} capsule_bridge_figures;

/**
 * @brief Counters of a runtime since its creation, those of released sessions included.
 *
 * Copied as one consistent snapshot; fields are only ever appended.
 */
typedef struct capsule_runtime_info {
  /** `sizeof(capsule_runtime_info)`, set by the caller. */
  uint32_t struct_size;
  /** Process id of the newest live zygote, or 0. */
  int32_t zygote_pid;
  /** Sessions not yet terminated. */
  uint64_t sessions_open;
  /** Sessions opened, whatever became of them. */
  uint64_t sessions_opened;
  /** Worker processes born: one for each session opened and each restart. */
  uint64_t workers_started;
  /** Worker processes that died without being asked to. */
  uint64_t workers_died;
  /** Zygotes started, restarts included. */
  uint64_t zygotes_started;
  /** Zygotes started again because one died. */
  uint64_t zygotes_restarted;
  /** Warnings of zygotes about native threads that a preloaded module left running. */
  uint64_t native_thread_warnings;
  /** Bytes that workers and zygotes wrote to stderr outside any execution and that no log record carried for want of room. */
  uint64_t stderr_dropped_bytes;
  /** Calls of the host. */
  capsule_bridge_figures bridge;
} capsule_runtime_info;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_runtime_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_runtime_options_init(capsule_runtime_options *options, uint32_t struct_size);

/**
 * @brief Creates a runtime and starts its loop thread. No process is started before the first session.
 *
 * @param options NULL for the defaults.
 * @param[out] runtime The new handle, NULL on failure; ended with capsule_runtime_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_create(const capsule_runtime_options *options, capsule_runtime **runtime,
                                                  capsule_error *error);

/**
 * @brief Closes every session, ends every worker and zygote, stops the loop thread; waits for all of it.
 *
 * Sessions are closed as by capsule_session_close() with the same deadline, all at once. May be repeated. Handles stay valid
 * and answer `CAPSULE_E_CLOSED`; events that were queued can still be drained.
 *
 * @param runtime A runtime.
 * @param timeout_ms 0 … 86,400,000: time that running executions have to end before their workers are killed.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_close(capsule_runtime *runtime, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Gives the handle back. The runtime is closed, with a timeout of 0, when its last session and execution are released too.
 * @param runtime A runtime; NULL or a released one is a no-op. Any thread; the last release waits for the processes to end,
 * unless it is made from a notify callback, when they end in the background. Since 0.1.
 */
CAPSULE_API void capsule_runtime_release(capsule_runtime *runtime);

/**
 * @brief Copies the runtime's counters.
 * @param runtime A runtime, closed ones included.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_get_info(capsule_runtime *runtime, capsule_runtime_info *info, capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
