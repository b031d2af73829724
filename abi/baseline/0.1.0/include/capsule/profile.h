/**
 * @file profile.h
 * @brief A small profiler: the stack of a session, sampled, as collapsed stacks for flame graphs.
 *
 * The host takes samples as capsule_session_get_stack() does: the session's code is not changed, not slowed and not asked. A thread of the
 * library's own does it for each profile that is under way.
 *
 * Profiles are guarded as stacks are (introspection.h): by default their lines say how often which kind of thread ran, as `main;... 57`.
 */
#ifndef CAPSULE_PROFILE_H
#define CAPSULE_PROFILE_H

#include "capsule/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A profile: a token, never dereferenced. It keeps its session's memory, but not its worker. */
typedef struct capsule_profile capsule_profile;

/** @brief Which threads a profile counts. */
enum {
  /** Those that do something: that run, or would on a free CPU. */
  CAPSULE_PROFILE_RUNNING = 0,
  /** Those that wait as well: in locks, for input, for time. */
  CAPSULE_PROFILE_ALL = 1
};

/** @brief How a profile is taken. */
typedef struct capsule_profile_options {
  /** `sizeof(capsule_profile_options)`. */
  uint32_t struct_size;
  /** Samples per second: 1 … 1,000. Default 100. */
  uint32_t rate_hz;
  /** How long, in milliseconds: 1 … 86,400,000, or 0 for until it is stopped. Default 0. */
  int64_t duration_ms;
  /** `CAPSULE_PROFILE_…`. Default `CAPSULE_PROFILE_RUNNING`. */
  int32_t threads;
  /** Most frames of a stack, the innermost: 1 … 4,096. Default 128. */
  uint32_t max_frames;
  /** Most different stacks that are kept; what comes beyond is counted as `overflowed`. 1 … 1,000,000. Default 10,000. */
  uint32_t max_stacks;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Who looks, for the audit record (introspection.h): at most 64 bytes; copied. Default empty. */
  capsule_text caller;
} capsule_profile_options;

/** @brief What a profile has found. */
typedef struct capsule_profile_info {
  /** `sizeof(capsule_profile_info)`, set by the caller. */
  uint32_t struct_size;
  /** 1 while it is under way. */
  int32_t is_running;
  /** Samples taken. */
  uint64_t samples;
  /** Samples that were due and could not be taken: the worker was gone or not there yet, or the machine was too busy. */
  uint64_t missed;
  /** Samples of which a thread ran on while it was read: counted, if perhaps not quite as it was. */
  uint64_t torn;
  /** Stacks of threads counted: the sum of all counts in the text, and `overflowed`. */
  uint64_t stacks;
  /** Of these, those that were not kept for `max_stacks`. */
  uint64_t overflowed;
  /** Different stacks kept: lines of the text. */
  uint64_t different;
  /** Time it has been under way. */
  uint64_t duration_ns;
  /** Time that taking the samples took, of that. */
  uint64_t collect_ns;
} capsule_profile_info;

/**
 * @brief Fills in the defaults.
 * @param options Nullable.
 * @param struct_size `sizeof(capsule_profile_options)`. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_profile_options_init(capsule_profile_options *options, uint32_t struct_size);

/**
 * @brief Begins a profile of a session, which goes on through restarts; while there is no worker, samples are missed.
 * @param session A session that runs Python, not closed.
 * @param options NULL for the defaults.
 * @param[out] profile The new handle, NULL on failure; ended with capsule_profile_release().
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_DENIED`, by the policy; `CAPSULE_E_STATE` (its stack cannot be had, see capsule_session_get_stack()); `CAPSULE_E_CLOSED`;
 * `CAPSULE_E_SYSTEM`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_session_profile(capsule_session *session, const capsule_profile_options *options,
                                                   capsule_profile **profile, capsule_error *error);

/**
 * @brief Waits until a profile has ended: after `duration_ms`, when it is stopped, when its session is closed, or when the policy no longer
 * allows what it was begun with.
 * @param profile A profile.
 * @param timeout_ms -1 for no limit, or 1 … 86,400,000.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_TIMEOUT`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_REENTRANT`; `CAPSULE_E_FORKED`. Any
 * thread; waits. Since 0.1.
 */
CAPSULE_API capsule_status capsule_profile_wait(capsule_profile *profile, int64_t timeout_ms, capsule_error *error);

/**
 * @brief Ends a profile, after the sample that is being taken. May be repeated.
 * @param profile A profile.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_profile_stop(capsule_profile *profile, capsule_error *error);

/**
 * @brief Copies what a profile has counted, while it is under way too.
 * @param profile A profile.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_profile_get_info(capsule_profile *profile, capsule_profile_info *info, capsule_error *error);

/**
 * @brief The collapsed stacks that a profile has found, as flame graph programs read them.
 *
 * One line for each: the thread, then the frames from the outermost on, joined by `;`, a space, and how often it was seen:
 * `main;<module> (<execution 1>:9);work (<execution 1>:4) 57`. A `;` or control character in a name becomes `_`; `...` stands for frames
 * that were left out. The order is that of the text.
 * @param profile One that has ended.
 * @param[out] data UTF-8, not NUL-terminated; valid until the profile is released.
 * @param[out] size Its length in bytes.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_BUSY` (it is under way); `CAPSULE_E_ARGUMENT`; `CAPSULE_E_HANDLE`; `CAPSULE_E_MEMORY`;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_profile_get_collapsed(capsule_profile *profile, const char **data, size_t *size,
                                                         capsule_error *error);

/**
 * @brief Ends the profile and gives the handle back.
 * @param profile A profile; NULL or a released one is a no-op. Any thread. Since 0.1.
 */
CAPSULE_API void capsule_profile_release(capsule_profile *profile);

#ifdef __cplusplus
}
#endif
#endif
