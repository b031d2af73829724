/**
 * @file exporter.h
 * @brief Exporters: the events of a runtime's sessions, written to a file or handed to the host as they become complete.
 *
 * Any number of them may run. Each has a queue of its own, which is bounded, and a thread: what cannot keep up loses events, which is
 * counted, and never holds an execution up or changes it. An execution's events are handed on all together when it has ended, those of
 * the session itself, and those of pools, as they come. Numbers and states only, as in trace.h; sessions without a trace (`trace_bytes` = 0) export nothing.
 *
 * The names that events have numbers of are told as the session's introspection policy shows them when the events are handed on: at the
 * level of counts of `trace`, the default, and below it, not at all (introspection.h).
 */
#ifndef CAPSULE_EXPORTER_H
#define CAPSULE_EXPORTER_H

#include "capsule/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief An exporter: a token, never dereferenced. */
typedef struct capsule_exporter capsule_exporter;

/** @brief Where it writes. */
enum {
  /** To a function of the host. */
  CAPSULE_EXPORTER_CALLBACK = 1,
  /**
   * To a file, one JSON object a line for each event, and one of the kind `trace_metadata` before each batch: `realtime_offset_ns`, what
   * the exporter failed to write and dropped, and what the traces lost by why, all of them up to then.
   */
  CAPSULE_EXPORTER_NDJSON = 2,
  /** To a file in the JSON of Chrome's trace viewer and Perfetto; whole after each batch. Its `otherData` tells the same of it. */
  CAPSULE_EXPORTER_CHROME = 3
};

/** @brief A name, as the policy shows it. Never extended: labels are handed out as an array. */
typedef struct capsule_export_label {
  /** `label` of events of the group. */
  uint32_t number;
  /** `CAPSULE_LABEL_…` (introspection.h). */
  int32_t form;
  /** Length of what is shown before it was cut. */
  uint64_t full_bytes;
  /** What is shown, at most `max_label_bytes` of the policy. */
  capsule_text text;
} capsule_export_label;

/** @brief Events that belong together: of one execution, of a session itself, or of a pool. Never extended: groups are handed out as an array. */
typedef struct capsule_export_group {
  /** As in capsule_session_info; 0: the events are the pool's own. */
  uint64_t session_id;
  /** The execution, or 0. */
  uint64_t execution_id;
  /** Process id of the session's worker then, or 0. */
  int32_t pid;
  /** The execution's `CAPSULE_OUTCOME_…`, or 0. */
  int32_t outcome;
  /** The name of the session's pool, or of the pool, or `none`. */
  capsule_text pool;
  /** The execution's trace context, as capsule_session_get_trace_context() tells it: given with it, or made; empty of none. */
  capsule_text traceparent;
  /** The rest of it. */
  capsule_text tracestate;
  /** `event_count` events, in the order of their numbers. */
  const capsule_trace_event *events;
  /** Number of `events`. */
  size_t event_count;
  /** `label_count` names, by their numbers: of each label of the events that the policy shows in some form. */
  const capsule_export_label *labels;
  /** Number of `labels`. */
  size_t label_count;
} capsule_export_group;

/**
 * @brief Takes a batch. Called on the exporter's thread, one call at a time; what it is given is valid during the call. It may call the
 * library, but not close its own exporter.
 * @return 0; anything else counts the batch's events as failed. They are not handed out again.
 */
typedef int32_t (*capsule_export_callback)(void *user_data, const capsule_export_group *groups, size_t count);

/** @brief Options of an exporter; capsule_exporter_options_init() fills the defaults. */
typedef struct capsule_exporter_options {
  /** `sizeof(capsule_exporter_options)`. */
  uint32_t struct_size;
  /** `CAPSULE_EXPORTER_…`. Default callback. */
  int32_t kind;
  /** Its name, in metrics and log records: 1 … 64 bytes. Default `exporter`. */
  capsule_text name;
  /** The file, made anew; for the kinds that write one. */
  capsule_text path;
  /** The function; for a callback, not NULL. */
  capsule_export_callback callback;
  /** Passed to it. It must stay valid until capsule_exporter_close() has answered `CAPSULE_OK`. */
  void *user_data;
  /** Events that may wait, 1 … 16,777,216. Default 65,536. */
  uint32_t queue_limit;
  /** Events after which a batch is handed on without waiting for more, 1 … 16,777,216. Default 512. */
  uint32_t batch_limit;
  /** Time that a batch gathers events, 0 … 3,600,000. Default 100. */
  int64_t interval_ms;
} capsule_exporter_options;

/** @brief What an exporter did. At any moment: accepted = queued + sent + failed + dropped. */
typedef struct capsule_exporter_info {
  /** `sizeof(capsule_exporter_info)`, set by the caller. */
  uint32_t struct_size;
  /** 1 once it is closed. */
  int32_t closed;
  /** Events that were there for it. */
  uint64_t accepted;
  /** Of these, they wait, or are being written. */
  uint64_t queued;
  /** Of these, they were written. */
  uint64_t sent;
  /** Of these, they could not be. */
  uint64_t failed;
  /** Of these, they found the queue full, or the exporter closed. */
  uint64_t dropped;
  /** Batches. */
  uint64_t batches;
  /** Of these, that failed. */
  uint64_t batches_failed;
  /** Time all batches took. */
  uint64_t total_ns;
  /** Time the longest took. */
  uint64_t longest_ns;
  /** Since when the one under way is being written, CLOCK_MONOTONIC; 0 for none. */
  uint64_t busy_since_ns;
  /** Events that traces had lost (`evicted` … `invalid` of capsule_trace_info) when they handed on what they had: never `accepted`. */
  uint64_t trace_lost;
  /** What is added to a `time_ns` of its events for nanoseconds since 1970. */
  int64_t realtime_offset_ns;
} capsule_exporter_info;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_exporter_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_exporter_options_init(capsule_exporter_options *options, uint32_t struct_size);

/**
 * @brief Starts an exporter: it gets what becomes complete from now on.
 * @param runtime A runtime that is not closed: of one that is, no event comes any more.
 * @param options What to export to; not NULL.
 * @param[out] exporter The new handle, NULL on failure; ended with capsule_exporter_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_CLOSED`: no file is made then; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_SYSTEM` (the file cannot be made, or no
 * thread); `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_exporter_create(capsule_runtime *runtime, const capsule_exporter_options *options,
                                                   capsule_exporter **exporter, capsule_error *error);

/**
 * @brief Waits until all that is queued now is written, failed or dropped, and does not gather longer for it.
 * @param exporter An exporter.
 * @param timeout_ms 0 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT` (from its callback);
 * `CAPSULE_E_FORKED`. Waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_exporter_flush(capsule_exporter *exporter, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Ends an exporter: it gets nothing more, and what is queued is written until the deadline; the rest is dropped and counted. May be
 * repeated.
 * @param exporter An exporter.
 * @param timeout_ms 0 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`: its thread is over; `CAPSULE_E_TIMEOUT`: a callback has not returned; then its thread ends when it does.
 * `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT` (from its callback); `CAPSULE_E_FORKED`. Waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_exporter_close(capsule_exporter *exporter, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Copies what an exporter did.
 * @param exporter An exporter, closed ones included.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_exporter_get_info(capsule_exporter *exporter, capsule_exporter_info *info,
                                                     capsule_error *error);

/**
 * @brief Gives the handle back, which ends the exporter without waiting: what is queued is dropped, a callback that runs may run on.
 * @param exporter An exporter; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_exporter_release(capsule_exporter *exporter);

#ifdef __cplusplus
}
#endif
#endif
