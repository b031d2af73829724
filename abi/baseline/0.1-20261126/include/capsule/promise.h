/**
 * @file promise.h
 * @brief Promises: named answers that come once, in microseconds or in days, and outlive whoever waits for them.
 *
 *     capsule_promise_store_options options;
 *     capsule_promise_store_options_init(&options, sizeof options);
 *     options.path = capsule_text_from("promises.db");             // or options.url: a Resonate server; or neither: memory alone
 *     capsule_promise_store_open(runtime, &options, &store, &error);
 *
 *     capsule_promise_wish wish;
 *     capsule_promise_wish_init(&wish, sizeof wish);
 *     wish.id = capsule_text_from("approval-17");
 *     capsule_promise_create(store, &wish, NULL, &error);            // again, after a restart: the same promise
 *     …
 *     capsule_promise promise = {.struct_size = sizeof promise};
 *     capsule_promise_wait(store, wish.id, -1, &promise, &error);    // elsewhere: capsule_promise_settle(store, wish.id, …)
 *     if (promise.state == CAPSULE_PROMISE_RESOLVED) …               // promise.value
 *     capsule_promise_release(&promise);
 *
 * A promise is pending until it is settled, once: the first settlement wins, later ones are answered with what it is. To create one
 * that exists is answered with what exists. One that is not settled in its time is `CAPSULE_PROMISE_TIMED_OUT` from then on.
 *
 * **Stores.** In memory: until the store is released. With a `path`: also in a SQLite file, which one process at a time has open; what a call
 * has answered is in the file, whatever becomes of the process. With a `url`: in a Resonate server (protocol 2026-04-01), which
 * other hosts and SDKs share; calls are tried again until `request_timeout_ms`, and what is waited for is asked for anew when the
 * connection comes back and every `refresh_ms`.
 *
 * Values are bytes; their meaning is their writers'. capsule_session_execute_durable() (durable.h) writes JSON. To a Resonate server they go
 * as base64, as its SDKs write them.
 */
#ifndef CAPSULE_PROMISE_H
#define CAPSULE_PROMISE_H

#include "capsule/execution.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A store of promises: a token, never dereferenced. */
typedef struct capsule_promise_store capsule_promise_store;

/** @brief What a promise that was read holds; the library's own. */
typedef struct capsule_promise_storage capsule_promise_storage;

/** @brief Where a promise stands. */
enum {
  /** It is open. */
  CAPSULE_PROMISE_PENDING = 1,
  /** It has a value. */
  CAPSULE_PROMISE_RESOLVED = 2,
  /** It failed; `value` tells how. */
  CAPSULE_PROMISE_REJECTED = 3,
  /** It was given up. */
  CAPSULE_PROMISE_CANCELED = 4,
  /** Its time is over. */
  CAPSULE_PROMISE_TIMED_OUT = 5
};

/** @brief Longest id of a promise, in bytes. */
#define CAPSULE_PROMISE_ID_SIZE 512

/** @brief Options of a store; capsule_promise_store_options_init() fills the defaults. */
typedef struct capsule_promise_store_options {
  /** `sizeof(capsule_promise_store_options)`. */
  uint32_t struct_size;
  /**
   * Promises that the store keeps, 1 … 100,000,000: for one more the oldest that is settled is forgotten, and where all are pending it is
   * refused. Of a Resonate server: calls that may be under way at once. Default 1,000,000.
   */
  uint32_t max_promises;
  /** Bytes of ids, parameters and values that the store keeps, 1 KiB … 1 TiB; not of a Resonate server. Default 256 MiB. */
  uint64_t max_bytes;
  /** Longest parameter or value, 1 … 67,108,864 bytes; a Resonate server takes 1,048,576 at most. Default 1,048,576. */
  uint32_t max_value_bytes;
  /** With a `path`: 1: what a call has answered is on the disk (default); 0: it may be lost with the machine, never with the process. */
  int32_t sync;
  /** The SQLite file, made where there is none. Default empty: none. */
  capsule_text path;
  /** `http://HOST:PORT` or `https://…` of a Resonate server. Default empty: none. Not beside `path`. */
  capsule_text url;
  /** JSON Web Token for the server, or empty (default). */
  capsule_text token;
  /** Name that the server knows this kind of host by: lower-case letters, digits, `-`, at most 63 bytes. Default `capsule`. */
  capsule_text group;
  /** Between the id of an execution and those of its calls: `.` (default) or `:`, as the server's version wants it. */
  capsule_text separator;
  /** How long a call to the server is tried, 1 … 86,400,000. Default 10,000. */
  int64_t request_timeout_ms;
  /** How long the server keeps a durable execution for a host that does not answer, 1,000 … 86,400,000. Default 15,000. */
  int64_t lease_ms;
  /** How often what is waited for is asked for anew, 100 … 86,400,000. Default 30,000. */
  int64_t refresh_ms;
} capsule_promise_store_options;

