/**
 * @file event.h
 * @brief What an execution tells: its events, and how it ended.
 */
#ifndef CAPSULE_EVENT_H
#define CAPSULE_EVENT_H

#include "capsule/value.h"

#ifdef __cplusplus
extern "C" {
#endif

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
  /** Terminal: time the main thread waited for the host's answers to its calls (bridge.h). */
  uint64_t promise_wait_ns;
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
  /** INPUT, of a durable execution: the id of its promise, by which another may answer it (durable.h); absent for a secret one. */
  capsule_text input_promise;
} capsule_event;

/**
 * @brief Frees what an event holds and empties it; `struct_size` stays.
 * @param event NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_event_release(capsule_event *event);

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
