#include "session/values.hpp"

#include "base/text_view.hpp"

namespace capsule {
namespace {

std::vector<std::string> strings(const std::vector<wire::Text> &texts) { return {texts.begin(), texts.end()}; }

// Whether shape and strides are those of so many bytes in C order: who goes by them must not leave the buffer.
bool describes(const Reply &reply, std::uint64_t size_bytes) {
  if (reply.shape.size() > CAPSULE_MAX_DIMENSIONS || reply.shape.size() != reply.strides.size() || reply.total > UINT32_MAX) {
    return false;
  }
  auto step = static_cast<std::int64_t>(reply.total);
  for (std::size_t i = reply.shape.size(); i-- > 0;) {
    if (reply.strides[i] != step || reply.shape[i] < 0 || __builtin_mul_overflow(step, reply.shape[i], &step)) {
      return false;
    }
  }
  return static_cast<std::uint64_t>(step) == size_bytes;
}

}  // namespace

Items::Items(const std::vector<NamedValue> &values) {
  items.reserve(values.size());
  for (const NamedValue &value : values) {
    add(value);
  }
}

void Items::add(const NamedValue &value) {
  items.push_back({.name = value.name,
                   .kind = static_cast<std::uint8_t>(value.kind),
                   .data = value.data,
                   .format = value.format.empty() ? wire::Text() : wire::Text(value.format),
                   .shape = value.shape,
                   .attached = value.attached.valid()});
  if (value.attached.valid()) {
    fds.push_back(value.attached.get());
  }
}

Reply::Reply(const wire::Answer &answer, UniqueFd fd)
    : kind(answer.kind),
      data(answer.data),
      type_name(answer.type_name),
      format(answer.format),
      shape(answer.shape),
      strides(answer.strides),
      size_bytes(answer.size_bytes),
      total(answer.total),
      names(strings(answer.names)),
      types(strings(answer.types)),
      sizes(answer.sizes),
      kinds(answer.kinds),
      attached(std::move(fd)) {}

Status status_of(const wire::Answer &answer) {
  constexpr std::size_t kMostOfMessage = 1000;
  if (answer.status == CAPSULE_OK) {
    return {};
  }
  const bool known = answer.status > CAPSULE_OK && answer.status <= CAPSULE_E_CHECKPOINT;
  return {known ? answer.status : CAPSULE_E_PROTOCOL, std::string(answer.message.substr(0, kMostOfMessage))};
}

Result<std::unique_ptr<ReadValue>> ReadValue::open(Reply reply) {
  auto read = std::make_unique<ReadValue>();
  if (reply.attached.valid()) {
    auto buffer = SharedBuffer::open(std::move(reply.attached), reply.size_bytes);
    if (!buffer.ok()) {
      return buffer.status();
    }
    read->buffer_ = std::move(buffer.value());
  }
  read->reply_ = std::move(reply);
  const Reply &held = read->reply_;
  const bool shared = read->buffer_.data() != nullptr;
  capsule_value &fields = read->fields_;
  fields = {.struct_size = sizeof fields,
            .kind = held.kind,
            .data = shared ? read->buffer_.data() : held.data.data(),
            .size_bytes = shared ? read->buffer_.size() : held.data.size(),
            .type_name = text_of(held.type_name)};
  if (held.kind == CAPSULE_VALUE_BUFFER) {
    if (!describes(held, fields.size_bytes)) {
      return Status(CAPSULE_E_PROTOCOL, "the worker sent a buffer of another shape than it says");
    }
    fields.format = text_of(held.format);
    fields.shape = held.shape.data();
    fields.strides = held.strides.data();
    fields.dimensions = static_cast<std::int32_t>(held.shape.size());
    fields.item_size_bytes = static_cast<std::uint32_t>(held.total);
  }
  return read;
}

}  // namespace capsule
