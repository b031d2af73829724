/**
 * @file capsule_result_base.hpp
 * @brief Of the C++ wrapper for programs without exceptions: what a call brings; capsule_result.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_RESULT_BASE_HPP
#define CAPSULE_CAPSULE_RESULT_BASE_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_signals.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace capsule {
inline namespace cpp0 {
namespace results {

/** @brief Why a call failed. */
struct Failure {
  capsule_status status = CAPSULE_E_INTERNAL;  ///< `CAPSULE_E_…`.
  std::string message;                         ///< The library's sentence.
};

/** @brief What Result<void> holds. */
struct Nothing {};

/** @brief What a call brought, or why it failed. To ask a failure for its value, or a value for its failure, ends the program. */
template <typename T>
class [[nodiscard]] Result {
 public:
  using Value = std::conditional_t<std::is_void_v<T>, Nothing, T>;  ///< What it holds.

  Result(Value value) : value_(std::move(value)) {}                       ///< A success.
  Result(Failure failure) : failure_(std::move(failure)) {}               ///< A failure.
  explicit operator bool() const noexcept { return value_.has_value(); }  ///< Whether it is a success.
  /** @brief `CAPSULE_OK` for a success. */
  capsule_status status() const noexcept { return value_ ? CAPSULE_OK : failure_.status; }
  /** @brief Why it failed. */
  const Failure &failure() const noexcept {
    if (value_) std::abort();
    return failure_;
  }
  Value &operator*() &noexcept { return held(); }               ///< The value.
  Value &&operator*() &&noexcept { return std::move(held()); }  ///< The value, to be moved from.
  Value *operator->() noexcept { return &held(); }              ///< Of the value.
  /** @brief The value, or another where it failed. */
  Value value_or(Value other) && { return value_ ? std::move(*value_) : std::move(other); }

 private:
  Value &held() noexcept {
    if (!value_) std::abort();
    return *value_;
  }
  std::optional<Value> value_;
  Failure failure_;
};

/** @brief Calls a function of the C headers, whose last parameter, the error, is left out. */
template <typename Function, typename... Arguments>
Result<void> attempt(Function *function, Arguments... arguments) {
  capsule_error error{};
  error.struct_size = sizeof error;
  const capsule_status status = function(arguments..., &error);
  if (status != CAPSULE_OK) return Failure{status, error.message};
  return Nothing{};
}

/** @brief Options as an `_init` function of the C headers fills them: `defaults(capsule_session_options_init)`. */
template <typename Options>
Options defaults(void (*initialize)(Options *, std::uint32_t)) {
  return capsule::detail::defaults(initialize);
}

namespace detail {

template <typename Handle, void (*Release)(Handle *)>
struct Releaser {
  void operator()(Handle *handle) const noexcept { Release(handle); }
};

template <typename Handle, void (*Release)(Handle *)>
using Owned = std::unique_ptr<Handle, Releaser<Handle, Release>>;

template <typename Info, typename Handle>
Result<Info> info(capsule_status (*function)(Handle *, Info *, capsule_error *), Handle *handle) {
  Info info{};
  info.struct_size = sizeof info;
  const Result<void> done = attempt(function, handle, &info);
  if (!done) return done.failure();
  return info;
}

// A descriptor.
template <typename Handle>
Result<int> fd(capsule_status (*function)(Handle *, std::int32_t *, capsule_error *), Handle *handle) {
  std::int32_t fd = -1;
  const Result<void> got = attempt(function, handle, &fd);
  if (!got) return got.failure();
  return fd;
}

// The struct that a function fills in, as its last argument but the error.
template <typename Filled, typename Function, typename... Arguments>
Result<Filled> read(Function *function, Arguments... arguments) {
  Filled filled;
  const Result<void> done = attempt(function, arguments..., filled.capi());
  if (!done) return done.failure();
  return filled;
}

// The same, or nullopt where nothing more will come.
template <typename Filled, typename Function, typename... Arguments>
Result<std::optional<Filled>> next(capsule_status end, Function *function, Arguments... arguments) {
  Filled filled;
  const Result<void> taken = attempt(function, arguments..., filled.capi());
  if (taken.status() == end) return std::optional<Filled>();
  if (!taken) return taken.failure();
  return std::optional<Filled>(std::move(filled));
}

// How the calls of capsule_signals.hpp fail here.
struct Returns {
  template <typename T>
  using Of = Result<T>;
  template <typename Function, typename... Arguments>
  static Result<void> done(Function *function, Arguments... arguments) {
    return attempt(function, arguments...);
  }
  template <typename T, typename Invoke>
  static Result<T> told(Invoke invoke) {
    capsule_error error{};
    error.struct_size = sizeof error;
    T told{};
    const capsule_status status = invoke(told, &error);
    if (status != CAPSULE_OK) return Failure{status, error.message};
    return told;
  }
  template <typename Owner, typename Handle, typename Invoke, typename... More>
  static Result<Owner> made(Invoke invoke, More... more) {
    Result<Handle *> handle = told<Handle *>(invoke);
    if (!handle) return handle.failure();
    return Owner(*handle, std::move(more)...);
  }
};

inline std::int64_t count_of(Milliseconds time) { return static_cast<std::int64_t>(time.count()); }

// `Owner` around the handle that a function makes.
template <typename Owner, typename Handle, typename Function, typename... Arguments>
Result<Owner> made(Function *function, Arguments... arguments) {
  Handle *handle = nullptr;
  const Result<void> done = attempt(function, arguments..., &handle);
  if (!done) return done.failure();
  return Owner(handle);
}

}  // namespace detail

using StackTrace = BasicStackTrace<detail::Returns>;  ///< Where Python code stands, or stood.
using Postmortem = BasicPostmortem<detail::Returns>;  ///< What is known of a worker that died.
using Profile = BasicProfile<detail::Returns>;        ///< Samples of where Python code stands.
using Exporter = BasicExporter<detail::Returns>;      ///< Hands on what sessions do.

}  // namespace results
}  // namespace cpp0
}  // namespace capsule

#endif
