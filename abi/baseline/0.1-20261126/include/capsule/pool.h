/**
 * @file pool.h
 * @brief A pool keeps sessions ready, so that a request pays neither the interpreter's start nor imports, and sees no other's state.
 *
 *     capsule_pool_options options;
 *     capsule_pool_options_init(&options, sizeof options);
 *     const capsule_text imports[] = {capsule_text_from("json"), capsule_text_from("decimal")};
 *     options.imports = imports;
 *     options.import_count = 2;
 *     capsule_pool_create(runtime, &options, &pool, &error);
 *     …
 *     if (capsule_pool_acquire(pool, NULL, &session, &error) == CAPSULE_OK) {
 *       …                                                   // any call of session.h, execution.h, value.h
 *       capsule_pool_give_back(pool, session, &error);
 *     }
 *     capsule_pool_close(pool, 5000, &error);
 *     capsule_pool_release(pool);
 *
 * An acquisition is served from the idle sessions at once, or waits in line: first come, first served. A thread of the pool makes
 * sessions ahead of need: `min_idle`, and more while acquisitions come faster than that covers, up to `max_sessions`.
 */
#ifndef CAPSULE_POOL_H
#define CAPSULE_POOL_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A pool: a token, never dereferenced. */
typedef struct capsule_pool capsule_pool;

/** @brief One place in a pool's line: a token, never dereferenced. */
typedef struct capsule_acquisition capsule_acquisition;

/** @brief What becomes of a session that is given back. */
enum {
  /**
   * Its process ends, and another session takes its place that is a fork of the first one as it stood after the warm-up: whatever the
   * code did in memory is gone. Such forks are made ahead, so that nobody waits for them while there are idle ones.
   */
  CAPSULE_RESET_PRISTINE = 0,
  /** Nothing: who acquires it next finds all that was left. For callers that trust each other. */
  CAPSULE_RESET_KEEP = 1,
  /**
   * Names bound since the warm-up are unbound, and those of the warm-up bound as they were. What was done to objects and modules
   * stays, as do the sources in `In`. Python only.
   */
  CAPSULE_RESET_CLEAR_NAMES = 2,
  /** Its process ends, and another takes its place that runs imports and warm-up itself: for code that does not survive forks. */
  CAPSULE_RESET_NEW_PROCESS = 3
};

/** @brief As `timeout_ms` of an acquisition: what the pool's options say. */
#define CAPSULE_POOL_TIMEOUT (-2)

/** @brief Longest key of an acquisition, in bytes. */
#define CAPSULE_POOL_KEY_SIZE 256

