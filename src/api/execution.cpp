#include "capsule/execution.h"

#include "api/call.hpp"
#include "api/execution_request.hpp"
#include "api/given_values.hpp"
#include "api/names.hpp"
#include "base/clock.hpp"

using capsule::Event;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::size_t kKeyMax = 1024;
constexpr std::size_t kFileNameMax = 2048;   // with the rest of an Execute frame, well under wire::kFrameOverhead
constexpr std::size_t kTracestateMax = 512;  // W3C Trace Context §3.3.1.5

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// W3C Trace Context §3.2: version-traceid-parentid-flags in lower-case hexadecimal, no id all zero.
bool is_traceparent(const std::string &text) {
  const auto field = [&text](std::size_t begin, std::size_t size) { return std::string_view(text).substr(begin, size); };
  return text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' && is_hex(field(0, 2)) &&
         is_hex(field(3, 32)) && is_hex(field(36, 16)) && is_hex(field(53, 2)) && field(0, 2) != "ff" &&
         field(3, 32) != std::string(32, '0') && field(36, 16) != std::string(16, '0');
}

// `room`: what the source leaves of a frame for inputs.
Result<capsule::ExecutionRequest> translate(const capsule_execution_options *given, std::size_t room) {
  auto options = read_options(given, capsule_execution_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_execution_options &o = options.value();
  capsule::ExecutionRequest request;
  request.timeout_ms = o.timeout_ms;
  request.mode = o.mode;
  request.output_budget_bytes = o.output_budget_bytes;
  request.transaction = o.transaction;
  request.transaction_scope = o.transaction_scope;
  request.result_kind = o.result_kind;
  request.capture_sources = o.capture_sources != 0;
  const auto budget = static_cast<std::int64_t>(std::min<std::uint64_t>(o.output_budget_bytes, INT64_MAX));
  auto file_name = read_text("options.file_name", o.file_name, kFileNameMax);
  auto key = read_text("options.idempotency_key", o.idempotency_key, kKeyMax);
  auto traceparent = read_text("options.traceparent", o.traceparent, kTracestateMax);
  auto tracestate = read_text("options.tracestate", o.tracestate, kTracestateMax);
  for (const Status &status :
       {file_name.status(), key.status(), traceparent.status(), tracestate.status(),
        check_range("options.mode", o.mode, CAPSULE_MODE_AUTO, CAPSULE_MODE_ASYNC),
        check_range("options.timeout_ms", o.timeout_ms, 0, kYearMs),
        check_range("options.transaction", o.transaction, CAPSULE_TRANSACTION_COMMIT, CAPSULE_TRANSACTION_ROLLBACK_ALWAYS),
        check_range("options.transaction_scope", o.transaction_scope, CAPSULE_SCOPE_MEMORY, CAPSULE_SCOPE_NAMES),
        check_range("options.result_kind", o.result_kind, CAPSULE_VALUE_NONE, CAPSULE_VALUE_REPR),
        check_range("options.capture_sources", o.capture_sources, 0, 1),
        check_range("options.output_budget_bytes", budget, budget == 0 ? 0 : 1 << 10, 1 << 30)}) {
    if (!status.ok()) {
      return status;
    }
  }
  request.file_name = std::move(file_name.value());
  request.traceparent = std::move(traceparent.value());
  request.tracestate = std::move(tracestate.value());
  request.idempotency_key = std::move(key.value());
  if (!request.traceparent.empty() && !is_traceparent(request.traceparent)) {
    return Status(CAPSULE_E_ARGUMENT, "options.traceparent is not a W3C traceparent");
  }
  if (!request.tracestate.empty() && request.traceparent.empty()) {
    return Status(CAPSULE_E_ARGUMENT, "options.tracestate is set without options.traceparent");
  }
  auto inputs = read_inputs("options.inputs", o.inputs, o.input_count, room);
  if (!inputs.ok()) {
    return inputs.status();
  }
  request.inputs = std::move(inputs.value());
  return request;
}

// A text that travels as the one large field of a frame.
Status check_size(const char *name, std::size_t size, const capsule::Session &session) {
  const std::size_t most = frame_room(session);
  if (size > most) {
    return {CAPSULE_E_LIMIT, std::string(name) + " has " + std::to_string(size) +
                                 " bytes; with the runtime's max_frame_bytes it can have " + std::to_string(most)};
  }
  return {};
}

// Checks the source and says what it is; count_refused() where it is too large.
Result<std::string> read_source(const char *source, std::size_t source_size, capsule::Session &session) {
  if (source == nullptr || source_size == 0) {
    return Status(CAPSULE_E_ARGUMENT, source == nullptr ? "source is NULL" : "source is empty");
  }
  if (Status status = check_size("source", source_size, session); !status.ok()) {
    session.count_refused();
    return status;
  }
  return read_text("source", {source, source_size}, source_size);
}

// Moves an event into the caller's struct, which then owns its storage.
Status hand_over(Event event, capsule_event *given) {
  event.fields.storage = event.storage.get();
  if (Status status = write_struct(given, event.fields, "event"); !status.ok()) {
    return status;
  }
  static_cast<void>(event.storage.release());  // NOLINT(bugprone-unused-return-value): owned by the caller's struct now
  return {};
}

Status send_answer(capsule_execution *execution, std::uint64_t input_id, std::optional<std::string_view> text) {
  auto found = look_up(execution);
  if (!found.ok()) {
    return found.status();
  }
  capsule::Session &session = *found.value()->session;
  if (text) {
    if (Status status = check_size("text", text->size(), session); !status.ok()) {
      return status;
    }
    auto checked = read_text("text", {text->data(), text->size()}, text->size());
    if (!checked.ok()) {
      return checked.status();
    }
    return capsule::Session::answer(found.value(), input_id, {std::move(checked.value())});
  }
  return capsule::Session::answer(found.value(), input_id, {});
}

}  // namespace

