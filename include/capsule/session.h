/**
 * @file session.h
 * @brief A session: one Python process with a namespace that persists between executions.
 */
#ifndef CAPSULE_SESSION_H
#define CAPSULE_SESSION_H

#include "capsule/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A session: a token, never dereferenced. */
typedef struct capsule_session capsule_session;

/** @brief A bridge to functions of the host, see bridge.h: a token, never dereferenced. */
typedef struct capsule_bridge capsule_bridge;

/** @brief What runs the source text. */
enum {
  /** Python. */
  CAPSULE_EXECUTOR_PYTHON = 0,
  /** A tiny line language without Python, for tests of hosts and bindings; see worker/executor/echo.hpp. */
  CAPSULE_EXECUTOR_ECHO = 1
};

/** @brief How the worker process is born. */
enum {
  /** Forked from a zygote that has imported the preloaded modules once: about a millisecond. */
  CAPSULE_START_FORK = 0,
  /** A fresh interpreter, for code that does not survive forks; preloaded modules are imported anew and may keep their threads. */
  CAPSULE_START_SPAWN = 1
};

/** @brief What a `print` does that finds the output queue full. What is written at descriptor level always waits. */
enum {
  /** It waits, without the GIL, until there is room; a cancel ends the wait. */
  CAPSULE_OUTPUT_BLOCK = 0,
  /**
   * What does not fit is dropped and counted. Where something is missing, one line on stderr says how much:
   * `[capsule: N bytes of output dropped]`.
   */
  CAPSULE_OUTPUT_DROP_NEW = 1,
  /**
   * It raises `OutputBackpressureExceeded`, a RuntimeError that is a builtin of the session (`capsule.OutputBackpressureExceeded` as the
   * type of an error); nothing of that write is printed.
   */
  CAPSULE_OUTPUT_ERROR = 2,
  /**
   * The oldest that was printed and not yet sent is dropped and counted until there is room; the same line says how much. What is being
   * sent when the worker dies may be lost with it, under this policy alone.
   */
  CAPSULE_OUTPUT_DROP_OLDEST = 3
};

/**
 * @brief What becomes of output that is written after its execution has ended: by a thread, a task, `atexit`; at descriptor level, as
 * by a child process, while no execution runs (while one runs, it is that one's own).
 */
enum {
  /**
   * It goes to the execution that runs then, as an event with `late` = 1 that names its own execution in `writer_execution_id`; while
   * none runs it is dropped and counted.
   */
  CAPSULE_LATE_ADOPT = 0,
  /**
   * It goes to its own execution's handle, with `late` = 1, behind the terminal event: capsule_execution_next() then answers
   * `CAPSULE_E_END` only once the worker is gone. What was written at descriptor level while no execution ran belongs to the
   * one that ended last. An eighth of `output_window_bytes`, and one piece of output, may wait to be taken so; what comes beyond is
   * dropped and counted.
   */
  CAPSULE_LATE_DELIVER = 1,
  /** It is dropped and counted. */
  CAPSULE_LATE_DROP = 2
};

/** @brief Bits of `async_flags`. */
enum {
  /** A top-level `def` whose own body awaits is compiled as `async def`. */
  CAPSULE_ASYNC_REWRITE_DEF = 1,
  /** A top-level `name = lambda: await …` without parameters is compiled as an `async def`. */
  CAPSULE_ASYNC_REWRITE_LAMBDA = 2,
  /** A call counts as blocking even where its name was bound to something else before, at module level. */
  CAPSULE_ASYNC_NO_OVERSHADOW_GUARD = 4,
  /** `module.function()` counts as blocking even where the source itself does not import the module. */
  CAPSULE_ASYNC_NO_IMPORT_REQUIREMENT = 8,
  /** No log record tells of blocking code. The counters move all the same. */
  CAPSULE_ASYNC_NO_BLOCKING_WARNINGS = 16,
  /**
   * An execution on the event loop whose output cannot be drained in `drain_timeout_ms` waits on instead of ending as
   * `OutputDrainTimeout`: it is logged as `drain_timeout_suppressed_in_async_wrapper`, once an execution, and counted.
   */
  CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT = 32
};

