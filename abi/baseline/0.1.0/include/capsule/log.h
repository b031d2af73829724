/**
 * @file log.h
 * @brief The library's own log: silent until the host gives it a sink.
 */
#ifndef CAPSULE_LOG_H
#define CAPSULE_LOG_H

#include "capsule/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Severity of a log record. */
enum {
  /** Each phase of each frame. */
  CAPSULE_LOG_DEBUG = 1,
  /** Births and deaths. */
  CAPSULE_LOG_INFO = 2,
  /** Something was refused, dropped or repaired. */
  CAPSULE_LOG_WARN = 3,
  /** Something failed. */
  CAPSULE_LOG_ERROR = 4,
  /** Nothing at all. */
  CAPSULE_LOG_OFF = 5
};

/**
 * @brief Receives one record.
 *
 * Called on the thread that logs, one call at a time. `line` is `key=value` fields without a newline (`event=…` first), never
 * with source text, values or output of the user's code; what a worker wrote to its own stderr before it served is in `raw=…`.
 * It is valid during the call. Calls into the library from here answer `CAPSULE_E_REENTRANT`.
 */
typedef void (*capsule_log_callback)(void *user_data, int32_t level, const char *line, size_t line_size);

/**
 * @brief Sets or removes the process's log sink.
 *
 * @param level The least severe level passed on, `CAPSULE_LOG_DEBUG` … `CAPSULE_LOG_OFF`.
 * @param callback The sink, or NULL for none (the default).
 * @param user_data Passed to each call. It must stay valid until the sink is replaced and this function has returned.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT` for an unknown level; `CAPSULE_E_REENTRANT` from within the sink;
 * `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_log_set_callback(int32_t level, capsule_log_callback callback, void *user_data,
                                                    capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
