/**
 * @file capsule_base.hpp
 * @brief Of the C++ wrapper: errors, values, and what its other headers are made with; capsule.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_BASE_HPP
#define CAPSULE_CAPSULE_BASE_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_signals.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capsule {
inline namespace cpp0 {

/** @brief What a `take` found: Execution::take(), Bridge::take(), PromiseStore::take(). */
enum class Taken {
  kEvent,  ///< An event, a request, a promise.
  kEmpty,  ///< None came in the time given.
  kEnd     ///< Nothing more will come.
};

/** @brief A call failed; `what()` is the library's sentence about it. */
class Error : public std::runtime_error {
 public:
  /** @brief With a status that is not CAPSULE_OK, and the sentence. */
  Error(capsule_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  [[nodiscard]] capsule_status status() const noexcept { return status_; }  ///< `CAPSULE_E_…`.

 private:
  capsule_status status_;
};

/** @brief The time given ran out (`CAPSULE_E_TIMEOUT`); nothing was lost, the call may be repeated. */
class TimeoutError : public Error {
 public:
  /** @brief With the sentence. */
  explicit TimeoutError(const std::string &message) : Error(CAPSULE_E_TIMEOUT, message) {}
};

namespace detail {

inline void check(capsule_status status, const capsule_error &error) {
  if (status == CAPSULE_E_TIMEOUT) throw TimeoutError(error.message);
  if (status != CAPSULE_OK) throw Error(status, error.message);
}

template <typename Function, typename... Arguments>
void call(Function *function, Arguments... arguments) {
  capsule_error error{};
  error.struct_size = sizeof error;
  check(function(arguments..., &error), error);
}

template <typename Info, typename Handle>
Info info(capsule_status (*function)(Handle *, Info *, capsule_error *), Handle *handle) {
  Info result{};
  result.struct_size = sizeof result;
  call(function, handle, &result);
  return result;
}

template <typename Value, typename Handle>
Value get(capsule_status (*function)(Handle *, Value *, capsule_error *), Handle *handle) {
  Value result{};
  call(function, handle, &result);
  return result;
}

template <typename Get, typename Traced>
std::vector<capsule_trace_event> trace(Get get, Traced *traced, capsule_trace_filter filter, std::size_t capacity) {
  filter.struct_size = sizeof filter;
  std::vector<capsule_trace_event> events(capacity);
  std::size_t count = 0;
  call(get, traced, &filter, events.data(), events.size(), &count, nullptr);
  events.resize(count);
  return events;
}

// How the calls of capsule_signals.hpp fail here.
struct Throws {
  template <typename T>
  using Of = T;
  template <typename Function, typename... Arguments>
  static void done(Function *function, Arguments... arguments) {
    call(function, arguments...);
  }
  template <typename T, typename Invoke>
  static T told(Invoke invoke) {
    capsule_error error{};
    error.struct_size = sizeof error;
    T told{};
    check(invoke(told, &error), error);
    return told;
  }
  template <typename Owner, typename Handle, typename Invoke, typename... More>
  static Owner made(Invoke invoke, More... more) {
    return Owner(told<Handle *>(invoke), std::move(more)...);
  }
};

struct Releaser {
  void operator()(capsule_runtime *handle) const noexcept { capsule_runtime_release(handle); }
  void operator()(capsule_session *handle) const noexcept { capsule_session_release(handle); }
  void operator()(capsule_execution *handle) const noexcept { capsule_execution_release(handle); }
  void operator()(capsule_snapshot *handle) const noexcept { capsule_snapshot_release(handle); }
  void operator()(capsule_buffer *handle) const noexcept { capsule_buffer_release(handle); }
  void operator()(capsule_checkpoint *handle) const noexcept { capsule_checkpoint_release(handle); }
  void operator()(capsule_acquisition *handle) const noexcept { capsule_acquisition_release(handle); }
  void operator()(capsule_pool *handle) const noexcept { capsule_pool_release(handle); }
  void operator()(capsule_bridge *handle) const noexcept { capsule_bridge_release(handle); }
  void operator()(capsule_promise_store *handle) const noexcept { capsule_promise_store_release(handle); }
};

inline std::vector<capsule_text> views(const std::vector<std::string> &texts) {
  std::vector<capsule_text> result(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) result[i] = view(texts[i]);
  return result;
}

// What a notify callback of the C interface is given.
class Notify : public Lasting {
 public:
  // Sets the callback by `set`, and takes its place in `kept`; {} removes it.
  template <typename Set, typename Handle>
  static void replace(std::shared_ptr<Notify> &kept, std::function<void()> callback, Set *set, Handle *handle) {
    auto fresh = callback ? std::make_shared<Notify>() : nullptr;
    if (fresh) {
      fresh->callback_ = std::move(callback);
      fresh->self_ = fresh;
    }
    auto previous = std::exchange(kept, fresh);  // before the call: the callback may run, and replace itself, in it
    try {
      call(set, handle, fresh ? &Notify::run : nullptr, static_cast<void *>(fresh.get()));
    } catch (...) {
      kept = std::move(previous);  // Refused, as in an interceptor: it is the one before that may still be called.
      throw;
    }
  }
  // Before the handle is released. A callback that is running on another thread has ended when this returns; after a fork there is none.
  template <typename Set, typename Handle>
  static void end(const std::shared_ptr<Notify> &kept, Set *set, Handle *handle) noexcept {
    // From within an interceptor, a log or an audit sink it cannot be taken back: it may be called again, and stays.
    if (kept && set(handle, nullptr, nullptr, nullptr) != CAPSULE_OK) Lasting::keep(kept);
  }

 private:
  // The callback may replace itself, so its life is shared while it runs.
  static void run(void *user_data) noexcept {
    const std::shared_ptr<Notify> running = static_cast<Notify *>(user_data)->self_.lock();
    if (running) running->callback_();
  }
  std::function<void()> callback_;
  std::weak_ptr<Notify> self_;
};

}  // namespace detail

using detail::defaults;  // Options as an `_init` function fills them: `capsule::defaults(capsule_inspection_init)`.

using StackTrace = BasicStackTrace<detail::Throws>;  ///< Where Python code stands, or stood.
using Postmortem = BasicPostmortem<detail::Throws>;  ///< What is known of a worker that died.
using Profile = BasicProfile<detail::Throws>;        ///< Samples of where Python code stands.
using Exporter = BasicExporter<detail::Throws>;      ///< Hands on what sessions do.

/** @brief Shared memory that the host fills in place, to be set as a value without a copy. */
class Buffer {
 public:
  /** @brief Zeroed, of so many bytes. */
  explicit Buffer(std::uint64_t size_bytes) : size_bytes_(size_bytes) {
    capsule_buffer *handle = nullptr;
    detail::call(capsule_buffer_create, size_bytes, &handle, &data_);
    handle_.reset(handle);
  }
  void *data() const noexcept { return data_; }                      ///< Writable until it was set in a session.
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }  ///< Its length.
  capsule_buffer *capi() const noexcept { return handle_.get(); }    ///< The handle, still owned here.

 private:
  std::unique_ptr<capsule_buffer, detail::Releaser> handle_;
  void *data_ = nullptr;
  std::uint64_t size_bytes_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
