/**
 * @file capsule_trace.hpp
 * @brief Of the C++ wrapper: reading a trace event by event; capsule.hpp has the rest, and includes this.
 */
#ifndef CAPSULE_CAPSULE_TRACE_HPP
#define CAPSULE_CAPSULE_TRACE_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_values.hpp>
#include <memory>
#include <optional>

namespace capsule {
inline namespace cpp0 {

/** @brief Reads a session's trace event by event. */
class TraceReader {
 public:
  /** @brief The next event; nullopt when there is none in the time given, or when the session is closed and all was read. */
  std::optional<capsule_trace_event> next(Milliseconds timeout = Milliseconds{0}) {
    capsule_trace_event event{};
    capsule_error error{};
    error.struct_size = sizeof error;
    const capsule_status status = capsule_trace_next(capi(), timeout.count(), &event, &error);
    if (status == CAPSULE_E_TIMEOUT || status == CAPSULE_E_END) return std::nullopt;
    detail::check(status, error);
    return event;
  }
  int fd() const { return detail::get(capsule_trace_get_fd, capi()); }  ///< Readable while `next` may have something.
  capsule_trace_info info() const { return detail::info(capsule_trace_get_info, capi()); }  ///< What there is no longer.
  capsule_trace *capi() const noexcept { return handle_.get(); }                            ///< The handle, still owned here.

 private:
  friend class Session;
  struct Releaser {
    void operator()(capsule_trace *handle) const noexcept { capsule_trace_release(handle); }
  };
  explicit TraceReader(capsule_trace *handle) : handle_(handle) {}
  std::unique_ptr<capsule_trace, Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
