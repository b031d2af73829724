#include "capsule/value.h"

#include <algorithm>

#include "api/call.hpp"
#include "api/given_values.hpp"
#include "api/owned_struct.hpp"
#include "api/read_values.hpp"
#include "base/clock.hpp"
#include "base/text_view.hpp"

using capsule::NamedValue;
using capsule::Operation;
using capsule::ReadValue;
using capsule::Result;
using capsule::Session;
using capsule::Status;
using capsule::text_of;
using namespace capsule::api;

// What a value that was read, or a list, owns.
struct capsule_value_storage {
  std::unique_ptr<capsule::ReadValue> value;
  capsule::Reply reply;
  std::vector<capsule_name> names;
};

namespace {

constexpr std::int64_t kMostNames = 65'536;
constexpr std::uint64_t kBufferMax = std::uint64_t{1} << 40U;

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
  call.operation->limit = frame_room(*call.session);
  return call;
}

Status set_name(const char *name, std::size_t size, Operation &operation) {
  auto text = read_name("name", {name, size});
  operation.name = text.ok() ? std::move(text.value()) : std::string();
  return text.status();
}

// Binds what was read.
Status bind_values(const Call &call, Result<std::vector<NamedValue>> values, std::int32_t strategy) {
  if (!values.ok()) {
    return values.status();
  }
  if (Status status = check_range("strategy", strategy, CAPSULE_SET_OVERWRITE, CAPSULE_SET_CONFLICT); !status.ok()) {
    return status;
  }
  call.operation->option = static_cast<std::uint32_t>(strategy);
  call.operation->items = std::move(values.value());
  return call.perform();
}

Status write_value(capsule::Reply reply, capsule_value &value) {
  auto read = ReadValue::open(std::move(reply));
  if (read.ok()) {
    hand_over_value(std::move(read.value()), value);
  }
  return read.status();
}

Status write_list(capsule::Reply reply, capsule_name_list &list) {
  auto holder = std::make_unique<capsule_value_storage>();
  holder->reply = std::move(reply);
  const capsule::Reply &held = holder->reply;
  const std::size_t count = std::min({held.names.size(), held.types.size(), held.sizes.size(), held.kinds.size()});
  for (std::size_t i = 0; i < count; ++i) {
    holder->names.push_back({text_of(held.names[i]), text_of(held.types[i]), held.sizes[i], held.kinds[i], 0});
  }
  capsule_name_list fields{.names = holder->names.data(), .count = count, .total = held.total};
  fields.storage = holder.release();
  return write_struct(&list, fields, "list");
}

}  // namespace

namespace capsule::api {

void hand_over_value(std::unique_ptr<ReadValue> read, capsule_value &value) {
  auto holder = std::make_unique<capsule_value_storage>();
  capsule_value fields = read->fields();
  holder->value = std::move(read);
  fields.storage = holder.get();
  if (write_struct(&value, fields, "value").ok()) {
    static_cast<void>(holder.release());  // the value's, until it is released
  }
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): that is what it does not see

}  // namespace capsule::api

extern "C" {

capsule_status capsule_session_set(capsule_session *session, const char *name, size_t name_size, const capsule_value *value,
                                   int32_t strategy, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto begun = begin(session, capsule::wire::Operation::kSet, "capsule_session_set", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    std::size_t room = frame_room(*begun.value().session);
    auto read = read_value("value", {name, name_size}, value, room);
    if (!read.ok()) {
      return read.status();
    }
    std::vector<NamedValue> values;
    values.push_back(std::move(read.value()));
    return bind_values(begun.value(), std::move(values), strategy);
  });
}

capsule_status capsule_session_update(capsule_session *session, const capsule_input *inputs, size_t count, int32_t strategy,
                                      int64_t timeout_ms, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto begun = begin(session, capsule::wire::Operation::kSet, "capsule_session_update", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    if (count == 0) {
      return {CAPSULE_E_ARGUMENT, "count is 0"};
    }
    auto values = read_inputs("inputs", inputs, count, frame_room(*begun.value().session));
    return bind_values(begun.value(), std::move(values), strategy);
  });
}

capsule_status capsule_session_get(capsule_session *session, const char *name, size_t name_size, int32_t kind,
                                   int64_t timeout_ms, capsule_value *value, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(value, "value"); !status.ok()) {
      return status;
    }
    auto begun = begin(session, capsule::wire::Operation::kGet, "capsule_session_get", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    Operation &operation = *begun.value().operation;
    operation.value_kind = kind;
    for (const Status &status :
         {set_name(name, name_size, operation), check_range("kind", kind, CAPSULE_VALUE_AUTO, CAPSULE_VALUE_REPR)}) {
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
    const Status status = set_name(name, name_size, *begun.value().operation);
    return status.ok() ? begun.value().perform() : status;
  });
}

capsule_status capsule_session_list(capsule_session *session, uint32_t limit, int64_t timeout_ms, capsule_name_list *list,
                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(list, "list"); !status.ok()) {
      return status;
    }
    auto begun = begin(session, capsule::wire::Operation::kList, "capsule_session_list", timeout_ms);
    if (!begun.ok()) {
      return begun.status();
    }
    if (Status status = check_range("limit", limit, 1, kMostNames); !status.ok()) {
      return status;
    }
    begun.value().operation->option = static_cast<std::uint32_t>(frame_room(*begun.value().session));
    begun.value().operation->limit = limit;
    const Status status = begun.value().perform();
    return status.ok() ? write_list(std::move(begun.value().operation->reply), *list) : status;
  });
}

void capsule_value_release(capsule_value *value) {
  free_quietly([&] { release_owned(value); });
}

void capsule_name_list_release(capsule_name_list *list) {
  free_quietly([&] { release_owned(list); });
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

void capsule_buffer_release(capsule_buffer *buffer) { release_handle(buffer); }

}  // extern "C"
