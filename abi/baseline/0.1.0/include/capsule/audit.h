/**
 * @file audit.h
 * @brief The audit trail of a runtime: who looked at what, what was answered, and what was denied, as a chain that shows tampering.
 *
 * Every guarded call (introspection.h), allowed or denied, makes one record, and so does every call of the host that the bridge denies.
 * A record is one line of JSON; its `hash` is over the rest of the line, which holds the hash of the record before:
 *
 *     {"prev":"9f…","chain":"5c…","number":7,"time":"…Z","decision":"denied",…,"hash":"41…"}
 *
 * With a key it is HMAC-SHA-256, without one SHA-256. Each chain opens with a start record that names the head before it: the hash of
 * the last record in the file, or of the runtime's chain before. Records are kept in a ring and given to a sink: a file, a callback, or both.
 * They carry no value, source text or output; names as far as the introspection policy shows them.
 *
 * What a check can find depends on what it is given. Who can write the file can recompute a chain without a key; who can cut it can
 * cut its end, and a beginning. Keep `capsule_audit_info.head` elsewhere, and give it to capsule_audit_verify(): with it, and with the
 * key where there is one, an altered, removed or reordered record is always found. Without, the verdict is at best "unanchored".
 */
#ifndef CAPSULE_AUDIT_H
#define CAPSULE_AUDIT_H

#include "capsule/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What became of a call. */
enum {
  /** No call: a chain begins. */
  CAPSULE_AUDIT_START = 0,
  /** It was answered. */
  CAPSULE_AUDIT_ALLOWED = 1,
  /** The policy, or a rule of the bridge, denied it. */
  CAPSULE_AUDIT_DENIED = 2,
  /** It was allowed, and failed: the object is closed, an argument is wrong. */
  CAPSULE_AUDIT_FAILED = 3
};

/** @brief Longest key of a chain, in bytes. */
enum { CAPSULE_AUDIT_MAX_KEY = 1024 };

/** @brief Room for a hash in hexadecimal digits, its NUL included. */
enum { CAPSULE_AUDIT_HASH_SIZE = 65 };

/**
 * @brief Receives one record, in the order of the chain.
 *
 * Called on the thread whose call is recorded, one call at a time. `line` is a line of JSON without its newline, valid during the call.
 * Calls into the library from here answer `CAPSULE_E_REENTRANT`.
 * @return 0 when it is kept; anything else: it is not.
 */
typedef int32_t (*capsule_audit_callback)(void *user_data, const char *line, size_t line_size);

