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
 * Called on the thread that logs, one call at a time. `line` is `key=value` fields without a newline (`event=…` first, SIGNALS.md lists them), never
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

/** @brief Where records go. */
enum {
  /** Nowhere: the default. */
  CAPSULE_LOG_SINK_NONE = 0,
  /** To a function of the host. */
  CAPSULE_LOG_SINK_CALLBACK = 1,
  /** To the process's stderr, one line each. */
  CAPSULE_LOG_SINK_STDERR = 2,
  /** To the end of a file, one line each. */
  CAPSULE_LOG_SINK_FILE = 3
};

/** @brief How records are written. */
enum {
  /** `key=value` fields, `event=…` first; on stderr and in a file `time_ns=… level=…` before them. */
  CAPSULE_LOG_KEY_VALUE = 0,
  /** A JSON object of the same fields, with `time_ns` (nanoseconds since 1970) and `level`. */
  CAPSULE_LOG_JSON = 1
};

/** @brief A sink. All zero but `struct_size`: none. */
typedef struct capsule_log_options {
  /** `sizeof(capsule_log_options)`. */
  uint32_t struct_size;
  /** `CAPSULE_LOG_SINK_…`. Default none. */
  int32_t sink;
  /** The least severe level passed on, `CAPSULE_LOG_DEBUG` … `CAPSULE_LOG_OFF`; 0 for INFO. */
  int32_t level;
  /** `CAPSULE_LOG_KEY_VALUE` (default) or `CAPSULE_LOG_JSON`. */
  int32_t format;
  /** The file, made where it is not there; read for `CAPSULE_LOG_SINK_FILE` alone. */
  capsule_text path;
  /** The function, not NULL; read for `CAPSULE_LOG_SINK_CALLBACK` alone. */
  capsule_log_callback callback;
  /** Passed to it. It must stay valid until the sink is replaced and that call has returned. */
  void *user_data;
} capsule_log_options;

/** @brief What became of the process's log records so far: by level, `[0]` debug … `[3]` error. */
typedef struct capsule_log_info {
  /** `sizeof(capsule_log_info)`, set by the caller. */
  uint32_t struct_size;
  /** Reserved, zero. */
  uint32_t reserved;
  /** Handed to a sink. */
  uint64_t records[4];
  /** Not handed to it: it could not write them, they came of what the sink itself did, or were logged once before and then only counted. */
  uint64_t dropped[4];
} capsule_log_info;

/**
 * @brief Sets the process's log sink, in the place of the one before; capsule_log_set_callback() is this for a callback.
 *
 * @param options NULL for none.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_SYSTEM` (the file cannot be opened); `CAPSULE_E_REENTRANT` from within the
 * sink; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_log_set_sink(const capsule_log_options *options, capsule_error *error);

/**
 * @brief Copies what became of the log records.
 * @param[out] info Its `struct_size` set by the caller.
 * @param error Nullable.
 * @return `CAPSULE_OK`; `CAPSULE_E_ARGUMENT`; `CAPSULE_E_FORKED`. Any thread. Since 0.1.
 */
CAPSULE_API capsule_status capsule_log_get_info(capsule_log_info *info, capsule_error *error);

#ifdef __cplusplus
}
#endif
#endif
