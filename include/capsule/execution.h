/**
 * @file execution.h
 * @brief One source text in a session, and the events that tell what it does.
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

#include "capsule/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief An execution: a token, never dereferenced. */
typedef struct capsule_execution capsule_execution;

/** @brief What an event tells. */
enum {
  /** The source was handed to the worker. */
  CAPSULE_EVENT_STARTED = 1,
  /** Output: `stream`, `data`. */
  CAPSULE_EVENT_OUTPUT = 2,
  /** The code waits for a line of input: `input_id`, `prompt`, `secret`. */
  CAPSULE_EVENT_INPUT = 3,
  /** Terminal: the code ran to its end. `repr`, `type_name`, `json`. */
  CAPSULE_EVENT_RESULT = 4,
  /** Terminal: anything else. `outcome` says what; `error_type`, `message`, `traceback`. */
  CAPSULE_EVENT_ERROR = 5,
  /**
   * Something to show, in order with the output: `parts`, `display_id`, `update`, `is_result`, `metadata`. Made by `display(obj)`, by
   * matplotlib figures, and right before a `RESULT` whose value has more to show than its `repr`.
   */
  CAPSULE_EVENT_DISPLAY = 6,
  /**
   * How far the code has come: `progress_value`, `progress_total`, `progress_label`, `display_id`. Made by `progress(…)`, at most
   * `progress_rate_per_s` of the session each second.
   */
  CAPSULE_EVENT_PROGRESS = 7
};

/** @brief Where output was written. */
enum { CAPSULE_STREAM_STDOUT = 1, CAPSULE_STREAM_STDERR = 2 };

/** @brief What wrote output. */
enum {
  /** The execution's own code, on the main thread. */
  CAPSULE_ORIGIN_MAIN = 1,
  /** Another thread: `writer_id` is its native id. It writes for the execution that started it, or that gave it work as a pool's. */
  CAPSULE_ORIGIN_THREAD = 2,
  /** A task or callback on the event loop other than the execution's own: `writer_id` is the task's number in the session. */
  CAPSULE_ORIGIN_TASK = 3,
  /** Something at descriptor level: C code, `os.write`, a child process. It counts for the execution that runs then. */
  CAPSULE_ORIGIN_DESCRIPTOR = 4,
  /** The library: a notice of what was dropped or left out. */
  CAPSULE_ORIGIN_LIBRARY = 5
};

/** @brief What a source is, as found in its syntax tree. The first that fits. */
enum {
  /** It was not looked at: its mode was forced, it never came to run, or its worker died. */
  CAPSULE_CODE_UNCLASSIFIED = 0,
  /** It awaits at its top level. */
  CAPSULE_CODE_TOP_LEVEL_AWAIT = 1,
  /** It defines a coroutine function, at any depth. */
  CAPSULE_CODE_ASYNC_DEF = 2,
  /**
   * It imports or calls what is known to block: imports `requests`, `urllib`, `socket`, `subprocess`, `sqlite3`, `psycopg2`, `pymongo`,
   * `redis`, `time`, `os`, `shutil` or `pathlib`; or calls `open`, `input`, `time.sleep`, `os.system`, `urllib.….urlopen`, a request of
   * `requests`, what runs or waits in `subprocess` and `socket`, or what reads or writes in `pathlib`.
   */
  CAPSULE_CODE_BLOCKING_SYNC = 3,
  /** None of these. */
  CAPSULE_CODE_SIMPLE_SYNC = 4,
  /** It is no valid Python. */
  CAPSULE_CODE_UNKNOWN = 5
};

/** @brief One representation of a displayed object. */
typedef struct capsule_mime_part {
  /** MIME type, as `text/html`. */
  capsule_text mime_type;
  /** UTF-8 for text types, JSON text for JSON types, the bytes themselves (not base64) for all others. */
  capsule_text data;
} capsule_mime_part;

