// Status and Result<T>: how the inside of the library says that something failed. api/ turns them into the C convention.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "capsule/error.h"

// The one table of codes; status.cpp checks it against the header's enumeration.
#define CAPSULE_STATUS_TABLE(X)                                                       \
  X(CAPSULE_OK, 0, "success")                                                         \
  X(CAPSULE_E_ARGUMENT, 1, "an argument is not usable")                               \
  X(CAPSULE_E_HANDLE, 2, "the handle is not valid")                                   \
  X(CAPSULE_E_CLOSED, 3, "the object is closed")                                      \
  X(CAPSULE_E_TIMEOUT, 4, "the time given ran out")                                   \
  X(CAPSULE_E_BUSY, 5, "the session has no room for another execution")               \
  X(CAPSULE_E_LIMIT, 6, "a limit would be exceeded")                                  \
  X(CAPSULE_E_END, 7, "there are no more events")                                     \
  X(CAPSULE_E_STATE, 8, "the call makes no sense in this state")                      \
  X(CAPSULE_E_PYTHON, 9, "the Python interpreter is missing or not supported")        \
  X(CAPSULE_E_WORKER, 10, "the worker is missing or could not be started")            \
  X(CAPSULE_E_DIED, 11, "the worker process has died")                                \
  X(CAPSULE_E_PRELOAD, 12, "a module could not be preloaded")                         \
  X(CAPSULE_E_PROTOCOL, 13, "the peer does not follow the protocol")                  \
  X(CAPSULE_E_REENTRANT, 14, "the call would block the thread that serves it")        \
  X(CAPSULE_E_FORKED, 15, "the library cannot be used in a forked child of its host") \
  X(CAPSULE_E_SYSTEM, 16, "the operating system refused a call")                      \
  X(CAPSULE_E_MEMORY, 17, "memory ran out")                                           \
  X(CAPSULE_E_INTERNAL, 18, "a defect of the library")                                \
  X(CAPSULE_E_NAME, 19, "a name is not bound, or is bound and should not be")         \
  X(CAPSULE_E_TYPE, 20, "a value is not of the kind that was asked for")              \
  X(CAPSULE_E_CHECKPOINT, 21, "the checkpoint cannot be used")                        \
  X(CAPSULE_E_UNAVAILABLE, 22, "a server cannot be reached")                          \
  X(CAPSULE_E_DENIED, 23, "a server refuses it")                                      \
  X(CAPSULE_E_EVICTED, 24, "what the cursor goes on from is no longer kept")

namespace capsule {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(capsule_status code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == CAPSULE_OK; }
  [[nodiscard]] capsule_status code() const { return code_; }
  [[nodiscard]] const std::string &message() const { return message_; }

 private:
  capsule_status code_ = CAPSULE_OK;
  std::string message_;
};

// "call: strerror(error_number)" with CAPSULE_E_SYSTEM.
Status system_error(const char *call, int error_number);

const char *status_name(capsule_status code);
const char *status_text(capsule_status code);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] T &value() { return value_.value(); }
  [[nodiscard]] const T &value() const { return value_.value(); }
  [[nodiscard]] Status status() const { return status_; }

 private:
  // Not a variant: a hundred types are results, and of each the compiler makes some fifty functions of a variant.
  std::optional<T> value_;
  Status status_;
};

}  // namespace capsule
