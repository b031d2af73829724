/**
 * @file base.h
 * @brief Linkage, version, text views, and the rules that hold for every declaration.
 */
#ifndef CAPSULE_BASE_H
#define CAPSULE_BASE_H

#include <stddef.h>
#include <stdint.h>

/** Linkage of what the library exports. */
#if defined(__GNUC__)
#define CAPSULE_API __attribute__((visibility("default")))
#else
#define CAPSULE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the headers this program was compiled with; compare with capsule_version_number(). */
#define CAPSULE_VERSION_MAJOR 0
/** Minor version of the headers: something was added. */
#define CAPSULE_VERSION_MINOR 1
/** Patch version of the headers: mistakes were corrected. */
#define CAPSULE_VERSION_PATCH 0

/**
 * @brief A view of UTF-8 text or bytes: pointer and length.
 *
 * As an input it is copied before the call returns; `data` may be NULL when `size` is 0. As an output it is owned by what the
 * field's comment names, and one NUL that `size` does not count follows the last byte, so that `data` can be printed as a C
 * string where the text has no NUL of its own; an absent text has `data` NULL.
 */
typedef struct capsule_text {
  /** First byte, or NULL. */
  const char *data;
  /** Length in bytes. */
  size_t size;
} capsule_text;

/**
 * @brief The view of a NUL-terminated string.
 *
 * @param string NUL-terminated text, or NULL for an empty view. Not copied: it must outlive the view.
 * @return The view. Any thread. Since 0.1.
 */
CAPSULE_API capsule_text capsule_text_from(const char *string);

/**
 * @brief Version of the loaded library as text, `"0.1.0"`.
 * @return A static string, never NULL. Any thread. Since 0.1.
 */
CAPSULE_API const char *capsule_version(void);

/**
 * @brief Version of the loaded library as one number: major × 1,000,000 + minor × 1,000 + patch.
 * @return The number. Any thread. Since 0.1.
 */
CAPSULE_API uint32_t capsule_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
