/**
 * @file metrics.h
 * @brief Metrics of workers and of the transport, and all metrics of a runtime as text for Prometheus. SIGNALS.md lists them.
 */
#ifndef CAPSULE_METRICS_H
#define CAPSULE_METRICS_H

#include "capsule/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief What a worker's process told of itself in its last heartbeat, and what the host counted of heartbeats.
 *
 * Heartbeats are sent by a thread that needs no GIL, every `heartbeat_interval_ms`, whatever the code does. All figures but the counters
 * are of the live worker, zero before its first heartbeat.
 */
typedef struct capsule_worker_metrics {
  /** `sizeof(capsule_worker_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_SESSION_…`, as the host knows it now. */
  int32_t state;
  /** Process id of the live worker, or 0. */
  int32_t pid;
  /** Its threads. */
  uint32_t threads;
  /** Descriptors that it has open. */
  uint32_t open_descriptors;
  /** Time between heartbeats that was asked for, in milliseconds. */
  uint32_t heartbeat_interval_ms;
  /** Time since the worker became ready, 0 without one. */
  uint64_t uptime_ns;
  /** Resident memory, shared pages included. */
  uint64_t resident_bytes;
  /** The most there was. A fork begins with what its zygote had. */
  uint64_t peak_resident_bytes;
  /** Resident pages shared with nobody. */
  uint64_t private_bytes;
  /** Resident pages shared with the zygote, other sessions or files. */
  uint64_t shared_bytes;
  /** User and system CPU time since its birth. */
  uint64_t cpu_ns;
  /** CPU use over the last interval, 0 … number of cores. */
  double cpu_ratio;
  /** Names in the namespace, dunders included, when it was last counted: at the end of an execution. */
  uint64_t namespace_size;
  /** How long ago that was, as of now; 0 for never. */
  uint64_t namespace_age_ns;
  /** The execution that ran then, or 0. */
  uint64_t execution_id;
  /** Its age then, or 0. */
  uint64_t execution_age_ns;
  /** When the last heartbeat came, CLOCK_MONOTONIC; 0 for none. */
  uint64_t heartbeat_ns;
  /** How long ago that was, as of now. */
  uint64_t heartbeat_age_ns;
  /** Heartbeats that came, of all workers of the session. */
  uint64_t heartbeats;
  /**
   * Those that did not, of all workers: one for each interval that went by, and half of the next, without one. Counted whenever it is
   * asked for, so that a worker that is stopped or hangs in the kernel shows at once.
   */
  uint64_t heartbeats_missed;
  /** Those that workers could not send because the host did not read, as told by the next that was. */
  uint64_t send_failures;
  /** CPU time of all workers of the session, as of their last heartbeats. */
  uint64_t cpu_total_ns;
} capsule_worker_metrics;

/**
 * @brief Copies them. Never waits for the worker.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_worker_metrics(capsule_session *session, capsule_worker_metrics *metrics,
                                                              capsule_error *error);

/** @brief Bytes of the longer texts of `capsule_worker_info`, their NUL included. */
enum { CAPSULE_WORKER_TEXT_SIZE = 512 };

/** @brief What a worker announced when it became ready; empty before. */
typedef struct capsule_worker_info {
  /** `sizeof(capsule_worker_info)`, set by the caller. */
  uint32_t struct_size;
  /** Process id of the live worker, or 0. */
  int32_t pid;
  /** Version of the interpreter, as `"3.11.2"`. */
  char python_version[CAPSULE_INFO_TEXT_SIZE];
  /** Its path. */
  char python_path[CAPSULE_WORKER_TEXT_SIZE];
  /** The executors that it has, comma-separated, as `"python"`. */
  char executors[CAPSULE_INFO_TEXT_SIZE];
  /** What it can do, comma-separated, as `"execute,input,cancel"`. */
  char features[CAPSULE_WORKER_TEXT_SIZE];
  /** Limits of its process that are not unlimited, comma-separated, as `"nofile=1024,stack=8388608"`: bytes, seconds or a number. */
  char limits[CAPSULE_WORKER_TEXT_SIZE];
  /** Layers of isolation that are active, comma-separated, as `"process,process_group,no_new_privs"`. */
  char isolation[CAPSULE_INFO_TEXT_SIZE];
} capsule_worker_info;

