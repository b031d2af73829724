/**
 * @file capsule_event.hpp
 * @brief Of the C++ wrapper: what an execution tells. Nothing here throws; capsule.hpp and capsule_result.hpp include it.
 */
#ifndef CAPSULE_CAPSULE_EVENT_HPP
#define CAPSULE_CAPSULE_EVENT_HPP

#include <capsule/capsule.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capsule {
// Inline, so that these names never meet those of another version of this header, or of the library's own classes.
inline namespace cpp0 {

using Milliseconds = std::chrono::milliseconds;     ///< Lengths of time; a `std::chrono::seconds` converts by itself.
inline constexpr Milliseconds kForever{-1};         ///< As a timeout: no limit.
inline constexpr Milliseconds kSessionGrace{-1};    ///< As a grace period: what the session's options say.
using MaybeText = std::optional<std::string_view>;  ///< A text that may be absent.

namespace detail {

inline capsule_text view(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const capsule_text &text) { return {text.data, text.size}; }
inline MaybeText optional_view(const capsule_text &text) {
  return text.data == nullptr ? std::nullopt : std::make_optional(view(text));
}

// What is wrong with the library that is loaded, for a program that was compiled with these headers; empty for nothing.
inline std::string version_complaint() {
  constexpr std::uint32_t wanted = CAPSULE_VERSION_MAJOR * 1'000'000 + CAPSULE_VERSION_MINOR * 1'000 + CAPSULE_VERSION_PATCH;
  const std::uint32_t loaded = capsule_version_number();
  if (loaded >= wanted && loaded / 1'000'000 == CAPSULE_VERSION_MAJOR) return {};
  return std::string("the loaded libcapsule is version ") + capsule_version() + ", and this program was compiled for version " +
         std::to_string(CAPSULE_VERSION_MAJOR) + "." + std::to_string(CAPSULE_VERSION_MINOR) + "." +
         std::to_string(CAPSULE_VERSION_PATCH);
}

}  // namespace detail

/**
 * @brief One event, with the texts it owns; used by one thread at a time.
 *
 * `event->field` reads any field of `capsule_event`. The texts are here as views, valid until the Event is destroyed,
 * moved from, assigned, or passed to Execution::take().
 */
class Event {
 public:
  Event() noexcept { event_.struct_size = sizeof event_; }  ///< Holds no event: `kind()` is 0.
  /** @brief The other holds none then. */
  Event(Event &&other) noexcept : Event() { std::swap(event_, other.event_); }
  /** @brief What it held is freed. */
  Event &operator=(Event other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~Event() { capsule_event_release(&event_); }

  std::int32_t kind() const noexcept { return event_.kind; }  ///< `CAPSULE_EVENT_…`.
  /** @brief Whether it is the execution's last: `RESULT` or `ERROR`. */
  bool terminal() const noexcept { return kind() == CAPSULE_EVENT_RESULT || kind() == CAPSULE_EVENT_ERROR; }
  std::string_view data() const noexcept { return detail::view(event_.data); }  ///< OUTPUT: the text.
  std::string_view raw() const noexcept { return detail::view(event_.raw); }    ///< OUTPUT: the bytes.
  /** @brief DISPLAY: the representation of that MIME type, where there is one. */
  MaybeText part(std::string_view mime_type) const noexcept {
    for (std::size_t i = 0; i < event_.part_count; ++i) {
      if (detail::view(event_.parts[i].mime_type) == mime_type) return detail::view(event_.parts[i].data);
    }
    return std::nullopt;
  }
  std::string_view display_id() const noexcept { return detail::view(event_.display_id); }  ///< DISPLAY, PROGRESS.
  std::string_view prompt() const noexcept { return detail::view(event_.prompt); }          ///< INPUT: the prompt.
  /** @brief INPUT: of a durable execution, the id of the promise in its store; whoever settles that first answers. */
  MaybeText input_promise() const noexcept { return detail::optional_view(event_.input_promise); }
  MaybeText repr() const noexcept { return detail::optional_view(event_.repr); }            ///< RESULT: of the value.
  MaybeText type_name() const noexcept { return detail::optional_view(event_.type_name); }  ///< RESULT: of the value.
  MaybeText json() const noexcept { return detail::optional_view(event_.json); }            ///< RESULT: the value.
  std::string_view error_type() const noexcept { return detail::view(event_.error_type); }  ///< ERROR: its type.
  std::string_view message() const noexcept { return detail::view(event_.message); }        ///< ERROR: one sentence.
  MaybeText traceback() const noexcept { return detail::optional_view(event_.traceback); }  ///< ERROR: as Python's.
  /** @brief RESULT: the value as `result_kind` says; null where there is none, see `value_status`. */
  const capsule_value *value() const noexcept { return event_.value; }

  const capsule_event *operator->() const noexcept { return &event_; }  ///< The fields of the C struct.
  capsule_event *capi() noexcept { return &event_; }                    ///< The C struct, for the C functions.

 private:
  capsule_event event_{};
};

/** @brief All that one execution did, as Session::run() collects it. */
struct RunResult {
  std::string stdout_text;               ///< What it wrote to its standard output.
  std::string stderr_text;               ///< What it wrote to its standard error.
  std::vector<Event> displays;           ///< What it displayed.
  std::int32_t outcome = 0;              ///< `CAPSULE_OUTCOME_…`.
  std::optional<std::string> repr;       ///< The trailing expression's value, as Event has it.
  std::optional<std::string> type_name;  ///< Its type.
  std::optional<std::string> json;       ///< The value as JSON, where it has one.
  std::string error_type;                ///< What went wrong, the exception's type; empty when `ok()`.
  std::string message;                   ///< The same in words.
  std::optional<std::string> traceback;  ///< Where it went wrong.
  std::int32_t cancel_phase = 0;         ///< `CAPSULE_CANCEL_…`.
  std::int32_t death_reason = 0;         ///< `CAPSULE_DEATH_…`.
  std::int32_t exit_code = 0;            ///< Of a worker that ended by itself, as Event has it.
  std::int32_t signal_number = 0;        ///< Of one that a signal ended.
  std::int32_t state = 0;                ///< `CAPSULE_STATE_…`.
  std::uint32_t effects = 0;             ///< Bits of `CAPSULE_EFFECT_…`.
  std::chrono::nanoseconds duration{0};  ///< Time from start to end.

  bool ok() const noexcept { return outcome == CAPSULE_OUTCOME_OK; }  ///< Whether the code ran to its end.

  /** @brief Adds the next event of an execution, which is moved from or taken from. Returns whether it was the terminal one. */
  bool add(Event &event) {
    if (event.kind() == CAPSULE_EVENT_OUTPUT) {
      (event->stream == CAPSULE_STREAM_STDERR ? stderr_text : stdout_text).append(event.data());
    } else if (event.kind() == CAPSULE_EVENT_DISPLAY) {
      displays.push_back(std::move(event));
    } else if (event.terminal()) {
      outcome = event->outcome;
      repr = std::optional<std::string>(event.repr());
      type_name = std::optional<std::string>(event.type_name());
      json = std::optional<std::string>(event.json());
      error_type = event.error_type();
      message = event.message();
      traceback = std::optional<std::string>(event.traceback());
      cancel_phase = event->cancel_phase;
      death_reason = event->death_reason;
      exit_code = event->exit_code;
      signal_number = event->signal_number;
      state = event->state;
      effects = event->effects;
      duration = std::chrono::nanoseconds(event->duration_ns);
      return true;
    }
    return false;
  }
};

}  // namespace cpp0
}  // namespace capsule

#endif
