#include "capsule/bridge.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "api/bridge_answers.hpp"
#include "api/call.hpp"
#include "api/given_values.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"
#include "api/rules.hpp"
#include "base/clock.hpp"
#include "base/text_view.hpp"

using capsule::HostAnswer;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

// What a request that was handed out is made of.
struct capsule_request_storage {
  capsule::HostRequest request;
  std::vector<capsule_attachment> attachments;
};

namespace {

constexpr std::size_t kMaxDoc = 64U << 10U;
constexpr std::size_t kMaxParameters = 4096;
constexpr std::size_t kMaxSchema = 1U << 20U;
constexpr std::size_t kMaxMessage = 32U << 10U;
constexpr std::size_t kMaxType = 255;
constexpr std::uint32_t kKnownFlags =
    CAPSULE_CAPABILITY_IDEMPOTENT | CAPSULE_CAPABILITY_NEEDS_APPROVAL | CAPSULE_CAPABILITY_STREAM | CAPSULE_CAPABILITY_UPLOAD;

// ASCII identifiers joined by dots, none of which begins with an underscore.
bool is_capability_name(const std::string &name) {
  bool begins = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = std::isalpha(byte) != 0;
    if (c == '.' ? begins : begins ? !letter : !letter && std::isdigit(byte) == 0 && c != '_') {
      return false;
    }
    begins = c == '.';
  }
  return !begins;
}

