/**
 * @file execution.h
 * @brief One source text in a session, and the queue of the events that tell what it does (event.h).
 *
 * An execution that was accepted makes its events in order: `STARTED`, any number of `OUTPUT`, `INPUT`, `DISPLAY` and `PROGRESS`, then
 * exactly one terminal event, `RESULT` or `ERROR`, whatever happens to the worker. (One that never reached the worker has no `STARTED`.)
 * Every byte it printed comes before its terminal event. A submission that is refused makes no event.
 *
 *     capsule_event event = {.struct_size = sizeof event};
 *     while (capsule_execution_next(execution, -1, &event, NULL) == CAPSULE_OK) {
 *       if (event.kind == CAPSULE_EVENT_OUTPUT) fwrite(event.data.data, 1, event.data.size, stdout);
 *       if (event.outcome != 0) break;  // terminal: no other event has an outcome
 *     }
 *     capsule_event_release(&event);
 *
 * Three ways to wait stand on that one queue: a blocking `next`, a descriptor for an event loop, and a notify callback.
 *
 * A source may use `await`, `async for`, `async with` and asynchronous comprehensions at its top level. All such sources of a
 * session run on one asyncio loop on the main thread, each as a task of its own. Tasks that a source leaves behind live until
 * the session closes, which cancels them and waits for them, but run only while that loop does: during later executions on it,
 * and with the session's `idle_tasks` while none runs. Synchronous code stops them as long as it runs, and so does a step of any
 * task that does not await. An exception that leaves such a task is kept for whoever awaits it; `SystemExit` and
 * `KeyboardInterrupt` end the execution under way instead.
 */
#ifndef CAPSULE_EXECUTION_H
#define CAPSULE_EXECUTION_H

#include "capsule/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief An execution: a token, never dereferenced. */
typedef struct capsule_execution capsule_execution;

/** @brief What becomes of what an execution does to its session. */
enum {
  /** It stays, whatever the end. */
  CAPSULE_TRANSACTION_COMMIT = 0,
  /** It is undone where the execution does not end with a result: by an exception, a cancel, its timeout, the worker's death. */
  CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE = 1,
  /** It is undone, whatever the end; the value and the output are delivered. */
  CAPSULE_TRANSACTION_ROLLBACK_ALWAYS = 2
};

/** @brief How much of it is undone. */
enum {
  /**
   * All that is in the memory of the process: objects that were changed in place, modules, the state of libraries, background tasks.
   * Before the code runs a snapshot is taken (snapshot.h says what is in it and when there can be none: the execution then ends
   * unrun, as `TransactionRefused`), which takes the worker's place. Not undone: files, sockets, what was printed. Child
   * processes of the session end.
   */
  CAPSULE_SCOPE_MEMORY = 0,
  /** Which names are bound, and to what objects: these stay as the code left them. Costs a copy of the names; not when the worker dies. */
  CAPSULE_SCOPE_NAMES = 1
};

