/**
 * @file bridge.h
 * @brief The bridge: functions of the host that the Python code in sessions may call, as `host.NAME(…)`.
 *
 *     capsule_bridge_create(runtime, NULL, &bridge, &error);
 *     capsule_capability query;
 *     capsule_capability_init(&query, sizeof query);
 *     query.name = capsule_text_from("db.query");
 *     query.parameters = capsule_text_from("sql, limit=100");
 *     capsule_bridge_register(bridge, &query, &error);
 *
 *     const capsule_rule rules[] = {{.capability = capsule_text_from("db.*"), .decision = CAPSULE_POLICY_ALLOW}};
 *     session_options.bridge = bridge;
 *     session_options.rules = rules;
 *     session_options.rule_count = 1;
 *     …
 *     capsule_request request = {.struct_size = sizeof request};
 *     while (capsule_bridge_next_request(bridge, -1, &request, &error) == CAPSULE_OK) {
 *       …                                                       // request.capability, request.arguments (a JSON object)
 *       capsule_bridge_respond(bridge, request.request_id, &value, &error);
 *       capsule_request_release(&request);
 *     }
 *
 * In Python: `rows = host.db.query("select 1", limit=5)`. In a thread that runs an event loop the call is already under way and its
 * value is awaited: `rows = await host.db.query("select 1")`, `await asyncio.gather(host.a(), host.b())`; `host.db.query.call(…)`
 * always waits, `host.db.query.start(…)` never does. `_timeout=SECONDS` shortens the time of one call. Arguments and
 * results are JSON; an argument that is bytes-like, and a result that is given as bytes or a buffer, travels as it is, in shared memory
 * where it is large. `dir(host)` and `help(host.db.query)` show what the session may call.
 *
 * A call that has no value raises: `PermissionError` where it is denied, `TimeoutError`, `ConnectionError` where the bridge or its way is
 * gone, `CancelledError`, else what the host named, or `host.Error` with a `type`. Each has the attributes `capability`, `reason`,
 * `execution_id`, `request_id` (the host's, 0 where it had none yet) and `timeout` (seconds, or None).
 *
 * Nothing may be called that no rule allows. Requests are handed out one at a time, to any thread, and may be answered in any order,
 * by any thread. Every call ends: answered, at its deadline, with the session's worker, or when the bridge is closed.
 */
#ifndef CAPSULE_BRIDGE_H
#define CAPSULE_BRIDGE_H

#include "capsule/execution.h"
#include "capsule/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Properties of a capability. */
enum {
  /**
   * A call with the key of one that was answered gets the same answer, and one with the key of one that is open waits for that: the
   * host sees each key once. Keys are alike where an execution was given the same `idempotency_key`; see capsule_request. Answers are kept
   * while the bridge lives, up to `max_answers` and 64 MiB; a BUFFER of over 60 KiB is refused as one.
   */
  CAPSULE_CAPABILITY_IDEMPOTENT = 1,
  /** Each call is asked for first, as if a rule said `CAPSULE_POLICY_ASK`. */
  CAPSULE_CAPABILITY_NEEDS_APPROVAL = 2,
  /** In Python a call is an iterator (or asynchronous iterator) of what capsule_bridge_send_chunk() sends, see bridge_stream.h. */
  CAPSULE_CAPABILITY_STREAM = 4,
  /** In Python a call is an object that sends pieces, which capsule_bridge_next_chunk() takes, see bridge_stream.h. */
  CAPSULE_CAPABILITY_UPLOAD = 8
};

/** @brief Longest name of a capability, in bytes. */
#define CAPSULE_CAPABILITY_NAME_SIZE 128

/** @brief What the host offers; capsule_capability_init() fills the defaults. */
typedef struct capsule_capability {
  /** `sizeof(capsule_capability)`. */
  uint32_t struct_size;
  /** `CAPSULE_CAPABILITY_…`, added. Default 0. */
  uint32_t flags;
  /** Identifiers joined by dots, at most `CAPSULE_CAPABILITY_NAME_SIZE` bytes: `host.NAME` in Python. */
  capsule_text name;
  /** Its docstring, at most 64 KiB. */
  capsule_text doc;
  /**
   * Its parameters as Python writes them between the parentheses of a `def`, at most 4 KiB: `"sql, limit=100"`. What the host gets
   * is an object of all of them. Default empty: any keyword arguments.
   */
  capsule_text parameters;
  /**
   * A JSON Schema that the arguments must fit, at most 1 MiB; empty for none. Known are the assertions of Draft 4 with `const`,
   * numeric `exclusiveMinimum` and `exclusiveMaximum`, `prefixItems` and `dependentRequired` of later drafts; `$ref` within the
   * document. One that uses others is refused.
   */
  capsule_text arguments_schema;
  /** The same for what it is answered with as JSON. */
  capsule_text result_schema;
  /** Time from a call to its answer, approval included, 1 … 31,536,000,000, or -1 for no limit. Default 60,000. */
  int64_t timeout_ms;
  /** Calls that are with the host at once, 0 … 1,000,000; others wait in line. Default 0: no limit. */
  uint32_t max_concurrent;
  /** Calls that may be handed out at once after a pause, 1 … 1,000,000. Default 1; counts with `calls_per_s` alone. */
  uint32_t burst;
  /** Calls that are handed out in a second on average, 0 … 1,000,000; others wait in line. Default 0: no limit. */
  double calls_per_s;
} capsule_capability;

