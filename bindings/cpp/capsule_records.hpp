/**
 * @file capsule_records.hpp
 * @brief Of the C++ wrapper: what the library fills in and the host reads. Nothing here throws; capsule.hpp and capsule_result.hpp include it.
 */
#ifndef CAPSULE_CAPSULE_RECORDS_HPP
#define CAPSULE_CAPSULE_RECORDS_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_event.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capsule {
inline namespace cpp0 {

namespace detail {

template <typename Options>
Options defaults(void (*initialize)(Options *, std::uint32_t)) {
  Options options{};
  initialize(&options, sizeof options);
  return options;
}

// A C struct and the texts that it owns.
template <typename Raw, void (*Release)(Raw *)>
class Record {
 public:
  Record() noexcept { raw_.struct_size = sizeof raw_; }
  Record(Record &&other) noexcept : Record() { std::swap(raw_, other.raw_); }
  Record &operator=(Record other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Record() { Release(&raw_); }
  const Raw *operator->() const noexcept { return &raw_; }
  Raw *capi() noexcept { return &raw_; }

 private:
  Raw raw_{};
};

// What `data` is as `kind` says; it has to live as long.
inline capsule_value value_of(std::int32_t kind, std::string_view data) {
  capsule_value value{};
  value.struct_size = sizeof value;
  value.kind = kind;
  value.data = data.data();
  value.size_bytes = data.size();
  return value;
}

inline capsule_value value_of(capsule_buffer *buffer) {
  capsule_value value = value_of(CAPSULE_VALUE_BUFFER, {});
  value.buffer = buffer;
  return value;
}

inline std::string_view bytes_of(const capsule_value &value) {
  return {static_cast<const char *>(value.data), static_cast<std::size_t>(value.size_bytes)};
}

}  // namespace detail

/** @brief A value read from a session, with the memory it owns; `value->field` is any field of `capsule_value`. */
class Value : public detail::Record<capsule_value, capsule_value_release> {
 public:
  /** @brief The content; JSON, text, bytes or items. */
  std::string_view data() const noexcept { return detail::bytes_of(*operator->()); }
  std::string_view type_name() const noexcept { return detail::view((*this)->type_name); }  ///< In Python.
};

/**
 * @brief One request of a session's code, with the texts it owns; used by one thread at a time. `kind()` is 0 where it holds none;
 * `request->field` is any field of `capsule_request`.
 */
class Request : public detail::Record<capsule_request, capsule_request_release> {
 public:
  std::int32_t kind() const noexcept { return (*this)->kind; }                                ///< `CAPSULE_REQUEST_…`.
  std::uint64_t id() const noexcept { return (*this)->request_id; }                           ///< For its answer.
  std::string_view capability() const noexcept { return detail::view((*this)->capability); }  ///< Its name.
  std::string_view arguments() const noexcept { return detail::view((*this)->arguments); }    ///< A JSON object.
  std::string_view idempotency_key() const noexcept { return detail::view((*this)->idempotency_key); }  ///< See bridge.h.
  /** @brief The bytes of an argument that is bytes-like; nullopt where there is none of that name. */
  MaybeText attachment(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < (*this)->attachment_count; ++i) {
      const capsule_attachment &one = (*this)->attachments[i];
      if (detail::view(one.name) == name) return detail::bytes_of(*one.value);
    }
    return std::nullopt;
  }
};

/**
 * @brief A promise as it was read, with the texts it owns; `promise->field` is any field of `capsule_promise`. `state()` is 0 where it
 * holds none.
 */
class Promise : public detail::Record<capsule_promise, capsule_promise_release> {
 public:
  std::int32_t state() const noexcept { return (*this)->state; }                    ///< `CAPSULE_PROMISE_…`.
  bool pending() const noexcept { return state() == CAPSULE_PROMISE_PENDING; }      ///< Whether it is open.
  bool resolved() const noexcept { return state() == CAPSULE_PROMISE_RESOLVED; }    ///< Whether it has a value.
  std::string_view id() const noexcept { return detail::view((*this)->id); }        ///< Its id.
  std::string_view param() const noexcept { return detail::view((*this)->param); }  ///< As it was created with.
  std::string_view value() const noexcept { return detail::view((*this)->value); }  ///< As it was settled with.
};

/** @brief One name of a checkpoint, or of a report on its restoring. */
struct CheckpointEntry {
  std::string name;       ///< The name.
  std::string type_name;  ///< Of its value; empty in a report.
  std::string reason;     ///< Why it was skipped or failed.
  std::int32_t status;    ///< `CAPSULE_ENTRY_…`.
  std::int32_t kind;      ///< `CAPSULE_NAME_…`, or 0.
};

namespace detail {

// The entries that a call fills in.
class Entries : public Record<capsule_checkpoint_entries, capsule_checkpoint_entries_release> {
 public:
  std::vector<CheckpointEntry> copy() const {
    std::vector<CheckpointEntry> result;
    for (std::size_t i = 0; i < (*this)->count; ++i) {
      const capsule_checkpoint_entry &one = (*this)->entries[i];
      result.push_back(
          {std::string(view(one.name)), std::string(view(one.type_name)), std::string(view(one.reason)), one.status, one.kind});
    }
    return result;
  }
};

}  // namespace detail

}  // namespace cpp0
}  // namespace capsule
#endif