/** @brief How an execution ended. */
enum {
  /** It ran to its end; the event is a `RESULT`. */
  CAPSULE_OUTCOME_OK = 1,
  /** A Python exception, `SystemExit` and a `KeyboardInterrupt` of its own included. */
  CAPSULE_OUTCOME_ERROR = 2,
  /** Its cancel was effective; `cancel_phase` says which step was needed. */
  CAPSULE_OUTCOME_CANCELED = 3,
  /** Its timeout ended it; `cancel_phase` says which step was needed. */
  CAPSULE_OUTCOME_TIMEOUT = 4,
  /** The host closed or restarted the session. */
  CAPSULE_OUTCOME_KILLED = 5,
  /**
   * The worker died or could not be started; `death_reason` says why. Executions still queued when a worker dies, also by a
   * cancel's or timeout's kill, end so.
   */
  CAPSULE_OUTCOME_DIED = 6
};

/** @brief How far a cancel or timeout had to go. */
enum {
  /** None was asked for. */
  CAPSULE_CANCEL_NONE = 0,
  /** The execution was still queued and never ran. */
  CAPSULE_CANCEL_QUEUED = 1,
  /** It was delivered, but the code came to an end of its own first, be it by another exception than the interrupt. */
  CAPSULE_CANCEL_DELIVERED = 2,
  /** `KeyboardInterrupt` ended the code. */
  CAPSULE_CANCEL_INTERRUPTED = 3,
  /** The grace period ended; the worker was killed with its process group. */
  CAPSULE_CANCEL_KILLED = 4
};

/** @brief Why a worker died. */
enum {
  /** It did not. */
  CAPSULE_DEATH_NONE = 0,
  /** It exited: `exit_code`. */
  CAPSULE_DEATH_EXIT = 1,
  /** A signal ended it: `signal_number`. */
  CAPSULE_DEATH_SIGNAL = 2,
  /** It ran out of memory. */
  CAPSULE_DEATH_MEMORY_LIMIT = 3,
  /** It used up its CPU time (`SIGXCPU`). */
  CAPSULE_DEATH_CPU_LIMIT = 4,
  /** It sent what the protocol does not allow, and was killed. */
  CAPSULE_DEATH_PROTOCOL = 5,
  /** The host asked for it: cancel, timeout, close, restart. */
  CAPSULE_DEATH_HOST_REQUEST = 6,
  /** It never became ready. */
  CAPSULE_DEATH_START = 7,
  /** It is gone, and nobody was left who could say how. */
  CAPSULE_DEATH_UNKNOWN = 8
};

/** @brief What became of the session's namespace. */
enum {
  /** As the code left it. */
  CAPSULE_STATE_PRESERVED = 1,
  /** Gone with the worker. */
  CAPSULE_STATE_LOST = 2,
  /** As it was before the execution, see `transaction`. */
  CAPSULE_STATE_ROLLED_BACK = 3,
  /** Gone with the worker, and the session has gone back to a snapshot: `restored_snapshot_id` of the event. */
  CAPSULE_STATE_RESTORED = 4
};

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

/** @brief Bits of what code did that no rollback undoes. */
enum {
  /** It opened a file to write it, or made, moved, changed or removed one. What Python caches of modules does not count. */
  CAPSULE_EFFECT_FILES = 1,
  /** It connected or bound a socket, or sent through one that is not connected. */
  CAPSULE_EFFECT_NETWORK = 2,
  /** It began another process. */
  CAPSULE_EFFECT_PROCESSES = 4,
  /** It sent a signal. */
  CAPSULE_EFFECT_SIGNALS = 8,
  /** It called C code by ctypes, which may do anything. */
  CAPSULE_EFFECT_NATIVE = 16
};

