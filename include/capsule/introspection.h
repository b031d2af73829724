/**
 * @file introspection.h
 * @brief Guarded introspection: what goes on in sessions, pools and bridges, as far as a policy lets it be seen, with a record of who looked.
 *
 *     capsule_introspection_policy policy;
 *     capsule_introspection_policy_init(&policy, sizeof policy);   // counts of everything, names of nothing
 *     policy.namespace_summary = CAPSULE_INSPECT_REDACTED;
 *     capsule_runtime_set_introspection_policy(runtime, &policy, &error);
 *
 *     capsule_inspection inspection;
 *     capsule_inspection_init(&inspection, sizeof inspection);
 *     inspection.caller = capsule_text_from("nightly check");
 *     capsule_namespace_summary summary = {.struct_size = sizeof summary};
 *     capsule_session_inspect_namespace(session, &inspection, &summary, &error);
 *     …                                                            // summary.total, summary.rows[i].name
 *     capsule_namespace_summary_release(&summary);
 *
 * **Levels.** Each kind of call has one: off, counts, redacted, full. The host sets them on the runtime; a session's can be narrowed, and never
 * widened again. A call is answered at the level of the policy, or at a lower one that it asks for; one that asks for more is denied.
 *
 * **Redaction.** At `CAPSULE_INSPECT_REDACTED` every name that the user's code or the host chose becomes a keyed hash, its length, or
 * nothing. The hash is HMAC-SHA-256 with a key that never enters a worker, so that the same name correlates in what one deployment tells
 * and cannot be looked up. Names are redacted first, and cut to `max_label_bytes` then; a label carries its full length.
 *
 * **Audit.** Every call, allowed or denied, makes one record (audit.h): when, who, which call, about what, which policy decided, how many
 * labels were redacted, how many bytes were answered. Who passes a `caller` is believed: it is the host's own program that calls.
 *
 * **What is guarded.** The calls below, and those that take no `capsule_inspection` and are looks all the same, at the level of the policy:
 * capsule_session_get_trace(), capsule_pool_get_trace() and capsule_trace_get(), of which the filter names the caller;
 * capsule_session_profile(), of which the options do; capsule_session_get_stack(), capsule_session_get_trace_label() and
 * capsule_session_get_postmortem(), which name none, and of which there are others below that do. A trace and a
 * post-mortem consist of counts, so that by default they are answered; names in a trace, and frames of stacks, are not. What goes on, a
 * reader of a trace or a profile, ends when the policy no longer allows what it was begun with. An exporter is set up by the host and is no
 * look: the names that it is told are those that the level of `trace` shows. Metrics are counts that are always told.
 *
 * **What is not.** What the host needs for its own part, which it made or has to answer: values, names and output that it asks for (value.h,
 * event.h), the requests and promises that wait for it (capsule_bridge_list_pending(), capsule_promise_list_pending()), the imports that
 * it named (capsule_pool_list_imports()). Who shows what is pending to others takes the calls below.
 *
 * Nothing here tells a value, a source text, output, or the message of an exception, at any level.
 */
#ifndef CAPSULE_INTROSPECTION_H
#define CAPSULE_INTROSPECTION_H

#include "capsule/audit.h"
#include "capsule/bridge.h"
#include "capsule/introspection_policy.h"
#include "capsule/pool_info.h"
#include "capsule/postmortem.h"
#include "capsule/promise.h"
#include "capsule/session.h"
#include "capsule/stack.h"
#include "capsule/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What is pending. */
enum {
  /** A call of the host, in a bridge. */
  CAPSULE_PENDING_CALL = 1,
  /** A promise, in a store; of what follows none. */
  CAPSULE_PENDING_PROMISE = 2,
  /** The promise of a durable execution of this host that is under way. */
  CAPSULE_PENDING_EXECUTION = 3,
  /** That of a call of the host which such an execution makes: its id names the capability. */
  CAPSULE_PENDING_DURABLE_CALL = 4,
  /** That of an input which such an execution asks for. */
  CAPSULE_PENDING_INPUT = 5
};

