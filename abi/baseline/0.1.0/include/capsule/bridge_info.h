/**
 * @file bridge_info.h
 * @brief What a bridge tells of itself: its counters, and the calls that are open.
 */
#ifndef CAPSULE_BRIDGE_INFO_H
#define CAPSULE_BRIDGE_INFO_H

#include "capsule/bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Buckets of a latency histogram: bucket i counts what took less than 2^i ms, the last also what took longer. */
enum { CAPSULE_BRIDGE_BUCKETS = 32 };

/**
 * @brief Counters of a bridge, or of one session's calls. At any moment:
 * calls = pending + ok + failed + denied + timed_out + canceled + rejected_at_shutdown.
 */
typedef struct capsule_bridge_metrics {
  /** `sizeof(capsule_bridge_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Capabilities that are registered. */
  uint32_t capabilities;
  /** Calls that are open. */
  uint64_t bridge_pending_current;
  /** The most there were at once. */
  uint64_t bridge_pending_hwm;
  /** Calls that came. */
  uint64_t calls;
  /** Answered by capsule_bridge_respond(), or from what was answered before. */
  uint64_t ok;
  /** Answered by capsule_bridge_fail(), and those that could not be made: unknown, arguments that do not fit, too many open. */
  uint64_t failed;
  /** Denied by a rule, for want of one, or by the host. */
  uint64_t denied;
  /** Not answered in time. */
  uint64_t timed_out;
  /** Given up by the code, or lost with its worker, or canceled by capsule_bridge_cancel_all(). */
  uint64_t canceled;
  /** Open when the bridge was closed, and those that came later. */
  uint64_t rejected_at_shutdown;
  /** Answers of the host to a call that nobody waited for any more. */
  uint64_t late_settlements;
  /** Answers of the host to a call that it had answered. */
  uint64_t duplicate_settlements;
  /** Calls answered from what was answered before, or together with another. */
  uint64_t joined;
  /** Calls that were refused because too many were open, or carried too much; `failed` counts them too. */
  uint64_t refused;
  /** Times the host was asked for approval. */
  uint64_t approvals;
  /** Requests that wait for capsule_bridge_next_request(). */
  uint64_t queued;
  /** From a call to its end: sum. */
  uint64_t resolution_total_ns;
  /** From a call to its end: the longest. */
  uint64_t resolution_max_ns;
  /** From a call to its end. */
  uint64_t resolution_buckets[CAPSULE_BRIDGE_BUCKETS];
  /** Pieces of answers that were sent, see bridge_stream.h. */
  uint64_t chunks_sent;
  /** Pieces of calls that came. */
  uint64_t chunks_received;
} capsule_bridge_metrics;

/** @brief Where an open call stands. */
enum {
  /** It waits in line for its capability's limits, or to be taken by capsule_bridge_next_request(). */
  CAPSULE_CALL_QUEUED = 1,
  /** The host is to approve it. */
  CAPSULE_CALL_ASKED = 2,
  /** The host has it. */
  CAPSULE_CALL_TAKEN = 3,
  /** It waits for the answer to another with its key. */
  CAPSULE_CALL_JOINED = 4,
  /** Of a durable execution (durable.h): what it was answered with when that ran before is looked up. */
  CAPSULE_CALL_RECALLED = 5,
  /** Of a durable execution: the host has answered, and its answer is being recorded. */
  CAPSULE_CALL_RECORDED = 6
};

/** @brief One open call: no argument, nor anything else of what it carries. */
typedef struct capsule_pending_call {
  /** As in capsule_request. */
  uint64_t request_id;
  /** As in capsule_request. */
  uint64_t session_id;
  /** As in capsule_request. */
  uint64_t execution_id;
  /** As in capsule_request. */
  uint64_t received_ns;
  /** As in capsule_request. */
  uint64_t deadline_ns;
  /** `CAPSULE_CALL_…`. */
  int32_t state;
  /** Reserved, zero. */
  int32_t reserved;
  /** Name of the capability, zero-terminated. */
  char capability[CAPSULE_CAPABILITY_NAME_SIZE + 8];
} capsule_pending_call;

/**
 * @brief Copies the open calls, the oldest first.
 * @param bridge A bridge, closed ones included.
 * @param[out] calls Room for `capacity`; NULL with 0 to count only.
 * @param capacity Room in `calls`.
 * @param[out] count Calls written.
 * @param[out] total Nullable; calls there are.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_list_pending(capsule_bridge *bridge, capsule_pending_call *calls, size_t capacity,
                                                       size_t *count, uint64_t *total, capsule_error *error);

/**
 * @brief Copies what the bridge has counted.
 * @param bridge A bridge, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_get_metrics(capsule_bridge *bridge, capsule_bridge_metrics *metrics,
                                                      capsule_error *error);

/**
 * @brief The same of the calls of one session, zero where it has no bridge; `capabilities` and `queued` are the bridge's, and settlements
 * that come late or twice are counted by the bridge alone.
 * @param session A session, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get_bridge_metrics(capsule_session *session, capsule_bridge_metrics *metrics,
                                                              capsule_error *error);

/** @brief What became of the calls of one capability. Never extended: rows of an array. */
typedef struct capsule_capability_metrics {
  /** Calls that are open. */
  uint64_t in_flight;
  /** Answered with a value. */
  uint64_t ok;
  /** Ended otherwise, and not denied: failed, timed out, canceled, or open when the bridge was closed. */
  uint64_t failed;
  /** Denied by a rule, for want of one, or by the host. */
  uint64_t denied;
  /** From a call to its end: sum. */
  uint64_t resolution_total_ns;
  /** From a call to its end. */
  uint64_t resolution_buckets[CAPSULE_BRIDGE_BUCKETS];
  /** Its name, zero-terminated; `"unknown"` for all that are not registered, together. */
  char capability[CAPSULE_CAPABILITY_NAME_SIZE + 8];
} capsule_capability_metrics;

/**
 * @brief Copies what became of calls by capability, sessions that are gone included, in the order of their names: a row for each that was
 * called. Over all rows, ok + failed + denied + in_flight is `calls` of capsule_bridge_metrics.
 * @param bridge A bridge, closed ones included.
 * @param[out] metrics Room for `capacity`; NULL with 0 to count only.
 * @param capacity Room in `metrics`.
 * @param[out] count Rows written.
 * @param[out] total Nullable; rows there are.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_list_capability_metrics(capsule_bridge *bridge, capsule_capability_metrics *metrics,
                                                                  size_t capacity, size_t *count, uint64_t *total,
                                                                  capsule_error *error);

/**
 * @brief The name of where an open call stands, as in `"taken"`.
 * @param state `CAPSULE_CALL_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_call_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
