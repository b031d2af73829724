#include "capsule/value.h"

#include <algorithm>

#include "api/call.hpp"
#include "api/handles.hpp"
#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "transport/shared_buffer.hpp"

using capsule::Operation;
using capsule::Result;
using capsule::Session;
using capsule::Status;
using capsule::UniqueFd;
using namespace capsule::api;

// What a value that was read, or a list, owns.
struct capsule_value_storage {
  capsule::Reply reply;
  capsule::SharedBuffer buffer;
  std::vector<capsule_name> names;
};

namespace {

constexpr std::size_t kNameMax = 1024;
constexpr std::size_t kFormatMax = 255;
constexpr std::int64_t kListMax = 65'536;
constexpr std::uint64_t kBufferMax = std::uint64_t{1} << 40U;
// Of a buffer, what travels in the frame, whatever its size.
constexpr std::uint64_t kInlineMax = capsule::wire::kMinMaxFrame - capsule::wire::kFrameOverhead;

std::size_t frame_limit(const Session &session) { return session.runtime().max_frame_bytes() - capsule::wire::kFrameOverhead; }

// An operation on a name, once all the arguments that every call has are found good.
struct Call {
  std::shared_ptr<Session> session;
  std::shared_ptr<Operation> operation;
  std::uint64_t deadline_ns = 0;

  Status perform() const { return session->perform(operation, deadline_ns); }
};

Result<Call> begin(capsule_session *session, capsule::wire::Operation kind, const char *function, std::int64_t timeout_ms) {
  auto found = look_up(session);
  if (!found.ok()) {
    return found.status();
  }
  if (Status status = check_wait(function, timeout_ms); !status.ok()) {
    return status;
  }
  Call call{std::move(found.value()), std::make_shared<Operation>(kind), capsule::deadline_after_ms(timeout_ms)};
  call.operation->limit = frame_limit(*call.session);
  return call;
}

Status read_name(const char *name, std::size_t size, Operation &operation) {
  auto text = read_text("name", {name, size}, kNameMax);
  if (!text.ok()) {
    return text.status();
  }
  if (text.value().empty()) {
    return {CAPSULE_E_ARGUMENT, "name is empty"};
  }
  operation.name = std::move(text.value());
  return {};
}

Status read_shape(const capsule_value &value, Operation &operation) {
  if (Status status = check_range("value.dimensions", value.dimensions, 0, CAPSULE_MAX_DIMENSIONS); !status.ok()) {
    return status;
  }
  if (value.dimensions > 0 && value.shape == nullptr) {
    return {CAPSULE_E_ARGUMENT, "value.shape is NULL but has dimensions"};
  }
  auto format = read_text("value.format", value.format, kFormatMax);
  if (!format.ok()) {
    return format.status();
  }
  if (!format.value().empty() && value.dimensions == 0) {
    return {CAPSULE_E_ARGUMENT, "value.format is set without dimensions"};
  }
  for (std::int32_t i = 0; i < value.dimensions; ++i) {
    if (value.shape[i] < 1) {
      return {CAPSULE_E_ARGUMENT, "value.shape: a length of " + std::to_string(value.shape[i]) + "; it can be 1 or more"};
    }
    operation.shape.push_back(value.shape[i]);
  }
  operation.format = std::move(format.value());
  return {};
}

Status read_buffer(const capsule_value &value, Operation &operation) {
  if (Status status = read_shape(value, operation); !status.ok()) {
    return status;
  }
  Result<UniqueFd> fd = UniqueFd();
  if (value.buffer != nullptr) {
    if (value.data != nullptr) {
      return {CAPSULE_E_ARGUMENT, "value.data and value.buffer are both set"};
    }
    auto buffer = look_up(value.buffer);
    if (!buffer.ok()) {
      return buffer.status();
    }
    fd = buffer.value()->freeze();
  } else if (value.size_bytes > kInlineMax) {
    fd = capsule::SharedBuffer::copy({static_cast<const char *>(value.data), value.size_bytes});
  } else if (value.size_bytes > 0) {
    operation.data.assign(static_cast<const char *>(value.data), value.size_bytes);
  }
  if (!fd.ok()) {
    return fd.status();
  }
  operation.attached = std::move(fd.value());
  return {};
}

Status read_value(const capsule_value *value, const Session &session, Operation &operation) {
  if (value == nullptr) {
    return {CAPSULE_E_ARGUMENT, "value is NULL"};
  }
  if (value->struct_size < sizeof *value) {
    return {CAPSULE_E_ARGUMENT,
            "value.struct_size is " + std::to_string(value->struct_size) + "; set it to sizeof(capsule_value)"};
  }
  if (Status status = check_range("value.kind", value->kind, CAPSULE_VALUE_JSON, CAPSULE_VALUE_BUFFER); !status.ok()) {
    return status;
  }
  if (value->data == nullptr && value->size_bytes > 0 && value->buffer == nullptr) {
    return {CAPSULE_E_ARGUMENT, "value.data is NULL but has a size"};
  }
  operation.value_kind = value->kind;
  if (value->kind == CAPSULE_VALUE_BUFFER) {
    return read_buffer(*value, operation);
  }
  if (value->buffer != nullptr) {
    return {CAPSULE_E_ARGUMENT, "value.buffer is set, and value.kind is not that of a buffer"};
  }
  if (value->size_bytes > frame_limit(session)) {
    return {CAPSULE_E_LIMIT, "value has " + std::to_string(value->size_bytes) +
                                 " bytes; with the runtime's max_frame_bytes it can have " +
                                 std::to_string(frame_limit(session))};
  }
  operation.data.assign(static_cast<const char *>(value->data == nullptr ? "" : value->data), value->size_bytes);
  if (value->kind != CAPSULE_VALUE_BYTES && !capsule::is_utf8(operation.data)) {
    return {CAPSULE_E_ARGUMENT, "value is not UTF-8"};
  }
  return {};
}

capsule_text text_of(const std::string &text) { return {text.data(), text.size()}; }

// Frees what the struct holds and empties it, but for its size.
template <typename Struct>
void release(Struct *held) {
  if (held != nullptr && held->struct_size == sizeof *held) {
    delete held->storage;
    *held = Struct{.struct_size = sizeof *held};
  }
}

Status check_out_size(std::uint32_t struct_size, std::size_t size, const char *name) {
  if (struct_size != size) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + ".struct_size is " + std::to_string(struct_size) +
                                    "; set it to the size of the struct before the call"};
  }
  return {};
}

