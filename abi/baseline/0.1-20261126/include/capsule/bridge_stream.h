/**
 * @file bridge_stream.h
 * @brief Calls of the host whose answer, or whose arguments, come in pieces, a few ahead of who takes them.
 *
 * **Answers in pieces** (`CAPSULE_CAPABILITY_STREAM`). In Python the call is an iterator, or an asynchronous one where an event loop
 * runs in the thread:
 *
 *     for row in host.db.rows("select …"): …                 # async for row in host.db.rows("select …"): …
 *
 * The host sends them by capsule_bridge_send_chunk() and ends with capsule_bridge_respond() and NULL, or capsule_bridge_fail().
 *
 * **Calls in pieces** (`CAPSULE_CAPABILITY_UPLOAD`). In Python the call is an object that sends pieces, each a value of JSON or
 * whatever has a buffer, and then asks for the result; where an event loop runs in the thread, `send` and `finish` are awaited:
 *
 *     with host.files.put(name="a.bin") as put:              # async with host.files.put(name="a.bin") as put:
 *       for block in blocks:
 *         put.send(block)                                    #     await put.send(block)
 *       size = put.finish()                                  #   size = await put.finish()
 *
 * To leave the block without `finish()` gives the call up. The host takes the pieces by capsule_bridge_next_chunk() and answers as any
 * other call, at any time: where it has answered before the end, `send` raises what it failed with, or `BrokenPipeError`. With both
 * flags, `finish()` only says that there are no more, and the object is the iterator of the answer as well.
 *
 * Either side sends up to 64 pieces ahead of what the other takes, and then waits: without the GIL, until the call's deadline, a cancel,
 * or its end. What waits to be taken counts for `max_session_bytes`; a call that would carry more is ended with a `RuntimeError`.
 * Neither is recorded for a durable execution, nor can it be idempotent.
 */
#ifndef CAPSULE_BRIDGE_STREAM_H
#define CAPSULE_BRIDGE_STREAM_H

#include "capsule/bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Sends a piece of the answer to a call of a `CAPSULE_CAPABILITY_STREAM`. capsule_bridge_respond() with NULL ends the stream.
 *
 * @param bridge A bridge.
 * @param request_id The request's.
 * @param value As in capsule_bridge_respond(); `result_schema` is that of each piece.
 * @param timeout_ms How long to wait while 64 are on the way: -1 for as long as the call is open, 0 … 86,400,000.
 * @param error Nullable.
 * @return As capsule_bridge_respond(); `CAPSULE_E_TIMEOUT`; `CAPSULE_E_TYPE` (it is no stream); `CAPSULE_E_REENTRANT`. Any thread; waits.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_send_chunk(capsule_bridge *bridge, uint64_t request_id, const capsule_value *value,
                                                     int64_t timeout_ms, capsule_error *error);

/**
 * @brief Takes the next piece of a call of a `CAPSULE_CAPABILITY_UPLOAD`, in the order they were sent.
 *
 * @param bridge A bridge.
 * @param request_id The request's, which was taken as a call and is not answered.
 * @param timeout_ms -1 for as long as the call is open, 0 to look, or 1 … 86,400,000.
 * @param[in,out] value JSON, TEXT or BUFFER. Its `struct_size` set by the caller; what it held is not released. Ended with
 * capsule_value_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_END` (the code has sent its last, and all were taken); `CAPSULE_E_TIMEOUT`; `CAPSULE_E_STATE` (it was
 * answered, or nobody waits any more); `CAPSULE_E_TYPE` (it takes no pieces); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_CLOSED`;
 * `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_bridge_next_chunk(capsule_bridge *bridge, uint64_t request_id, int64_t timeout_ms,
                                                     capsule_value *value, capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