/** @brief How a source is run. */
enum {
  /** On the session's event loop where it awaits at its top level, else synchronously. For an execution: as the session says. */
  CAPSULE_MODE_AUTO = 0,
  /** Synchronously, with no loop running; `await` at the top level is a SyntaxError, as in plain Python. */
  CAPSULE_MODE_SYNC = 1,
  /**
   * On the session's event loop, whatever it is: `asyncio.create_task` and `asyncio.get_running_loop` work without an `await`, and
   * `asyncio.run` does not, as a loop is running.
   */
  CAPSULE_MODE_ASYNC = 2
};

/** @brief What a session does when its worker has died, unless the execution that it died of is rolled back (see execution.h). */
enum {
  /** It is in error until capsule_session_restart(), and what was queued ends. */
  CAPSULE_RESTART_MANUAL = 0,
  /** It begins anew, empty, and what was queued runs there. */
  CAPSULE_RESTART_FRESH = 1,
  /** It goes back to the last of its snapshots that is left; where there is none, it begins anew, empty. */
  CAPSULE_RESTART_SNAPSHOT = 2,
  /**
   * It begins anew with the last of the checkpoints that it keeps (capsule_session_keep_checkpoint()); where there is none, or it
   * cannot be restored, empty.
   */
  CAPSULE_RESTART_CHECKPOINT = 3
};

/** @brief The life of a session. */
enum {
  /** The worker process is being made. */
  CAPSULE_SESSION_CREATING = 1,
  /** The process exists and is getting ready. */
  CAPSULE_SESSION_WARMING = 2,
  /** Ready; nothing has run since the worker was born. */
  CAPSULE_SESSION_READY = 3,
  /** An execution is running. */
  CAPSULE_SESSION_BUSY = 4,
  /** Nothing is running; something has. */
  CAPSULE_SESSION_IDLE = 5,
  /** The worker died or could not be started; capsule_session_restart() leads out. */
  CAPSULE_SESSION_ERROR = 6,
  /** Closing. */
  CAPSULE_SESSION_SHUTTING_DOWN = 7,
  /** Closed: final. */
  CAPSULE_SESSION_TERMINATED = 8
};

/** @brief Options of a session; capsule_session_options_init() fills the defaults. Sessions with the same interpreter,
 * preload, environment and folder share a zygote. */