/** @brief Options of an execution; capsule_execution_options_init() fills the defaults. */
typedef struct capsule_execution_options {
  /** `sizeof(capsule_execution_options)`. */
  uint32_t struct_size;
  /** `CAPSULE_MODE_…`. Default auto: the session's mode. */
  int32_t mode;
  /** File name in tracebacks and `__file__`-less code objects, up to 2,048 bytes without NUL. Default empty: `<execution N>`. */
  capsule_text file_name;
  /** W3C `traceparent` of the caller's span, or empty (default). While the code runs it is in `os.environ["TRACEPARENT"]`. */
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
} capsule_execution_options;

/** @brief What an event's texts live in; opaque. */
typedef struct capsule_event_storage capsule_event_storage;

/**
 * @brief One event. Fields that the kind does not name are zero.
 *
 * Set `struct_size` and zero the rest before the first use (`capsule_event event = {.struct_size = sizeof event};`). The texts belong to the
 * struct: they stay valid until it is passed to capsule_execution_next() again or to capsule_event_release(), whatever happens
 * to the execution, the session or the runtime meanwhile. The struct may be moved: copied bitwise, if only one of the two is used
 * from then on. It is used by one thread at a time.
 */
typedef struct capsule_event {
  /** `sizeof(capsule_event)`, set by the caller; at least up to `time_ns`. What lies behind the library's own fields is zeroed. */
  uint32_t struct_size;
  /** `CAPSULE_EVENT_…`; 0 when the struct holds no event. */
  int32_t kind;
  /** What the texts live in; set and cleared by the library only. */
  capsule_event_storage *storage;
  /** Number of the execution in its session, from 1, restarts included; refused submissions take none. */
  uint64_t execution_id;
  /** Number of the event in its execution, from 1, without gaps. */
  uint64_t sequence;
  /** When the worker sent it, or, for `STARTED` and for ends the host decided, when the host made it. CLOCK_MONOTONIC. */
  uint64_t time_ns;

  /** OUTPUT: `CAPSULE_STREAM_…`. */
  int32_t stream;
  /** INPUT: 1 when the answer should not be shown (`getpass`). */
  int32_t secret;
  /**
   * OUTPUT: text in the order written, always UTF-8 and never empty; an event ends between two characters. Bytes that are not
   * UTF-8, which code can write at descriptor level or as bytes, are replaced by U+FFFD as Python's `errors="replace"` does.
   */
  capsule_text data;
  /** INPUT: what capsule_execution_answer() wants. */
  uint64_t input_id;
  /** INPUT: the prompt. It is not in the output as well. */
  capsule_text prompt;

  /**
   * RESULT: `repr` of the trailing expression's value, cut between two characters where it does not fit in a frame; `data` is NULL
   * where there is no value or it is None. A `repr` that fails is told of in its place; one that exits makes the execution an `ERROR`.
   */
  capsule_text repr;
  /** RESULT: qualified type name of the value, as `int` or `numpy.ndarray`; absent with `repr`. */
  capsule_text type_name;
  /**
   * RESULT: the value as JSON on one line, where it has one that fits; otherwise, as for NaN and infinities, `data` is NULL, and so it
   * is where there is no value or it is None.
   */
  capsule_text json;
  /** RESULT: length of the whole `repr` in bytes; more than `repr.size` when it was cut. */
  uint64_t repr_size_bytes;

  /** ERROR: qualified type of the exception, as `ZeroDivisionError`; `TimeoutError`, `WorkerDied`, `WorkerKilled` for such ends. */
  capsule_text error_type;
  /** ERROR: `str` of the exception, or a sentence. */
  capsule_text message;
  /**
   * ERROR: the traceback as Python prints it, newline at the end, with the user's lines and no frames of the engine; that of the
   * KeyboardInterrupt where a cancel or timeout ended the code; absent where the worker died.
   */
  capsule_text traceback;

  /** Terminal: `CAPSULE_OUTCOME_…`. */
  int32_t outcome;
  /** Terminal: `CAPSULE_CANCEL_…`. */
  int32_t cancel_phase;
  /** Terminal: `CAPSULE_DEATH_…`. */
  int32_t death_reason;
  /** Terminal: 1 when `death_reason` is known for certain, 0 when inferred or when there was no death. */
  int32_t death_certain;
  /** Terminal: exit status of the worker, or of the `SystemExit` (1 for `sys.exit("text")`, with the text in `message`). */
  int32_t exit_code;
  /** Terminal: the signal that ended the worker, or 0. */
  int32_t signal_number;
  /**
   * Terminal: `CAPSULE_STATE_…`. When it is lost with the worker, the session is in error by now and may be restarted; or is ready again
   * and empty, as its `restart_policy` says.
   */
  int32_t state;
  /** Terminal: reserved, zero. */
  int32_t reserved;
  /** Terminal: time waited in the queue. */
  uint64_t queue_ns;
  /** Terminal: time from start to end, measured in the worker; by the host where the worker could not say. */
  uint64_t duration_ns;
  /** Terminal: output bytes of the execution on stdout, as written; late output and the library's notices do not count. */
  uint64_t stdout_bytes;
  /** Terminal: output bytes of the execution on stderr. */
  uint64_t stderr_bytes;

  /** Terminal: newlines in the execution's output on stdout. */
  uint64_t stdout_lines;
  /** Terminal: newlines in the execution's output on stderr. */
  uint64_t stderr_lines;
  /** Terminal: time the main thread waited for answers to input requests. Absent, as all below, where the worker died. */
  uint64_t input_wait_ns;
  /**
   * Terminal: 1 when the seven fields below were measured: not for an execution shorter than 500 µs. They may include what shorter
   * ones right before used, of up to 500 µs in all.
   */
  int32_t resources_measured;
  /** Terminal: reserved, zero. */
  int32_t reserved_bill;
  /** Terminal: user CPU time of the worker process, all threads, as getrusage() tells it. */
  uint64_t user_cpu_ns;
  /** Terminal: its system CPU time. */
  uint64_t system_cpu_ns;
  /** Terminal: by how much its peak of resident memory rose. */
  uint64_t peak_resident_delta_bytes;
  /** Terminal: page faults without I/O. */
  uint64_t minor_faults;
  /** Terminal: page faults that needed I/O. */
  uint64_t major_faults;
  /** Terminal: context switches of its own, as for a wait. */
  uint64_t voluntary_switches;
  /** Terminal: context switches forced on it. */
  uint64_t involuntary_switches;

  /** OUTPUT: `CAPSULE_ORIGIN_…`. */
  int32_t origin;
  /** OUTPUT, DISPLAY, PROGRESS: 1 when it was written after its execution had ended. */
  int32_t late;
  /** OUTPUT, DISPLAY, PROGRESS: the execution whose code wrote it; that of the handle unless `late`. */
  uint64_t writer_execution_id;
  /** OUTPUT: as the origin says, else 0. */
  uint32_t writer_id;
  /** OUTPUT: how many bytes of `raw` are not UTF-8. */
  uint32_t invalid_bytes;
  /** OUTPUT: the bytes as they were written; where all are UTF-8, the same as `data`. */
  capsule_text raw;
  /** INPUT: time the code waits for the answer, 0 for no limit. */
  int64_t input_timeout_ms;
  /** DISPLAY: the representations, `part_count` of them, `text/plain` among them unless the code left it out. Live as the texts do. */
  const capsule_mime_part *parts;
  /** DISPLAY: number of `parts`. */
  size_t part_count;
  /** DISPLAY: names the display for updates, or empty. PROGRESS: names the bar where there are several, or empty. */
  capsule_text display_id;
  /** DISPLAY: JSON object of what the code said of the representations (width, height, …), or absent. */
  capsule_text metadata;
  /** DISPLAY: 1 when it takes the place of what was shown under its `display_id`. */
  int32_t update;
  /** DISPLAY: 1 when it is the value of the `RESULT` that follows. */
  int32_t is_result;
  /** PROGRESS: how far. */
  double progress_value;
  /** PROGRESS: of how much; NaN where that is not known. */
  double progress_total;
  /** PROGRESS: what it is about, or empty. */
  capsule_text progress_label;
  /** Terminal: `CAPSULE_CODE_…`. */
  int32_t code_class;
  /** Terminal: reserved, zero. */
  int32_t reserved_class;
  /** Terminal: output bytes that `output_policy` dropped; not in `stdout_bytes` and `stderr_bytes`. */
  uint64_t dropped_output_bytes;
  /** Terminal: output bytes left out for `output_budget_bytes`; they are in `stdout_bytes` and `stderr_bytes`. */
  uint64_t left_out_bytes;
  /** Terminal: newlines in them. */
  uint64_t left_out_lines;
  /** Terminal: the snapshot that the session went back to when its worker had died, or 0. */
  uint64_t restored_snapshot_id;
  /** RESULT: the value as `result_kind` says, NULL where it was not asked for, is None, or is none of that kind. Lives as the texts do. */
  const capsule_value *value;
  /** RESULT: `CAPSULE_OK`, or why there is no `value`: as the status of capsule_session_get(). */
  int32_t value_status;
  /**
   * Terminal, of an execution with a `transaction`: bits of `CAPSULE_EFFECT_…`, as far as Python's audit events tell, also where the
   * worker died. Files and sockets that were open before are not seen, nor what C code does by itself.
   */
  uint32_t effects;
  /** RESULT: a sentence where `value_status` is not `CAPSULE_OK`. */
  capsule_text value_message;
  /** Terminal: the checkpoint that the session went back to when its worker had died: its name; absent where it did not. */
  capsule_text restored_checkpoint;
} capsule_event;

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
 * @brief Frees what an event holds and empties it; `struct_size` stays.
 * @param event NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_event_release(capsule_event *event);

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
 * @param execution An execution.
 * @param input_id The `input_id` of its event.
 * @param text UTF-8 without NUL, and without the newline at its end (one inside is passed on); NULL with size 0 for an empty line.
 * @param text_size Its length in bytes; at most the runtime's `max_frame_bytes` less 4 KiB.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (nobody waits for that input: answered before, cancelled, timed out, or ended); `CAPSULE_E_ARGUMENT`;
 * `CAPSULE_E_LIMIT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; does not wait. Since 0.1.
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

/**
 * @brief The name of an origin of output, as in `"thread"`.
 * @param origin `CAPSULE_ORIGIN_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_origin_name(int32_t origin);

/**
 * @brief The name of what a source is, as in `"top_level_await"`.
 * @param code_class `CAPSULE_CODE_…`.
 * @return A static string; `"unknown"` for other values (and for `CAPSULE_CODE_UNKNOWN`). Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_code_class_name(int32_t code_class);

/**
 * @brief The name of an event kind, as in `"output"`.
 * @param kind `CAPSULE_EVENT_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_event_kind_name(int32_t kind);

/**
 * @brief The name of a stream, as in `"stdout"`.
 * @param stream `CAPSULE_STREAM_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_stream_name(int32_t stream);

/**
 * @brief The name of what became of the namespace, as in `"preserved"`.
 * @param state `CAPSULE_STATE_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_state_name(int32_t state);

/**
 * @brief The name of an outcome, as in `"timeout"`.
 * @param outcome `CAPSULE_OUTCOME_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_outcome_name(int32_t outcome);

/**
 * @brief The name of a cancel phase, as in `"interrupted"`.
 * @param phase `CAPSULE_CANCEL_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_cancel_phase_name(int32_t phase);

/**
 * @brief The name of a death reason, as in `"signal"`.
 * @param reason `CAPSULE_DEATH_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_death_reason_name(int32_t reason);

#ifdef __cplusplus
}
#endif
#endif
