#include "capsule/postmortem.h"

#include <nlohmann/json.hpp>

#include "api/inspection.hpp"
#include "api/stacks.hpp"

using capsule::Guarded;
using capsule::Status;
using namespace capsule::api;

namespace {

nlohmann::ordered_json json_of(const capsule_trace_event &event) {
  const auto &arguments = event.arguments;
  return {{"time_ns", event.time_ns},
          {"kind", capsule_trace_kind_name(event.kind)},
          {"execution", event.execution_id},
          {"writer", event.writer},
          {"sequence", event.sequence},
          {"status", event.status},
          {"arguments", {arguments[0], arguments[1], arguments[2], arguments[3]}}};
}

nlohmann::ordered_json heartbeat_of(const capsule_postmortem_info &info) {
  if (info.heartbeat_age_ns == 0) {
    return nullptr;
  }
  return {{"age_ns", info.heartbeat_age_ns},
          {"resident_bytes", info.resident_bytes},
          {"private_bytes", info.private_bytes},
          {"cpu_ns", info.cpu_ns},
          {"threads", info.threads},
          {"namespace_size", info.namespace_size}};
}

nlohmann::ordered_json execution_of(const capsule_postmortem_info &info) {
  if (info.execution_id == 0) {
    return nullptr;
  }
  return {{"id", info.execution_id}, {"age_ns", info.execution_age_ns}};
}

// Without names, at whatever level: those are told where they are asked for, by capsule_postmortem_get_stack().
nlohmann::ordered_json stack_of(const capsule::Stack *stack) {
  if (stack == nullptr) {
    return nullptr;
  }
  auto threads = nlohmann::ordered_json::array();
  for (const capsule::StackThread &thread : stack->threads) {
    auto frames = nlohmann::ordered_json::array();
    for (const capsule::StackFrame &frame : thread.frames) {
      frames.push_back({{"line", frame.line}});
    }
    threads.push_back({{"main", thread.is_main},
                       {"hit", thread.hit},
                       {"frames", std::move(frames)},
                       {"frames_omitted", thread.frames_omitted}});
  }
  return {{"cause", stack->cause}, {"threads", std::move(threads)}};
}

std::string json_text(const capsule::Postmortem &told, const capsule::Stack *stack) {
  const capsule_postmortem_info &info = told.info;
  nlohmann::ordered_json json{
      {"postmortem", 1},
      {"session", info.session_id},
      {"incarnation", info.incarnation},
      {"pid", info.pid},
      {"cause",
       {{"reason", capsule_death_reason_name(info.death_reason)},
        {"certain", info.death_certain != 0},
        {"exit_code", info.exit_code},
        {"signal", info.signal_number},
        {"text", told.cause}}},
      {"died_ns", info.died_ns},
      {"uptime_ns", info.uptime_ns},
      {"execution", execution_of(info)},
      {"executions_queued", info.executions_queued},
      {"last_kind", info.last_kind == 0 ? nlohmann::ordered_json() : capsule_trace_kind_name(info.last_kind)},
      {"heartbeat", heartbeat_of(info)},
      {"limits",
       {{"output_queue_bytes", info.output_queue_limit_bytes},
        {"output_window_bytes", info.output_window_bytes},
        {"timeout_ms", info.timeout_ms},
        {"cancel_grace_ms", info.cancel_grace_ms},
        {"announced", told.announced_limits}}},
      {"output", {{"recovered_bytes", info.output_recovered_bytes}, {"untaken_bytes", info.output_untaken_bytes}}},
      {"stack", stack_of(stack)},
      {"events_lost", info.events_lost},
      {"events", nlohmann::ordered_json::array()}};
  for (const capsule_trace_event &event : told.events) {
    json["events"].push_back(json_of(event));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Status look_at_death(capsule_session *session, const capsule_inspection *inspection, std::uint32_t index,
                     capsule_postmortem **postmortem) {
  if (postmortem == nullptr) {
    return {CAPSULE_E_ARGUMENT, "postmortem is NULL"};
  }
  *postmortem = nullptr;
  auto found = look_up(session);
  if (!found.ok()) {
    return found.status();
  }
  capsule::Session &object = *found.value();
  auto begun = Look::begin(target_of(Guarded::kPostmortem, object), inspection);
  if (!begun.ok()) {
    return begun.status();
  }
  Look &look = begun.value();
  auto told = object.postmortem(index);
  if (told == nullptr) {
    return look.fail({CAPSULE_E_STATE, "session: fewer than " + std::to_string(std::uint64_t{index} + 1) + " deaths are kept"});
  }
  auto made = std::make_shared<ToldPostmortem>();
  std::uint64_t stack_bytes = 0;
  if (told->stack) {
    const auto shown = std::make_shared<capsule::Stack>(*told->stack);
    stack_bytes = redact(*shown, look.redactor());
    made->stack = shown;
  }
  made->json = json_text(*told, made->stack.get());
  made->told = std::move(told);
  Status status = look.conclude(made->json.size() + stack_bytes);
  if (status.ok()) {
    *postmortem = make_handle<capsule_postmortem>(std::move(made));
  }
  return status;
}

}  // namespace

extern "C" {

capsule_status capsule_session_get_postmortem(capsule_session *session, uint32_t index, capsule_postmortem **postmortem,
                                              capsule_error *error) {
  return call(error, [&] { return look_at_death(session, nullptr, index, postmortem); });
}

capsule_status capsule_session_inspect_postmortem(capsule_session *session, const capsule_inspection *inspection,
                                                  uint32_t index, capsule_postmortem **postmortem, capsule_error *error) {
  return call(error, [&] { return look_at_death(session, inspection, index, postmortem); });
}

capsule_status capsule_postmortem_get_info(capsule_postmortem *postmortem, capsule_postmortem_info *info,
                                           capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(postmortem);
    if (!found.ok()) {
      return found.status();
    }
    const capsule::Postmortem &told = *found.value()->told;
    capsule_postmortem_info copy = told.info;
    copy.events = told.events.data();
    copy.event_count = told.events.size();
    copy.announced_limits = {told.announced_limits.data(), told.announced_limits.size()};
    return write_struct(info, copy, "info");
  });
}

capsule_status capsule_postmortem_get_stack(capsule_postmortem *postmortem, capsule_stack **stack, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (stack == nullptr) {
      return {CAPSULE_E_ARGUMENT, "stack is NULL"};
    }
    *stack = nullptr;
    auto found = look_up(postmortem);
    if (!found.ok()) {
      return found.status();
    }
    auto had = found.value()->stack;
    if (had == nullptr) {
      return {CAPSULE_E_STATE, "postmortem: the worker left no stack"};
    }
    *stack = make_handle<capsule_stack>(std::const_pointer_cast<capsule::Stack>(had));  // and read only
    return {};
  });
}

capsule_status capsule_postmortem_to_json(capsule_postmortem *postmortem, capsule_text *json, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (json == nullptr) {
      return {CAPSULE_E_ARGUMENT, "json is NULL"};
    }
    *json = {};
    auto found = look_up(postmortem);
    if (!found.ok()) {
      return found.status();
    }
    *json = {found.value()->json.data(), found.value()->json.size()};
    return {};
  });
}

void capsule_postmortem_release(capsule_postmortem *postmortem) { release_handle(postmortem); }

}  // extern "C"