typedef struct capsule_session_options {
  /** `sizeof(capsule_session_options)`. */
  uint32_t struct_size;
  /** `CAPSULE_EXECUTOR_…`. Default Python. */
  int32_t executor;
  /** `CAPSULE_START_…`. Default fork. */
  int32_t start;
  /** Executions that may wait behind the running one, 0 … 65,536; with 0 a second one is refused as busy. Default 64. */
  uint32_t queue_limit;
  /**
   * The interpreter, as a path or a name on the PATH. Default empty: `CAPSULE_PYTHON` from the environment, else the first
   * `python3` on the PATH that is a supported version (CPython 3.11 or later, not free-threaded). A virtual environment's
   * interpreter keeps its site-packages.
   */
  capsule_text python;
  /** Modules to import before the first session starts, `preload_count` of them. Default none. */
  const capsule_text *preload;
  /** Number of `preload`. */
  size_t preload_count;
  /**
   * Preloaded modules that may leave native threads running without a warning, `native_thread_allow_count` of them. Such
   * threads do not exist in forked sessions. The remedy, where a library's pool is configurable, is one thread at preload
   * (as by `OPENBLAS_NUM_THREADS=1`), else `CAPSULE_START_SPAWN`. Default none.
   */
  const capsule_text *native_thread_allow;
  /** Number of `native_thread_allow`. */
  size_t native_thread_allow_count;
  /** `NAME=value` texts added to the host's environment for the worker, `environment_count` of them. Default none. */
  const capsule_text *environment;
  /** Number of `environment`. */
  size_t environment_count;
  /** The worker's current folder. Default empty: the host's. */
  capsule_text working_directory;
  /** Time a worker has to get ready, 1 … 86,400,000, the zygote's start and preload included. Default 10,000. */
  int64_t start_timeout_ms;
  /** Time between a cancel or timeout and the kill, 0 … 86,400,000. Default 500. */
  int64_t cancel_grace_ms;
  /** Time between heartbeats, 10 … 3,600,000. Default 5,000. */
  uint32_t heartbeat_interval_ms;
  /** 1: capsule_session_open() returns when the worker is ready or failed. 0: at once. Default 1. */
  uint32_t wait_ready;
  /**
   * Output bytes that may be on their way to the caller: sent by the worker and not yet taken by
   * capsule_execution_next(), 64 KiB … 1 GiB. Beside its bytes each piece of output counts 96, and each piece of a display or of progress
   * 768, about what its event takes of memory. So the host holds up to about twice this for a session's output; displays that are larger
   * than an eighth of it may take as much again, and one display. Default 1 MiB.
   */
  uint64_t output_window_bytes;
  /**
   * Output bytes that may wait in the worker behind that, 64 KiB … 1 GiB; beyond it `output_policy` holds. As much again of what is
   * written at descriptor level. Lost by no death of the worker. Default 4 MiB.
   */
  uint64_t output_queue_bytes;
  /**
   * Executions that may start a second, by a token bucket that starts full: 0 for no limit (default), or 0.001 … 1,000,000,000.
   * Those that must wait stay queued, in order; control messages are never limited.
   */
  double rate_limit_per_s;
  /** Executions that may start at once before the limit shows, 1 … 1,000,000. Default 100. */
  uint32_t rate_limit_burst;
  /** 1: keep the opt-in metrics (capsule_session_get_limiter_metrics()). Default 0. */
  uint32_t enable_metrics;
  /** `CAPSULE_OUTPUT_…`. Default block. */
  int32_t output_policy;
  /** `CAPSULE_MODE_…` of executions that name none. Default auto. */
  int32_t mode;
  /**
   * 1: tasks that executions left on the event loop also go on while no execution runs; what they print then is late output, and
   * `SystemExit` or `KeyboardInterrupt` of one is printed and ends that one only. An execution starts when the step of a task that
   * runs at that moment is over. 0: only while a later execution runs on the loop. Default 0.
   */
  uint32_t idle_tasks;
  /** `CAPSULE_LATE_…`. Default adopt. */
  int32_t late_output;
  /**
   * Output bytes of one execution that reach the host, 1 KiB … 1 GiB, 0 for no limit (default). Of more, the first half and the
   * last half are delivered, cut between characters: the first at once, the last at its end, behind a line on stderr that says how many
   * bytes and lines were left out: `[capsule: N bytes in M lines of output left out]`. Displays do not count. Of the last half at most
   * 4,096 pieces are kept, or one for each 96 bytes if that is more: output that alternates between streams or threads is one piece each time.
   */
  uint64_t output_budget_bytes;
  /**
   * 1: of text that carriage returns would overwrite on a terminal, only the last of what is sent at once is sent; what was left out
   * is counted. 0 (default): all of it.
   */
  uint32_t coalesce_carriage_returns;
  /** Bits of `CAPSULE_ASYNC_…`. Default 0. */
  uint32_t async_flags;
  /**
   * Time the output before a terminal event may take without any progress while the worker has credit to send, 1 … 86,400,000, or 0
   * for no limit: then the execution ends as an `OutputDrainTimeout`, with the rest of its output behind it, as late output. A host
   * that does not take events gives no credit, and is waited for as long as it takes. Default 2,000.
   */
  int64_t drain_timeout_ms;
  /** Time that code waits for a line of input before TimeoutError, 1 … 31,536,000,000, or 0 for no limit. Default 300,000. */
  int64_t input_timeout_ms;
  /** Most bytes of one display, all its parts together, 1 KiB … 1 GiB; what is larger is left out of it. Default 16 MiB. */
  uint64_t display_limit_bytes;
  /**
   * Events a second that one progress bar makes at most, 0.1 … 1,000,000; 0 for no limit. Values in between are passed over, the last
   * one never. Default 20.
   */
  double progress_rate_per_s;
  /** Syntax trees kept for sources that come again, 0 … 65,536. Default 100. */
  uint32_t ast_cache_entries;
  /** Compiled sources kept for the same, 0 … 65,536. Default 100. */
  uint32_t code_cache_entries;
  /** Snapshots that capsule_session_snapshot() keeps, 0 … 1,024: with one more, the oldest is let go. Default 16. */
  uint32_t snapshot_limit;
  /** `CAPSULE_RESTART_…`. Default manual. */
  int32_t restart_policy;
  /** Checkpoints that the session keeps, 1 … 1,024: with one more, the oldest is let go. Default 16. */
  uint32_t checkpoint_limit;
  /**
   * Bytes of the session's trace (trace.h), 0 for none, or 4 KiB … 1 GiB. Default 256 KiB. Beside it a session's telemetry takes at most
   * 64 KiB for its worker's recorder and the counters; the names in its trace, and its post-mortems, come to that where there are any.
   */
  uint32_t trace_bytes;
  /**
   * Memory that the session's snapshots may take together (`proportional_bytes` of each), or 0 for no limit (default): where
   * capsule_session_snapshot() finds more, the oldest are let go until it fits, the new one never. Looked at then only; it grows as
   * the session changes its pages.
   */
  uint64_t snapshot_memory_limit_bytes;
  /** The bridge to the host's capabilities (bridge.h). Default NULL: none. */
  capsule_bridge *bridge;
  /** What the session may call of it, `rule_count` of them. Default none, and so nothing. */
  const capsule_rule *rules;
  /** Number of `rules`, 0 … 4,096. */
  size_t rule_count;
  /** The least severe events that the trace records, `CAPSULE_LOG_DEBUG` … `CAPSULE_LOG_OFF` (log.h). Default `CAPSULE_LOG_INFO`. */
  int32_t trace_level;
  /** How a worker's events come to the trace: `CAPSULE_TRACE_BY_MEMORY` (default), `CAPSULE_TRACE_BY_MESSAGES` (trace.h). */
  int32_t trace_transport;
} capsule_session_options;