/** @brief Who will settle it, or waits for it. */
enum {
  /** Nobody in particular. */
  CAPSULE_OWNER_NONE = 0,
  /** The session of the row waits for the host. */
  CAPSULE_OWNER_SESSION = 1,
  /** A durable execution of this host. */
  CAPSULE_OWNER_DURABLE = 2
};

/** @brief One open call or promise; nothing of what it carries. Never extended: rows are handed out as an array. */
typedef struct capsule_pending_row {
  /** The request's id; 0 of a promise. */
  uint64_t request_id;
  /** The session that waits, or whose durable execution it is; 0 of another promise. */
  uint64_t session_id;
  /** The execution, likewise. */
  uint64_t execution_id;
  /** Since it came, or was known here. */
  uint64_t age_ns;
  /** Until its deadline; `UINT64_MAX` for none. */
  uint64_t left_ns;
  /** `CAPSULE_PENDING_…`. */
  int32_t kind;
  /** `CAPSULE_CALL_…` of a call, `CAPSULE_PROMISE_…` of a promise. */
  int32_t state;
  /** `CAPSULE_OWNER_…`. */
  int32_t owner;
  /** How many wait for a promise here; 1 of a call. */
  uint32_t waiters;
  /** The capability's name, or the promise's id. */
  capsule_label name;
  /** How much of a call is done, as the host has reported last; else 0. */
  uint64_t progress_done;
  /** Of how much; 0 where that is not known. */
  uint64_t progress_total;
} capsule_pending_row;

/** @brief Holds the memory of an answer. */
struct capsule_inspection_storage;

/** @brief What is pending in a bridge or a store. */
typedef struct capsule_pending_summary {
  /** `sizeof(capsule_pending_summary)`, set by the caller. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` it is answered at. */
  int32_t level;
  /** How many are open. */
  uint64_t total;
  /** Of these, left out of `rows`: at the level of counts, all. */
  uint64_t left_out;
  /** Labels redacted. */
  uint64_t redactions;
  /** Age of the oldest, of those looked at. */
  uint64_t oldest_ns;
  /** Size of one of `rows`, set by the library. */
  uint32_t row_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** `count` of them, the oldest first; owned by this struct. */
  const capsule_pending_row *rows;
  /** Their number. */
  size_t count;
  /** The library's. */
  struct capsule_inspection_storage *storage;
} capsule_pending_summary;

