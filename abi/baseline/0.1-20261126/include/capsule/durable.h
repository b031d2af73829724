/**
 * @file durable.h
 * @brief Executions whose result is a promise: run again with the same id, they return what was recorded instead of running twice.
 *
 *     capsule_durable_options durable;
 *     capsule_durable_options_init(&durable, sizeof durable);
 *     durable.store = store;                                        // promise.h, with a path or a url
 *     durable.promise_id = capsule_text_from("invoice-2026-11");
 *     capsule_session_execute_durable(session, source, size, NULL, &durable, &execution, &promise, &error);
 *     if (execution != NULL) {
 *       …                                                           // its events, as of any other, up to the terminal one
 *       capsule_promise_get(store, durable.promise_id, &promise, &error);
 *     }
 *     …                                                             // promise.state, promise.value
 *
 * **What is recorded.** An execution that ends with a result resolves its promise: with its value as JSON (that of the event's `json`; of a
 * value that has none its `repr`, as a JSON string; `null` for none). One that raises, or runs out of its `timeout_ms`, rejects it, with a
 * JSON object: `__type` (`"error"`), `name`, `message`, `stack`, `execution`. One that is canceled cancels it. One that the worker's death or
 * the session's end cut short settles nothing: it is to be run again, until the promise's own time is over. The terminal event comes once
 * the promise is settled: who has taken it finds it so, after a crash too. Where the store cannot be written for `request_timeout_ms` or a
 * lease it comes all the same, the log tells of it, and the promise stays open.
 *
 * **Calls of the host** (bridge.h) that it makes are recorded each, before the code sees the answer, under its id, the capability, and the
 * place and number of the call. Where it runs again, a call that was answered is not made again: the code gets the answer that was recorded. So
 * the code must do the same again up to where it was: what it does by the clock, by chance or by the outside, it asks the host for. Streams
 * are not recorded; an answer in shared memory is refused.
 *
 * **Inputs** that it asks for are promises too: the n-th, from 1, is `{promise_id}:input:{n}` (of a Resonate server with the store's
 * `separator` in the place of `:`), created before its `CAPSULE_EVENT_INPUT`, which names it, and settled with the host's answer before the
 * code gets that: resolved with the line as a JSON string, or rejected where the host declined. Where the execution runs again, an input that
 * was answered is not asked again: the code gets the answer that was recorded, an end of file included, and the host no event; the trace
 * tells of it. Whoever settles the promise first answers: it may be another host, by capsule_promise_settle() with a JSON string (or an object
 * whose `data` is one); rejected, canceled or timed out it is an end of file. One that is settled so while it is asked is answered at once,
 * and capsule_execution_answer() finds that nobody waits. An input that nobody answered is asked again, also where its `input_timeout_ms` was
 * over. Answers to secret inputs (`getpass`) are never recorded, and have no promise: they are asked again. They count in n. Where the store
 * cannot record an answer, the code gets a `ConnectionError`.
 *
 * What was recorded of calls and inputs is forgotten once the execution's own promise is settled: with that nobody needs it. A Resonate server
 * keeps it.
 *
 * To cancel one from elsewhere, settle its promise: the execution is canceled, and so it is when the promise's time is over.
 *
 * **What holds.** At most one settlement, and the first one: what was returned once is returned always, while the store has it. Effects of
 * calls happen at least once: a host that dies between what it does for a call and its answer is asked again, with the same
 * `idempotency_key`. Two hosts on one server do not run it at once; one that the server has given up on (`lease_ms`) has its
 * execution canceled, and can record nothing more.
 */
#ifndef CAPSULE_DURABLE_H
#define CAPSULE_DURABLE_H

#include "capsule/promise.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Longest id of a durable execution, in bytes. */
#define CAPSULE_DURABLE_ID_SIZE 200

/**
 * @brief Most calls of the host and inputs, together, that one durable execution may make; for one more Python gets a `ConnectionError`.
 * `refused` of the bridge counts such calls.
 */
#define CAPSULE_DURABLE_MAX_CALLS 10000

/** @brief What makes an execution durable; capsule_durable_options_init() fills the defaults. */
typedef struct capsule_durable_options {
  /** `sizeof(capsule_durable_options)`. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** Where its promise is. */
  capsule_promise_store *store;
  /**
   * Letters, digits, `_` and `-`, behind `exec:` or not, 1 … `CAPSULE_DURABLE_ID_SIZE` bytes. Empty (default): `exec:` and the execution's
   * `idempotency_key`, of the same letters; without that, `exec:` and 32 hexadecimal digits that no other has: then `promise` tells the id, by
   * which it is run again, here or in another host. A Resonate server takes no `:` in it: there it is `exec-`.
   */
  capsule_text promise_id;
  /** Time until its promise is `CAPSULE_PROMISE_TIMED_OUT`, 1 … 315,360,000,000. Default 86,400,000. The first one's counts. */
  int64_t timeout_ms;
} capsule_durable_options;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_durable_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_durable_options_init(capsule_durable_options *options, uint32_t struct_size);

/**
 * @brief Runs a source text unless its promise is settled.
 *
 * @param session As of capsule_execution_create().
 * @param source As of capsule_execution_create().
 * @param source_size As of capsule_execution_create().
 * @param options As of capsule_execution_create(); `result_kind` may not be set, and `idempotency_key` only where `promise_id` is empty. The
 * promise's id is the key of its calls.
 * @param durable Copied.
 * @param[out] execution The new handle, ended with capsule_execution_release(); NULL where the promise is settled already, and on
 * failure.
 * @param[in,out] promise The promise as it is now: pending where the execution was begun. As of capsule_promise_create(). Nullable, but where
 * only it can tell the id.
 * @param error Nullable.
 * @return As capsule_execution_create() and capsule_promise_create(); `CAPSULE_E_BUSY` also where it is under way already, here or in
 * another host: capsule_promise_wait() waits for it. Any thread; waits for file or server. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_execute_durable(capsule_session *session, const char *source, size_t source_size,
                                                           const capsule_execution_options *options,
                                                           const capsule_durable_options *durable,
                                                           capsule_execution **execution, capsule_promise *promise,
                                                           capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