/** @brief Bytes of the inline texts of `capsule_session_info`, their NUL included. */
enum { CAPSULE_INFO_TEXT_SIZE = 64 };

/** @brief What is known of a session: one consistent snapshot. Counters cover all its workers, restarts included. */
typedef struct capsule_session_info {
  /** `sizeof(capsule_session_info)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_SESSION_…`. */
  int32_t state;
  /** Number of the session in its runtime, from 1. */
  uint64_t session_id;
  /** Process id of the live worker, or 0. */
  int32_t pid;
  /** `CAPSULE_EXECUTOR_…`. */
  int32_t executor;
  /** When the session was opened, CLOCK_MONOTONIC. */
  uint64_t created_ns;
  /** When an execution was last accepted or ended, CLOCK_MONOTONIC; 0 for never. */
  uint64_t last_used_ns;
  /** When the live worker became ready, CLOCK_MONOTONIC; 0 for never. */
  uint64_t ready_ns;
  /** Id of the running execution, or 0. */
  uint64_t current_execution_id;
  /** Executions waiting. */
  uint64_t executions_queued;
  /** Executions handed to a worker. */
  uint64_t executions_started;
  /** Ended with a result. */
  uint64_t executions_succeeded;
  /** Ended with a Python exception. */
  uint64_t executions_failed;
  /** Ended by a cancel, those still queued included. */
  uint64_t executions_canceled;
  /** Ended by their timeout. */
  uint64_t executions_timed_out;
  /** Ended because the host closed or restarted the session. */
  uint64_t executions_killed;
  /** Ended because the worker died. */
  uint64_t executions_died;
  /** Submissions refused as `CAPSULE_E_BUSY` (queue full) or `CAPSULE_E_LIMIT` (source too large); no others are counted. */
  uint64_t executions_refused;
  /** Cancels that found the execution already over. */
  uint64_t cancels_noop;
  /** Times the session was restarted: by capsule_session_restart(), or by its `restart_policy`. */
  uint64_t restarts;
  /** Frames to and from the workers. */
  uint64_t frames_sent;
  /** Frames from the workers. */
  uint64_t frames_received;
  /** Frames of kinds this library does not know, skipped. */
  uint64_t frames_unknown;
  /** Frames refused: too large or malformed. */
  uint64_t frames_rejected;
  /** Bytes to the workers. */
  uint64_t bytes_sent;
  /** Bytes from the workers. */
  uint64_t bytes_received;
  /** Output bytes received, displays and progress as they are encoded among them. */
  uint64_t output_bytes;
  /** Of these, bytes that came when no execution was there to take them, or `late_output` says to drop them, and were dropped. */
  uint64_t late_output_bytes;
  /** Output bytes dropped because the execution's handle was released before they were taken. */
  uint64_t abandoned_output_bytes;
  /** Output bytes of dead workers that were read from shared memory or the capture pipes. */
  uint64_t recovered_output_bytes;
  /** Input requests made. */
  uint64_t input_requests;
  /** Heartbeats received. */
  uint64_t heartbeats;
  /** When the last heartbeat came, CLOCK_MONOTONIC; 0 for none. The first comes 50 ms after the worker is ready. */
  uint64_t heartbeat_ns;
  /** From the last heartbeat: resident memory. */
  uint64_t resident_bytes;
  /** From the last heartbeat: private memory (resident pages not shared with the zygote or files). */
  uint64_t private_bytes;
  /** From the last heartbeat: user and system CPU time since the worker's birth. */
  uint64_t cpu_ns;
  /** From the last heartbeat: CPU use over the last interval, 0 … number of cores. */
  double cpu_ratio;
  /** From the last heartbeat: names in the namespace, dunders included, when an execution last ended. */
  uint64_t namespace_size;
  /** From the last heartbeat: age of the execution then running, or 0. */
  uint64_t execution_age_ns;
  /** From the last heartbeat: threads of the worker process. */
  uint32_t threads;
  /** How the last worker died: `CAPSULE_DEATH_…`, 0 for none (see event.h). */
  int32_t death_reason;
  /** Interpreter version, as `"3.11.2"`; empty before the first worker was ready. */
  char python_version[CAPSULE_INFO_TEXT_SIZE];
  /** Type of the last Python exception that ended an execution, cancels and timeouts not counted; empty for none. */
  char last_error_type[CAPSULE_INFO_TEXT_SIZE];
  /** Output bytes delivered as late output. */
  uint64_t late_output_delivered_bytes;
  /** Output bytes left out for `output_budget_bytes`. */
  uint64_t left_out_output_bytes;
  /** Output bytes that were not UTF-8 and were replaced in the text of their event. */
  uint64_t invalid_output_bytes;
  /** Displays and progress events delivered. */
  uint64_t displays;
  /** Displays that did not arrive whole and were dropped. */
  uint64_t displays_incomplete;
  /** The session that this one branched from, or 0. */
  uint64_t parent_session_id;
  /** Snapshots taken by capsule_session_snapshot(). */
  uint64_t snapshots;
  /** Of these, those that were let go for `snapshot_limit` or `snapshot_memory_limit_bytes`. */
  uint64_t snapshots_evicted;
  /** Times the session went back to a snapshot by capsule_session_restore(). */
  uint64_t restores;
  /** Executions that were rolled back. */
  uint64_t rollbacks;
  /** Checkpoints made of the session. */
  uint64_t checkpoints;
  /** Names that had to be left out of them. */
  uint64_t checkpoint_entries_skipped;
  /** Checkpoints that could not be made. */
  uint64_t checkpoints_failed;
  /** Checkpoints restored in the session, by its `restart_policy` too. */
  uint64_t checkpoint_restores;
  /** Of which none could be restored. */
  uint64_t checkpoint_restores_failed;
  /** Checkpoints that were let go for `checkpoint_limit`. */
  uint64_t checkpoints_evicted;
  /** Calls of the host. */
  capsule_bridge_figures bridge;
  /** Interceptors that it has now. */
  uint64_t interceptors;
  /** Calls of any interceptor that returned an error. */
  uint64_t interceptor_errors;
  /** Events of its trace that there ever were (trace.h). */
  uint64_t trace_events;
  /** Of these, they are stored. The others went to make room or were lost: `capsule_trace_info` says how. */
  uint64_t trace_events_stored;
  /** Bytes that those take. */
  uint64_t trace_stored_bytes;
  /**
   * What its durable executions (durable.h) asked of their stores: to claim the promise of each and to settle it, to look up and to record
   * each call of the host and each input.
   */
  uint64_t durable_operations;
  /** Of these, they failed: the store could not be reached or written, or somebody else has the execution. */
  uint64_t durable_failures;
} capsule_session_info;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_session_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_session_options_init(capsule_session_options *options, uint32_t struct_size);