/** @brief Options of an execution; capsule_execution_options_init() fills the defaults. */
typedef struct capsule_execution_options {
  /** `sizeof(capsule_execution_options)`. */
  uint32_t struct_size;
  /** `CAPSULE_MODE_…`. Default auto: the session's mode. */
  int32_t mode;
  /** File name in tracebacks and `__file__`-less code objects, up to 2,048 bytes without NUL. Default empty: `<execution N>`. */
  capsule_text file_name;
  /**
   * W3C `traceparent` of the caller's span. While the code runs it is in `os.environ["TRACEPARENT"]`, and so in the environment of child
   * processes. Empty (default): one is made, that capsule_session_get_trace_context() tells; it is there too, until the next execution,
   * unless the session's environment or code in it has set the variable.
   */
  capsule_text traceparent;
  /** W3C `tracestate`, up to 512 bytes, or empty (default); needs a `traceparent`. In `os.environ["TRACESTATE"]`. */
  capsule_text tracestate;
  /** Time the code may run once started, 1 … 31,536,000,000; 0 for no limit (default). Time in the queue does not count. */
  int64_t timeout_ms;
  /** As the session's; 0 for the session's (default). */
  uint64_t output_budget_bytes;
  /** `CAPSULE_TRANSACTION_…`. Default commit. */
  int32_t transaction;
  /** `CAPSULE_SCOPE_…`. Default memory. */
  int32_t transaction_scope;
  /**
   * Names to bind before the code runs, `input_count` of them, copied by the call. What cannot be bound ends the execution unrun, as
   * `InputRefused`; a transaction undoes them too. Together with the source they may take the runtime's `max_frame_bytes` less 4 KiB,
   * buffers of over 60 KiB not counted. Default none.
   */
  const capsule_input *inputs;
  /** Number of `inputs`, 0 … `CAPSULE_MAX_INPUTS`. */
  size_t input_count;
  /**
   * `CAPSULE_VALUE_…`: as what the value of a `RESULT` is wanted in `value`, besides its `repr`; there is no `json` then. Texts, JSON and
   * bytes may take half of the runtime's `max_frame_bytes`, buffers anything. Default `CAPSULE_VALUE_NONE`.
   */
  int32_t result_kind;
  /**
   * 1: the sources of functions, classes and imports of this execution are kept, for checkpoints that another minor version of Python
   * is to restore. 0: they are not. Default 1.
   */
  int32_t capture_sources;
  /**
   * What names this piece of work, at most 1,024 bytes: calls of the host (bridge.h) that it makes have the same keys when it is run
   * again with the same one, in whatever session. Default empty: no other execution has its keys.
   */
  capsule_text idempotency_key;
} capsule_execution_options;

/**
 * @brief Says that an execution's queue is no longer empty.
 *
 * Called on a thread of the library, once for each time the queue goes from empty to not empty. It may only wake somebody:
 * calls that wait answer `CAPSULE_E_REENTRANT` here; capsule_execution_next() with timeout 0 is allowed.
 */
typedef void (*capsule_notify_callback)(void *user_data);

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_execution_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_execution_options_init(capsule_execution_options *options, uint32_t struct_size);