/** @brief What a rule says of a call. */
enum {
  /** It raises `PermissionError`. */
  CAPSULE_POLICY_DENY = 0,
  /** The host is asked, by a request of kind `CAPSULE_REQUEST_APPROVAL`. */
  CAPSULE_POLICY_ASK = 1,
  /** It may be made. */
  CAPSULE_POLICY_ALLOW = 2
};

/** @brief What a constraint looks at. */
enum {
  /** The argument is a text, and fits one of the patterns. */
  CAPSULE_CONSTRAINT_TEXT = 1,
  /** The argument is an `http` or `https` URL without user information whose host fits one of the patterns, in lower case. */
  CAPSULE_CONSTRAINT_HOST = 2,
  /**
   * The argument is an absolute path that, once `.` and `..` are resolved as text, is one of the patterns or below it; patterns are
   * taken literally here. Symbolic links are not resolved: the host opens the file, and knows.
   */
  CAPSULE_CONSTRAINT_PATH = 3,
  /** The argument is a text, of at most `limit` bytes as UTF-8, or bytes-like, of at most `limit` bytes. */
  CAPSULE_CONSTRAINT_SIZE = 4,
  /** The argument is a number, of at most `limit`. */
  CAPSULE_CONSTRAINT_NUMBER = 5
};

/** @brief What one argument of a call must be; a call without that argument does not fit. */
typedef struct capsule_constraint {
  /** Name of the argument. */
  capsule_text argument;
  /** `CAPSULE_CONSTRAINT_…`. */
  int32_t kind;
  /** Reserved, zero. */
  int32_t reserved;
  /** Patterns, `pattern_count` of them: `*` stands for any characters. */
  const capsule_text *patterns;
  /** Number of `patterns`, 0 … 1,024. */
  size_t pattern_count;
  /** Of SIZE and NUMBER. */
  uint64_t limit;
} capsule_constraint;

/**
 * @brief One rule of a policy. The first rule whose pattern fits the capability decides; where it has constraints that the arguments
 * do not fit, or its quota is used up, the call is denied. A call that no rule fits is denied.
 *
 * Never extended: rules are handed over as an array.
 */
struct capsule_rule {
  /** The capability: `*` stands for any characters. */
  capsule_text capability;
  /** `CAPSULE_POLICY_…`. */
  int32_t decision;
  /** Reserved, zero. */
  int32_t reserved;
  /** What the arguments must be, all of `constraint_count`. */
  const capsule_constraint *constraints;
  /** Number of `constraints`, 0 … 64. */
  size_t constraint_count;
  /** Calls that the rule lets through, of each session; 0 for no limit. */
  uint64_t max_calls;
};

/** @brief Most rules of a policy. */
enum { CAPSULE_MAX_RULES = 4096 };

/** @brief Options of a bridge; capsule_bridge_options_init() fills the defaults. */
typedef struct capsule_bridge_options {
  /** `sizeof(capsule_bridge_options)`. */
  uint32_t struct_size;
  /** Calls that may be open at once, 1 … 10,000,000; with one more Python gets a `RuntimeError`. Default 100,000. */
  uint32_t max_pending;
  /** The same of each session, 1 … 10,000,000. Default 16,384. Of values in shared memory its open calls hold 1,024 at most. */
  uint32_t max_session_pending;
  /** Answers of idempotent calls that are kept, 0 … 10,000,000; the oldest is forgotten. Default 10,000. */
  uint32_t max_answers;
  /** 1: the host is told when nobody waits for a request's answer any more, by `CAPSULE_REQUEST_CANCELED`. Default 0. */
  uint32_t cancel_notices;
  /** Bytes that the open calls of each session carry, but for those in shared memory, 1 KiB … 1 TiB. Default 64 MiB. */
  uint64_t max_session_bytes;
  /** The most that any session of the bridge may call, `rule_count` of them; none: what the sessions' own rules say. */
  const capsule_rule *rules;
  /** Number of `rules`. */
  size_t rule_count;
  /**
   * 1: the host is told when the code has sent pieces, by `CAPSULE_REQUEST_CHUNKS`: once, until capsule_bridge_next_chunk() has
   * answered `CAPSULE_E_TIMEOUT`. For hosts that wait for nothing but requests. Default 0.
   */
  uint32_t chunk_notices;
  /** Reserved, zero. */
  uint32_t reserved;
} capsule_bridge_options;

