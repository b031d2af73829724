/**
 * @file capsule_stack.hpp
 * @brief Of the C++ wrapper: where Python code stands, or stood, and what is known of a worker that died; capsule_signals.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_STACK_HPP
#define CAPSULE_CAPSULE_STACK_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_inspections.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace capsule {
inline namespace cpp0 {

/** @brief The stack of a worker, as far as the policy shows it. The texts of what it returns are valid as long as it is there. */
template <typename Way>
class BasicStackTrace {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Takes a handle over. */
  explicit BasicStackTrace(capsule_stack *handle) noexcept : handle_(handle) {}
  /** @brief As a whole. */
  Of<capsule_stack_info> info() const { return Calls::template info<capsule_stack_info>(capsule_stack_get_info, capi()); }
  /** @brief Its threads; of a living worker the first is the main one. */
  Of<std::vector<capsule_stack_thread>> threads() const {
    return rows<capsule_stack_thread>(&capsule_stack_info::threads, capsule_stack_get_info, capsule_stack_get_thread);
  }
  /** @brief The frames of one of them by its place in `threads()`, the innermost first. */
  Of<std::vector<capsule_stack_frame>> frames(std::uint64_t thread) const {
    return rows<capsule_stack_frame>(&capsule_stack_thread::frames, capsule_stack_get_thread, capsule_stack_get_frame, thread);
  }
  /** @brief The native frames below those, the innermost first: of a thread that waits in the kernel, or is stopped. */
  Of<std::vector<capsule_native_frame>> native_frames(std::uint64_t thread) const {
    return rows<capsule_native_frame>(&capsule_stack_thread::native_frames, capsule_stack_get_thread,
                                      capsule_stack_get_native_frame, thread);
  }
  capsule_stack *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  using Calls = detail::Calls<Way>;
  // As many as that field of what `get_whole` tells says.
  template <typename Row, typename Whole, typename Count, typename GetWhole, typename GetRow, typename... Thread>
  Of<std::vector<Row>> rows(Count Whole::*count, GetWhole *get_whole, GetRow *get_row, Thread... thread) const {
    return Way::template told<std::vector<Row>>([&](std::vector<Row> &rows, capsule_error *error) {
      Whole whole{};
      whole.struct_size = sizeof whole;
      capsule_status status = get_whole(capi(), thread..., &whole, error);
      if (status == CAPSULE_OK) rows.resize(static_cast<std::size_t>(whole.*count));
      for (std::size_t i = 0; i < rows.size() && status == CAPSULE_OK; ++i) {
        rows[i].struct_size = sizeof rows[i];
        status = get_row(capi(), thread..., i, &rows[i], error);
      }
      return status;
    });
  }
  std::unique_ptr<capsule_stack, detail::Releases<capsule_stack, capsule_stack_release>> handle_;
};

/** @brief What is known of a worker that died. */
template <typename Way>
class BasicPostmortem {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Takes a handle over. */
  explicit BasicPostmortem(capsule_postmortem *handle) noexcept : handle_(handle) {}
  /** @brief How it ended, and in the middle of what; its events are owned here. */
  Of<capsule_postmortem_info> info() const {
    return Calls::template info<capsule_postmortem_info>(capsule_postmortem_get_info, capi());
  }
  /** @brief The same, one line; valid as long as this is there. */
  Of<std::string_view> json() const {
    return Way::template told<std::string_view>([&](std::string_view &json, capsule_error *error) {
      capsule_text text{};
      const capsule_status status = capsule_postmortem_to_json(capi(), &text, error);
      json = detail::view(text);
      return status;
    });
  }
  /** @brief Where its Python code stood; `CAPSULE_E_STATE` where it left no stack, as SIGKILL does not. */
  Of<BasicStackTrace<Way>> stack() const {
    return Calls::template made<BasicStackTrace<Way>, capsule_stack>(capsule_postmortem_get_stack, capi());
  }
  capsule_postmortem *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  using Calls = detail::Calls<Way>;
  std::unique_ptr<capsule_postmortem, detail::Releases<capsule_postmortem, capsule_postmortem_release>> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
