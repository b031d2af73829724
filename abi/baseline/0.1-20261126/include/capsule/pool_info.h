/**
 * @file pool_info.h
 * @brief What a pool tells of itself: its counters, its status, its sessions, its imports.
 */
#ifndef CAPSULE_POOL_INFO_H
#define CAPSULE_POOL_INFO_H

#include "capsule/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What stands between the pool and an interpreter that does not start; see `breaker_failures`. */
enum {
  /** Sessions are made as they are needed. */
  CAPSULE_BREAKER_CLOSED = 0,
  /** None is tried until the pause is over; acquisitions that only a new session could serve fail at once with the cause. */
  CAPSULE_BREAKER_OPEN = 1,
  /** The pause is over, and one is tried. */
  CAPSULE_BREAKER_HALF_OPEN = 2
};

/** @brief Number of `acquire_buckets`: from 1 µs by factors of 2 to 67 s, and one for what is beyond. */
#define CAPSULE_POOL_BUCKETS 28

/**
 * @brief What a pool has counted, and what it holds: numbers only, copied at one moment, so that sums add up:
 * - attempts = successes + timeouts + canceled + refused + errors + waiters_now;
 * - successes = hits + misses = given_back + reclaimed + sessions_active;
 * - creations_requested = sessions_created + creations_failed + creations_abandoned + sessions_warming;
 * - sessions_created = sessions_idle + sessions_active + sessions_resetting + sessions_removed;
 * - sessions_removed = removed_used + sessions_recycled + sessions_restarted + removed_by_health + removed_idle + removed_at_close.
 */
typedef struct capsule_pool_metrics {
  /** `sizeof(capsule_pool_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Sessions that wait to be acquired. */
  uint32_t sessions_idle;
  /** Acquired, and not given back. */
  uint32_t sessions_active;
  /** Being made. */
  uint32_t sessions_warming;
  /** Given back, or looked at, and not idle yet. */
  uint32_t sessions_resetting;
  /** All of these. */
  uint32_t sessions_total;
  /** Acquisitions that wait. */
  uint32_t waiters_now;
  /** Most that ever did at once. */
  uint32_t waiters_peak;

  /** Sessions that were asked for: by the warm-up or by an acquisition. */
  uint64_t creations_requested;
  /** Of these, they became ready. */
  uint64_t sessions_created;
  /** Of these, without an acquisition that waited for them when they were asked for. */
  uint64_t sessions_created_from_warmup;
  /** They could not be made. */
  uint64_t creations_failed;
  /** They were given up when the pool was closed. */
  uint64_t creations_abandoned;
  /** Times `pool_memory_bytes` put off making one. */
  uint64_t creations_refused_memory;
  /** Times the breaker did. */
  uint64_t creations_refused_breaker;
  /** Sessions let go, for whatever reason. */
  uint64_t sessions_removed;
  /** Of these, given back under pristine or new process. */
  uint64_t removed_used;
  /** For `recycle_executions`, `recycle_age_ms` or `recycle_growth_bytes`. */
  uint64_t sessions_recycled;
  /** They had died, had been closed or restarted by their caller, or could not be reset; another takes their place. */
  uint64_t sessions_restarted;
  /** Idle ones that hung, or were over a memory budget. */
  uint64_t removed_by_health;
  /** Idle for `idle_timeout_ms`. */
  uint64_t removed_idle;
  /** When the pool was closed. */
  uint64_t removed_at_close;

  /** Acquisitions begun. */
  uint64_t acquisition_attempts;
  /** They got a session. */
  uint64_t acquisition_successes;
  /** At once. */
  uint64_t pool_hits;
  /** After a wait. */
  uint64_t pool_misses;
  /** Of the hits, one that had been given back for the same key. */
  uint64_t affinity_hits;
  /** Their time ran out. */
  uint64_t acquisition_timeouts;
  /** They were canceled, or their handle was released before they got one. */
  uint64_t acquisition_canceled;
  /** The pool was closed, or `max_waiters` waited. */
  uint64_t acquisition_refused;
  /** No session could be made. */
  uint64_t acquisition_errors;
  /** Sessions given back by capsule_pool_give_back(). */
  uint64_t given_back;
  /** Sessions whose handle was released instead, or that were not given back when the pool was closed. */
  uint64_t reclaimed;
  /** Of both, they were busy, and were cancelled. */
  uint64_t given_back_busy;
  /** Time from the beginning of the successful acquisitions to their end, added up. */
  uint64_t acquire_total_ns;
  /** The longest. */
  uint64_t acquire_max_ns;
  /** How many took up to 1 µs, 2 µs, 4 µs, … 67 s, and more. */
  uint64_t acquire_buckets[CAPSULE_POOL_BUCKETS];
  /** Upper bound of the bucket that holds the median; 0 for none. */
  uint64_t acquire_p50_ns;
  /** Of 95 of 100. */
  uint64_t acquire_p95_ns;
  /** Of 99 of 100. */
  uint64_t acquire_p99_ns;

  /** Executions that callers started in sessions since given back. */
  uint64_t executions;
  /** Times that a lack of sessions was told to the pool's thread while it did not know of one. */
  uint64_t warmup_triggers;
  /** Times that it looked how many are lacking. */
  uint64_t warmup_loop_iterations;
  /** Times that something to look at was told to it, other than by the interval. */
  uint64_t health_check_triggers;
  /** Looks at the idle sessions. */
  uint64_t health_check_runs;
  /** Idle sessions made to answer. */
  uint64_t health_touches;
  /** Times the breaker opened. */
  uint64_t breaker_opened;

  /** Private memory of the sessions by their last heartbeats, when it was last looked at. */
  uint64_t memory_bytes;

  /** pool_hits / acquisition_successes; this and all that follow are 0 where the divisor is. */
  double hit_rate;
  /** acquire_total_ns / acquisition_successes. */
  double acquire_avg_ns;
  /** warmup_loop_iterations / warmup_triggers. */
  double warmup_iterations_per_trigger;
  /** sessions_created / creations_requested. */
  double created_per_requested;
  /** health_check_runs / health_check_triggers. */
  double health_runs_per_trigger;
  /** (removed_by_health + removed_idle) / health_check_runs. */
  double removed_per_health_run;
} capsule_pool_metrics;

