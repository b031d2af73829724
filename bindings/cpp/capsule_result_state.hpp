/**
 * @file capsule_result_state.hpp
 * @brief Of the C++ wrapper for programs without exceptions: buffers, checkpoints and traces; capsule_result.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_RESULT_STATE_HPP
#define CAPSULE_CAPSULE_RESULT_STATE_HPP

#include <capsule/capsule_result_base.hpp>

namespace capsule {
inline namespace cpp0 {
namespace results {

namespace detail {

template <typename Function, typename... Arguments>
Result<std::vector<CheckpointEntry>> entries(Function *function, Arguments... arguments) {
  Result<capsule::detail::Entries> filled = read<capsule::detail::Entries>(function, arguments...);
  if (!filled) return filled.failure();
  return filled->copy();
}

template <typename Get, typename Traced>
Result<std::vector<capsule_trace_event>> trace(Get *get, Traced *traced, capsule_trace_filter filter, std::size_t capacity) {
  filter.struct_size = sizeof filter;
  std::vector<capsule_trace_event> events(capacity);
  std::size_t count = 0;
  capsule_trace_info *const no_info = nullptr;
  const Result<void> got = attempt(get, traced, &filter, events.data(), events.size(), &count, no_info);
  if (!got) return got.failure();
  events.resize(count);
  return events;
}

}  // namespace detail

/** @brief Shared memory that the host fills in place, to be set as a value without a copy. */
class Buffer {
 public:
  /** @brief One of that many bytes. */
  static Result<Buffer> create(std::uint64_t size_bytes) {
    capsule_buffer *handle = nullptr;
    void *data = nullptr;
    const Result<void> made = attempt(capsule_buffer_create, size_bytes, &handle, &data);
    if (!made) return made.failure();
    return Buffer(handle, data, size_bytes);
  }
  void *data() const noexcept { return data_; }                      ///< Writable until it was set in a session.
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }  ///< Its length.
  capsule_buffer *capi() const noexcept { return handle_.get(); }    ///< The handle, still owned here.

 private:
  Buffer(capsule_buffer *handle, void *data, std::uint64_t size_bytes) noexcept
      : handle_(handle), data_(data), size_bytes_(size_bytes) {}
  detail::Owned<capsule_buffer, capsule_buffer_release> handle_;
  void *data_;
  std::uint64_t size_bytes_;
};

/** @brief What a session knew, as bytes. */
class Checkpoint {
 public:
  /** @brief Takes a handle over. */
  explicit Checkpoint(capsule_checkpoint *handle) noexcept : handle_(handle) {}
  /** @brief Reads a file and checks it; nothing is unpickled. */
  static Result<Checkpoint> read_file(std::string_view path, const capsule_checkpoint_options *options = nullptr) {
    return detail::made<Checkpoint, capsule_checkpoint>(capsule_checkpoint_read_file, path.data(), path.size(), options);
  }
  /** @brief Reads bytes and checks them; nothing is unpickled. */
  static Result<Checkpoint> read(std::string_view data, const capsule_checkpoint_options *options = nullptr) {
    const void *const bytes = data.data();
    return detail::made<Checkpoint, capsule_checkpoint>(capsule_checkpoint_read, bytes, data.size(), options);
  }
  /** @brief Its bytes, valid as long as it is there. */
  Result<std::string_view> data() const {
    const void *data = nullptr;
    std::size_t size = 0;
    const Result<void> got = attempt(capsule_checkpoint_get_data, capi(), &data, &size);
    if (!got) return got.failure();
    return std::string_view(static_cast<const char *>(data), size);
  }
  /** @brief Writes it to a file that only the owner can read, whole or not at all. */
  Result<void> write_file(std::string_view path) const {
    return attempt(capsule_checkpoint_write_file, capi(), path.data(), path.size());
  }
  /** @brief What it says of itself. */
  Result<capsule_checkpoint_info> info() const { return detail::info(capsule_checkpoint_get_info, capi()); }
  /** @brief Its names, and those that were skipped when it was made. */
  Result<std::vector<CheckpointEntry>> entries() const { return detail::entries(capsule_checkpoint_list, capi()); }
  capsule_checkpoint *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_checkpoint, capsule_checkpoint_release> handle_;
};

/** @brief Reads a session's trace event by event. */
class TraceReader {
 public:
  /** @brief Takes a handle over. */
  explicit TraceReader(capsule_trace *handle) noexcept : handle_(handle) {}
  /** @brief The next event; nullopt when the session is closed and all was read; `CAPSULE_E_TIMEOUT` when none came in time. */
  Result<std::optional<capsule_trace_event>> next(Milliseconds timeout = Milliseconds{0}) {
    capsule_trace_event event{};
    const Result<void> taken = attempt(capsule_trace_next, capi(), detail::count_of(timeout), &event);
    if (taken.status() == CAPSULE_E_END) return std::optional<capsule_trace_event>();
    if (!taken) return taken.failure();
    return std::optional<capsule_trace_event>(event);
  }
  Result<int> fd() const { return detail::fd(capsule_trace_get_fd, capi()); }  ///< Readable while `next` may have something.
  /** @brief What there is no longer. */
  Result<capsule_trace_info> info() const { return detail::info(capsule_trace_get_info, capi()); }
  capsule_trace *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_trace, capsule_trace_release> handle_;
};

}  // namespace results
}  // namespace cpp0
}  // namespace capsule

#endif