/** @brief What a request is about. */
enum {
  /** A call: answer it by capsule_bridge_respond(), capsule_bridge_fail(), or capsule_bridge_send_chunk() and one of these. */
  CAPSULE_REQUEST_CALL = 1,
  /** A call that is asked for: answer it by capsule_bridge_approve(). The call itself comes afterwards, with the same id. */
  CAPSULE_REQUEST_APPROVAL = 2,
  /** Nobody waits any more for the answer to the request of this id, which was handed out before; there is nothing to answer. */
  CAPSULE_REQUEST_CANCELED = 3,
  /** With `chunk_notices`: capsule_bridge_next_chunk() has something for the call of this id, which was handed out before. */
  CAPSULE_REQUEST_CHUNKS = 4
};

/** @brief An argument that is no JSON. */
typedef struct capsule_attachment {
  /** Name of the argument. */
  capsule_text name;
  /** Its content, of kind BUFFER, with format and shape; owned by the request. */
  const capsule_value *value;
} capsule_attachment;

/** @brief What a request holds; the library's own. */
typedef struct capsule_request_storage capsule_request_storage;

/** @brief One request of a session's code. */
typedef struct capsule_request {
  /** `sizeof(capsule_request)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_REQUEST_…`. */
  int32_t kind;
  /** Names it in the bridge; never used twice. */
  uint64_t request_id;
  /** As in capsule_session_info. */
  uint64_t session_id;
  /** The execution whose code calls, also from its tasks and threads, when it is over too. */
  uint64_t execution_id;
  /** When the call came, CLOCK_MONOTONIC. */
  uint64_t received_ns;
  /** When its time is over, CLOCK_MONOTONIC; `UINT64_MAX` for never. */
  uint64_t deadline_ns;
  /** Name of the capability. The texts, here and below, are valid until capsule_request_release(). */
  capsule_text capability;
  /**
   * What is alike when the same execution is run again: the execution's `idempotency_key` (else what no other execution has), the
   * capability, the place of the call in the code, and which call it is there. For the host's own table of what was done.
   */
  capsule_text idempotency_key;
  /** A JSON object of the arguments by their names, each there once, but for the attachments. */
  capsule_text arguments;
  /** The arguments that are bytes-like, `attachment_count` of them. */
  const capsule_attachment *attachments;
  /** Number of `attachments`. */
  size_t attachment_count;
  /** What holds the above; not to be touched. */
  capsule_request_storage *storage;
} capsule_request;

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
 * @brief Fills the defaults.
 * @param capability Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_capability)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_capability_init(capsule_capability *capability, uint32_t struct_size);

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_bridge_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_bridge_options_init(capsule_bridge_options *options, uint32_t struct_size);

