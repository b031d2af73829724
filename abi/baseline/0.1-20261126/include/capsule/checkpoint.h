/**
 * @file checkpoint.h
 * @brief Checkpoints: what a session knows as portable bytes, for another session, process, machine or minor version of Python.
 *
 * A checkpoint holds the values that the names of the session are bound to, as far as cloudpickle can pickle them, the sources of its
 * functions and classes, and what it has imported. **What cannot be pickled never spoils the rest:** it is skipped, and named with its
 * type and the reason. What is not bound to a name is not in it: module state, threads, tasks, open files (see snapshot.h for those).
 *
 * **Restoring runs code.** Pickles are programs: bytes from a stranger can do whatever Python can. They only ever run in the worker,
 * never in the host, and only after they were checked. Give a `key` where checkpoints leave your hands: then they are signed with it
 * (HMAC-SHA-256), and only those are accepted. The key never reaches a worker.
 *
 * Between minor versions of Python bytecode means nothing: there functions and classes are made from their sources, and what has none
 * (a lambda, a function made in a function) is reported as failed, with all that holds one.
 */
#ifndef CAPSULE_CHECKPOINT_H
#define CAPSULE_CHECKPOINT_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A checkpoint in memory: a token, never dereferenced. It needs neither session nor runtime. */
typedef struct capsule_checkpoint capsule_checkpoint;

/** @brief Bits of how a checkpoint is restored. */
enum {
  /** What the session has stays, and the checkpoint's names are bound beside it; else all its names are unbound first. */
  CAPSULE_RESTORE_MERGE = 1,
  /** With the former: a name that is bound already stays so; else it is bound anew. */
  CAPSULE_RESTORE_KEEP = 2
};

/** @brief What became of a name, in a checkpoint or at its restoring. */
enum {
  /** It is in the checkpoint; it was restored. */
  CAPSULE_ENTRY_OK = 1,
  /** It was made by running its source. */
  CAPSULE_ENTRY_FROM_SOURCE = 2,
  /** It was left out: it cannot be pickled, is protected, or is bound already. */
  CAPSULE_ENTRY_SKIPPED = 3,
  /** It could not be loaded. */
  CAPSULE_ENTRY_FAILED = 4
};

/** @brief How a checkpoint is made or read; capsule_checkpoint_options_init() fills the defaults. */
typedef struct capsule_checkpoint_options {
  /** `sizeof(capsule_checkpoint_options)`. */
  uint32_t struct_size;
  /** Made: 0 for none, 1 … 19 as zstd has them. Default 1. */
  int32_t compression_level;
  /** Made: its name, up to 256 bytes. Default empty. */
  capsule_text name;
  /** Made: a JSON object of the caller's, up to 64 KiB, kept as it is. Default empty. */
  capsule_text metadata;
  /** 16 … 1,024 bytes, of any value, to sign with or to check with; or empty (default). */
  capsule_text key;
  /** Most bytes of its values before compression, 1 … 2⁴⁰. Default 1 GiB. */
  uint64_t max_bytes;
} capsule_checkpoint_options;

/** @brief What a checkpoint says of itself. Texts live as long as the checkpoint. */
typedef struct capsule_checkpoint_info {
  /** `sizeof(capsule_checkpoint_info)`, set by the caller. */
  uint32_t struct_size;
  /** Version of its format. */
  int32_t format;
  /** The name it was given. */
  capsule_text name;
  /** The caller's JSON object, or empty. */
  capsule_text metadata;
  /** Version of the interpreter, as `"3.11.2"`. */
  capsule_text python_version;
  /** When it was made, nanoseconds since 1970. */
  int64_t created_unix_ns;
  /** Number of the session in the runtime that made it. */
  uint64_t session_id;
  /** The last execution of that session that had ended by then, or 0. */
  uint64_t execution_id;
  /** Names in it, those below together. */
  uint64_t names;
  /** Functions. */
  uint64_t functions;
  /** Classes. */
  uint64_t classes;
  /** Modules, as references. */
  uint64_t modules;
  /** All other values. */
  uint64_t values;
  /** Names that could not be pickled, not in `names`. */
  uint64_t skipped;
  /** Import statements. */
  uint64_t imports;
  /** Bytes of the pickles. */
  uint64_t body_bytes;
  /** Bytes of the checkpoint. */
  uint64_t size_bytes;
  /** 1 when it is signed. */
  int32_t is_signed;
  /** 1 when it was made here, or was checked: with the key, where it is signed. Only such a one is restored. */
  int32_t is_verified;
  /** Its number, drawn at random: 32 hexadecimal digits. */
  capsule_text id;
  /** That of the checkpoint that the session had made or restored last by then; empty where there was none. */
  capsule_text parent_id;
  /** Time that pickling took in the worker. */
  uint64_t duration_ns;
} capsule_checkpoint_info;

