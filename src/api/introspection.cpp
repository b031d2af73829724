#include "capsule/introspection.h"

#include <algorithm>
#include <array>

#include "api/given_values.hpp"
#include "api/inspection.hpp"
#include "api/isolation.hpp"
#include "api/owned_struct.hpp"
#include "base/clock.hpp"
#include "session/session_status.hpp"

using capsule::Guarded;
using capsule::Operation;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::uint32_t kMostRows = 65'536;

// Names that CPython gives its own types: nobody chose them here.
bool is_builtin_type(std::string_view name) {
  static constexpr std::array kNames = {"NoneType",   "bool",      "builtin_function_or_method",
                                        "bytearray",  "bytes",     "complex",
                                        "coroutine",  "dict",      "ellipsis",
                                        "float",      "frozenset", "function",
                                        "generator",  "int",       "list",
                                        "memoryview", "method",    "module",
                                        "object",     "range",     "set",
                                        "slice",      "str",       "tuple",
                                        "type"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::uint64_t &count_of(capsule_namespace_summary &summary, std::int32_t kind) {
  return kind == CAPSULE_NAME_FUNCTION ? summary.functions
         : kind == CAPSULE_NAME_CLASS  ? summary.classes
         : kind == CAPSULE_NAME_MODULE ? summary.modules
                                       : summary.values;
}

// From what the worker answered.
void sum_up(Look &look, const capsule::Reply &reply, capsule_namespace_summary &summary) {
  const std::size_t count = std::min({reply.names.size(), reply.types.size(), reply.sizes.size(), reply.kinds.size()});
  summary.answered_by = CAPSULE_ANSWERED_BY_WORKER;
  summary.total = reply.total;
  summary.counted = count;
  for (std::size_t i = 0; i < count; ++i) {
    ++count_of(summary, reply.kinds[i]);
    summary.size_bytes += reply.sizes[i];
    if (look.shows_rows() && i < look.max_rows()) {
      const std::string &type = reply.types[i];
      look.storage().names.push_back({.name = look.label(reply.names[i]),
                                      .type_name = is_builtin_type(type) ? look.plain(type) : look.label(type),
                                      .size_bytes = reply.sizes[i],
                                      .kind = reply.kinds[i],
                                      .reserved = 0});
    }
  }
}

// From what the host knows.
void sum_up(capsule::Session &session, const Status &why, capsule_namespace_summary &summary) {
  const capsule::SessionStatus known = session.status();
  summary.answered_by = CAPSULE_ANSWERED_BY_HOST;
  summary.worker_status = why.code();
  summary.total = known.namespace_size;
  summary.age_ns = known.fields.heartbeat_age_ns;
}

Status ask_for_names(capsule::Session &session, std::int64_t timeout_ms, capsule::Reply &reply) {
  const auto operation = std::make_shared<Operation>(capsule::wire::Operation::kList);
  operation->option = static_cast<std::uint32_t>(frame_room(session));
  operation->limit = kMostRows;
  Status status = session.perform(operation, capsule::deadline_after_ms(timeout_ms));
  if (status.ok()) {
    reply = std::move(operation->reply);
  }
  return status;
}

capsule_pending_row row_of(Look &look, const capsule::OpenCall &call, std::uint64_t now_ns) {
  return {.request_id = call.request_id,
          .session_id = call.session_id,
          .execution_id = call.execution_id,
          .age_ns = now_ns - std::min(call.received_ns, now_ns),
          .left_ns = call.deadline_ns == UINT64_MAX ? UINT64_MAX : call.deadline_ns - std::min(call.deadline_ns, now_ns),
          .kind = CAPSULE_PENDING_CALL,
          .state = call.state,
          .owner = CAPSULE_OWNER_SESSION,
          .waiters = 1,
          .name = look.label(call.capability),
          .progress_done = call.progress_done,
          .progress_total = call.progress_total};
}

// An open promise, and what it is to a durable execution of this host.
struct PendingPromise : capsule_pending_promise {
  capsule::DurableRow durable{};
};

capsule_pending_row row_of(Look &look, const PendingPromise &promise, std::uint64_t) {
  const bool plain = promise.durable.kind == 0;
  return {.request_id = 0,
          .session_id = promise.durable.session_id,
          .execution_id = promise.durable.execution_id,
          .age_ns = promise.age_ns,
          .left_ns = promise.left_ns,
          .kind = plain ? CAPSULE_PENDING_PROMISE : promise.durable.kind,
          .state = CAPSULE_PROMISE_PENDING,
          .owner = promise.claimed != 0 || !plain ? CAPSULE_OWNER_DURABLE : CAPSULE_OWNER_NONE,
          .waiters = promise.waiters,
          .name = look.label(promise.id)};
}

std::uint64_t list(capsule::Bridge &bridge, std::size_t capacity, std::vector<capsule::OpenCall> &rows) {
  return bridge.list(capacity, rows);
}

std::uint64_t list(capsule::PromiseStore &store, std::size_t capacity, std::vector<PendingPromise> &rows) {
  std::vector<capsule_pending_promise> listed;
  const std::uint64_t total = store.list(capacity, listed);
  for (const capsule_pending_promise &promise : listed) {
    rows.push_back({promise, store.durable().find(promise.id).value_or(capsule::DurableRow())});
  }
  return total;
}

// Of a bridge or a store, of which the oldest are listed first.
template <typename Given, typename Found>
Status inspect_pending(Found &&found, const char *kind, const capsule_inspection *inspection,
                       capsule_pending_summary *summary) {
  for (const Status &status : {empty_owned(summary, "summary"), found.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  auto &object = *found.value();
  auto begun = Look::begin({Guarded::kPromises, object.runtime(), kind}, inspection);
  if (!begun.ok()) {
    return begun.status();
  }
  Look &look = begun.value();
  std::vector<Given> listed;
  capsule_pending_summary answer{};
  answer.total = list(object, look.max_rows(), listed);
  const std::uint64_t now = capsule::monotonic_ns();
  for (const Given &one : listed) {
    // Its age is a number, and told at every level.
    capsule_pending_row row = look.shows_rows() ? row_of(look, one, now) : capsule_pending_row{};
    if constexpr (requires { one.received_ns; }) {
      answer.oldest_ns = std::max(answer.oldest_ns, now - std::min(one.received_ns, now));
    } else {
      answer.oldest_ns = std::max(answer.oldest_ns, one.age_ns);
    }
    if (look.shows_rows()) {
      look.storage().pending.push_back(row);
    }
  }
  return look.give(summary, answer, look.storage().pending, answer.total);
}

}  // namespace

extern "C" {

capsule_status capsule_bridge_inspect_pending(capsule_bridge *bridge, const capsule_inspection *inspection,
                                              capsule_pending_summary *summary, capsule_error *error) {
  return call(error, [&] { return inspect_pending<capsule::OpenCall>(look_up(bridge), "bridge", inspection, summary); });
}

capsule_status capsule_promise_store_inspect_pending(capsule_promise_store *store, const capsule_inspection *inspection,
                                                     capsule_pending_summary *summary, capsule_error *error) {
  return call(error, [&] { return inspect_pending<PendingPromise>(look_up(store), "store", inspection, summary); });
}

void capsule_pending_summary_release(capsule_pending_summary *summary) {
  free_quietly([&] { release_owned(summary); });
}

capsule_status capsule_session_inspect_namespace(capsule_session *session, const capsule_inspection *inspection,
                                                 capsule_namespace_summary *summary, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    for (const Status &status :
         {empty_owned(summary, "summary"), found.status(), check_may_wait("capsule_session_inspect_namespace")}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto begun = Look::begin(target_of(Guarded::kNamespace, *found.value()), inspection);
    if (!begun.ok()) {
      return begun.status();
    }
    Look &look = begun.value();
    capsule_namespace_summary answer{};
    capsule::Reply reply;
    const Status asked = ask_for_names(*found.value(), look.timeout_ms(), reply);
    if (asked.ok()) {
      sum_up(look, reply, answer);
    } else {
      sum_up(*found.value(), asked, answer);
    }
    return look.give(summary, answer, look.storage().names, answer.total);
  });
}

void capsule_namespace_summary_release(capsule_namespace_summary *summary) {
  free_quietly([&] { release_owned(summary); });
}

capsule_status capsule_pool_inspect(capsule_pool *pool, const capsule_inspection *inspection, capsule_pool_info *info,
                                    capsule_pool_summary *summary, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(pool);
    const Status size = info == nullptr ? Status() : check_struct_size(info->struct_size, "info");
    for (const Status &status : {empty_owned(summary, "summary"), size, found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto begun = Look::begin(target_of(Guarded::kPool, *found.value()), inspection);
    if (!begun.ok()) {
      return begun.status();
    }
    Look &look = begun.value();
    capsule_pool_info known = found.value()->info();
    if (look.level() < CAPSULE_INSPECT_FULL && known.last_error[0] != '\0') {
      // It may be what an exception of a warm-up says.
      known.last_error[0] = '\0';
      look.drop();
    }
    auto &rows = look.storage().sessions;
    rows = found.value()->sessions();
    capsule_pool_summary answer{};
    answer.total = rows.size();
    rows.resize(look.shows_rows() ? std::min(rows.size(), look.max_rows()) : 0);
    Status status = look.give(summary, answer, rows, answer.total);
    if (status.ok() && info != nullptr) {
      status = write_struct(info, known, "info");
    }
    return status;
  });
}

void capsule_pool_summary_release(capsule_pool_summary *summary) {
  free_quietly([&] { release_owned(summary); });
}

capsule_status capsule_session_inspect_execution(capsule_session *session, const capsule_inspection *inspection,
                                                 capsule_execution_status *status, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    const Status given =
        status == nullptr ? Status(CAPSULE_E_ARGUMENT, "status is NULL") : check_struct_size(status->struct_size, "status");
    for (const Status &one : {given, found.status()}) {
      if (!one.ok()) {
        return one;
      }
    }
    capsule::Session &object = *found.value();
    auto begun = Look::begin(target_of(Guarded::kExecution, object), inspection);
    if (!begun.ok()) {
      return begun.status();
    }
    capsule_execution_status answer = object.status().fields;
    if (const auto port = std::dynamic_pointer_cast<capsule::BridgePort>(object.calls())) {
      answer.open_calls = port->bridge().metrics_of(*port).bridge_pending_current;
    }
    if (answer.open_calls > 0 && answer.waits_for == CAPSULE_WAITS_NOTHING && answer.phase == CAPSULE_PHASE_RUNNING) {
      answer.waits_for = CAPSULE_WAITS_CALL;
    }
    return begun.value().give(status, answer, "status");
  });
}

capsule_status capsule_session_inspect_isolation(capsule_session *session, const capsule_inspection *inspection,
                                                 capsule_isolation_report *report, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    for (const Status &status : {empty_owned(report, "report"), found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto begun = Look::begin(target_of(Guarded::kIsolation, *found.value()), inspection);
    if (!begun.ok()) {
      return begun.status();
    }
    Look &look = begun.value();
    auto &layers = look.storage().layers;
    layers = isolation_layers(*found.value());
    capsule_isolation_report answer{};
    for (capsule_isolation_layer &layer : layers) {
      ++(layer.state == CAPSULE_LAYER_ACTIVE   ? answer.active
         : layer.state == CAPSULE_LAYER_WAIVED ? answer.waived
                                               : answer.unavailable);
      layer.reason = look.shows_rows() ? layer.reason : capsule_text{};
    }
    return look.give(report, answer, layers, layers.size());
  });
}

void capsule_isolation_report_release(capsule_isolation_report *report) {
  free_quietly([&] { release_owned(report); });
}

const char *capsule_phase_name(int32_t phase) {
  constexpr const char *names[] = {"none", "queued", "running", "stopping", "rolling_back", "operation"};
  return name_of(names, phase);
}

const char *capsule_waits_name(int32_t waits_for) {
  constexpr const char *names[] = {"nothing", "worker", "turn", "input", "call", "output"};
  return name_of(names, waits_for);
}

const char *capsule_layer_state_name(int32_t state) {
  constexpr const char *names[] = {"unknown", "active", "unavailable", "waived"};
  return name_of(names, state);
}

}  // extern "C"
