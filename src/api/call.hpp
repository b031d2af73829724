// What every entry point does: refuse a forked child, keep exceptions in, turn a Status into the C convention.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/status.hpp"
#include "capsule/capsule.h"
#include "diagnostics/audit_callback.hpp"
#include "session/interceptors.hpp"

namespace capsule::api {

// Whether this process is a fork of the one that loaded the library.
bool forked();

// CAPSULE_E_REENTRANT on a thread that must not wait.
Status check_may_wait(const char *function);

capsule_status report(const Status &status, capsule_error *error) noexcept;

// Whether this thread is in a callback that may not call the library.
inline bool in_callback() { return in_log_callback() || in_interceptor() || in_audit_callback(); }

template <typename Body>
capsule_status call(capsule_error *error, Body &&body) noexcept {
  try {
    if (forked()) {
      return report(Status(CAPSULE_E_FORKED, status_text(CAPSULE_E_FORKED)), error);
    }
    if (in_callback()) {
      return report(Status(CAPSULE_E_REENTRANT, "the library was called from its log sink, an interceptor or an audit sink"),
                    error);
    }
    const Status status = body();
    return status.ok() ? CAPSULE_OK : report(status, error);
  } catch (const std::bad_alloc &) {
    return report(Status(CAPSULE_E_MEMORY, status_text(CAPSULE_E_MEMORY)), error);
  } catch (const std::exception &defect) {
    return report(Status(CAPSULE_E_INTERNAL, defect.what()), error);
  }
}

// For functions that free what the caller holds: they cannot report, wait for nothing, and are allowed in every callback.
template <typename Body>
void free_quietly(Body &&body) noexcept {
  try {
    if (!forked()) {
      body();
    }
  } catch (const std::exception &) {
    return;  // what fails is left undone
  }
}

// Below this, struct_size cannot have been set by sizeof; beyond that, neither.
inline constexpr std::uint32_t kMinStructSize = 8;
inline constexpr std::uint32_t kMaxStructSize = 4096;

// No struct has a size that is no multiple of its alignment: half of a pointer would be read.
Status check_struct_size(std::uint32_t struct_size, const char *name, std::size_t alignment = 1);

// What a newer header has behind the library's own fields must be zero: it would be passed over.
template <typename Struct>
Status check_tail(const Struct &given, const char *name) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(&given);
  if (given.struct_size > sizeof given &&
      std::any_of(bytes + sizeof given, bytes + given.struct_size, [](unsigned char b) { return b != 0; })) {
    return {CAPSULE_E_ARGUMENT,
            std::string(name) + ": it has fields set that this library (" + capsule_version() + ") does not know"};
  }
  return {};
}

// The caller's options over the defaults: fields that the caller's headers did not have keep their default.
template <typename Options>
Result<Options> read_options(const Options *given, void (*init)(Options *, std::uint32_t), const char *name) {
  Options options;
  init(&options, sizeof options);
  if (given == nullptr) {
    return options;
  }
  const std::uint32_t size = given->struct_size;
  if (Status status = check_struct_size(size, name, alignof(Options)); !status.ok()) {
    return status;
  }
  if (Status status = check_tail(*given, name); !status.ok()) {
    return status;
  }
  std::memcpy(&options, given, std::min<std::size_t>(size, sizeof options));
  return options;
}

// Fills the caller's struct up to its size; what is beyond the library's knowledge becomes zero.
template <typename Struct>
Status write_struct(Struct *given, Struct value, const char *name) {
  if (given == nullptr) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is NULL"};
  }
  const std::uint32_t size = given->struct_size;
  if (Status status = check_struct_size(size, name); !status.ok()) {
    return status;
  }
  value.struct_size = size;
  std::memcpy(given, &value, std::min<std::size_t>(size, sizeof value));
  if (size > sizeof value) {
    std::memset(reinterpret_cast<char *>(given) + sizeof value, 0, size - sizeof value);
  }
  return {};
}

// Rows into the caller's array, as the object's list(capacity, rows) gives them: it answers how many there are.
template <typename Object, typename Row>
Status list_rows(const char *name, const Result<std::shared_ptr<Object>> &found, Row *given, std::size_t capacity,
                 std::size_t *count, std::uint64_t *total) {
  if (count == nullptr || (given == nullptr && capacity > 0)) {
    return {CAPSULE_E_ARGUMENT,
            count == nullptr ? std::string("count is NULL") : std::string(name) + " is NULL but has a capacity"};
  }
  *count = 0;
  if (!found.ok()) {
    return found.status();
  }
  std::vector<Row> rows;
  const std::uint64_t all = found.value()->list(capacity, rows);
  std::copy(rows.begin(), rows.end(), given);
  *count = rows.size();
  if (total != nullptr) {
    *total = all;
  }
  return {};
}

// Writes defaults into a caller's options struct of whatever size.
template <typename Options>
void write_defaults(Options *options, std::uint32_t struct_size, Options defaults) {
  if (options != nullptr && struct_size >= kMinStructSize && struct_size <= kMaxStructSize) {
    options->struct_size = struct_size;
    static_cast<void>(write_struct(options, defaults, "options"));  // the size was checked
  }
}

// Of a call that waits: whether it may, and its timeout of -1, or 1 … a day.
Status check_wait(const char *function, std::int64_t timeout_ms);

// Ends of ranges that many take.
inline constexpr std::int64_t kDayMs = 86'400'000;
inline constexpr std::int64_t kYearMs = 365 * kDayMs;
inline constexpr std::size_t kMaxName = 64;
inline constexpr std::size_t kMaxPath = 4096;

Status check_range(const char *name, std::int64_t value, std::int64_t least, std::int64_t most);

// The view as a string; CAPSULE_E_ARGUMENT for NULL with a size, for what is not UTF-8, and for a NUL inside.
Result<std::string> read_text(const char *name, capsule_text text, std::size_t most);

}  // namespace capsule::api
