/**
 * @file interceptor.h
 * @brief Functions of the host that see every frame between a session and its worker.
 */
#ifndef CAPSULE_INTERCEPTOR_H
#define CAPSULE_INTERCEPTOR_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Which way a frame goes. */
enum { CAPSULE_FRAME_TO_WORKER = 1, CAPSULE_FRAME_FROM_WORKER = 2 };

/** @brief Which channel a frame goes through: control frames overtake work frames. */
enum { CAPSULE_CHANNEL_WORK = 1, CAPSULE_CHANNEL_CONTROL = 2 };

/** @brief What an interceptor is told of a frame: never what is in it. */
typedef struct capsule_frame {
  /** Bytes of this struct that the library filled. */
  uint32_t struct_size;
  /** `CAPSULE_FRAME_…`. */
  int32_t direction;
  /** `CAPSULE_CHANNEL_…`. */
  int32_t channel;
  /** Reserved, zero. */
  int32_t reserved;
  /** Number of the session in its runtime. */
  uint64_t session_id;
  /** The execution the frame belongs to, or 0. */
  uint64_t execution_id;
  /** When its sender made it. CLOCK_MONOTONIC. */
  uint64_t time_ns;
  /** Its length on the wire. */
  uint64_t size_bytes;
  /** Kind of the message, as `"Execute"` or `"Output"`; a static string. */
  const char *kind;
} capsule_frame;

/**
 * @brief Sees one frame: one from the worker before anything is done with it, one to the worker as it is handed to the channel.
 *
 * Called on whatever thread handles the frame, under the session's lock: one call at a time for a session, frames of a channel in
 * order. It cannot alter or lose the frame, but holds it up while it runs: it must be quick (see `budget_ns`). Every call into the
 * library from here answers `CAPSULE_E_REENTRANT`; one that answers nothing, as a release, does nothing.
 *
 * @param user_data As registered.
 * @param frame Valid during the call.
 * @return 0; anything else is counted as an error of the interceptor, and changes nothing else.
 */
typedef int32_t (*capsule_interceptor_callback)(void *user_data, const capsule_frame *frame);

/** @brief An interceptor; capsule_interceptor_options_init() fills the defaults. */
typedef struct capsule_interceptor_options {
  /** `sizeof(capsule_interceptor_options)`. */
  uint32_t struct_size;
  /** Calls in a row over the budget after which it is quarantined: called no more. 0 … 1,000,000; 0 for never. Default 10. */
  uint32_t quarantine_after;
  /** Its name in log records, 1 … 64 bytes. */
  capsule_text name;
  /** The function; not NULL. */
  capsule_interceptor_callback callback;
  /** Passed to it; must stay valid until the interceptor is removed, or the session and its executions are released. */
  void *user_data;
  /** Time one call may take, 1 … 10,000,000,000; a longer one is counted. Default 10,000,000 (10 ms). */
  uint64_t budget_ns;
} capsule_interceptor_options;

/** @brief What an interceptor did so far. */
typedef struct capsule_interceptor_info {
  /** `sizeof(capsule_interceptor_info)`, set by the caller. */
  uint32_t struct_size;
  /** 1 when it is called no more. */
  int32_t quarantined;
  /** Calls. */
  uint64_t calls;
  /** Calls that did not return 0. */
  uint64_t errors;
  /** Calls that took longer than the budget. */
  uint64_t over_budget;
  /** Frames it was not shown because of the quarantine. */
  uint64_t skipped;
  /** Time all calls took. */
  uint64_t total_ns;
  /** Time the longest call took. */
  uint64_t longest_ns;
} capsule_interceptor_info;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_interceptor_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_interceptor_options_init(capsule_interceptor_options *options, uint32_t struct_size);

/**
 * @brief Adds an interceptor behind those that are there; it stays through restarts.
 * @param session A session, not closed.
 * @param options What to call; not NULL.
 * @param[out] interceptor_id Its number in the session, from 1; 0 on failure.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_LIMIT` (64 are there); `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_add_interceptor(capsule_session *session, const capsule_interceptor_options *options,
                                                           uint64_t *interceptor_id, capsule_error *error);

/**
 * @brief Removes an interceptor. When this returns, it is not running and will not be called again.
 * @param session A session.
 * @param interceptor_id Its number; one that is not there is a no-op.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_remove_interceptor(capsule_session *session, uint64_t interceptor_id,
                                                              capsule_error *error);

/**
 * @brief Copies what an interceptor did so far.
 * @param session A session.
 * @param interceptor_id Its number.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (also when it is not there); `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_interceptor_info(capsule_session *session, uint64_t interceptor_id,
                                                                capsule_interceptor_info *info, capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
