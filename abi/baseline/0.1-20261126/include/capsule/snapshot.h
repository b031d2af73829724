/**
 * @file snapshot.h
 * @brief Snapshots of a session: frozen copies that sessions go back to, or branch from.
 *
 * A snapshot is a fork of the session's process that does nothing: all that is in its memory, objects, modules, functions, the state
 * of libraries, costs only the pages that change later. What lies outside of a process's memory is not in it:
 * - files, sockets and databases stay as they are; descriptors that were open are shared with the session, positions in files too;
 * - child processes are the session's alone, where `subprocess` finds them gone;
 * - output that was printed stays printed.
 *
 * A snapshot is refused (`CAPSULE_E_STATE`) while what a fork does not carry is alive: Python threads other than the main one, and an
 * event loop that watches sockets, pipes or child processes. Tasks that wait for time, locks, queues or each other are carried, as
 * far as time goes on for them. Native threads of libraries do not exist in the copy. Generators of random numbers that Python
 * reseeds after a fork, as `random`, are reseeded.
 */
#ifndef CAPSULE_SNAPSHOT_H
#define CAPSULE_SNAPSHOT_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A snapshot: a token, never dereferenced. It outlives its session. */
typedef struct capsule_snapshot capsule_snapshot;

/** @brief What is known of a snapshot. */
typedef struct capsule_snapshot_info {
  /** `sizeof(capsule_snapshot_info)`, set by the caller. */
  uint32_t struct_size;
  /** Process id, or 0 when it is gone: evicted, killed from outside, or its runtime closed. */
  int32_t pid;
  /** Number of the snapshot in its runtime, from 1. */
  uint64_t snapshot_id;
  /** The session it was taken of. */
  uint64_t session_id;
  /** The last execution of that session that had ended by then, or 0. */
  uint64_t execution_id;
  /** When it was taken, CLOCK_MONOTONIC. */
  uint64_t created_ns;
  /** Time the session stood still for it. */
  uint64_t duration_ns;
  /** Resident memory of its process now, shared pages included. 0 where that cannot be told. */
  uint64_t resident_bytes;
  /** Of that, pages that only it has. */
  uint64_t private_bytes;
  /** Sessions that were made of it, by branch or restore. */
  uint64_t uses;
  /** 1 when it was let go for the session's `snapshot_limit` or `snapshot_memory_limit_bytes`. */
  int32_t evicted;
  /** Reserved, zero. */
  int32_t reserved;
  /** Resident memory where a page that several processes share counts for each of them in equal parts (PSS): what it costs. */
  uint64_t proportional_bytes;
} capsule_snapshot_info;

/**
 * @brief Takes a snapshot, when all that was submitted before has ended.
 *
 * Where the session has `snapshot_limit` snapshots already, the oldest of them is let go and counted.
 * @param session A session, not closed.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000. Waiting for executions counts.
 * @param[out] snapshot The new handle, NULL on failure; ended with capsule_snapshot_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (threads or descriptors of the event loop are in the way, and the message names them; or
 * the zygote is gone); `CAPSULE_E_TIMEOUT` (the session goes on unchanged); `CAPSULE_E_LIMIT` (`snapshot_limit` is 0);
 * `CAPSULE_E_SYSTEM` (the fork failed, as for want of memory); `CAPSULE_E_DIED`; `CAPSULE_E_CLOSED`; `CAPSULE_E_ARGUMENT`;
 * `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_snapshot(capsule_session *session, int64_t timeout_ms, capsule_snapshot **snapshot,
                                                    capsule_error *error);

/**
 * @brief Puts the session back to a snapshot, when all that was submitted before has ended; what is submitted after runs there.
 *
 * The session goes on in a new process that is a fork of the snapshot, which stays as it is. Children of the old process are killed.
 * @param session The session that the snapshot was taken of, or another that shares its zygote; in error too.
 * @param snapshot A snapshot.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (they share no zygote); `CAPSULE_E_DIED` (the snapshot is gone: the session is
 * unchanged); `CAPSULE_E_WORKER` (no process could be made of it: the session is in error); `CAPSULE_E_TIMEOUT`; `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_restore(capsule_session *session, capsule_snapshot *snapshot, int64_t timeout_ms,
                                                   capsule_error *error);

/**
 * @brief Opens a new session that begins where a snapshot stands.
 *
 * It has the options of the snapshot's session, and channels and a life of its own; its executions are numbered on from the last that
 * had ended, as `In` and `Out` are. `parent_session_id` of its info links it.
 * @param snapshot A snapshot.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000: until it is ready.
 * @param[out] session The new handle, NULL on failure; ended with capsule_session_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DIED` (the snapshot is gone); `CAPSULE_E_WORKER` (no process could be made of it);
 * `CAPSULE_E_TIMEOUT`; `CAPSULE_E_CLOSED` (the runtime is); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`;
 * `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_snapshot_branch(capsule_snapshot *snapshot, int64_t timeout_ms, capsule_session **session,
                                                   capsule_error *error);

/**
 * @brief Opens a new session that begins where this one stands when all that was submitted before has ended: one fork.
 *
 * Else as capsule_snapshot_branch(), and refused as capsule_session_snapshot() is. It does not count for `snapshot_limit`.
 * @param session A session, not closed.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param[out] branch The new handle, NULL on failure; ended with capsule_session_release().
 * @param error Nullable.
 * @return As capsule_session_snapshot(), but for `CAPSULE_E_LIMIT`, and capsule_snapshot_branch(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_branch(capsule_session *session, int64_t timeout_ms, capsule_session **branch,
                                                  capsule_error *error);

/**
 * @brief Copies what is known of a snapshot.
 * @param snapshot A snapshot.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; reads `/proc`, which may take
 * milliseconds for a process of gigabytes. Since 0.1.
 */
CAPSULE_API capsule_status capsule_snapshot_get_info(capsule_snapshot *snapshot, capsule_snapshot_info *info,
                                                     capsule_error *error);

/**
 * @brief Gives the handle back and lets the snapshot go. Sessions made of it live on.
 * @param snapshot A snapshot; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_snapshot_release(capsule_snapshot *snapshot);

#ifdef __cplusplus
}
#endif
#endif
