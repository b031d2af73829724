/**
 * @file error.h
 * @brief Status codes and the error a caller may ask for.
 *
 * Every call that can fail returns a `capsule_status` and takes a nullable `capsule_error *` last. A status says that *the call*
 * failed. A Python exception in the user's code is never a status: it is an event (see event.h).
 */
#ifndef CAPSULE_ERROR_H
#define CAPSULE_ERROR_H

#include "capsule/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What became of a call: 0 is success. Values are stable and never reused. */
typedef int32_t capsule_status;

/** @brief The values of `capsule_status`. */
enum {
  /** Success. */
  CAPSULE_OK = 0,
  /** An argument is NULL, out of range, not valid UTF-8, or a struct has an unusable size; the message names it. */
  CAPSULE_E_ARGUMENT = 1,
  /** The handle was never one, was released, or is of another kind. */
  CAPSULE_E_HANDLE = 2,
  /** The handle's object, or its parent, is closed or closing. */
  CAPSULE_E_CLOSED = 3,
  /** The time given ran out; nothing was lost, the call may be repeated. */
  CAPSULE_E_TIMEOUT = 4,
  /** The session is running an execution and its queue has no room. */
  CAPSULE_E_BUSY = 5,
  /** Something is larger than a configured limit; the message names both. */
  CAPSULE_E_LIMIT = 6,
  /** The execution's terminal event was delivered: there is nothing more to come. */
  CAPSULE_E_END = 7,
  /** The call makes no sense in the object's present state; the message names the state. */
  CAPSULE_E_STATE = 8,
  /** The Python interpreter is missing, is not one, or is not supported; the message names the path and what was found. */
  CAPSULE_E_PYTHON = 9,
  /** The worker module or program is missing, or a worker could not be started. */
  CAPSULE_E_WORKER = 10,
  /** The session's worker process has died; `capsule_session_restart` brings the session back. */
  CAPSULE_E_DIED = 11,
  /** A module to preload failed to import or left Python threads running; the message names it. */
  CAPSULE_E_PRELOAD = 12,
  /** The worker sent bytes that do not follow the protocol, or speaks an incompatible version of it. */
  CAPSULE_E_PROTOCOL = 13,
  /** The call would block the runtime's own loop thread: it was made from a notify callback. */
  CAPSULE_E_REENTRANT = 14,
  /** The process is a fork of the one that made the handle: the library cannot be used in it. */
  CAPSULE_E_FORKED = 15,
  /** The operating system refused a call; the message names the call and the reason. */
  CAPSULE_E_SYSTEM = 16,
  /** Memory ran out. */
  CAPSULE_E_MEMORY = 17,
  /** A defect of the library. */
  CAPSULE_E_INTERNAL = 18,
  /** A name of the session's namespace is not bound, or is bound and should not be; the message names it. */
  CAPSULE_E_NAME = 19,
  /** A value is not of the kind that was asked for; the message names its type. */
  CAPSULE_E_TYPE = 20,
  /** Bytes are no checkpoint, are damaged, or are not signed with the key; the message says which. */
  CAPSULE_E_CHECKPOINT = 21,
  /** A server does not answer, or not in its protocol; the message says for how long and why. To try again later may help. */
  CAPSULE_E_UNAVAILABLE = 22,
  /** A server refuses the credentials or what they are for; or a policy, or an audit trail that must keep all, denies the call. */
  CAPSULE_E_DENIED = 23,
  /** What a cursor goes on from is no longer kept; the message says how much is missing, and from where on nothing is. */
  CAPSULE_E_EVICTED = 24
};

/** @brief Bytes of `capsule_error.message`, its NUL included. */
enum { CAPSULE_ERROR_MESSAGE_SIZE = 500 };

/**
 * @brief Why a call failed: owned by the caller, nothing to free.
 *
 * Set `struct_size` before the first use (`capsule_error error = {.struct_size = sizeof error};`). A call that
 * succeeds leaves the struct as it was; a call that fails fills it, cutting a long message at a character boundary.
 */
typedef struct capsule_error {
  /** `sizeof(capsule_error)` of the caller's headers. Under 8, nothing is written. */
  uint32_t struct_size;
  /** The status that the call returned. */
  capsule_status status;
  /** One sentence in UTF-8, NUL-terminated, that names the argument or the thing at fault. */
  char message[CAPSULE_ERROR_MESSAGE_SIZE];
} capsule_error;

/**
 * @brief The name of a status, as in `"CAPSULE_E_CLOSED"`.
 * @param status Any value.
 * @return A static string; `"CAPSULE_E_UNKNOWN"` for a value this library does not know. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_status_name(capsule_status status);

/**
 * @brief One sentence about a status.
 * @param status Any value.
 * @return A static string, never NULL. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_status_text(capsule_status status);

#ifdef __cplusplus
}
#endif
#endif