Status check_numbers(const capsule_capability &c) {
  for (const Status &status : {c.timeout_ms == -1 ? Status() : check_range("capability.timeout_ms", c.timeout_ms, 1, kYearMs),
                               check_range("capability.max_concurrent", c.max_concurrent, 0, 1'000'000),
                               check_range("capability.burst", c.burst, 1, 1'000'000)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if ((c.flags & ~kKnownFlags) != 0) {
    return {CAPSULE_E_ARGUMENT, "capability.flags has bits that are not known: " + std::to_string(c.flags & ~kKnownFlags)};
  }
  if ((c.flags & (CAPSULE_CAPABILITY_STREAM | CAPSULE_CAPABILITY_UPLOAD)) != 0 &&
      (c.flags & CAPSULE_CAPABILITY_IDEMPOTENT) != 0) {
    return {CAPSULE_E_ARGUMENT, "capability.flags: what comes in pieces cannot be idempotent"};
  }
  if (!(c.calls_per_s >= 0 && c.calls_per_s <= 1'000'000)) {
    return {CAPSULE_E_ARGUMENT, "capability.calls_per_s: it can be 0 to 1000000"};
  }
  return {};
}

Status read_schema(const char *argument, capsule_text given, std::shared_ptr<const capsule::Schema> &schema) {
  auto text = read_text(argument, given, kMaxSchema);
  if (!text.ok() || text.value().empty()) {
    return text.status();
  }
  auto compiled = capsule::Schema::compile(argument, text.value());
  if (compiled.ok()) {
    schema = std::move(compiled.value());
  }
  return compiled.status();
}

Result<capsule::CapabilitySpec> read_capability(const capsule_capability *given) {
  if (given == nullptr) {
    return Status(CAPSULE_E_ARGUMENT, "capability is NULL");
  }
  auto options = read_options(given, capsule_capability_init, "capability");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_capability &c = options.value();
  if (Status status = check_numbers(c); !status.ok()) {
    return status;
  }
  auto name = read_text("capability.name", c.name, CAPSULE_CAPABILITY_NAME_SIZE);
  auto doc = read_text("capability.doc", c.doc, kMaxDoc);
  auto parameters = read_text("capability.parameters", c.parameters, kMaxParameters);
  capsule::CapabilitySpec spec;
  for (const Status &status : {name.status(), doc.status(), parameters.status(),
                               read_schema("capability.arguments_schema", c.arguments_schema, spec.arguments),
                               read_schema("capability.result_schema", c.result_schema, spec.result)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (!is_capability_name(name.value())) {
    return Status(CAPSULE_E_ARGUMENT, "capability.name is no name: identifiers joined by dots");
  }
  spec.name = std::move(name.value());
  spec.doc = std::move(doc.value());
  spec.parameters = std::move(parameters.value());
  spec.flags = c.flags;
  spec.timeout_ms = c.timeout_ms;
  spec.max_concurrent = c.max_concurrent;
  spec.burst = c.burst;
  spec.calls_per_s = c.calls_per_s;
  return spec;
}

Result<capsule::BridgeOptions> read_bridge_options(const capsule_bridge_options *given) {
  auto options = read_options(given, capsule_bridge_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_bridge_options &o = options.value();
  auto policy = read_rules(o.rules, o.rule_count);
  const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(o.max_session_bytes, INT64_MAX));
  for (const Status &status : {check_range("options.max_pending", o.max_pending, 1, 10'000'000),
                               check_range("options.max_session_pending", o.max_session_pending, 1, 10'000'000),
                               check_range("options.max_session_bytes", bytes, 1 << 10, std::int64_t{1} << 40),
                               check_range("options.max_answers", o.max_answers, 0, 10'000'000),
                               check_range("options.cancel_notices", o.cancel_notices, 0, 1),
                               check_range("options.chunk_notices", o.chunk_notices, 0, 1), policy.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  return capsule::BridgeOptions{.max_pending = o.max_pending,
                                .max_session_pending = o.max_session_pending,
                                .max_session_bytes = o.max_session_bytes,
                                .max_answers = o.max_answers,
                                .cancel_notices = o.cancel_notices != 0,
                                .chunk_notices = o.chunk_notices != 0,
                                .policy = o.rule_count > 0 ? std::move(policy.value()) : nullptr};
}

void hand_over(capsule::HostRequest taken, capsule_request *request) {
  auto storage = std::make_unique<capsule_request_storage>();
  storage->request = std::move(taken);
  const capsule::HostRequest &r = storage->request;
  for (std::size_t i = 0; i < r.values.size(); ++i) {
    storage->attachments.push_back({capsule::text_of(r.names[i]), &r.values[i]->fields()});
  }
  const capsule_request fields{.kind = r.kind,
                               .request_id = r.id,
                               .session_id = r.session_id,
                               .execution_id = r.execution_id,
                               .received_ns = r.received_ns,
                               .deadline_ns = r.deadline_ns,
                               .capability = capsule::text_of(r.capability),
                               .idempotency_key = capsule::text_of(r.key),
                               .arguments = capsule::text_of(r.arguments),
                               .attachments = storage->attachments.data(),
                               .attachment_count = storage->attachments.size(),
                               .storage = storage.get()};
  static_cast<void>(write_struct(request, fields, "request"));  // the size was checked
  static_cast<void>(storage.release());                         // the request's, until it is released
}

}  // namespace

extern "C" {

void capsule_capability_init(capsule_capability *capability, uint32_t struct_size) {
  const capsule::CapabilitySpec d;
  capsule_capability defaults{};
  defaults.timeout_ms = d.timeout_ms;
  defaults.burst = d.burst;
  write_defaults(capability, struct_size, defaults);
}

void capsule_bridge_options_init(capsule_bridge_options *options, uint32_t struct_size) {
  const capsule::BridgeOptions d;
  capsule_bridge_options defaults{};
  defaults.max_pending = d.max_pending;
  defaults.max_session_pending = d.max_session_pending;
  defaults.max_session_bytes = d.max_session_bytes;
  defaults.max_answers = d.max_answers;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_bridge_create(capsule_runtime *runtime, const capsule_bridge_options *options, capsule_bridge **bridge,
                                     capsule_error *error) {
  return call(error, [&]() -> Status {
    if (bridge == nullptr) {
      return {CAPSULE_E_ARGUMENT, "bridge is NULL"};
    }
    *bridge = nullptr;
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    auto read = read_bridge_options(options);
    if (!read.ok()) {
      return read.status();
    }
    *bridge = make_handle<capsule_bridge>(capsule::Bridge::create(std::move(found.value()), std::move(read.value())));
    return {};
  });
}

capsule_status capsule_bridge_register(capsule_bridge *bridge, const capsule_capability *capability, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    auto spec = read_capability(capability);
    return spec.ok() ? found.value()->add(std::move(spec.value())) : spec.status();
  });
}

capsule_status capsule_bridge_unregister(capsule_bridge *bridge, const char *name, size_t name_size, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    auto text = read_name("name", {name, name_size});
    return text.ok() ? found.value()->remove(text.value()) : text.status();
  });
}

capsule_status capsule_bridge_next_request(capsule_bridge *bridge, int64_t timeout_ms, capsule_request *request,
                                           capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(request, "request"); !status.ok()) {
      return status;
    }
    const Status may_wait = timeout_ms == 0 ? Status() : check_wait("capsule_bridge_next_request", timeout_ms);
    auto found = look_up(bridge);
    for (const Status &status : {may_wait, found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto taken = found.value()->next(timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms));
    if (taken.ok()) {
      hand_over(std::move(taken.value()), request);
    }
    return taken.status();
  });
}

capsule_status capsule_bridge_get_fd(capsule_bridge *bridge, int32_t *fd, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (fd == nullptr) {
      return {CAPSULE_E_ARGUMENT, "fd is NULL"};
    }
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    auto made = found.value()->fd();
    *fd = made.ok() ? made.value() : -1;
    return made.status();
  });
}