/** @brief Options of a runtime's audit trail; capsule_audit_options_init() fills the defaults. */
typedef struct capsule_audit_options {
  /** `sizeof(capsule_audit_options)`. */
  uint32_t struct_size;
  /** Records kept in memory, 0 … 65,536; where there are more, the oldest go and are counted. Default 1,024. */
  uint32_t ring_records;
  /** Bytes that key the hashes, at most `CAPSULE_AUDIT_MAX_KEY`; copied, and wiped with the runtime. Default empty: no key. */
  capsule_text key;
  /**
   * A file that records are appended to, made with mode 0600 where there is none, at most 4,096 bytes; a regular file or a device. A
   * record is written by one call, and taken out again where only a part of it had room; it is with the kernel when the guarded call
   * returns, and not synced. One runtime has a file at a time. Default empty: none.
   */
  capsule_text path;
  /** Default NULL: none. */
  capsule_audit_callback callback;
  /** Passed to `callback`; valid until the runtime has another trail, or is gone. */
  void *user_data;
  /**
   * 1: a guarded call whose record the sink did not keep answers `CAPSULE_E_DENIED`, and nothing else. Default 0: it is answered, the
   * record stays in the ring without a place in the chain, and the next one that is kept says how many were lost before it.
   */
  int32_t required;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_audit_options;

/** @brief One record. */
typedef struct capsule_audit_record {
  /** Its place in the ring, from 1: the cursor of who follows. */
  uint64_t sequence;
  /** Its number in the chain, from 0; 0 too where `line` is empty. */
  uint64_t number;
  /** Nanoseconds since 1970. */
  uint64_t time_ns;
  /** Labels of the answer that were redacted or dropped. */
  uint64_t redactions;
  /** Size of the answer. */
  uint64_t answer_bytes;
  /** `CAPSULE_AUDIT_…`. */
  int32_t decision;
  /** The `CAPSULE_INSPECT_…` it was answered at, or that denied it. */
  int32_t level;
  /** Who called, as the call said, at most 64 bytes of it; of a denial of the bridge, session and execution. */
  capsule_text caller;
  /** The call: `"namespace"`, `"stack"`, … */
  capsule_text call;
  /** What it was about: `"session 3"`. */
  capsule_text target;
  /** Which policy decided: `"runtime"`, `"session"`, `"request"`; of a denial of the bridge, the rule's reason. */
  capsule_text policy;
  /** The record as it is hashed, without a newline; empty where the sink did not keep it. */
  capsule_text line;
} capsule_audit_record;

/** @brief The state of a trail. */
typedef struct capsule_audit_info {
  /** `sizeof(capsule_audit_info)`, set by the caller. */
  uint32_t struct_size;
  /** Records in the ring. */
  uint32_t stored;
  /** Records made of calls that were allowed, since the runtime's creation. */
  uint64_t allowed;
  /** Of calls that were denied. */
  uint64_t denied;
  /** Of calls that failed. */
  uint64_t failed;
  /** Records that left the ring. */
  uint64_t evicted;
  /** Records that the sink did not keep. */
  uint64_t lost;
  /** Number of the last record in the chain. */
  uint64_t number;
  /** Hash of the last record, in hexadecimal digits; empty before the first. */
  char head[CAPSULE_AUDIT_HASH_SIZE + 7];
} capsule_audit_info;

/** @brief Holds the memory of a list. */
struct capsule_audit_storage;

/** @brief Records handed out. */
typedef struct capsule_audit_list {
  /** `sizeof(capsule_audit_list)`, set by the caller. */
  uint32_t struct_size;
  /** `sizeof(capsule_audit_record)` of the library: the stride of `records`. */
  uint32_t record_size;
  /** The records, the oldest first; owned by the list. */
  const capsule_audit_record *records;
  /** Number of `records`. */
  size_t count;
  /** The library's. */
  struct capsule_audit_storage *storage;
} capsule_audit_list;

/** @brief What a check found. */
enum {
  /** Every record is as it was made, none is missing, and the head is the one expected. */
  CAPSULE_VERDICT_VERIFIED = 1,
  /** Nothing wrong was found; but the key, the head, or the head before the first record was not given, and `reason` says what that hides. */
  CAPSULE_VERDICT_UNANCHORED = 2,
  /** Something is wrong; `line`, `number` and `reason` say where and what. */
  CAPSULE_VERDICT_BROKEN = 3
};

/** @brief What is to be checked, and against what; all zero but `struct_size` and one of `path` and `data` for the least. */
typedef struct capsule_audit_check {
  /** `sizeof(capsule_audit_check)`. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** The file; or empty, and `data`. */
  capsule_text path;
  /**
   * Records, each with a newline behind it; at most 1 GiB, as the file. Empty where there is a `path`. Without one it is not NULL; what has
   * size 0 then is broken, as an empty file is.
   */
  capsule_text data;
  /** The key of every chain in it; empty for none. With one, a chain without is broken. */
  capsule_text key;
  /** Hash of the last record, 64 hexadecimal digits; empty where it is not known. */
  capsule_text head;
  /** The head before the first record, likewise; empty where there is to be none: the first chain began then. */
  capsule_text head_before;
} capsule_audit_check;

/** @brief What was found. */
typedef struct capsule_audit_report {
  /** `sizeof(capsule_audit_report)`, set by the caller. */
  uint32_t struct_size;
  /** `CAPSULE_VERDICT_VERIFIED`, `…_UNANCHORED`, `…_BROKEN`. */
  int32_t verdict;
  /** Records found good, start records included. */
  uint64_t records;
  /** Chains: start records. */
  uint64_t chains;
  /** Records that were lost by the sink, as the chains say. */
  uint64_t lost;
  /** Of the first record that is wrong: its line, from 1; 0 where none is, or what is wrong is no record. */
  uint64_t line;
  /** Its number in its chain, as it says. */
  uint64_t number;
  /** Hash of the last good record. */
  char head[CAPSULE_AUDIT_HASH_SIZE + 7];
  /** The head before the first record; empty for none. */
  char head_before[CAPSULE_AUDIT_HASH_SIZE + 7];
  /** One sentence; empty where all is verified. */
  char reason[256];
} capsule_audit_report;

/**
 * @brief Fills the defaults.
 * @param options Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_audit_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_audit_options_init(capsule_audit_options *options, uint32_t struct_size);

/**
 * @brief Gives a runtime another audit trail: a new chain begins, in the ring and in the sink. Until then there is a ring of the
 * defaults alone.
 *
 * @param runtime A runtime.
 * @param options NULL for the defaults.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_SYSTEM` (the file cannot be opened, is used by another, does not end with a whole record, or the start
 * record was not kept): the former trail stays; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`.
 * Any thread; writes to the sink. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_set_audit(capsule_runtime *runtime, const capsule_audit_options *options,
                                                     capsule_error *error);

/**
 * @brief Copies what a trail has counted, and its head.
 * @param runtime A runtime, closed ones included.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_get_audit_info(capsule_runtime *runtime, capsule_audit_info *info,
                                                          capsule_error *error);

/**
 * @brief Copies the records in the ring.
 * @param runtime A runtime, closed ones included.
 * @param after_sequence Records with larger `sequence` than that; 0 for all. One that was evicted past is no error: the first record's
 * `sequence` tells.
 * @param[in,out] list Its `struct_size` set by the caller; what it held is not released. Ended with capsule_audit_list_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`, also where no record fits; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`.
 * Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_list_audit(capsule_runtime *runtime, uint64_t after_sequence,
                                                      capsule_audit_list *list, capsule_error *error);

/**
 * @brief Frees what a list holds and empties it; `struct_size` stays.
 * @param list NULL or an empty one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_audit_list_release(capsule_audit_list *list);

/**
 * @brief Checks records: a file, or bytes. Needs no runtime.
 *
 * @param check What is to be checked.
 * @param[out] report Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`: `report->verdict` tells, of what is broken too; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_SYSTEM` (the file cannot be read);
 * `CAPSULE_E_LIMIT` (it has over 1 GiB); `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread; reads the file. Since 0.1.
 */
CAPSULE_API capsule_status capsule_audit_verify(const capsule_audit_check *check, capsule_audit_report *report,
                                                capsule_error *error);

/**
 * @brief The name of what became of a call, as in `"denied"`.
 * @param decision `CAPSULE_AUDIT_START` … `CAPSULE_AUDIT_FAILED`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_audit_decision_name(int32_t decision);

/**
 * @brief The name of what a check found, as in `"unanchored"`.
 * @param verdict `CAPSULE_VERDICT_VERIFIED` … `CAPSULE_VERDICT_BROKEN`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_audit_verdict_name(int32_t verdict);

#ifdef __cplusplus
}
#endif
#endif