/** @brief Size of `last_error` in bytes, its NUL included. */
#define CAPSULE_POOL_ERROR_SIZE 512

/** @brief A pool's configuration and status; what it counted is in capsule_pool_metrics. */
typedef struct capsule_pool_info {
  /** `sizeof(capsule_pool_info)`, set by the caller. */
  uint32_t struct_size;
  /** 0: open; 1: closing; 2: closed. */
  int32_t state;
  /** The options. */
  uint32_t min_idle;
  /** The options. */
  uint32_t max_sessions;
  /** The options. */
  int32_t reset;
  /** The options. */
  uint32_t imports_fatal;
  /** The options. */
  uint32_t pre_warm;
  /** The options. */
  uint32_t max_waiters;
  /** The options. */
  int64_t warmup_timeout_ms;
  /** The options. */
  int64_t idle_timeout_ms;
  /** The options. */
  int64_t health_interval_ms;
  /** The options. */
  int64_t acquire_timeout_ms;
  /** The options. */
  uint64_t recycle_executions;
  /** The options. */
  int64_t recycle_age_ms;
  /** The options. */
  uint64_t recycle_growth_bytes;
  /** The options. */
  uint64_t session_memory_bytes;
  /** The options. */
  uint64_t pool_memory_bytes;
  /** The options. */
  int64_t breaker_pause_ms;
  /** The options. */
  int64_t breaker_pause_max_ms;
  /** The options. */
  uint32_t breaker_failures;

  /** Sessions that wait to be acquired. */
  uint32_t sessions_idle;
  /** Acquired, and not given back. */
  uint32_t sessions_active;
  /** Being made. */
  uint32_t sessions_warming;
  /** Given back, or looked at, and not idle yet. */
  uint32_t sessions_resetting;
  /** All of these. */
  uint32_t sessions_total;
  /** Acquisitions that wait. */
  uint32_t waiters_now;
  /** Sessions that the pool wants idle now: `min_idle`, or more where acquisitions come fast. */
  uint32_t target_idle;
  /** Modules imported at the last warm-up. */
  uint32_t imports_done;
  /** Modules that could not be. */
  uint32_t imports_failed;
  /** `CAPSULE_BREAKER_…`. */
  int32_t breaker_state;
  /** Failures since the last session that was made. */
  uint32_t failures_in_a_row;
  /** Status of the last failure, `CAPSULE_OK` for none yet. */
  int32_t last_error_status;
  /** When the breaker's pause ends, CLOCK_MONOTONIC; 0 while it is closed. */
  uint64_t breaker_until_ns;
  /** Acquisitions a second, of late. */
  double arrivals_per_s;
  /** Private memory of the sessions by their last heartbeats, when it was last looked at. */
  uint64_t memory_bytes;
  /** What the last failure said, empty for none yet. */
  char last_error[CAPSULE_POOL_ERROR_SIZE];
  /** Calls of the host by sessions that the pool has, and has had. */
  capsule_bridge_figures bridge;
} capsule_pool_info;