/** @brief A promise to be; capsule_promise_wish_init() fills the defaults. */
typedef struct capsule_promise_wish {
  /** `sizeof(capsule_promise_wish)`. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** UTF-8 without NUL, 1 … `CAPSULE_PROMISE_ID_SIZE` bytes. */
  capsule_text id;
  /** What it is about, or empty (default). */
  capsule_text param;
  /** Time until it is `CAPSULE_PROMISE_TIMED_OUT`, 1 … 315,360,000,000. Default 60,000. */
  int64_t timeout_ms;
  /** Of a Resonate server: who is to settle it, as `poll://any@workers`. Default empty: whoever does. */
  capsule_text target;
} capsule_promise_wish;

/** @brief A promise as it was read. */
typedef struct capsule_promise {
  /** `sizeof(capsule_promise)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_PROMISE_…`; 0 where the struct holds none. */
  int32_t state;
  /** Its id. The texts are valid until capsule_promise_release(). */
  capsule_text id;
  /** As it was created with. */
  capsule_text param;
  /** As it was settled with. */
  capsule_text value;
  /** When its time is over, in ms since 1970, by the clock of the store. */
  int64_t timeout_at_ms;
  /** When it was created, in ms since 1970. */
  int64_t created_at_ms;
  /** When it was settled, in ms since 1970; 0 while it is pending. */
  int64_t settled_at_ms;
  /** What holds the texts; not to be touched. */
  capsule_promise_storage *storage;
} capsule_promise;

/** @brief A promise that is open: neither its parameter nor its value. */
typedef struct capsule_pending_promise {
  /** Time since this store came to know it. */
  uint64_t age_ns;
  /** Time until it is over. */
  uint64_t left_ns;
  /** How many wait for it here. */
  uint32_t waiters;
  /** 1: it belongs to a durable execution of this host that is under way. */
  int32_t claimed;
  /** Its id, zero-terminated. */
  char id[CAPSULE_PROMISE_ID_SIZE + 8];
} capsule_pending_promise;

/** @brief Counters of a store, of what was done by it. created = open + settled + forgotten while it is in memory alone. */
typedef struct capsule_promise_metrics {
  /** `sizeof(capsule_promise_metrics)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** Promises that are open; of a Resonate server, those that are waited for here. */
  uint64_t pending;
  /** The most there were at once. */
  uint64_t pending_hwm;
  /** Promises that are kept, settled ones included; 0 of a Resonate server. */
  uint64_t kept;
  /** Created. */
  uint64_t created;
  /** Creations of one that existed. */
  uint64_t found;
  /** Settlements that came first. */
  uint64_t resolved;
  /** The same. */
  uint64_t rejected;
  /** The same. */
  uint64_t canceled;
  /** Whose time was over. */
  uint64_t timed_out;
  /** Settlements of what was settled. */
  uint64_t ignored_settlements;
  /** Settled ones that were forgotten to make room. */
  uint64_t evicted;
  /** Calls that were refused for a limit. */
  uint64_t refused;
  /** Calls to the server that were made again. */
  uint64_t retries;
  /** Calls that failed: the server could not be reached, the file not be written. */
  uint64_t failures;
  /** Times the server's messages were listened for anew. */
  uint64_t reconnects;
  /** Durable executions that were lost to another host. */
  uint64_t lost_claims;
} capsule_promise_metrics;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_promise_store_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_promise_store_options_init(capsule_promise_store_options *options, uint32_t struct_size);

