/**
 * @file introspection_policy.h
 * @brief Who may see how much of what goes on: the policy of guarded introspection (introspection.h), and how one look is asked for.
 */
#ifndef CAPSULE_INTROSPECTION_POLICY_H
#define CAPSULE_INTROSPECTION_POLICY_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief How much a call answers. */
enum {
  /** Nothing: it is denied. */
  CAPSULE_INSPECT_OFF = 0,
  /** Numbers, states and times. */
  CAPSULE_INSPECT_COUNTS = 1,
  /** Rows too, with their names redacted. */
  CAPSULE_INSPECT_REDACTED = 2,
  /** Rows with their names. */
  CAPSULE_INSPECT_FULL = 3
};

/** @brief What redaction makes of a name; of two, the larger is the stricter. */
enum {
  /** `"h:"` and 16 hexadecimal digits of the keyed hash. */
  CAPSULE_REDACT_HASH = 0,
  /** Its length in bytes, as in `"len:12"`. */
  CAPSULE_REDACT_LENGTH = 1,
  /** Nothing. */
  CAPSULE_REDACT_DROP = 2
};

/**
 * @brief Who may see how much; capsule_introspection_policy_init() fills the defaults.
 *
 * Names that come from code, or of what it handles, are redacted before anything is answered, logged or exported: of capabilities, promises,
 * variables, files. Names that the host gives its own parts are told as they are, in logs too: of pools, exporters and interceptors.
 */
typedef struct capsule_introspection_policy {
  /** `sizeof(capsule_introspection_policy)`. */
  uint32_t struct_size;
  /** `CAPSULE_REDACT_…`. Default `CAPSULE_REDACT_HASH`. */
  int32_t redaction;
  /** `CAPSULE_INSPECT_…` of calls of the host, and of promises, that are open; and of capabilities' names in audit records. Default counts, as all below. */
  int32_t promises;
  /** `CAPSULE_INSPECT_…` of a session's names. */
  int32_t namespace_summary;
  /** `CAPSULE_INSPECT_…` of a pool. */
  int32_t pool;
  /** `CAPSULE_INSPECT_…` of what a session executes. */
  int32_t execution;
  /** `CAPSULE_INSPECT_…` of the isolation of a session. */
  int32_t isolation;
  /** `CAPSULE_INSPECT_…` of the stacks and profiles of a worker. */
  int32_t stack;
  /** `CAPSULE_INSPECT_…` of traces, of sessions and pools: their events are counts. */
  int32_t trace;
  /** `CAPSULE_INSPECT_…` of what is known of a dead worker: counts, but for its stack. */
  int32_t postmortem;
  /** Longest label in bytes, after redaction, 24 … 1,024. Default 64. */
  uint32_t max_label_bytes;
  /** Most rows of an answer, 1 … 65,536. Default 1,000. */
  uint32_t max_rows;
  /** Key of the hashes, at most 1,024 bytes; copied. Default empty: a random one of the runtime. A session's is the runtime's. */
  capsule_text key;
} capsule_introspection_policy;

/** @brief One look; capsule_inspection_init() fills the defaults. */
typedef struct capsule_inspection {
  /** `sizeof(capsule_inspection)`. */
  uint32_t struct_size;
  /** The `CAPSULE_INSPECT_…` that is wanted, counts or more; where the policy allows less, the call is denied. Default 0: what the policy allows. */
  int32_t level;
  /** Who looks, for the audit record: at most 64 bytes. Default empty. */
  capsule_text caller;
  /** How long to wait for the worker, where it is asked, 1 … 86,400,000. Default 1,000. */
  int64_t timeout_ms;
  /** Most rows wanted; 0, the default, for as many as the policy allows. */
  uint32_t max_rows;
  /** Reserved, zero. */
  uint32_t reserved;
} capsule_inspection;

/** @brief What a label shows. */
enum {
  /** The name. */
  CAPSULE_LABEL_NAME = 1,
  /** Its keyed hash. */
  CAPSULE_LABEL_HASH = 2,
  /** Its length. */
  CAPSULE_LABEL_LENGTH = 3,
  /** Nothing. */
  CAPSULE_LABEL_DROPPED = 4
};

/** @brief A name, as far as the policy shows it. Never extended: it is part of rows. */
typedef struct capsule_label {
  /** What is shown, at most `max_label_bytes`; owned by the answer. */
  capsule_text text;
  /** Length of what is shown before it was cut: larger than `text.size` where it was. */
  uint64_t full_bytes;
  /** `CAPSULE_LABEL_…`. */
  int32_t form;
  /** Reserved, zero. */
  int32_t reserved;
} capsule_label;

/**
 * @brief Fills the defaults.
 * @param policy Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_introspection_policy)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_introspection_policy_init(capsule_introspection_policy *policy, uint32_t struct_size);

/**
 * @brief Fills the defaults.
 * @param inspection Written up to `struct_size` bytes; no-op when NULL.
 * @param struct_size `sizeof(capsule_inspection)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_inspection_init(capsule_inspection *inspection, uint32_t struct_size);

/**
 * @brief Sets what may be seen of a runtime, from the next call on: more than before, or less.
 *
 * @param runtime A runtime.
 * @param policy NULL for the defaults.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_runtime_set_introspection_policy(capsule_runtime *runtime,
                                                                    const capsule_introspection_policy *policy,
                                                                    capsule_error *error);

/**
 * @brief Narrows what may be seen of a session: of each level, redaction and limit the stricter of this and of what there is. It cannot be
 * undone, and sessions that branch from it begin with it.
 *
 * @param session A session.
 * @param policy Its `key` is not looked at.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_narrow_introspection(capsule_session *session,
                                                                const capsule_introspection_policy *policy,
                                                                capsule_error *error);

/**
 * @brief The name of a level, as in `"redacted"`.
 * @param level `CAPSULE_INSPECT_…`.
 * @return A static string; `"unknown"` for other values. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_inspect_level_name(int32_t level);

#ifdef __cplusplus
}
#endif
#endif