/** @brief Why a session left its pool, in the pool's trace. */
enum {
  /** It was used, and the next gets a new one. */
  CAPSULE_REMOVAL_USED = 1,
  /** Its age, growth or executions. */
  CAPSULE_REMOVAL_RECYCLED = 2,
  /** It died, was restarted or restored, or could not be used when it came back. */
  CAPSULE_REMOVAL_LOST = 3,
  /** A look at it: it hung, or took too much memory. */
  CAPSULE_REMOVAL_HEALTH = 4,
  /** Nobody wanted it. */
  CAPSULE_REMOVAL_IDLE = 5,
  /** The pool was closed. */
  CAPSULE_REMOVAL_CLOSE = 6
};

/** @brief Where a session of a pool stands. */
enum {
  /** It is being made, or runs imports and warm-up. */
  CAPSULE_POOLED_WARMING = 1,
  /** It waits to be acquired. */
  CAPSULE_POOLED_IDLE = 2,
  /** It is acquired. */
  CAPSULE_POOLED_ACTIVE = 3,
  /** It was given back, or is looked at. */
  CAPSULE_POOLED_RESETTING = 4
};

/** @brief One session of a pool. */
typedef struct capsule_pool_session {
  /** As in capsule_session_info. */
  uint64_t session_id;
  /** Its process, or 0. */
  int32_t pid;
  /** `CAPSULE_POOLED_…`. */
  int32_t state;
  /** When it was asked for, CLOCK_MONOTONIC. */
  uint64_t created_ns;
  /** Since when it is in this state. */
  uint64_t since_ns;
  /** Times it was acquired. */
  uint64_t acquisitions;
  /** Executions that ran in it, imports and warm-up included. */
  uint64_t executions;
  /** Private memory by its last heartbeat, 0 before the first. */
  uint64_t private_bytes;
  /** 1 when it was last acquired with a key. */
  int32_t keyed;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_pool_session;

/** @brief Holds the memory of a list. */
struct capsule_pool_storage;

/** @brief The sessions of a pool. */
typedef struct capsule_pool_sessions {
  /** `sizeof(capsule_pool_sessions)`, set by the caller. */
  uint32_t struct_size;
  /** Size of one of `sessions`, set by the library. */
  uint32_t session_size;
  /** `count` of them, owned by this struct until capsule_pool_sessions_release(). */
  const capsule_pool_session *sessions;
  /** Their number. */
  size_t count;
  /** The library's. */
  struct capsule_pool_storage *storage;
} capsule_pool_sessions;

/** @brief What became of one of a pool's imports at its last warm-up. */
typedef struct capsule_pool_import {
  /** Its name. */
  capsule_text module;
  /** The exception that it raised, as `ModuleNotFoundError: …`; empty where it was imported. */
  capsule_text error;
  /** Time it took, with what it imports itself. */
  uint64_t duration_ns;
  /** 1 when it was imported. */
  int32_t imported;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_pool_import;

/** @brief The imports of a pool. */
typedef struct capsule_pool_imports {
  /** `sizeof(capsule_pool_imports)`, set by the caller. */
  uint32_t struct_size;
  /** Size of one of `imports`, set by the library. */
  uint32_t import_size;
  /** `count` of them in the order of the options, owned by this struct until capsule_pool_imports_release(). */
  const capsule_pool_import *imports;
  /** Their number: those that the warm-up has come to. */
  size_t count;
  /** The library's. */
  struct capsule_pool_storage *storage;
} capsule_pool_imports;

/**
 * @brief Copies what the pool has counted.
 * @param pool A pool, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_get_metrics(capsule_pool *pool, capsule_pool_metrics *metrics, capsule_error *error);

/**
 * @brief Copies the pool's configuration and status.
 * @param pool A pool, closed ones included.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_get_info(capsule_pool *pool, capsule_pool_info *info, capsule_error *error);

/**
 * @brief Lists the sessions that the pool has now.
 * @param pool A pool, closed ones included.
 * @param[in,out] sessions Its `struct_size` set by the caller; what it held is not released. Ended with
 * capsule_pool_sessions_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_list_sessions(capsule_pool *pool, capsule_pool_sessions *sessions,
                                                      capsule_error *error);

/**
 * @brief Frees what a list holds and empties it; `struct_size` stays.
 * @param sessions NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_pool_sessions_release(capsule_pool_sessions *sessions);

/**
 * @brief Tells what became of each import at the last warm-up.
 * @param pool A pool, closed ones included.
 * @param[in,out] imports Its `struct_size` set by the caller; what it held is not released. Ended with
 * capsule_pool_imports_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_list_imports(capsule_pool *pool, capsule_pool_imports *imports, capsule_error *error);

/**
 * @brief Frees what a list holds and empties it; `struct_size` stays.
 * @param imports NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_pool_imports_release(capsule_pool_imports *imports);

/**
 * @brief The name of a breaker's state, as in `"half_open"`.
 * @param state `CAPSULE_BREAKER_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_breaker_state_name(int32_t state);

/**
 * @brief The name of where a session of a pool stands, as in `"active"`.
 * @param state `CAPSULE_POOLED_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_pooled_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