/**
 * @brief Fills the defaults.
 * @param wish Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_promise_wish)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_promise_wish_init(capsule_promise_wish *wish, uint32_t struct_size);

/**
 * @brief Opens a store.
 *
 * @param runtime A runtime, which lives until the store is released.
 * @param options NULL for the defaults: in memory.
 * @param[out] store The new handle, NULL on failure; ended with capsule_promise_store_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`, also where no server answers yet; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_BUSY` (another process, or store, has the file);
 * `CAPSULE_E_SYSTEM` (the file cannot be made or read, or is none of these); `CAPSULE_E_HANDLE`; `CAPSULE_E_CLOSED`;
 * `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; reads the file. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_open(capsule_runtime *runtime, const capsule_promise_store_options *options,
                                                      capsule_promise_store **store, capsule_error *error);

/**
 * @brief Creates a promise, or finds the one of that id, whatever its parameter and state are.
 *
 * @param store A store.
 * @param wish Copied.
 * @param[in,out] promise Nullable; the promise as it is now. Its `struct_size` set by the caller; what it held is not released. Ended with
 * capsule_promise_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_LIMIT` (too long, or no room); `CAPSULE_E_UNAVAILABLE` (the server does not
 * answer; whether it was created is not known, and to repeat it is safe); `CAPSULE_E_DENIED` (the server refuses the token);
 * `CAPSULE_E_SYSTEM` (the file cannot be written: the store takes nothing more); `CAPSULE_E_CLOSED`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_REENTRANT`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; waits for file or server. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_create(capsule_promise_store *store, const capsule_promise_wish *wish,
                                                  capsule_promise *promise, capsule_error *error);

/**
 * @brief Settles a promise, where nobody has before.
 *
 * @param store A store.
 * @param id Of a promise that exists.
 * @param state `CAPSULE_PROMISE_RESOLVED`, `CAPSULE_PROMISE_REJECTED` or `CAPSULE_PROMISE_CANCELED`.
 * @param value Copied; may be empty.
 * @param[in,out] promise Nullable; the promise as it is now, whoever settled it. As in capsule_promise_create().
 * @param error Nullable.
 * @return As capsule_promise_create(); `CAPSULE_E_NAME` (there is none). Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_settle(capsule_promise_store *store, capsule_text id, int32_t state,
                                                  capsule_text value, capsule_promise *promise, capsule_error *error);

/**
 * @brief Reads a promise.
 * @param store A store.
 * @param id Its id.
 * @param[in,out] promise As in capsule_promise_create().
 * @param error Nullable.
 * @return As capsule_promise_settle(). Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_get(capsule_promise_store *store, capsule_text id, capsule_promise *promise,
                                               capsule_error *error);

/**
 * @brief Waits until a promise is settled or timed out.
 * @param store A store.
 * @param id Of a promise that exists.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param[in,out] promise As in capsule_promise_create().
 * @param error Nullable.
 * @return As capsule_promise_settle(); `CAPSULE_E_TIMEOUT`. A server that goes away while it is waited for is waited for too. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_wait(capsule_promise_store *store, capsule_text id, int64_t timeout_ms,
                                                capsule_promise *promise, capsule_error *error);

/**
 * @brief Wants to be told when a promise is settled or timed out: by capsule_promise_next(), once.
 * @param store A store.
 * @param id Of a promise that exists.
 * @param error Nullable.
 * @return As capsule_promise_settle(). Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_watch(capsule_promise_store *store, capsule_text id, capsule_error *error);

/**
 * @brief Takes the next promise that was watched and is settled.
 * @param store A store.
 * @param timeout_ms -1 for no limit, 0 to look, or 1 … 86,400,000.
 * @param[in,out] promise As in capsule_promise_create().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; `CAPSULE_E_CLOSED`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`;
 * `CAPSULE_E_FORKED`. Any thread, several at once; waits, unless the timeout is 0. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_next(capsule_promise_store *store, int64_t timeout_ms, capsule_promise *promise,
                                                capsule_error *error);

/**
 * @brief A descriptor that is readable while capsule_promise_next() would not answer `CAPSULE_E_TIMEOUT`.
 * @param store A store.
 * @param[out] fd For poll(), epoll and event loops; never read or closed by the caller, closed by the release.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_get_fd(capsule_promise_store *store, int32_t *fd, capsule_error *error);

/**
 * @brief Sets what is called when a watched promise is settled and none was to be taken: it may only wake somebody.
 * @param store A store.
 * @param callback As of capsule_execution_set_notify(); NULL for none.
 * @param user_data Passed to it.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread; once it returns, the former one is not called any more.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_set_notify(capsule_promise_store *store, capsule_notify_callback callback,
                                                            void *user_data, capsule_error *error);

/**
 * @brief Forgets a promise that is settled. One created with its id later is another.
 * @param store A store; not that of a Resonate server, which forgets nothing.
 * @param id Its id.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_NAME` (there is none); `CAPSULE_E_STATE` (it is pending, or the store is a server's); else as
 * capsule_promise_create(). Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_forget(capsule_promise_store *store, capsule_text id, capsule_error *error);

/**
 * @brief Frees what a promise that was read holds and empties it; `struct_size` stays.
 * @param promise NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_promise_release(capsule_promise *promise);

/**
 * @brief Copies the promises that are open; of a Resonate server, those that are waited for here, and those of this host's durable executions.
 * @param store A store.
 * @param[out] promises Room for `capacity`; NULL with 0 to count only.
 * @param capacity Room in `promises`.
 * @param[out] count Promises written, those first whose time is over first.
 * @param[out] total Nullable; promises there are.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_list_pending(capsule_promise_store *store, capsule_pending_promise *promises,
                                                        size_t capacity, size_t *count, uint64_t *total, capsule_error *error);

/**
 * @brief Copies what the store has counted.
 * @param store A store, closed ones included.
 * @param[out] metrics Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_get_metrics(capsule_promise_store *store, capsule_promise_metrics *metrics,
                                                             capsule_error *error);

/**
 * @brief Closes the store: who waits wakes with `CAPSULE_E_CLOSED`, durable executions under way are no longer recorded, promises stay where
 * they are kept. May be repeated.
 * @param store A store.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits for the file. Since 0.1.
 */
CAPSULE_API capsule_status capsule_promise_store_close(capsule_promise_store *store, capsule_error *error);

/**
 * @brief Gives the handle back, which closes the store.
 * @param store A store; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_promise_store_release(capsule_promise_store *store);

/**
 * @brief The name of where a promise stands, as in `"timed_out"`.
 * @param state `CAPSULE_PROMISE_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_promise_state_name(int32_t state);

#ifdef __cplusplus
}
#endif
#endif