/**
 * @brief Opens a session: starts its worker and, with `wait_ready`, waits until it can run code.
 *
 * Without `wait_ready` the session is `CREATING`, executions may be submitted at once, and a failure to start ends them with
 * outcome `CAPSULE_OUTCOME_DIED`, the reason in the message.
 *
 * @param runtime A runtime.
 * @param options NULL for the defaults.
 * @param[out] session The new handle, NULL on failure; ended with capsule_session_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_CLOSED`; `CAPSULE_E_PYTHON`; `CAPSULE_E_WORKER`;
 * `CAPSULE_E_PRELOAD`; `CAPSULE_E_PROTOCOL`; `CAPSULE_E_TIMEOUT` (not ready in `start_timeout_ms`); `CAPSULE_E_SYSTEM`;
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_REENTRANT` (with `wait_ready`, from a callback); `CAPSULE_E_FORKED`. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_open(capsule_runtime *runtime, const capsule_session_options *options,
                                                capsule_session **session, capsule_error *error);

/**
 * @brief Waits until the session is ready, idle, or has failed to start.
 *
 * @param session A session.
 * @param timeout_ms -1 for no limit, 0 to look, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK` when ready, busy or idle; `CAPSULE_E_TIMEOUT`; the status that opening failed with; `CAPSULE_E_DIED`;
 * `CAPSULE_E_CLOSED`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT` (with a timeout other than 0);
 * `CAPSULE_E_FORKED`. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_wait_ready(capsule_session *session, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Ends the worker, if it lives, and starts another with a fresh namespace; waits until it is ready.
 *
 * The running execution, if any, ends with outcome `CAPSULE_OUTCOME_KILLED`; queued ones stay queued and run in the new worker.
 *
 * @param session A session.
 * @param error Nullable.
 * @return As capsule_session_open(); `CAPSULE_E_CLOSED` after a close; `CAPSULE_E_BUSY` while another thread restarts it.
 * Waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_restart(capsule_session *session, capsule_error *error);

/**
 * @brief Closes the session: queued executions end as killed, the running one may end by itself until the deadline, then the
 * worker runs its `atexit` functions and exits; what is not gone at the deadline is killed with its process group. Waits.
 *
 * May be repeated. Events that were queued can still be drained.
 *
 * @param session A session.
 * @param timeout_ms 0 … 86,400,000; 0 kills at once.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_close(capsule_session *session, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Sets the least severe level that is logged of the session, in the place of the sink's: more than of others, or less.
 * @param session A session.
 * @param level `CAPSULE_LOG_DEBUG` … `CAPSULE_LOG_OFF` (log.h), or 0 for the sink's.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_set_log_level(capsule_session *session, int32_t level, capsule_error *error);

/**
 * @brief Gives the handle back. The session is closed, with a timeout of 0 and without waiting, when its executions are
 * released too.
 * @param session A session; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_session_release(capsule_session *session);

/**
 * @brief Copies what is known of the session, closed ones included. Never waits for the worker.
 * @param session A session.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_info(capsule_session *session, capsule_session_info *info, capsule_error *error);

/**
 * @brief The name of a session state, as in `"shutting_down"`.
 * @param state `CAPSULE_SESSION_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_session_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
