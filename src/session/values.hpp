// Values on their way between host and worker, as who keeps them owns them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "capsule/value.h"
#include "transport/shared_buffer.hpp"
#include "wire/messages.hpp"

namespace capsule {

// A wire::Item that owns what it says.
struct NamedValue {
  std::string name;
  std::int32_t kind = 0;
  std::string data;
  std::string format;
  std::vector<std::int64_t> shape;
  UniqueFd attached;
};

// Views of named values, for a frame, and the descriptors that go with it. Lives no longer than they do.
struct Items {
  explicit Items(const std::vector<NamedValue> &values);
  explicit Items(const NamedValue &value) { add(value); }

  std::vector<wire::Item> items;
  std::vector<int> fds;

 private:
  void add(const NamedValue &value);
};

// A wire::Answer that owns what it says.
struct Reply {
  Reply() = default;
  Reply(const wire::Answer &answer, UniqueFd fd);

  std::int32_t kind = 0;
  std::string data;
  std::string type_name;
  std::string format;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::uint64_t size_bytes = 0;
  std::uint64_t total = 0;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint8_t> kinds;
  UniqueFd attached;
};

// What a worker says came of an answer: a status of the C API.
Status status_of(const wire::Answer &answer);

// A value that was read, and what its fields point to.
class ReadValue {
 public:
  // CAPSULE_E_PROTOCOL where the shared memory or the shape is not what it has to be.
  static Result<std::unique_ptr<ReadValue>> open(Reply reply);

  [[nodiscard]] const capsule_value &fields() const { return fields_; }
  // Whether it lies in shared memory.
  [[nodiscard]] bool mapped() const { return buffer_.data() != nullptr; }

 private:
  Reply reply_;
  SharedBuffer buffer_;
  capsule_value fields_{};
};

}  // namespace capsule