/** @brief Options of a pool; capsule_pool_options_init() fills the defaults. */
typedef struct capsule_pool_options {
  /** `sizeof(capsule_pool_options)`. */
  uint32_t struct_size;
  /** Sessions to keep idle, 0 … `max_sessions`. Default 2. */
  uint32_t min_idle;
  /** Most sessions there are at once, 1 … 10,000; those whose process is just ending do not count. Default 10. */
  uint32_t max_sessions;
  /** `CAPSULE_RESET_…`. Default pristine. */
  int32_t reset;
  /** How its sessions are opened; NULL for the defaults. `wait_ready` does not matter. */
  const capsule_session_options *session;
  /**
   * Modules to import at the warm-up, before `warmup`, `import_count` of them; Python only. They are imported once and shared by
   * all sessions, but by those of `CAPSULE_START_SPAWN` and `CAPSULE_RESET_NEW_PROCESS`, which import them each. No name is bound.
   * capsule_pool_list_imports() tells what became of each.
   */
  const capsule_text *imports;
  /** Number of `imports`, 0 … 4,096. */
  size_t import_count;
  /** Code that runs behind the imports; what it binds is there for every acquisition. Default empty. */
  capsule_text warmup;
  /** Time that each import, and the code, may take, 1 … 86,400,000. Default 30,000. */
  int64_t warmup_timeout_ms;
  /** 1: an import that fails is a session that could not be made. 0: it is told of, and the pool goes on without. Default 0. */
  uint32_t imports_fatal;
  /** 1: capsule_pool_create() begins to fill the pool. 0: the first acquisition does. Default 1. */
  uint32_t pre_warm;
  /** Time after which an idle session beyond what is needed is let go, 1 … 86,400,000, or 0 for never. Default 300,000. */
  int64_t idle_timeout_ms;
  /**
   * Time between looks at the idle sessions, 10 … 86,400,000. Each look makes them answer, which keeps their pages in memory and finds
   * those that hang. Default 60,000. Deaths are noticed when they happen.
   */
  int64_t health_interval_ms;
  /** Time that an acquisition waits where it does not say: -1 for no limit, or 0 … 86,400,000. Default 30,000. */
  int64_t acquire_timeout_ms;
  /** Executions of its callers after which a session is replaced when it is given back; 0 for no limit. Default 100. */
  uint64_t recycle_executions;
  /** Age at which a session is replaced, once it is idle, 1 … 31,536,000,000, or 0 for no limit (default). */
  int64_t recycle_age_ms;
  /** Growth of private memory since the session was new at which it is replaced, once it is idle; 0 for no limit (default). */
  uint64_t recycle_growth_bytes;
  /** Private memory beyond which a session is replaced, once it is idle; 0 for no limit (default). Known from heartbeats. */
  uint64_t session_memory_bytes;
  /**
   * Private memory of all sessions together beyond which none is made while there is any, and idle ones are let go; 0 for no limit
   * (default).
   */
  uint64_t pool_memory_bytes;
  /** Most acquisitions that may wait at once, 0 … 1,000,000. Default 10,000. */
  uint32_t max_waiters;
  /** Failures to make a session, one after the other, that open the breaker, 1 … 1,000. Default 3. */
  uint32_t breaker_failures;
  /** Its first pause, 1 … 86,400,000; it doubles with each failure that follows, and varies by a quarter at random. Default 200. */
  int64_t breaker_pause_ms;
  /** Its longest pause, `breaker_pause_ms` … 86,400,000. Default 30,000. */
  int64_t breaker_pause_max_ms;
  /** Bytes of the pool's trace (trace.h), 0 for none, or 4 KiB … 1 GiB. Default 256 KiB. */
  uint32_t trace_bytes;
  /** Reserved, zero. */
  uint32_t reserved;
  /**
   * What its metrics and those of its sessions are counted under, up to 64 bytes: the label `pool`. Pools of one name are added up. Default
   * empty: `unnamed`. Not `none`.
   */
  capsule_text name;
} capsule_pool_options;

/** @brief Options of an acquisition; capsule_acquire_options_init() fills the defaults. */
typedef struct capsule_acquire_options {
  /** `sizeof(capsule_acquire_options)`. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** -1 for no limit, 0 to look, 1 … 86,400,000, or `CAPSULE_POOL_TIMEOUT` (default). */
  int64_t timeout_ms;
  /**
   * Whom it is for, at most `CAPSULE_POOL_KEY_SIZE` bytes: of the idle sessions the one that was last given back for the same key comes
   * first. It matters where sessions are used again (`CAPSULE_RESET_KEEP`, `_CLEAR_NAMES`). Default empty.
   */
  capsule_text key;
} capsule_acquire_options;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_pool_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_pool_options_init(capsule_pool_options *options, uint32_t struct_size);

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_acquire_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_acquire_options_init(capsule_acquire_options *options, uint32_t struct_size);