Status write_value(capsule::Reply reply, capsule_value &value) {
  auto holder = std::make_unique<capsule_value_storage>();
  if (reply.attached.valid()) {
    auto buffer = capsule::SharedBuffer::open(std::move(reply.attached), reply.size_bytes);
    if (!buffer.ok()) {
      return buffer.status();
    }
    holder->buffer = std::move(buffer.value());
  }
  holder->reply = std::move(reply);
  const capsule::Reply &held = holder->reply;
  const bool shared = holder->buffer.data() != nullptr;
  value = {.struct_size = sizeof value,
           .kind = held.kind,
           .data = shared ? holder->buffer.data() : held.data.data(),
           .size_bytes = shared ? holder->buffer.size() : held.data.size(),
           .type_name = text_of(held.type_name)};
  if (held.kind == CAPSULE_VALUE_BUFFER) {
    if (held.shape.size() > CAPSULE_MAX_DIMENSIONS || held.shape.size() != held.strides.size()) {
      return {CAPSULE_E_PROTOCOL, "the worker sent a buffer without a shape"};
    }
    value.format = text_of(held.format);
    value.shape = held.shape.data();
    value.strides = held.strides.data();
    value.dimensions = static_cast<std::int32_t>(held.shape.size());
    value.item_size_bytes = static_cast<std::uint32_t>(held.total);
  }
  value.storage = holder.release();
  return {};
}

Status write_list(capsule::Reply reply, capsule_name_list &list) {
  auto holder = std::make_unique<capsule_value_storage>();
  holder->reply = std::move(reply);
  const capsule::Reply &held = holder->reply;
  const std::size_t count = std::min({held.names.size(), held.types.size(), held.sizes.size(), held.kinds.size()});
  for (std::size_t i = 0; i < count; ++i) {
    holder->names.push_back({text_of(held.names[i]), text_of(held.types[i]), held.sizes[i], held.kinds[i], 0});
  }
  list = {.struct_size = sizeof list, .reserved = 0, .names = holder->names.data(), .count = count, .total = held.total};
  list.storage = holder.release();
  return {};
}

}  // namespace