/** @brief One name of a checkpoint or of a report. */
typedef struct capsule_checkpoint_entry {
  /** The name. */
  capsule_text name;
  /** Name of its value's type; empty in a report. */
  capsule_text type_name;
  /** Why it was skipped or failed; empty where it was not. */
  capsule_text reason;
  /** `CAPSULE_ENTRY_…`. */
  int32_t status;
  /** `CAPSULE_NAME_…` of value.h; 0 for those skipped, and in a report. */
  int32_t kind;
} capsule_checkpoint_entry;

/** @brief What entries hold; the library's own. */
typedef struct capsule_checkpoint_storage capsule_checkpoint_storage;

/** @brief Entries, of a checkpoint or of its restoring. */
typedef struct capsule_checkpoint_entries {
  /** `sizeof(capsule_checkpoint_entries)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  int32_t reserved;
  /** The entries, `count` of them; valid until capsule_checkpoint_entries_release(). */
  const capsule_checkpoint_entry *entries;
  /** Number of `entries`. */
  size_t count;
  /** What holds the above; not to be touched. */
  capsule_checkpoint_storage *storage;
} capsule_checkpoint_entries;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_checkpoint_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_checkpoint_options_init(capsule_checkpoint_options *options, uint32_t struct_size);

/**
 * @brief Makes a checkpoint of the session, when all that was submitted before has ended.
 * @param session A session that runs Python, not closed.
 * @param options NULL for the defaults.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000. Waiting for executions counts. A `__reduce__` that does not end is cancelled then.
 * @param[out] checkpoint The new handle, NULL on failure; ended with capsule_checkpoint_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_LIMIT` (more than `max_bytes`); `CAPSULE_E_ARGUMENT` (metadata that is no JSON object, an option out
 * of range); `CAPSULE_E_TYPE` (a `__reduce__` raised what is no Exception); `CAPSULE_E_TIMEOUT` (the session goes on unchanged);
 * `CAPSULE_E_DIED`; `CAPSULE_E_CLOSED`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any thread;
 * waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_checkpoint(capsule_session *session, const capsule_checkpoint_options *options,
                                                      int64_t timeout_ms, capsule_checkpoint **checkpoint,
                                                      capsule_error *error);

/**
 * @brief Restores a checkpoint in a session, when all that was submitted before has ended.
 * @param session A session that runs Python, not closed.
 * @param checkpoint One that is verified.
 * @param flags Bits of `CAPSULE_RESTORE_…`; 0: the session has the checkpoint's names afterwards, and no others.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000. One that is broken off leaves the names it had come to.
 * @param[in,out] report Nullable; its `struct_size` set by the caller. Ended with capsule_checkpoint_entries_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`, also where names failed: see the report; `CAPSULE_E_CHECKPOINT` (it is not verified, or the worker cannot read it:
 * the session is unchanged); and as capsule_session_checkpoint(). Any thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_restore_checkpoint(capsule_session *session, capsule_checkpoint *checkpoint,
                                                              uint32_t flags, int64_t timeout_ms,
                                                              capsule_checkpoint_entries *report, capsule_error *error);

/**
 * @brief Reads a checkpoint from bytes, and checks it; nothing is unpickled.
 * @param data The bytes; copied before the call returns.
 * @param size Their number.
 * @param options `key` and `max_bytes` of them; NULL for the defaults. Without a key, what is signed is read and is not verified.
 * @param[out] checkpoint The new handle, NULL on failure; ended with capsule_checkpoint_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_CHECKPOINT` (no checkpoint, cut off, damaged, of an unknown format, not signed with the key);
 * `CAPSULE_E_LIMIT` (larger than `max_bytes`); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_read(const void *data, size_t size, const capsule_checkpoint_options *options,
                                                   capsule_checkpoint **checkpoint, capsule_error *error);

/**
 * @brief The same from a file.
 * @param path The file, up to 4,096 bytes.
 * @param path_size Its length in bytes.
 * @param options As in capsule_checkpoint_read().
 * @param[out] checkpoint As there.
 * @param error Nullable.
 * @return As there; `CAPSULE_E_SYSTEM` (it cannot be read). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_read_file(const char *path, size_t path_size,
                                                        const capsule_checkpoint_options *options,
                                                        capsule_checkpoint **checkpoint, capsule_error *error);

/**
 * @brief Writes a checkpoint to a file that only the owner can read; whole or not at all, in the place of one that is there.
 * @param checkpoint A checkpoint.
 * @param path The file, up to 4,096 bytes; its folder is written to.
 * @param path_size Its length in bytes.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_write_file(capsule_checkpoint *checkpoint, const char *path, size_t path_size,
                                                         capsule_error *error);

/**
 * @brief The bytes of a checkpoint. Of one that was made here, the first call compresses and signs them.
 * @param checkpoint A checkpoint.
 * @param[out] data Valid until the checkpoint is released.
 * @param[out] size Their number.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_get_data(capsule_checkpoint *checkpoint, const void **data, size_t *size,
                                                       capsule_error *error);

/**
 * @brief Copies what a checkpoint says of itself.
 * @param checkpoint A checkpoint.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_get_info(capsule_checkpoint *checkpoint, capsule_checkpoint_info *info,
                                                       capsule_error *error);

/**
 * @brief Lists the names of a checkpoint, and behind them those that were skipped when it was made.
 * @param checkpoint A checkpoint.
 * @param[in,out] entries Its `struct_size` set by the caller; what it held is not released. Ended with
 * capsule_checkpoint_entries_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_checkpoint_list(capsule_checkpoint *checkpoint, capsule_checkpoint_entries *entries,
                                                   capsule_error *error);

/**
 * @brief Has the session keep a checkpoint, in the host's memory, under the name it was given: for later, and for
 * `CAPSULE_RESTART_CHECKPOINT`, which goes back to the one that was kept last.
 *
 * One that it keeps under that name is let go. With more than `checkpoint_limit` of them the oldest is, and counted.
 * @param session A session, in any state but closed.
 * @param checkpoint A checkpoint, of this session or another; `is_verified`. The handle stays the caller's.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_CHECKPOINT` (it is not verified); `CAPSULE_E_CLOSED`; `CAPSULE_E_SYSTEM`; `CAPSULE_E_HANDLE`;
 * `CAPSULE_E_FORKED`. Any thread; does not wait for the worker. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_keep_checkpoint(capsule_session *session, capsule_checkpoint *checkpoint,
                                                           capsule_error *error);

/**
 * @brief Finds a checkpoint that the session keeps, by its name.
 * @param session A session, closed ones included.
 * @param name The name, up to 256 bytes; NULL with size 0 for the one without.
 * @param name_size Its length in bytes.
 * @param[out] checkpoint A handle, NULL on failure; ended with capsule_checkpoint_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_NAME` (there is none); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread.
 * Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_find_checkpoint(capsule_session *session, const char *name, size_t name_size,
                                                           capsule_checkpoint **checkpoint, capsule_error *error);

/**
 * @brief A checkpoint that the session keeps, by its place: to list them, from 0 up to the first `CAPSULE_E_NAME`.
 * @param session A session, closed ones included.
 * @param index 0 for the one kept first.
 * @param[out] checkpoint As in capsule_session_find_checkpoint().
 * @param error Nullable.
 * @return As capsule_session_find_checkpoint(). Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_checkpoint_at(capsule_session *session, size_t index,
                                                         capsule_checkpoint **checkpoint, capsule_error *error);

/**
 * @brief Has the session let go of a checkpoint that it keeps; handles of it stay good.
 * @param session A session, closed ones included.
 * @param name As in capsule_session_find_checkpoint().
 * @param name_size Its length in bytes.
 * @param error Nullable.
 * @return As capsule_session_find_checkpoint(), and `CAPSULE_E_SYSTEM`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_forget_checkpoint(capsule_session *session, const char *name, size_t name_size,
                                                             capsule_error *error);

/**
 * @brief Frees what entries hold and empties them; `struct_size` stays.
 * @param entries NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_checkpoint_entries_release(capsule_checkpoint_entries *entries);

/**
 * @brief Gives the handle back.
 * @param checkpoint A checkpoint; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_checkpoint_release(capsule_checkpoint *checkpoint);

#ifdef __cplusplus
}
#endif
#endif