/**
 * @brief Creates a bridge. Sessions use it that are opened with it as their `bridge`.
 *
 * @param runtime A runtime, which lives until the bridge is released.
 * @param options NULL for the defaults.
 * @param[out] bridge The new handle, NULL on failure; ended with capsule_bridge_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_CLOSED`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any
 * thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_create(capsule_runtime *runtime, const capsule_bridge_options *options,
                                                 capsule_bridge **bridge, capsule_error *error);

/**
 * @brief Registers a capability: calls may come from now on, in sessions that are open too.
 *
 * @param bridge A bridge.
 * @param capability Copied.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (also a schema that is none, or asserts what is not known); `CAPSULE_E_NAME` (the name is
 * taken, or part of another's: `a.b` beside `a`); `CAPSULE_E_LIMIT` (there are 65,536); `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_register(capsule_bridge *bridge, const capsule_capability *capability,
                                                   capsule_error *error);

/**
 * @brief Takes a capability away. Calls of it that are open stay open.
 *
 * @param bridge A bridge.
 * @param name Its name.
 * @param name_size Length of `name`.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_NAME` (there is none); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_unregister(capsule_bridge *bridge, const char *name, size_t name_size,
                                                     capsule_error *error);

/**
 * @brief Takes the next request, first come, first served.
 *
 * @param bridge A bridge.
 * @param timeout_ms -1 for no limit, 0 to look, or 1 … 86,400,000.
 * @param[in,out] request Its `struct_size` set by the caller; what it held is not released. Ended with capsule_request_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; `CAPSULE_E_CLOSED`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT` (with
 * a timeout other than 0, from a callback); `CAPSULE_E_FORKED`. Any thread, several at once; waits, unless the timeout is 0. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_next_request(capsule_bridge *bridge, int64_t timeout_ms, capsule_request *request,
                                                       capsule_error *error);

/**
 * @brief A descriptor that is readable while capsule_bridge_next_request() would not answer `CAPSULE_E_TIMEOUT`.
 *
 * @param bridge A bridge.
 * @param[out] fd For poll(), epoll and event loops; never read or closed by the caller, closed by the release.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_get_fd(capsule_bridge *bridge, int32_t *fd, capsule_error *error);

/**
 * @brief Sets what is called when a request comes and none was there: it may only wake somebody.
 *
 * @param bridge A bridge.
 * @param callback As of capsule_execution_set_notify(); NULL for none. Called once at once where requests wait.
 * @param user_data Passed to it.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; once it returns, the former one is not called any more.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_set_notify(capsule_bridge *bridge, capsule_notify_callback callback, void *user_data,
                                                     capsule_error *error);

/**
 * @brief Frees what a request holds and empties it; `struct_size` stays. The call stays open until it is answered.
 * @param request NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_request_release(capsule_request *request);

/**
 * @brief Answers a call.
 *
 * @param bridge A bridge.
 * @param request_id The request's.
 * @param value What the call returns: JSON, TEXT, BYTES or BUFFER as in capsule_session_set(); NULL for None. Copied, but for a
 * capsule_buffer. JSON must fit the capability's `result_schema`.
 * @param error Nullable.
 * @return `CAPSULE_OK`, once it is on its way; `CAPSULE_E_ARGUMENT` (the value, or no such request was ever handed out: the message
 * tells where in the document), `CAPSULE_E_LIMIT` (the value is too large): the call stays open; `CAPSULE_E_STATE` (it was answered, or
 * nobody waits any more; counted); `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_SYSTEM`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_respond(capsule_bridge *bridge, uint64_t request_id, const capsule_value *value,
                                                  capsule_error *error);

/**
 * @brief Answers a call with an exception.
 *
 * @param bridge A bridge.
 * @param request_id The request's.
 * @param error_type Name of the exception, at most 255 bytes: a built-in subclass of `Exception` is raised as such, all others as
 * `host.Error`, whose `type` it is. Empty for `host.Error`.
 * @param message Its message, at most 32 KiB.
 * @param error Nullable.
 * @return As capsule_bridge_respond(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_fail(capsule_bridge *bridge, uint64_t request_id, capsule_text error_type,
                                               capsule_text message, capsule_error *error);

/**
 * @brief Lets a call that is asked for through, or denies it.
 *
 * @param bridge A bridge.
 * @param request_id The request's.
 * @param approved 1: the call comes as a request of its own. 0: Python gets a `PermissionError`.
 * @param error Nullable.
 * @return As capsule_bridge_respond(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_approve(capsule_bridge *bridge, uint64_t request_id, int32_t approved,
                                                  capsule_error *error);

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
 * @brief Ends every open call: in Python `CancelledError`. May be repeated.
 * @param bridge A bridge.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_cancel_all(capsule_bridge *bridge, capsule_error *error);

/**
 * @brief Closes the bridge: every open call, and every one that comes, ends with `ConnectionError` in Python; who waits in
 * capsule_bridge_next_request() wakes. May be repeated. Its sessions stay open.
 * @param bridge A bridge.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_close(capsule_bridge *bridge, capsule_error *error);

/**
 * @brief Gives the handle back, which closes the bridge.
 * @param bridge A bridge; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_bridge_release(capsule_bridge *bridge);

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

/**
 * @brief Narrows what a session may call: its calls must be let through by these rules as well, from now on. It cannot be undone; a
 * pool's session loses it with all else when it is reset.
 *
 * @param session A session that has a bridge.
 * @param rules Copied.
 * @param rule_count Number of `rules`; 0: nothing may be called.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_STATE` (it has no bridge); `CAPSULE_E_LIMIT` (there are 16 such already);
 * `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_narrow_rules(capsule_session *session, const capsule_rule *rules, size_t rule_count,
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