/**
 * @brief Submits a source text. It runs when those before it have ended.
 *
 * @param session A session, in any state from creating to idle, or while it restarts.
 * @param source UTF-8 text without NUL; may not be empty (a text of white space or comments may be given, and has no value).
 * @param source_size Its length in bytes; at most the runtime's `max_frame_bytes` less 4 KiB.
 * @param options NULL for the defaults.
 * @param[out] execution The new handle, NULL on failure; ended with capsule_execution_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (NULL, empty, not UTF-8, an option out of range); `CAPSULE_E_LIMIT` (source too
 * large, or with its inputs, or more than 16 large buffers); `CAPSULE_E_BUSY` (queue full); `CAPSULE_E_DIED` (restart first); `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; does not wait. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_create(capsule_session *session, const char *source, size_t source_size,
                                                    const capsule_execution_options *options, capsule_execution **execution,
                                                    capsule_error *error);

/**
 * @brief Takes the next event.
 *
 * Frees what `event` held, then waits. Several threads may drain one queue with a struct each: every event goes to one of them.
 * Taking output is what lets the worker send more (see `output_window_bytes`).
 *
 * @param execution An execution.
 * @param timeout_ms -1 for no limit, 0 to look, or 1 … 86,400,000.
 * @param[in,out] event Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT` (`event` is empty, nothing was lost); `CAPSULE_E_END` (the terminal event was taken
 * before, and no late output can come, see `late_output`); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE` (also when it is released while waiting); `CAPSULE_E_REENTRANT` (with a
 * timeout other than 0, from a callback); `CAPSULE_E_FORKED`. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_next(capsule_execution *execution, int64_t timeout_ms, capsule_event *event,
                                                  capsule_error *error);

/**
 * @brief A descriptor for an event loop: readable while the queue is not empty, and from the moment that capsule_execution_next() would
 * answer `CAPSULE_E_END` or an error.
 *
 * Made at the first call, level-triggered, owned by the execution and closed with its release; never read, written or closed
 * by the caller. Once it is readable, call capsule_execution_next() with timeout 0 until it answers `CAPSULE_E_TIMEOUT` or
 * `CAPSULE_E_END`.
 *
 * @param execution An execution.
 * @param[out] fd The descriptor, -1 on failure.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_get_fd(capsule_execution *execution, int32_t *fd, capsule_error *error);

/**
 * @brief Sets or removes the callback that says the queue is no longer empty.
 *
 * If events are waiting it is called once at once, on the caller's thread.
 *
 * @param execution An execution.
 * @param callback The function, or NULL. When this returns from another thread than the callback's, the one before is no longer running.
 * Because it may be called at once, do not hold a lock here that the callback takes.
 * @param user_data Passed to it; must stay valid until the callback is replaced or the execution released; both wait for a call
 * under way on another thread.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_set_notify(capsule_execution *execution, capsule_notify_callback callback,
                                                        void *user_data, capsule_error *error);

/**
 * @brief Answers an input request with one line.
 *
 * Of a durable execution (durable.h) the answer is recorded before the code gets it, which is begun here and not waited for. Where the
 * input's promise was settled by another meanwhile, the code gets that.
 *
 * @param execution An execution.
 * @param input_id The `input_id` of its event.
 * @param text UTF-8 without NUL, and without the newline at its end (one inside is passed on); NULL with size 0 for an empty line.
 * @param text_size Its length in bytes; at most the runtime's `max_frame_bytes` less 4 KiB.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (nobody waits for that input: answered before, cancelled, timed out, or ended); `CAPSULE_E_ARGUMENT`;
 * `CAPSULE_E_LIMIT`, also where the store of a durable execution takes no such value: the input stays open; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_FORKED`. Any thread; does not wait. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_answer(capsule_execution *execution, uint64_t input_id, const char *text,
                                                    size_t text_size, capsule_error *error);

/**
 * @brief Declines an input request: `input()` raises EOFError.
 * @param execution An execution.
 * @param input_id The `input_id` of its event.
 * @param error Nullable.
 * @return As capsule_execution_answer(). Any thread; does not wait. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_decline(capsule_execution *execution, uint64_t input_id, capsule_error *error);

/**
 * @brief Ends the execution: KeyboardInterrupt first, the worker's death when the grace period is over.
 *
 * Returns at once; the terminal event tells what was needed. A queued execution ends without running. One that has ended is left
 * alone and counted. Repeated, the earlier deadline holds. The interrupt breaks Python code, sleeps, and blocking calls
 * that Python can interrupt, and never hits another execution; code that swallows it, or C code that does not return, is killed.
 * Code that awaits gets `asyncio.CancelledError` where it does, in the execution's own task only (tasks it created live on, unless
 * what it awaits cancels them, as `asyncio.gather` does); code that keeps the loop from coming round for 10 ms gets
 * KeyboardInterrupt, be it this task or another. Both are told as KeyboardInterrupt.
 *
 * @param execution An execution.
 * @param grace_ms -1 for the session's `cancel_grace_ms`, 0 to kill at once, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`, also when it has ended; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_cancel(capsule_execution *execution, int64_t grace_ms, capsule_error *error);

/**
 * @brief Raises KeyboardInterrupt once in the running code, as Ctrl-C does in a terminal; the code may catch it and go on.
 *
 * Code that awaits gets `asyncio.CancelledError`, as in capsule_execution_cancel().
 * @param execution An execution.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` when it is not running; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_interrupt(capsule_execution *execution, capsule_error *error);

/**
 * @brief The execution's number in its session, from 1.
 * @param execution An execution.
 * @param[out] id The number, 0 on failure.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_execution_get_id(capsule_execution *execution, uint64_t *id, capsule_error *error);

/**
 * @brief Gives the handle back. The code goes on: its remaining output is dropped and counted, its input requests are declined.
 * A thread that waits in capsule_execution_next() gets `CAPSULE_E_HANDLE`.
 * @param execution An execution; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_execution_release(capsule_execution *execution);

#ifdef __cplusplus
}
#endif
#endif