capsule_status capsule_bridge_set_notify(capsule_bridge *bridge, capsule_notify_callback callback, void *user_data,
                                         capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (found.ok()) {
      found.value()->set_notify(callback, user_data);
    }
    return found.status();
  });
}

void capsule_request_release(capsule_request *request) { release_owned(request); }

capsule_status capsule_bridge_respond(capsule_bridge *bridge, uint64_t request_id, const capsule_value *value,
                                      capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    auto answer = read_call_answer(*found.value(), request_id, value);
    return answer.ok() ? found.value()->respond(request_id, std::move(answer.value())) : answer.status();
  });
}

capsule_status capsule_bridge_fail(capsule_bridge *bridge, uint64_t request_id, capsule_text error_type, capsule_text message,
                                   capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    auto type = read_text("error_type", error_type, kMaxType);
    auto text = read_text("message", message, kMaxMessage);
    for (const Status &status : {found.status(), type.status(), text.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    HostAnswer answer;
    answer.outcome = capsule::wire::CallOutcome::kFailed;
    answer.error_type = std::move(type.value());
    answer.message = std::move(text.value());
    return found.value()->respond(request_id, std::move(answer));
  });
}

capsule_status capsule_bridge_approve(capsule_bridge *bridge, uint64_t request_id, int32_t approved, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    const Status flag = check_range("approved", approved, 0, 1);
    return flag.ok() ? found.value()->approve(request_id, approved != 0) : flag;
  });
}

capsule_status capsule_bridge_report_progress(capsule_bridge *bridge, uint64_t request_id, uint64_t done, uint64_t total,
                                              capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (!found.ok()) {
      return found.status();
    }
    if (total != 0 && done > total) {
      return {CAPSULE_E_ARGUMENT, "done is larger than total"};
    }
    return found.value()->report_progress(request_id, done, total);
  });
}

capsule_status capsule_bridge_cancel_all(capsule_bridge *bridge, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (found.ok()) {
      found.value()->cancel_all();
    }
    return found.status();
  });
}

capsule_status capsule_bridge_close(capsule_bridge *bridge, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    if (found.ok()) {
      found.value()->close();
    }
    return found.status();
  });
}

void capsule_bridge_release(capsule_bridge *bridge) {
  release_handle(bridge, [](auto &taken) { taken.release(); });
}

capsule_status capsule_session_narrow_rules(capsule_session *session, const capsule_rule *rules, size_t rule_count,
                                            capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    auto policy = read_rules(rules, rule_count);
    for (const Status &status : {found.status(), policy.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    const auto port = std::static_pointer_cast<capsule::BridgePort>(found.value()->calls());
    return port ? port->bridge().narrow(*port, std::move(policy.value()))
                : Status(CAPSULE_E_STATE, "session: it was opened without a bridge");
  });
}

}  // extern "C"