namespace capsule::api {

Result<ExecutionRequest> read_request(Session &session, const char *source, std::size_t source_size,
                                      const capsule_execution_options *options) {
  auto text = read_source(source, source_size, session);
  if (!text.ok()) {
    return text.status();
  }
  auto request = translate(options, frame_room(session) - text.value().size());
  if (request.ok()) {
    request.value().source = std::move(text.value());
  } else if (request.status().code() == CAPSULE_E_LIMIT) {
    session.count_refused();
  }
  return request;
}

Result<std::shared_ptr<Execution>> submit(const std::shared_ptr<Session> &session, ExecutionRequest request) {
  if (!session->add_handle()) {
    return Status(CAPSULE_E_CLOSED, "session was released");
  }
  auto submitted = session->submit(std::move(request));
  if (!submitted.ok()) {
    session->drop_handle();
  }
  return submitted;
}

}  // namespace capsule::api

extern "C" {

void capsule_execution_options_init(capsule_execution_options *options, uint32_t struct_size) {
  capsule_execution_options defaults{};
  defaults.result_kind = CAPSULE_VALUE_NONE;
  defaults.capture_sources = 1;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_execution_create(capsule_session *session, const char *source, size_t source_size,
                                        const capsule_execution_options *options, capsule_execution **execution,
                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    if (execution == nullptr) {
      return {CAPSULE_E_ARGUMENT, "execution is NULL"};
    }
    *execution = nullptr;
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto request = read_request(*found.value(), source, source_size, options);
    if (!request.ok()) {
      return request.status();
    }
    auto submitted = submit(found.value(), std::move(request.value()));
    if (submitted.ok()) {
      *execution = make_handle<capsule_execution>(std::move(submitted.value()));
    }
    return submitted.status();
  });
}

capsule_status capsule_execution_next(capsule_execution *execution, int64_t timeout_ms, capsule_event *event,
                                      capsule_error *error) {
  return call(error, [&]() -> Status {
    if (event == nullptr) {
      return {CAPSULE_E_ARGUMENT, "event is NULL"};
    }
    if (event->struct_size < offsetof(capsule_event, stream)) {
      return {CAPSULE_E_ARGUMENT,
              "event.struct_size is " + std::to_string(event->struct_size) + "; set it to sizeof(capsule_event)"};
    }
    if (Status status = check_struct_size(event->struct_size, "event"); !status.ok()) {
      return status;
    }
    capsule_event_release(event);
    auto found = look_up(execution);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("timeout_ms", timeout_ms, -1, kDayMs); !status.ok()) {
      return status;
    }
    if (Status status = timeout_ms != 0 ? check_may_wait("capsule_execution_next") : Status(); !status.ok()) {
      return status;
    }
    const std::uint64_t deadline = timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms);
    auto next = found.value()->session->next(*found.value(), deadline);
    return next.ok() ? hand_over(std::move(next.value()), event) : next.status();
  });
}

