// Buffers of the host, and what is to be seen of those of Python.
#pragma once

#include <string>
#include <vector>

#include "run.hpp"
#include "values.hpp"

namespace capsule_test {

struct HostBuffer {
  explicit HostBuffer(std::uint64_t size) { ACCEPTED(capsule_buffer_create(size, &handle, &data, error)); }
  HostBuffer(const HostBuffer &) = delete;
  HostBuffer &operator=(const HostBuffer &) = delete;
  ~HostBuffer() { capsule_buffer_release(handle); }

  [[nodiscard]] unsigned char *bytes() const { return static_cast<unsigned char *>(data); }

  capsule_buffer *handle = nullptr;
  void *data = nullptr;
};

struct Shaped {
  std::string data;
  std::string format;
  std::vector<std::int64_t> shape;
  capsule_buffer *buffer = nullptr;

  capsule_status set(const Session &session, capsule_error *error) const {
    const capsule_value value{.struct_size = sizeof value,
                              .kind = CAPSULE_VALUE_BUFFER,
                              .data = buffer == nullptr ? data.data() : nullptr,
                              .size_bytes = buffer == nullptr ? data.size() : 0,
                              .format = text_of(format),
                              .shape = shape.data(),
                              .dimensions = static_cast<std::int32_t>(shape.size()),
                              .buffer = buffer};
    return capsule_session_set(session.get(), "x", 1, &value, CAPSULE_SET_OVERWRITE, kPatienceMs, error);
  }
};

// "format [shape] [strides] item bytes".
inline std::string layout(const Value &value) {
  const auto numbers = [&](const std::int64_t *all) { return show(std::vector<std::int64_t>(all, all + value->dimensions)); };
  CHECK_EQ(value->kind, CAPSULE_VALUE_BUFFER);
  return string_of(value->format) + " " + numbers(value->shape) + " " + numbers(value->strides) + " " +
         show(value->item_size_bytes) + " " + show(value->size_bytes);
}

}  // namespace capsule_test
