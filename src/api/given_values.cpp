#include "api/given_values.hpp"

#include <algorithm>

#include "api/call.hpp"
#include "api/owned_struct.hpp"
#include "base/utf8.hpp"
#include "transport/socket.hpp"

namespace capsule::api {
namespace {

constexpr std::size_t kVariableNameMax = 1024;
constexpr std::size_t kFormatMax = 255;
// Of a buffer, what travels in the frame, whatever its size.
constexpr std::uint64_t kInlineMax = wire::kMinMaxFrame - wire::kFrameOverhead;
// Of one among several in a frame, besides its bytes, its texts and its shape.
constexpr std::size_t kItemOverhead = 96;

Status read_shape(const std::string &argument, const capsule_value &value, NamedValue &read) {
  const std::string dimensions = argument + ".dimensions";
  if (Status status = check_range(dimensions.c_str(), value.dimensions, 0, CAPSULE_MAX_DIMENSIONS); !status.ok()) {
    return status;
  }
  if (value.dimensions > 0 && value.shape == nullptr) {
    return {CAPSULE_E_ARGUMENT, argument + ".shape is NULL but has dimensions"};
  }
  auto format = read_text((argument + ".format").c_str(), value.format, kFormatMax);
  if (!format.ok()) {
    return format.status();
  }
  if (!format.value().empty() && value.dimensions == 0) {
    return {CAPSULE_E_ARGUMENT, argument + ".format is set without dimensions"};
  }
  for (std::int32_t i = 0; i < value.dimensions; ++i) {
    if (value.shape[i] < 1) {
      return {CAPSULE_E_ARGUMENT, argument + ".shape: a length of " + std::to_string(value.shape[i]) + "; it can be 1 or more"};
    }
    read.shape.push_back(value.shape[i]);
  }
  read.format = std::move(format.value());
  return {};
}

Status read_buffer(const std::string &argument, const capsule_value &value, std::size_t room, NamedValue &read) {
  if (Status status = read_shape(argument, value, read); !status.ok()) {
    return status;
  }
  Result<UniqueFd> fd = UniqueFd();
  if (value.buffer != nullptr) {
    if (value.data != nullptr) {
      return {CAPSULE_E_ARGUMENT, argument + ".data and " + argument + ".buffer are both set"};
    }
    auto buffer = look_up(value.buffer);
    if (!buffer.ok()) {
      return buffer.status();
    }
    fd = buffer.value()->freeze();
  } else if (value.size_bytes > std::min<std::uint64_t>(kInlineMax, room)) {
    fd = SharedBuffer::copy({static_cast<const char *>(value.data), value.size_bytes});
  } else if (value.size_bytes > 0) {
    read.data.assign(static_cast<const char *>(value.data), value.size_bytes);
  }
  if (!fd.ok()) {
    return fd.status();
  }
  read.attached = std::move(fd.value());
  return {};
}

Status read_plain(const std::string &argument, const capsule_value &value, std::size_t room, NamedValue &read) {
  if (value.buffer != nullptr) {
    return {CAPSULE_E_ARGUMENT, argument + ".buffer is set, and " + argument + ".kind is not that of a buffer"};
  }
  if (value.size_bytes > room) {
    return {CAPSULE_E_LIMIT, argument + " has " + std::to_string(value.size_bytes) +
                                 " bytes; with the runtime's max_frame_bytes it can have " + std::to_string(room)};
  }
  read.data.assign(static_cast<const char *>(value.data == nullptr ? "" : value.data), value.size_bytes);
  if (value.kind != CAPSULE_VALUE_BYTES && !is_utf8(read.data)) {
    return {CAPSULE_E_ARGUMENT, argument + " is not UTF-8"};
  }
  return {};
}

Status check_value(const std::string &argument, const capsule_value *value) {
  if (value == nullptr) {
    return {CAPSULE_E_ARGUMENT, argument + " is NULL"};
  }
  if (Status status = check_owned_size(*value, argument.c_str()); !status.ok()) {
    return status;
  }
  if (Status status = check_tail(*value, argument.c_str()); !status.ok()) {
    return status;
  }
  const std::string kind = argument + ".kind";
  if (Status status = check_range(kind.c_str(), value->kind, CAPSULE_VALUE_JSON, CAPSULE_VALUE_BUFFER); !status.ok()) {
    return status;
  }
  if (value->data == nullptr && value->size_bytes > 0 && value->buffer == nullptr) {
    return {CAPSULE_E_ARGUMENT, argument + ".data is NULL but has a size"};
  }
  return {};
}

Status too_many(const char *argument) {
  return {CAPSULE_E_LIMIT, std::string(argument) + " take more than a frame of the runtime's max_frame_bytes holds"};
}

}  // namespace

std::size_t frame_room(const Session &session) { return session.runtime().max_frame_bytes() - wire::kFrameOverhead; }

Result<std::string> read_name(const char *argument, capsule_text name) {
  auto text = read_text(argument, name, kVariableNameMax);
  if (text.ok() && text.value().empty()) {
    return Status(CAPSULE_E_ARGUMENT, std::string(argument) + " is empty");
  }
  return text;
}

Result<NamedValue> read_value(const std::string &argument, capsule_text name, const capsule_value *value, std::size_t &room) {
  auto text = read_name("name", name);
  if (!text.ok()) {
    return text.status();
  }
  if (Status status = check_value(argument, value); !status.ok()) {
    return status;
  }
  NamedValue read;
  read.name = std::move(text.value());
  read.kind = value->kind;
  const Status status = value->kind == CAPSULE_VALUE_BUFFER ? read_buffer(argument, *value, room, read)
                                                            : read_plain(argument, *value, room, read);
  if (!status.ok()) {
    return status;
  }
  room -= std::min(room, read.data.size());
  return read;
}

Result<std::vector<NamedValue>> read_inputs(const char *argument, const capsule_input *inputs, std::size_t count,
                                            std::size_t room) {
  if (count > CAPSULE_MAX_INPUTS) {
    return Status(CAPSULE_E_LIMIT, std::string(argument) + " are " + std::to_string(count) + "; there can be " +
                                       std::to_string(CAPSULE_MAX_INPUTS));
  }
  if (inputs == nullptr && count > 0) {
    return Status(CAPSULE_E_ARGUMENT, std::string(argument) + " is NULL but has a count");
  }
  std::vector<NamedValue> values;
  std::size_t attached = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string which = std::string(argument) + "[" + std::to_string(i) + "].value";
    const std::size_t overhead = kItemOverhead + inputs[i].name.size;
    if (room < overhead) {
      return too_many(argument);
    }
    room -= overhead;
    auto value = read_value(which, inputs[i].name, inputs[i].value, room);
    if (!value.ok()) {
      return value.status();
    }
    const std::size_t described = value.value().format.size() + value.value().shape.size() * sizeof(std::int64_t);
    if (room < described) {
      return too_many(argument);
    }
    room -= described;
    attached += value.value().attached.valid() ? 1 : 0;
    values.push_back(std::move(value.value()));
  }
  if (attached > kMaxAttachments) {
    return Status(CAPSULE_E_LIMIT, std::string(argument) + " hold " + std::to_string(attached) +
                                       " buffers in shared memory; there can be " + std::to_string(kMaxAttachments));
  }
  return values;
}

}  // namespace capsule::api
