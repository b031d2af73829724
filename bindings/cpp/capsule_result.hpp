/**
 * @file capsule_result.hpp
 * @brief The C++ wrapper for programs without exceptions, C++17 and later: the same owners, whose calls return a Result.
 *
 *     using namespace capsule::results;
 *     Result<Runtime> runtime = Runtime::create();
 *     if (!runtime) return complain(runtime.failure());
 *     Result<Session> session = runtime->open();
 *     Result<RunResult> result = session ? session->run("6 * 7") : session.failure();
 *
 * It stands beside capsule.hpp, not upon it: nothing here throws, and `-fno-exceptions -fno-rtti` compile it (memory that runs out ends
 * the program then). Options are the structs of the C headers, filled by their `_init`; NULL for the defaults. What there is no member
 * for is had by `capi()` and attempt(). Owners are move-only and may be destroyed in any order.
 */
#ifndef CAPSULE_CAPSULE_RESULT_HPP
#define CAPSULE_CAPSULE_RESULT_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_event.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

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

// `Owner` around the handle that a function makes.
template <typename Owner, typename Handle, typename Function, typename... Arguments>
Result<Owner> made(Function *function, Arguments... arguments) {
  Handle *handle = nullptr;
  const Result<void> done = attempt(function, arguments..., &handle);
  if (!done) return done.failure();
  return Owner(handle);
}

}  // namespace detail

/** @brief One source text, running or waiting to run. Destroying it lets the code go on, its output dropped. */
class Execution {
 public:
  /** @brief Takes a handle over. */
  explicit Execution(capsule_execution *handle) noexcept : handle_(handle) {}
  /** @brief The next event; nullopt when there is none any more; fails with `CAPSULE_E_TIMEOUT` when none came in time. */
  Result<std::optional<Event>> next(Milliseconds timeout = kForever) {
    Event event;
    const Result<void> taken = attempt(capsule_execution_next, capi(), static_cast<int64_t>(timeout.count()), event.capi());
    if (taken.status() == CAPSULE_E_END) return std::optional<Event>();
    if (!taken) return taken.failure();
    return std::optional<Event>(std::move(event));
  }
  /** @brief Takes what is left, to the terminal event. Input requests are declined. Waits. */
  Result<RunResult> finish() {
    RunResult result;
    for (;;) {
      Result<std::optional<Event>> found = next();
      if (!found) return found.failure();
      if (!*found) return Failure{CAPSULE_E_END, capsule_status_text(CAPSULE_E_END)};
      Event &event = **found;
      // A request that a timeout ended meanwhile needs no answer.
      if (event.kind() == CAPSULE_EVENT_INPUT) capsule_execution_decline(capi(), event->input_id, nullptr);
      if (result.add(event)) return result;  // late output may come behind it
    }
  }
  /** @brief Answers an input request, by the `input_id` of its event, with one line. */
  Result<void> answer(std::uint64_t input_id, std::string_view text) {
    return attempt(capsule_execution_answer, capi(), input_id, text.data(), text.size());
  }
  /** @brief Declines an input request: `input()` raises EOFError. */
  Result<void> decline(std::uint64_t input_id) { return attempt(capsule_execution_decline, capi(), input_id); }
  /** @brief Ends the execution; with 0 kills at once. The terminal event tells what was needed. */
  Result<void> cancel(Milliseconds grace = kSessionGrace) {
    return attempt(capsule_execution_cancel, capi(), static_cast<int64_t>(grace.count()));
  }
  Result<void> interrupt() { return attempt(capsule_execution_interrupt, capi()); }  ///< Raises KeyboardInterrupt, once.
  /** @brief A descriptor that is readable while next() does not wait. */
  Result<int> fd() const {
    std::int32_t fd = -1;
    const Result<void> got = attempt(capsule_execution_get_fd, capi(), &fd);
    if (!got) return got.failure();
    return fd;
  }
  capsule_execution *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_execution, capsule_execution_release> handle_;
};

