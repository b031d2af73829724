/**
 * @file value.h
 * @brief Values between host and session: names of the session's namespace set, read, deleted and listed; buffers without a copy.
 *
 * All calls here take their turn behind the executions that were submitted before, and wait for it; they run no source text, make no
 * events and take no number of an execution.
 *
 * **Buffers.** The content of a `CAPSULE_VALUE_BUFFER` lies in shared memory. In Python it is a `memoryview` (`numpy.asarray(x)` or
 * `pyarrow.py_buffer(x)` use it without a copy) that is read-only, as the host has it too. From Python comes whatever offers a
 * buffer: `bytes`, `bytearray`, `array.array`, `memoryview`, `numpy` arrays, `pyarrow` buffers; and arrays of numbers without nulls of
 * any library that has the Arrow C data interface (`__arrow_c_array__`). It is copied into shared memory once, which the host maps. That memory can neither shrink nor grow, whatever the Python code does, so that reading it never faults, and it
 * stays when the session goes.
 */
#ifndef CAPSULE_VALUE_H
#define CAPSULE_VALUE_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief How a value travels. */
enum {
  /** None is asked for: of `result_kind` in execution.h alone. */
  CAPSULE_VALUE_NONE = -1,
  /** To read: the first of text, buffer (whatever has one), JSON that the value can be. */
  CAPSULE_VALUE_AUTO = 0,
  /** JSON text, no NaN or infinities, and set with at most 64-bit integers (read, an `int` of any size is written out): `null`, `true`, numbers, texts, arrays (`list`), objects (`dict`). */
  CAPSULE_VALUE_JSON = 1,
  /** A `str`, as UTF-8. */
  CAPSULE_VALUE_TEXT = 2,
  /** A `bytes` object, of which Python has a copy of its own. */
  CAPSULE_VALUE_BYTES = 3,
  /** Items in memory, with a format and a shape. */
  CAPSULE_VALUE_BUFFER = 4,
  /** The value's `repr()`; to read only. */
  CAPSULE_VALUE_REPR = 5
};

/** @brief What happens to a name that is bound already. */
enum {
  /** It is bound anew. */
  CAPSULE_SET_OVERWRITE = 0,
  /** It stays as it is, and the call succeeds. */
  CAPSULE_SET_KEEP = 1,
  /** The call fails with `CAPSULE_E_NAME`. */
  CAPSULE_SET_CONFLICT = 2
};

/** @brief What a name of the namespace is bound to. */
enum {
  /** None of the others. */
  CAPSULE_NAME_VALUE = 1,
  /** A function or another callable that is no class. */
  CAPSULE_NAME_FUNCTION = 2,
  /** A class. */
  CAPSULE_NAME_CLASS = 3,
  /** A module. */
  CAPSULE_NAME_MODULE = 4
};

/** @brief Most dimensions of a buffer. */
enum { CAPSULE_MAX_DIMENSIONS = 16 };

/** @brief A buffer in shared memory that the host fills: a token, never dereferenced. */
typedef struct capsule_buffer capsule_buffer;

/** @brief What a value or a list holds; the library's own. */
typedef struct capsule_value_storage capsule_value_storage;

/** @brief A value on its way. To set one, fill `kind`, and `data` and `size_bytes` or `buffer`; zero is fine for the rest. */
typedef struct capsule_value {
  /** `sizeof(capsule_value)`. */
  uint32_t struct_size;
  /** `CAPSULE_VALUE_…`. */
  int32_t kind;
  /** The content. Set: copied before the call returns. Read: valid until capsule_value_release(). */
  const void *data;
  /** Its length. */
  uint64_t size_bytes;
  /** Read: name of the value's type, as tracebacks show it, cut at 255 bytes; valid as `data`. */
  capsule_text type_name;
  /** BUFFER: format of an item as the `struct` module writes it, with one item; empty for bytes (`"B"`). Valid as `data`. */
  capsule_text format;
  /** BUFFER: lengths of its dimensions, `dimensions` of them, C-contiguous; set with 0: one dimension of bytes. Valid as `data`. */
  const int64_t *shape;
  /** BUFFER, read: bytes from one item to the next, in each dimension: as it lies here, not as it lay in Python. Valid as `data`. */
  const int64_t *strides;
  /** BUFFER: 0 … `CAPSULE_MAX_DIMENSIONS`. */
  int32_t dimensions;
  /** BUFFER, read: bytes of an item. */
  uint32_t item_size_bytes;
  /** BUFFER, set: the content in place of `data`, without a copy; it can no longer be written then. Else NULL. */
  capsule_buffer *buffer;
  /** Read: what holds the above; not to be touched. */
  capsule_value_storage *storage;
} capsule_value;

/** @brief A name and the value to bind it to. */
typedef struct capsule_input {
  /** As in capsule_session_set(). */
  capsule_text name;
  /** As in capsule_session_set(). */
  const capsule_value *value;
} capsule_input;

/** @brief Most names that one call or execution binds. */
enum { CAPSULE_MAX_INPUTS = 1024 };