/**
 * @brief Copies what the last worker announced.
 * @param session A session, closed ones included.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_worker_info(capsule_session *session, capsule_worker_info *info,
                                                           capsule_error *error);

/** @brief Room for kinds of messages in `capsule_transport_flow`. */
enum { CAPSULE_MESSAGES = 64 };

/** @brief Frames one way. Never extended. */
typedef struct capsule_transport_flow {
  /** Frames. */
  uint64_t frames;
  /** Their bytes. */
  uint64_t bytes;
  /** Bytes of the largest. */
  uint64_t largest_bytes;
  /** Frames by kind: `messages[i]` is of those that capsule_message_name() names; 0: of a kind that this library does not know. */
  uint64_t messages[CAPSULE_MESSAGES];
} capsule_transport_flow;

/** @brief Why frames were refused; each ends the worker. */
enum {
  /** It is larger than `max_frame_bytes`. */
  CAPSULE_REJECT_OVERSIZE = 0,
  /** No frame is so long. */
  CAPSULE_REJECT_LENGTH = 1,
  /** The verifier refused it. */
  CAPSULE_REJECT_MALFORMED = 2,
  /** Descriptors came that no frame announced. */
  CAPSULE_REJECT_DESCRIPTORS = 3,
  /** A worker does not send such a message, or not there. */
  CAPSULE_REJECT_UNEXPECTED = 4,
  /** It speaks another version of the protocol. */
  CAPSULE_REJECT_VERSION = 5
};

/** @brief Room in `rejected`. */
enum { CAPSULE_REJECTS = 16 };

/** @brief What went between a session's host and its workers, restarts included. */
typedef struct capsule_transport_metrics {
  /** `sizeof(capsule_transport_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** 0 where frames and bytes are of the same moment; 1 where a frame was being counted each time that was tried: they may differ by it. */
  uint32_t stale;
  /** To the workers. */
  capsule_transport_flow sent;
  /** From the workers. */
  capsule_transport_flow received;
  /** Frames refused, by `CAPSULE_REJECT_…`. */
  uint64_t rejected[CAPSULE_REJECTS];
  /** Reads that brought something. */
  uint64_t wakeups;
  /** Of these, they ended in the middle of a frame. */
  uint64_t partial_reads;
  /** Frames that a socket did not take whole at once. */
  uint64_t write_stalls;
  /** Bytes that wait for a socket now. */
  uint64_t queue_bytes;
  /** The most that ever waited for one. */
  uint64_t queue_bytes_max;
  /** Time it took to encode the frames sent; opt-in by `enable_metrics`, else 0. */
  uint64_t encode_ns;
  /** Time it took to verify and decode those received; opt-in as well. */
  uint64_t decode_ns;
} capsule_transport_metrics;

/**
 * @brief Copies them.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_transport_metrics(capsule_session *session, capsule_transport_metrics *metrics,
                                                                 capsule_error *error);

/**
 * @brief The name of a kind of message, as in `"Execute"`.
 * @param message 0 … 63.
 * @return A static string; NULL where there is none. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_message_name(int32_t message);

/** @brief What cancels did; opt-in by `enable_metrics`. */
typedef struct capsule_cancel_metrics {
  /** `sizeof(capsule_cancel_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Executions that a cancel or a timeout reached, each counted once, however often it was asked for. */
  uint64_t triggers;
  /** Executions that ended as canceled. */
  uint64_t executions_canceled;
  /** Of these, they were ended while they waited: in the queue, or for a token. */
  uint64_t waits_interrupted;
} capsule_cancel_metrics;

/**
 * @brief Copies them.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_STATE` (opened without `enable_metrics`); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_cancel_metrics(capsule_session *session, capsule_cancel_metrics *metrics,
                                                              capsule_error *error);

/** @brief Buckets of a `capsule_histogram`. */
enum { CAPSULE_HISTOGRAM_BUCKETS = 28 };