/** @brief One Python process with a namespace that persists. Destroying it closes it, without waiting. */
class Session {
 public:
  /** @brief Takes a handle over. */
  explicit Session(capsule_session *handle) noexcept : handle_(handle) {}
  /** @brief Submits a source text. It runs when those before it have ended. */
  Result<Execution> execute(std::string_view source, const capsule_execution_options *options = nullptr) {
    return detail::made<Execution, capsule_execution>(capsule_execution_create, capi(), source.data(), source.size(), options);
  }
  /** @brief Runs a source text to its end and collects what it did. Input requests are declined. Waits. */
  Result<RunResult> run(std::string_view source, const capsule_execution_options *options = nullptr) {
    Result<Execution> execution = execute(source, options);
    if (!execution) return execution.failure();
    return execution->finish();
  }
  /** @brief Waits until the session is ready, idle, or has failed to start. */
  Result<void> wait_ready(Milliseconds timeout = kForever) {
    return attempt(capsule_session_wait_ready, capi(), static_cast<int64_t>(timeout.count()));
  }
  Result<void> restart() { return attempt(capsule_session_restart, capi()); }  ///< Ends the worker and starts another. Waits.
  /** @brief Closes the session; what has not ended after `timeout` is killed, with 0 at once. Waits. */
  Result<void> close(Milliseconds timeout) {
    return attempt(capsule_session_close, capi(), static_cast<int64_t>(timeout.count()));
  }
  Result<capsule_session_info> info() const { return detail::info(capsule_session_get_info, capi()); }  ///< A snapshot.
  capsule_session *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Pool;
  detail::Owned<capsule_session, capsule_session_release> handle_;
};

/** @brief Sessions that are kept ready. A Session that was acquired goes back when it is destroyed, or by give_back(). */
class Pool {
 public:
  /** @brief Takes a handle over. */
  explicit Pool(capsule_pool *handle) noexcept : handle_(handle) {}
  /** @brief As pool.h has it. Waits. */
  Result<Session> acquire(const capsule_acquire_options *options = nullptr) {
    return detail::made<Session, capsule_session>(capsule_pool_acquire, capi(), options);
  }
  /** @brief Gives a session back; it is empty then. One that is refused stays as it is. */
  Result<void> give_back(Session &&session) {
    Result<void> given = attempt(capsule_pool_give_back, capi(), session.capi());
    if (given) static_cast<void>(session.handle_.release());
    return given;
  }
  /** @brief Waits until the least number of idle sessions was made, or one cannot be. */
  Result<void> wait_ready(Milliseconds timeout = kForever) {
    return attempt(capsule_pool_wait_ready, capi(), static_cast<int64_t>(timeout.count()));
  }
  /** @brief Closes it; what is not given back after `timeout` is closed. Waits. */
  Result<void> close(Milliseconds timeout) {
    return attempt(capsule_pool_close, capi(), static_cast<int64_t>(timeout.count()));
  }
  Result<capsule_pool_info> info() const { return detail::info(capsule_pool_get_info, capi()); }  ///< Options and status.
  Result<capsule_pool_metrics> metrics() const { return detail::info(capsule_pool_get_metrics, capi()); }  ///< What it counted.
  capsule_pool *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_pool, capsule_pool_release> handle_;
};

/** @brief One loop thread and the processes it looks after. The last owner's end waits for the processes to end. */
class Runtime {
 public:
  /** @brief Starts the loop thread. `CAPSULE_E_STATE` where the library is older than these headers. */
  static Result<Runtime> create(const capsule_runtime_options *options = nullptr) {
    if (std::string complaint = capsule::detail::version_complaint(); !complaint.empty()) {
      return Failure{CAPSULE_E_STATE, std::move(complaint)};
    }
    return detail::made<Runtime, capsule_runtime>(capsule_runtime_create, options);
  }
  /** @brief Takes a handle over. */
  explicit Runtime(capsule_runtime *handle) noexcept : handle_(handle) {}
  /** @brief Opens a session; unless told otherwise, waits until it can run code. */
  Result<Session> open(const capsule_session_options *options = nullptr) {
    return detail::made<Session, capsule_session>(capsule_session_open, capi(), options);
  }
  /** @brief Makes a pool, without waiting for its sessions. */
  Result<Pool> open_pool(const capsule_pool_options *options = nullptr) {
    return detail::made<Pool, capsule_pool>(capsule_pool_create, capi(), options);
  }
  /** @brief Closes every session and ends every process; what has not ended after `timeout` is killed. Waits. */
  Result<void> close(Milliseconds timeout) {
    return attempt(capsule_runtime_close, capi(), static_cast<int64_t>(timeout.count()));
  }
  Result<capsule_runtime_info> info() const { return detail::info(capsule_runtime_get_info, capi()); }  ///< The counters.
  capsule_runtime *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_runtime, capsule_runtime_release> handle_;
};

}  // namespace results
}  // namespace cpp0
}  // namespace capsule

#endif
