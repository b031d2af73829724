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
} capsule_runtime_options;

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