/**
 * @brief Times in nanoseconds, or sizes in bytes, by how large they were: the bounds are those of SIGNALS.md.
 *
 * Never extended: part of other structs.
 */
typedef struct capsule_histogram {
  /** How many. */
  uint64_t count;
  /** All of them added up. */
  uint64_t sum;
  /**
   * How many by size, each in one bucket: `buckets[i]` those that are at most 2^i µs, of sizes 64 × 2^i bytes, and larger than the bound
   * before; the last one those beyond too.
   */
  uint64_t buckets[CAPSULE_HISTOGRAM_BUCKETS];
} capsule_histogram;

/** @brief Executions that ended, of one kind of code (`CAPSULE_CODE_…`, event.h). Never extended: part of another struct. */
typedef struct capsule_execution_totals {
  /** `CAPSULE_OUTCOME_OK`. */
  uint64_t ok;
  /** `CAPSULE_OUTCOME_ERROR`. */
  uint64_t errors;
  /** `CAPSULE_OUTCOME_CANCELED`. */
  uint64_t canceled;
  /** `CAPSULE_OUTCOME_TIMEOUT`. */
  uint64_t timed_out;
  /** `CAPSULE_OUTCOME_KILLED`. */
  uint64_t killed;
  /** `CAPSULE_OUTCOME_DIED`. */
  uint64_t died;
} capsule_execution_totals;

/** @brief Output of one stream. Never extended: part of another struct. */
typedef struct capsule_output_totals {
  /** Pieces that were printed or captured. */
  uint64_t enqueued;
  /** Pieces that workers sent. */
  uint64_t sent;
  /** Their bytes. */
  uint64_t bytes_sent;
  /** Writes of which something was dropped, the newest (`CAPSULE_OUTPUT_DROP_NEW`). */
  uint64_t dropped_newest;
  /** The same, the oldest (`CAPSULE_OUTPUT_DROP_OLDEST`). */
  uint64_t dropped_oldest;
  /** Writes that raised (`CAPSULE_OUTPUT_ERROR`). */
  uint64_t refused;
} capsule_output_totals;

/** @brief Room in `worker_deaths`. */
enum { CAPSULE_DEATHS = 16 };

/**
 * @brief What a runtime has counted over all of its sessions, those included that are gone, and what it holds for all this now.
 *
 * These are figures that no struct of one session, pool or bridge has, or that are told there for its last execution or worker alone. The same are in the text of capsule_runtime_get_prometheus(), by
 * pool.
 */