/**
 * @brief Creates a pool and its thread; does not wait for sessions: capsule_pool_wait_ready() does.
 *
 * @param runtime A runtime, which lives until the pool is released.
 * @param options NULL for the defaults.
 * @param[out] pool The new handle, NULL on failure; ended with capsule_pool_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any
 * thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_create(capsule_runtime *runtime, const capsule_pool_options *options,
                                               capsule_pool **pool, capsule_error *error);

/**
 * @brief Waits until `min_idle` sessions were made, or one cannot be. Fills a pool that was not pre-warmed.
 *
 * @param pool A pool.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; what making one failed with, as capsule_pool_acquire(); `CAPSULE_E_CLOSED`;
 * `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_wait_ready(capsule_pool *pool, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Acquires a session: an idle one at once, else the next one in its turn.
 *
 * @param pool A pool.
 * @param options NULL for the defaults.
 * @param[out] session A handle of the session, NULL on failure; ended with capsule_pool_give_back(). Everything that session.h and the
 * other headers do with a session may be done with it.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; `CAPSULE_E_LIMIT` (`max_waiters` wait already); `CAPSULE_E_CLOSED` (the pool is, or its
 * runtime); where none can be made, what making one failed with: `CAPSULE_E_PYTHON`, `CAPSULE_E_WORKER`, `CAPSULE_E_PRELOAD` (an import
 * or the warm-up failed), `CAPSULE_E_STATE` (the warm-up left what a snapshot cannot carry), `CAPSULE_E_TIMEOUT`, `CAPSULE_E_DIED`,
 * `CAPSULE_E_SYSTEM`, with a message that begins with `pool:`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`;
 * `CAPSULE_E_REENTRANT` (with a timeout other than 0, from a callback); `CAPSULE_E_FORKED`. Any thread; waits, unless the timeout is
 * 0. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_acquire(capsule_pool *pool, const capsule_acquire_options *options,
                                                capsule_session **session, capsule_error *error);

/**
 * @brief The same without waiting: takes a place in the line.
 *
 * The place is held until the session is taken by capsule_acquisition_take(), or until it ends otherwise.
 * @param pool A pool.
 * @param options NULL for the defaults.
 * @param[out] acquisition The new handle, NULL on failure; ended with capsule_acquisition_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`, also where the acquisition has failed already: capsule_acquisition_take() tells; `CAPSULE_E_ARGUMENT`;
 * `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_acquire_async(capsule_pool *pool, const capsule_acquire_options *options,
                                                      capsule_acquisition **acquisition, capsule_error *error);

/**
 * @brief Takes the session, once.
 *
 * @param acquisition An acquisition.
 * @param timeout_ms Time to wait for it here: -1 for no limit, 0 to look, or 1 … 86,400,000.
 * @param[out] session As in capsule_pool_acquire().
 * @param error Nullable.
 * @return As capsule_pool_acquire(): `CAPSULE_E_TIMEOUT` where its own time or `timeout_ms` ran out (told apart by the message, and by
 * the descriptor, which is readable once the acquisition has ended); `CAPSULE_E_STATE` (canceled, or the session was taken). Any
 * thread; waits, unless the timeout is 0. Since 0.1.
 */
CAPSULE_API capsule_status capsule_acquisition_take(capsule_acquisition *acquisition, int64_t timeout_ms,
                                                    capsule_session **session, capsule_error *error);

/**
 * @brief A descriptor that becomes and stays readable when the acquisition has ended: with a session, a failure, or a cancel.
 *
 * @param acquisition An acquisition.
 * @param[out] fd For poll(), epoll and event loops; never read, closed by the release.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_acquisition_get_fd(capsule_acquisition *acquisition, int32_t *fd, capsule_error *error);

/**
 * @brief Gives the place in the line up; a session that has come already goes back to the pool. One that has ended stays as it is.
 *
 * @param acquisition An acquisition.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_acquisition_cancel(capsule_acquisition *acquisition, capsule_error *error);

/**
 * @brief Gives the handle back, and cancels the acquisition, if it has not been taken.
 * @param acquisition An acquisition; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_acquisition_release(capsule_acquisition *acquisition);

/**
 * @brief Gives a session back; its handle is no longer valid. What still runs in it is cancelled first. Does not wait.
 *
 * A session whose handle is released by capsule_session_release() instead is given back too, and counted as reclaimed.
 * @param pool The pool that it was acquired from.
 * @param session The session.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE` (it was given back already); `CAPSULE_E_ARGUMENT` (it is of another pool, or of none: its
 * handle stays valid); `CAPSULE_E_CLOSED` (the pool is, and has closed it; the handle stays valid); `CAPSULE_E_FORKED`. Any thread.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_give_back(capsule_pool *pool, capsule_session *session, capsule_error *error);

/**
 * @brief Closes the pool: acquisitions that wait end with `CAPSULE_E_CLOSED`, as do those that come; idle sessions end; those that
 * are acquired may be given back until the deadline, then they are closed. Waits until no process of the pool is left.
 *
 * May be repeated, with a shorter timeout while another thread waits in it. Handles of sessions stay valid and answer
 * `CAPSULE_E_CLOSED`.
 * @param pool A pool.
 * @param timeout_ms 0 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_close(capsule_pool *pool, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Gives the handle back. The pool is closed, with a timeout of 0, when its acquisitions and acquired sessions are released too.
 * @param pool A pool; NULL or a released one is a no-op. Any thread; the last release waits for the processes to end, unless it is made
 * from a notify callback, when they end in the background. Since 0.1.
 */
CAPSULE_API void capsule_pool_release(capsule_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