/** @brief One name of a list. */
typedef struct capsule_name {
  /** The name. */
  capsule_text name;
  /** Name of its value's type, cut at 255 bytes. */
  capsule_text type_name;
  /** What `sys.getsizeof()` tells of the value itself, without what it refers to; 0 where it tells nothing. */
  uint64_t size_bytes;
  /** `CAPSULE_NAME_…`. */
  int32_t kind;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_name;

/** @brief Names of a namespace. */
typedef struct capsule_name_list {
  /** `sizeof(capsule_name_list)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** The names in the order they were bound, `count` of them; valid until capsule_name_list_release(). */
  const capsule_name *names;
  /** Number of `names`. */
  size_t count;
  /** Names there are, `count` or more. */
  uint64_t total;
  /** What holds the above; not to be touched. */
  capsule_value_storage *storage;
} capsule_name_list;

/**
 * @brief Binds a name of the session's namespace.
 * @param session A session, not closed.
 * @param name A Python identifier of at most 1,024 bytes that is no keyword, no `__name__` of that kind and none of `In`, `Out`,
 * `_`, `__`, `___`, `_i`, `_ii`, `_iii`, `_ih`, `_oh`.
 * @param name_size Its length in bytes.
 * @param value The value. A buffer of over 60 KiB as `data` is copied into shared memory once; JSON, texts and bytes of more
 * than the runtime's `max_frame_bytes` less 4 KiB are refused.
 * @param strategy `CAPSULE_SET_…`.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000. Waiting for executions counts.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` (a name that is none or is protected, JSON that is none, holds NaN or an integer of over
 * 64 bits, text that is no UTF-8, a shape that does not fit); `CAPSULE_E_NAME` (bound already, with CAPSULE_SET_CONFLICT);
 * `CAPSULE_E_LIMIT`; `CAPSULE_E_TIMEOUT` (it was not set, or not yet: an execution may still see it set); `CAPSULE_E_DIED`;
 * `CAPSULE_E_CLOSED`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_set(capsule_session *session, const char *name, size_t name_size,
                                               const capsule_value *value, int32_t strategy, int64_t timeout_ms,
                                               capsule_error *error);

/**
 * @brief Binds several names of the session's namespace: all, or none where one of them cannot be.
 * @param session A session, not closed.
 * @param inputs The names, each once, and their values, as in capsule_session_set(). Together they may take the runtime's
 * `max_frame_bytes` less 4 KiB; buffers of over 60 KiB, at most 16 of them, do not count.
 * @param count Number of `inputs`, 1 … `CAPSULE_MAX_INPUTS`.
 * @param strategy `CAPSULE_SET_…`; with KEEP, those that are bound stay, and the others are bound.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param error Nullable.
 * @return As capsule_session_set(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_update(capsule_session *session, const capsule_input *inputs, size_t count,
                                                  int32_t strategy, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Reads what a name is bound to, or an element of it.
 * @param session A session, not closed.
 * @param name An identifier, at most 1,024 bytes; protected ones may be read.
 * @param name_size Its length in bytes.
 * @param kind `CAPSULE_VALUE_…`: what it is wanted as.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000. A `__repr__` that does not end is cancelled then, as an execution would be.
 * @param[in,out] value Its `struct_size` set by the caller; what it held is not released. Ended with capsule_value_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_NAME` (there is no such name); `CAPSULE_E_TYPE` (the value is none of that kind: the message names
 * its type, or the exception that it raised); `CAPSULE_E_LIMIT` (JSON, text or repr of more than the runtime's `max_frame_bytes` less
 * 4 KiB; a repr is cut instead); and as capsule_session_set(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_get(capsule_session *session, const char *name, size_t name_size, int32_t kind,
                                               int64_t timeout_ms, capsule_value *value, capsule_error *error);

/**
 * @brief Unbinds a name.
 * @param session A session, not closed.
 * @param name As in capsule_session_set().
 * @param name_size Its length in bytes.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_NAME` (there is no such name); and as capsule_session_set(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_delete(capsule_session *session, const char *name, size_t name_size,
                                                  int64_t timeout_ms, capsule_error *error);

/**
 * @brief Lists names of the namespace: the user's, without dunders and protected ones.
 * @param session A session, not closed.
 * @param limit Most names that are listed, 1 … 65,536, and no more than fit in a frame of the runtime's `max_frame_bytes`; `total`
 * tells how many there are.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param[in,out] list Its `struct_size` set by the caller; what it held is not released. Ended with capsule_name_list_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; and as capsule_session_set(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_list(capsule_session *session, uint32_t limit, int64_t timeout_ms,
                                                capsule_name_list *list, capsule_error *error);

/**
 * @brief Frees what a value that was read holds and empties it; `struct_size` stays.
 * @param value NULL, an empty one, or one that was not read is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_value_release(capsule_value *value);

/**
 * @brief Frees what a list holds and empties it; `struct_size` stays.
 * @param list NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_name_list_release(capsule_name_list *list);

/**
 * @brief Makes a buffer in shared memory for the host to fill in place, as a `buffer` of a value.
 * @param size_bytes 1 … 2⁴⁰; pages are taken when they are first written.
 * @param[out] buffer The new handle, NULL on failure; ended with capsule_buffer_release().
 * @param[out] data Where to write, zeroed; writable until the buffer was set in a session, readable until it is released.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_buffer_create(uint64_t size_bytes, capsule_buffer **buffer, void **data,
                                                 capsule_error *error);

/**
 * @brief Gives the handle back; sessions that hold the buffer keep it.
 * @param buffer A buffer; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_buffer_release(capsule_buffer *buffer);

#ifdef __cplusplus
}
#endif
#endif