void capsule_event_release(capsule_event *event) {
  if (event == nullptr || event->struct_size < offsetof(capsule_event, stream) || event->struct_size > kMaxStructSize) {
    return;
  }
  delete event->storage;
  const uint32_t size = event->struct_size;
  std::memset(event, 0, size);
  event->struct_size = size;
}

capsule_status capsule_execution_get_fd(capsule_execution *execution, int32_t *fd, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (fd == nullptr) {
      return {CAPSULE_E_ARGUMENT, "fd is NULL"};
    }
    *fd = -1;
    auto found = look_up(execution);
    if (!found.ok()) {
      return found.status();
    }
    auto descriptor = found.value()->events.fd();
    if (!descriptor.ok()) {
      return descriptor.status();
    }
    *fd = descriptor.value();
    return {};
  });
}

capsule_status capsule_execution_set_notify(capsule_execution *execution, capsule_notify_callback callback, void *user_data,
                                            capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(execution);
    if (found.ok()) {
      found.value()->events.set_notify(callback, user_data);
    }
    return found.status();
  });
}

capsule_status capsule_execution_answer(capsule_execution *execution, uint64_t input_id, const char *text, size_t text_size,
                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    if (text == nullptr && text_size > 0) {
      return {CAPSULE_E_ARGUMENT, "text is NULL but has a size"};
    }
    return send_answer(execution, input_id, std::string_view(text == nullptr ? "" : text, text_size));
  });
}

capsule_status capsule_execution_decline(capsule_execution *execution, uint64_t input_id, capsule_error *error) {
  return call(error, [&] { return send_answer(execution, input_id, std::nullopt); });
}

capsule_status capsule_execution_cancel(capsule_execution *execution, int64_t grace_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(execution);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("grace_ms", grace_ms, -1, kDayMs); !status.ok()) {
      return status;
    }
    return found.value()->session->cancel(*found.value(), grace_ms);
  });
}

capsule_status capsule_execution_interrupt(capsule_execution *execution, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(execution);
    return found.ok() ? found.value()->session->interrupt(*found.value()) : found.status();
  });
}

capsule_status capsule_execution_get_id(capsule_execution *execution, uint64_t *id, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (id == nullptr) {
      return {CAPSULE_E_ARGUMENT, "id is NULL"};
    }
    *id = 0;
    auto found = look_up(execution);
    if (!found.ok()) {
      return found.status();
    }
    *id = found.value()->id;
    return {};
  });
}

void capsule_execution_release(capsule_execution *execution) {
  release_handle(execution, [](auto &taken) {
    taken.session->abandon(taken);
    taken.session->drop_handle();
  });
}

const char *capsule_event_kind_name(int32_t kind) {
  static constexpr const char *names[] = {"unknown", "started", "output", "input", "result", "error", "display", "progress"};
  return name_of(names, kind);
}

const char *capsule_origin_name(int32_t origin) {
  static constexpr const char *names[] = {"unknown", "main", "thread", "task", "descriptor", "library"};
  return name_of(names, origin);
}

const char *capsule_code_class_name(int32_t code_class) {
  static constexpr const char *names[] = {"unclassified",  "top_level_await", "async_def",
                                          "blocking_sync", "simple_sync",     "unknown"};
  return name_of(names, code_class);
}

const char *capsule_stream_name(int32_t stream) {
  static constexpr const char *names[] = {"unknown", "stdout", "stderr"};
  return name_of(names, stream);
}

const char *capsule_state_name(int32_t state) {
  static constexpr const char *names[] = {"unknown", "preserved", "lost", "rolled_back", "restored"};
  return name_of(names, state);
}

const char *capsule_outcome_name(int32_t outcome) {
  static constexpr const char *names[] = {"unknown", "ok", "error", "canceled", "timeout", "killed", "died"};
  return name_of(names, outcome);
}

const char *capsule_cancel_phase_name(int32_t phase) {
  static constexpr const char *names[] = {"none", "queued", "delivered", "interrupted", "killed"};
  return name_of(names, phase);
}

const char *capsule_death_reason_name(int32_t reason) {
  static constexpr const char *names[] = {"none",     "exit",         "signal", "memory_limit", "cpu_limit",
                                          "protocol", "host_request", "start",  "unknown"};
  return name_of(names, reason);
}

}  // extern "C"