extern "C" {

capsule_status capsule_session_set(capsule_session *session, const char *name, size_t name_size, const capsule_value *value,
                                   int32_t strategy, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto begun = begin(session, capsule::wire::Operation::kSet, "capsule_session_set", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    Operation &operation = *begun.value().operation;
    operation.option = static_cast<std::uint32_t>(strategy);
    for (const Status &status : {read_name(name, name_size, operation),
                                 check_range("strategy", strategy, CAPSULE_SET_OVERWRITE, CAPSULE_SET_CONFLICT)}) {
      if (!status.ok()) {
        return status;
      }
    }
    if (Status status = read_value(value, *begun.value().session, operation); !status.ok()) {
      return status;
    }
    return begun.value().perform();
  });
}

capsule_status capsule_session_get(capsule_session *session, const char *name, size_t name_size, int32_t kind,
                                   int64_t timeout_ms, capsule_value *value, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (value == nullptr) {
      return {CAPSULE_E_ARGUMENT, "value is NULL"};
    }
    if (Status status = check_out_size(value->struct_size, sizeof *value, "value"); !status.ok()) {
      return status;
    }
    *value = {.struct_size = sizeof *value};
    auto begun = begin(session, capsule::wire::Operation::kGet, "capsule_session_get", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    Operation &operation = *begun.value().operation;
    operation.value_kind = kind;
    for (const Status &status :
         {read_name(name, name_size, operation), check_range("kind", kind, CAPSULE_VALUE_AUTO, CAPSULE_VALUE_REPR)}) {
      if (!status.ok()) {
        return status;
      }
    }
    const Status status = begun.value().perform();
    return status.ok() ? write_value(std::move(operation.reply), *value) : status;
  });
}

capsule_status capsule_session_delete(capsule_session *session, const char *name, size_t name_size, int64_t timeout_ms,
                                      capsule_error *error) {
  return call(error, [&]() -> Status {
    auto begun = begin(session, capsule::wire::Operation::kDelete, "capsule_session_delete", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    const Status status = read_name(name, name_size, *begun.value().operation);
    return status.ok() ? begun.value().perform() : status;
  });
}

capsule_status capsule_session_list(capsule_session *session, uint32_t limit, int64_t timeout_ms, capsule_name_list *list,
                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    if (list == nullptr) {
      return {CAPSULE_E_ARGUMENT, "list is NULL"};
    }
    if (Status status = check_out_size(list->struct_size, sizeof *list, "list"); !status.ok()) {
      return status;
    }
    *list = {.struct_size = sizeof *list};
    auto begun = begin(session, capsule::wire::Operation::kList, "capsule_session_list", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    if (Status status = check_range("limit", limit, 1, kListMax); !status.ok()) {
      return status;
    }
    begun.value().operation->option = static_cast<std::uint32_t>(frame_limit(*begun.value().session));
    begun.value().operation->limit = limit;
    const Status status = begun.value().perform();
    return status.ok() ? write_list(std::move(begun.value().operation->reply), *list) : status;
  });
}

void capsule_value_release(capsule_value *value) {
  call_void([&] { release(value); });
}

void capsule_name_list_release(capsule_name_list *list) {
  call_void([&] { release(list); });
}

capsule_status capsule_buffer_create(uint64_t size_bytes, capsule_buffer **buffer, void **data, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (buffer == nullptr || data == nullptr) {
      return {CAPSULE_E_ARGUMENT, buffer == nullptr ? "buffer is NULL" : "data is NULL"};
    }
    *buffer = nullptr;
    *data = nullptr;
    if (size_bytes == 0 || size_bytes > kBufferMax) {
      return {CAPSULE_E_ARGUMENT,
              "size_bytes is " + std::to_string(size_bytes) + "; it can be 1 to " + std::to_string(kBufferMax)};
    }
    auto made = capsule::SharedBuffer::create(size_bytes);
    if (!made.ok()) {
      return made.status();
    }
    const auto shared = std::make_shared<capsule::SharedBuffer>(std::move(made.value()));
    *buffer = make_handle<capsule_buffer>(shared);
    *data = shared->data();
    return {};
  });
}

void capsule_buffer_release(capsule_buffer *buffer) {
  call_void([&] { static_cast<void>(take(buffer)); });
}

}  // extern "C"