/** @brief One name of a namespace. Never extended: rows are handed out as an array. */
typedef struct capsule_namespace_row {
  /** The name. */
  capsule_label name;
  /** Its value's type; names of built-in types are never redacted. */
  capsule_label type_name;
  /** As in capsule_name: an estimate. */
  uint64_t size_bytes;
  /** `CAPSULE_NAME_…`. */
  int32_t kind;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_namespace_row;

/** @brief Who an answer is from. */
enum {
  /** The worker was asked, and answered in time. */
  CAPSULE_ANSWERED_BY_WORKER = 1,
  /** It did not: this is what the host knows from its last heartbeat. */
  CAPSULE_ANSWERED_BY_HOST = 2
};

/** @brief What a session's namespace holds. */
typedef struct capsule_namespace_summary {
  /** `sizeof(capsule_namespace_summary)`, set by the caller. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` it is answered at. */
  int32_t level;
  /** `CAPSULE_ANSWERED_BY_…`. Of the host there are `total` and `age_ns` alone. */
  int32_t answered_by;
  /** Why the worker did not answer: the status that capsule_session_list() would have; else 0. */
  int32_t worker_status;
  /** How long ago it was so. */
  uint64_t age_ns;
  /** Names there are; by the host, with dunders. */
  uint64_t total;
  /** Of these, left out of `rows`. */
  uint64_t left_out;
  /** Labels redacted. */
  uint64_t redactions;
  /** Names that the numbers below are of: all, up to 65,536. */
  uint64_t counted;
  /** Sum of their `size_bytes`. */
  uint64_t size_bytes;
  /** Values among them. */
  uint64_t values;
  /** Functions. */
  uint64_t functions;
  /** Classes. */
  uint64_t classes;
  /** Modules. */
  uint64_t modules;
  /** Size of one of `rows`, set by the library. */
  uint32_t row_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** `count` of them in the order they were bound; owned by this struct. */
  const capsule_namespace_row *rows;
  /** Their number. */
  size_t count;
  /** The library's. */
  struct capsule_inspection_storage *storage;
} capsule_namespace_summary;

/** @brief The sessions of a pool. */
typedef struct capsule_pool_summary {
  /** `sizeof(capsule_pool_summary)`, set by the caller. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` it is answered at. */
  int32_t level;
  /** Sessions there are. */
  uint64_t total;
  /** Of these, left out of `rows`: at the level of counts, all. */
  uint64_t left_out;
  /** Labels redacted: `info->last_error`. */
  uint64_t redactions;
  /** Size of one of `rows`, set by the library. */
  uint32_t row_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** `count` of them; owned by this struct. */
  const capsule_pool_session *rows;
  /** Their number. */
  size_t count;
  /** The library's. */
  struct capsule_inspection_storage *storage;
} capsule_pool_summary;

/** @brief Where a session stands with its current execution. */
enum {
  /** Nothing runs. */
  CAPSULE_PHASE_NONE = 0,
  /** It waits in the queue. */
  CAPSULE_PHASE_QUEUED = 1,
  /** Its code runs. */
  CAPSULE_PHASE_RUNNING = 2,
  /** It is being cancelled, or its time is over. */
  CAPSULE_PHASE_STOPPING = 3,
  /** Its code is over, and the session on its way back to where it was. */
  CAPSULE_PHASE_ROLLING_BACK = 4,
  /** No execution: a value, snapshot, checkpoint or restore is under way. */
  CAPSULE_PHASE_OPERATION = 5
};

/** @brief What it waits for, as far as the host knows; of several, the first of these. */
enum {
  /** Nothing that the host knows of: it computes, sleeps, or waits for something of its own. */
  CAPSULE_WAITS_NOTHING = 0,
  /** A worker that is ready. */
  CAPSULE_WAITS_WORKER = 1,
  /** Its turn behind others, or a token of the rate limit. */
  CAPSULE_WAITS_TURN = 2,
  /** A line of input. */
  CAPSULE_WAITS_INPUT = 3,
  /** The answer to a call of the host. */
  CAPSULE_WAITS_CALL = 4,
  /** The host to take its output. */
  CAPSULE_WAITS_OUTPUT = 5
};

/** @brief What a session executes: from the host's knowledge alone, so it is answered whatever the worker does. */
typedef struct capsule_execution_status {
  /** `sizeof(capsule_execution_status)`, set by the caller. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` it is answered at. */
  int32_t level;
  /** `CAPSULE_SESSION_…`. */
  int32_t session_state;
  /** `CAPSULE_PHASE_…`. */
  int32_t phase;
  /** `CAPSULE_WAITS_…`. */
  int32_t waits_for;
  /** `CAPSULE_MODE_…` it was submitted with. */
  int32_t mode;
  /** Its id, or that of the first in the queue where none runs; 0 for none. */
  uint64_t execution_id;
  /** Since it was submitted. */
  uint64_t age_ns;
  /** Since it was sent to the worker; 0 before. */
  uint64_t running_ns;
  /** Executions that wait behind it. */
  uint64_t queued;
  /** Bytes of its output that the host has not taken. */
  uint64_t output_queue_bytes;
  /** Lines of input it waits for. */
  uint64_t open_inputs;
  /** Calls of the host that the session has open. */
  uint64_t open_calls;
  /** Since the worker's last heartbeat; `UINT64_MAX` for none. A worker that hangs in Python goes on beating. */
  uint64_t heartbeat_age_ns;
  /** Until the worker is killed; `UINT64_MAX` where it is not to be. */
  uint64_t kill_left_ns;
} capsule_execution_status;

/** @brief State of a layer of isolation. */
enum {
  /** It stands between the code and the host. */
  CAPSULE_LAYER_ACTIVE = 1,
  /** It does not, and could not: `reason` says why. */
  CAPSULE_LAYER_UNAVAILABLE = 2,
  /** It does not, because an option of the host's says so. */
  CAPSULE_LAYER_WAIVED = 3
};

/** @brief One layer. Never extended: rows are handed out as an array. */
typedef struct capsule_isolation_layer {
  /** Its name, as in `"process"`; a static string. */
  capsule_text name;
  /** One sentence: what it does, or why it does not; a static string. Empty at the level of counts. */
  capsule_text reason;
  /** `CAPSULE_LAYER_…`. */
  int32_t state;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_isolation_layer;

/** @brief What stands between a session's code and its host. */
typedef struct capsule_isolation_report {
  /** `sizeof(capsule_isolation_report)`, set by the caller. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` it is answered at. */
  int32_t level;
  /** Layers that are active. */
  uint32_t active;
  /** Layers that are unavailable. */
  uint32_t unavailable;
  /** Layers that are waived. */
  uint32_t waived;
  /** Size of one of `rows`, set by the library. */
  uint32_t row_size;
  /** `count` of them; owned by this struct. */
  const capsule_isolation_layer *rows;
  /** Their number: every layer, at every level. */
  size_t count;
  /** The library's. */
  struct capsule_inspection_storage *storage;
} capsule_isolation_report;

/**
 * @brief The calls that are open in a bridge.
 *
 * @param bridge A bridge, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[in,out] summary Its `struct_size` set by the caller; what it held is not released. Ended with capsule_pending_summary_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED` (by the policy; or the audit trail must keep a record, and cannot); `CAPSULE_E_ARGUMENT`;
 * `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_inspect_pending(capsule_bridge *bridge, const capsule_inspection *inspection,
                                                          capsule_pending_summary *summary, capsule_error *error);

/**
 * @brief The promises that are open in a store, those of durable executions under way told as such: of a Resonate server, these and those
 * that are waited for here.
 *
 * @param store A store, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[in,out] summary As in capsule_bridge_inspect_pending().
 * @param error Nullable.
 * @return As capsule_bridge_inspect_pending(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_inspect_pending(capsule_promise_store *store,
                                                                 const capsule_inspection *inspection,
                                                                 capsule_pending_summary *summary, capsule_error *error);

/**
 * @brief Frees what a summary holds and empties it; `struct_size` stays.
 * @param summary NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_pending_summary_release(capsule_pending_summary *summary);

/**
 * @brief The names of a session: how many of which kind, and as rows.
 *
 * The worker is asked, behind what was submitted before, and until `timeout_ms` of the inspection. Where it cannot answer in that time, or
 * at all, the answer is what the host knows.
 * @param session A session, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[in,out] summary Its `struct_size` set by the caller; what it held is not released. Ended with capsule_namespace_summary_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT` (from a notify callback);
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_namespace(capsule_session *session, const capsule_inspection *inspection,
                                                             capsule_namespace_summary *summary, capsule_error *error);

/**
 * @brief Frees what a summary holds and empties it; `struct_size` stays.
 * @param summary NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_namespace_summary_release(capsule_namespace_summary *summary);

/**
 * @brief The state of a pool and of each of its sessions.
 *
 * @param pool A pool, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[out] info Nullable; as capsule_pool_get_info() fills it, its `struct_size` set by the caller. `last_error` is empty unless the
 * level is full.
 * @param[in,out] summary Its `struct_size` set by the caller; what it held is not released. Ended with capsule_pool_summary_release().
 * @param error Nullable.
 * @return As capsule_bridge_inspect_pending(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_pool_inspect(capsule_pool *pool, const capsule_inspection *inspection,
                                                capsule_pool_info *info, capsule_pool_summary *summary, capsule_error *error);

/**
 * @brief Frees what a summary holds and empties it; `struct_size` stays.
 * @param summary NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_pool_summary_release(capsule_pool_summary *summary);

/**
 * @brief What a session executes, and what that waits for. Never waits for the worker.
 *
 * @param session A session, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[out] status Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return As capsule_bridge_inspect_pending(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_execution(capsule_session *session, const capsule_inspection *inspection,
                                                             capsule_execution_status *status, capsule_error *error);

/**
 * @brief What stands between a session's code and its host, layer by layer.
 *
 * @param session A session, closed ones included.
 * @param inspection NULL for the defaults.
 * @param[in,out] report Its `struct_size` set by the caller; what it held is not released. Ended with capsule_isolation_report_release().
 * @param error Nullable.
 * @return As capsule_bridge_inspect_pending(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_isolation(capsule_session *session, const capsule_inspection *inspection,
                                                             capsule_isolation_report *report, capsule_error *error);

/**
 * @brief Frees what a report holds and empties it; `struct_size` stays.
 * @param report NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_isolation_report_release(capsule_isolation_report *report);

/**
 * @brief Where a session's Python code stands, with the names of files, functions and threads as the policy shows them. At the level of
 * counts no frame is told: of each thread `frames_omitted` says how many there are.
 *
 * @param session A session that runs Python.
 * @param inspection NULL for the defaults; its `timeout_ms` and `max_rows` are not looked at.
 * @param options NULL for the defaults.
 * @param[out] stack The new handle, NULL on failure; ended with capsule_stack_release().
 * @param error Nullable.
 * @return As capsule_session_get_stack(); `CAPSULE_E_DENIED`. Any thread; waits for nobody. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_stack(capsule_session *session, const capsule_inspection *inspection,
                                                         const capsule_stack_options *options, capsule_stack **stack,
                                                         capsule_error *error);

/**
 * @brief What is known of one of a session's last deaths, with the names of its stack as the policy shows them.
 *
 * @param session A session, closed ones included.
 * @param inspection NULL for the defaults; its `timeout_ms` and `max_rows` are not looked at.
 * @param index As in capsule_session_get_postmortem().
 * @param[out] postmortem The new handle, NULL on failure; ended with capsule_postmortem_release().
 * @param error Nullable.
 * @return As capsule_session_get_postmortem(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_postmortem(capsule_session *session, const capsule_inspection *inspection,
                                                              uint32_t index, capsule_postmortem **postmortem,
                                                              capsule_error *error);

/**
 * @brief The name that the `label` of an event in a session's trace stands for, as the policy shows it.
 *
 * @param session A session, closed ones included.
 * @param inspection NULL for the defaults; its `timeout_ms` and `max_rows` are not looked at.
 * @param number As in capsule_session_get_trace_label().
 * @param[in,out] label Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return As capsule_session_get_trace_label(). Any thread; never waits for the worker. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_inspect_trace_label(capsule_session *session, const capsule_inspection *inspection,
                                                               uint32_t number, capsule_trace_label *label,
                                                               capsule_error *error);

/**
 * @brief The name of a phase, as in `"rolling_back"`.
 * @param phase `CAPSULE_PHASE_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_phase_name(int32_t phase);

/**
 * @brief The name of what is waited for, as in `"input"`.
 * @param waits_for `CAPSULE_WAITS_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_waits_name(int32_t waits_for);

/**
 * @brief The name of a layer's state, as in `"active"`.
 * @param state `CAPSULE_LAYER_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_layer_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