typedef struct capsule_runtime_metrics {
  /** `sizeof(capsule_runtime_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Sessions that are closed: their worker went by itself when it was told to, or there was none. */
  uint64_t sessions_closed;
  /** Sessions that are closed, and whose worker was killed for it when the time for closing was over. */
  uint64_t sessions_killed;
  /** Sessions that are closed, and were in `CAPSULE_SESSION_ERROR` before. */
  uint64_t sessions_failed;
  /** From asking for a worker until it was ready, restarts included: workers that a zygote forked. */
  capsule_histogram start_fork;
  /** Of workers started as a process of their own. */
  capsule_histogram start_spawn;
  /** Of workers forked from a snapshot or a template. */
  capsule_histogram start_restore;
  /** Bytes of the checkpoints made, before they are compressed. */
  capsule_histogram checkpoint_size;
  /** Time it took to make them. */
  capsule_histogram checkpoint_duration;
  /** Rise of the most resident memory by each execution that was measured, in bytes: `peak_resident_delta_bytes` of its bill (event.h). */
  capsule_histogram execution_peak_resident_delta;
  /** The most resident memory that one worker had, as of heartbeats. */
  uint64_t worker_peak_resident_bytes;
  /** What durable executions (durable.h) asked of their stores, as in capsule_session_info. */
  uint64_t durable_operations;
  /** Of these, they failed. */
  uint64_t durable_failures;
  /** Memory of events that exporters have not written, of all of them together. */
  uint64_t exporter_queue_bytes;
  /** Memory held for traces, counters, the audit's ring and exporters. */
  uint64_t telemetry_memory_bytes;
  /** Workers that died, by `CAPSULE_DEATH_…` (event.h). */
  uint64_t worker_deaths[CAPSULE_DEATHS];
  /** Cancels and timeouts that ended the code. */
  uint64_t cancels_effective;
  /** Of others: it was over before they reached it. */
  uint64_t cancels_noop;
  /** Of others: its worker had to be killed. */
  uint64_t cancels_killed;
  /** Executions whose code was found to be `CAPSULE_CODE_TOP_LEVEL_AWAIT`. */
  capsule_execution_totals top_level_await;
  /** `CAPSULE_CODE_ASYNC_DEF`. */
  capsule_execution_totals async_def;
  /** `CAPSULE_CODE_BLOCKING_SYNC`. */
  capsule_execution_totals blocking_sync;
  /** `CAPSULE_CODE_SIMPLE_SYNC`. */
  capsule_execution_totals simple_sync;
  /** `CAPSULE_CODE_UNKNOWN`, and those whose code was not looked at. */
  capsule_execution_totals unknown;
  /** Time that executions ran, whatever their code; those that never started are not in it. */
  capsule_histogram execution_duration;
  /** Time that they waited before. */
  capsule_histogram execution_queue;
  /** CPU time, user and system, of those that were measured: that ran 500 µs and more. */
  capsule_histogram execution_cpu;
  /** Time that executions waited for input, as their bills (event.h) tell it. */
  uint64_t input_wait_ns;
  /** Time that they waited for answers of the host. */
  uint64_t promise_wait_ns;
  /** Lines that they wrote to stdout until they ended. */
  uint64_t stdout_lines;
  /** Lines to stderr. */
  uint64_t stderr_lines;
  /** Page faults without input or output, of executions that were measured. */
  uint64_t minor_faults;
  /** Page faults with it. */
  uint64_t major_faults;
  /** Context switches of those that were measured, as they waited. */
  uint64_t voluntary_switches;
  /** Context switches as others had their turn. */
  uint64_t involuntary_switches;
  /** Output on stdout. */
  capsule_output_totals standard_output;
  /** Output on stderr. */
  capsule_output_totals standard_error;
  /** Displays. */
  capsule_output_totals displays;
} capsule_runtime_metrics;

/**
 * @brief Adds them up. Each session is locked for the copying of its counters alone, one after the other. No counter is ever less than it was.
 * @param runtime A runtime, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_get_metrics(capsule_runtime *runtime, capsule_runtime_metrics *metrics,
                                                       capsule_error *error);

/** @brief Holds the memory of a text. */
struct capsule_metrics_storage;

/** @brief A text that the library made. */
typedef struct capsule_metrics_text {
  /** `sizeof(capsule_metrics_text)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** The text, owned by this struct until capsule_metrics_text_release(). */
  capsule_text text;
  /** The library's. */
  struct capsule_metrics_storage *storage;
} capsule_metrics_text;

/**
 * @brief All metrics of a runtime in Prometheus' text format, version 0.0.4 (`text/plain; version=0.0.4`): what its sessions, pools and
 * bridges have counted, those included that are gone, and what the library counts of itself.
 *
 * No name of a session or an execution is in it, nor anything of what code handled. Each session is locked for the copying of its
 * counters alone, one after the other: no writer waits longer than for that. A counter is never less than it was in the text before.
 *
 * @param runtime A runtime, closed ones included.
 * @param[in,out] text Its `struct_size` set by the caller; what it held is not released. Ended with capsule_metrics_text_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_get_prometheus(capsule_runtime *runtime, capsule_metrics_text *text,
                                                          capsule_error *error);

/**
 * @brief Frees what a text holds and empties it; `struct_size` stays.
 * @param text NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_metrics_text_release(capsule_metrics_text *text);

#ifdef __cplusplus
}
#endif
#endif
