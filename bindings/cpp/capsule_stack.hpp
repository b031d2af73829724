/**
 * @file capsule_stack.hpp
 * @brief Of the C++ wrapper: where Python code stands, or stood; capsule.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_STACK_HPP
#define CAPSULE_CAPSULE_STACK_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_base.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace capsule {
inline namespace cpp0 {

/** @brief The stack of a worker, as far as the policy shows it. The texts of what it returns are valid as long as it is there. */
class StackTrace {
 public:
  capsule_stack_info info() const { return detail::info(capsule_stack_get_info, capi()); }  ///< As a whole.
  /** @brief Its threads; of a living worker the first is the main one. */
  std::vector<capsule_stack_thread> threads() const {
    return rows<capsule_stack_thread>(info().threads, [this](std::uint64_t index, capsule_stack_thread *row) {
      detail::call(capsule_stack_get_thread, capi(), index, row);
    });
  }
  /** @brief The frames of one of them by its place in `threads()`, the innermost first. */
  std::vector<capsule_stack_frame> frames(std::uint64_t thread) const {
    capsule_stack_thread whose{};
    whose.struct_size = sizeof whose;
    detail::call(capsule_stack_get_thread, capi(), thread, &whose);
    return rows<capsule_stack_frame>(whose.frames, [&](std::uint64_t index, capsule_stack_frame *row) {
      detail::call(capsule_stack_get_frame, capi(), thread, index, row);
    });
  }
  /** @brief The native frames below those, the innermost first: of a thread that waits in the kernel, or is stopped. */
  std::vector<capsule_native_frame> native_frames(std::uint64_t thread) const {
    capsule_stack_thread whose{};
    whose.struct_size = sizeof whose;
    detail::call(capsule_stack_get_thread, capi(), thread, &whose);
    return rows<capsule_native_frame>(whose.native_frames, [&](std::uint64_t index, capsule_native_frame *row) {
      detail::call(capsule_stack_get_native_frame, capi(), thread, index, row);
    });
  }
  capsule_stack *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Postmortem;
  friend class Session;
  struct Releaser {
    void operator()(capsule_stack *handle) const noexcept { capsule_stack_release(handle); }
  };
  explicit StackTrace(capsule_stack *handle) : handle_(handle) {}
  template <typename Row, typename Get>
  static std::vector<Row> rows(std::uint64_t count, Get get) {
    std::vector<Row> result(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i].struct_size = sizeof result[i];
      get(i, &result[i]);
    }
    return result;
  }
  std::unique_ptr<capsule_stack, Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
