#include "capsule/trace.h"

#include <algorithm>
#include <utility>

#include "api/inspection.hpp"
#include "base/clock.hpp"
#include "diagnostics/trace_kinds.hpp"

using capsule::Guarded;
using capsule::Status;
using namespace capsule::api;

namespace {

// Which events are wanted, and by whom.
struct TraceWish {
  capsule_trace_filter filter;  // its `caller` is empty: it may outlive what was given
  std::string caller;
};

capsule::Result<TraceWish> read_filter(const capsule_trace_filter *filter) {
  const auto defaults = [](capsule_trace_filter *given, std::uint32_t size) { *given = {.struct_size = size}; };
  auto read = read_options<capsule_trace_filter>(filter, defaults, "filter");
  if (!read.ok()) {
    return read.status();
  }
  auto caller = read_caller("filter.caller", std::exchange(read.value().caller, {}));
  if (!caller.ok()) {
    return caller.status();
  }
  return TraceWish{read.value(), std::move(caller.value())};
}

Status check_next_wait(const char *function, std::int64_t timeout_ms) {
  Status status = check_range("timeout_ms", timeout_ms, -1, 86'400'000);
  return status.ok() ? check_may_wait(function) : status;
}

// Of a session, or of a pool.
template <typename Traced>
Status copy_trace(Traced *traced, const capsule_trace_filter *filter, capsule_trace_event *events, size_t capacity,
                  size_t *count, capsule_trace_info *info) {
  if (count == nullptr || (events == nullptr && capacity > 0)) {
    return {CAPSULE_E_ARGUMENT, count == nullptr ? "count is NULL" : "events is NULL but has a capacity"};
  }
  *count = 0;
  auto found = look_up(traced);
  if (!found.ok()) {
    return found.status();
  }
  auto wanted = read_filter(filter);
  if (!wanted.ok()) {
    return wanted.status();
  }
  if (Status status = info == nullptr ? Status() : check_struct_size(info->struct_size, "info"); !status.ok()) {
    return status;
  }
  auto begun = Look::begin(target_of(Guarded::kTrace, *found.value()), std::move(wanted.value().caller));
  if (!begun.ok()) {
    return begun.status();
  }
  capsule_trace_info told{};
  std::vector<capsule_trace_event> selected;
  Status outcome = found.value()->trace(wanted.value().filter, capacity, selected, told);
  Status recorded = outcome.ok() ? begun.value().conclude(selected.size() * sizeof selected[0]) : begun.value().fail(outcome);
  if (recorded.code() != outcome.code()) {
    return recorded;  // nothing is to be answered
  }
  if (info != nullptr) {
    told.redacted = capsule::redacted_events(selected, begun.value().level());
    if (Status status = write_struct(info, told, "info"); !status.ok()) {
      return status;
    }
  }
  std::copy(selected.begin(), selected.end(), events);
  *count = selected.size();
  return outcome;
}

Status look_at_label(capsule_session *session, const capsule_inspection *inspection, std::uint32_t number,
                     capsule_trace_label *label) {
  auto found = look_up(session);
  if (!found.ok()) {
    return found.status();
  }
  if (Status status =
          label == nullptr ? Status(CAPSULE_E_ARGUMENT, "label is NULL") : check_struct_size(label->struct_size, "label");
      !status.ok()) {
    return status;
  }
  auto begun = Look::begin(target_of(Guarded::kTrace, *found.value()), inspection);
  if (!begun.ok()) {
    return begun.status();
  }
  Look &look = begun.value();
  const auto name = found.value()->trace_label(number);
  if (!name) {
    return look.fail({CAPSULE_E_ARGUMENT, "number: no name of the session's trace has the number " + std::to_string(number)});
  }
  const auto told = capsule::shown_label(number, *name, look.redactor());
  if (!told) {
    look.drop();
  }
  const capsule::Label shown = told.value_or(capsule::Label{});
  Status status = look.conclude(shown.text.size());
  if (!status.ok()) {
    return status;
  }
  capsule_trace_label copy{};
  copy.form = shown.form;
  copy.full_bytes = shown.full_bytes;
  shown.text.copy(copy.text, sizeof copy.text - 1);
  return write_struct(label, copy, "label");
}

}  // namespace

extern "C" {

capsule_status capsule_session_get_trace(capsule_session *session, const capsule_trace_filter *filter,
                                         capsule_trace_event *events, size_t capacity, size_t *count, capsule_trace_info *info,
                                         capsule_error *error) {
  return call(error, [&] { return copy_trace(session, filter, events, capacity, count, info); });
}

capsule_status capsule_pool_get_trace(capsule_pool *pool, const capsule_trace_filter *filter, capsule_trace_event *events,
                                      size_t capacity, size_t *count, capsule_trace_info *info, capsule_error *error) {
  return call(error, [&] { return copy_trace(pool, filter, events, capacity, count, info); });
}

capsule_status capsule_trace_get(capsule_session *session, const capsule_trace_filter *filter, capsule_trace **trace,
                                 capsule_error *error) {
  return call(error, [&]() -> Status {
    if (trace == nullptr) {
      return {CAPSULE_E_ARGUMENT, "trace is NULL"};
    }
    *trace = nullptr;
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto wanted = read_filter(filter);
    if (!wanted.ok()) {
      return wanted.status();
    }
    TraceWish &wish = wanted.value();
    auto begun = Look::begin(target_of(Guarded::kTrace, *found.value()), wish.caller);
    if (!begun.ok()) {
      return begun.status();
    }
    auto reader = std::make_shared<capsule::TraceReader>(std::move(found.value()), wish.filter, std::move(wish.caller));
    Status status = begun.value().conclude(0);
    if (status.ok()) {
      *trace = make_handle<capsule_trace>(std::move(reader));
    }
    return status;
  });
}

capsule_status capsule_trace_next(capsule_trace *trace, int64_t timeout_ms, capsule_trace_event *event, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (event == nullptr) {
      return {CAPSULE_E_ARGUMENT, "event is NULL"};
    }
    auto found = look_up(trace);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = timeout_ms != 0 ? check_next_wait("capsule_trace_next", timeout_ms) : Status(); !status.ok()) {
      return status;
    }
    return found.value()->next(timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms), *event);
  });
}

capsule_status capsule_trace_get_fd(capsule_trace *trace, int32_t *fd, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (fd == nullptr) {
      return {CAPSULE_E_ARGUMENT, "fd is NULL"};
    }
    *fd = -1;
    auto found = look_up(trace);
    if (!found.ok()) {
      return found.status();
    }
    auto descriptor = found.value()->fd();
    *fd = descriptor.ok() ? descriptor.value() : -1;
    return descriptor.status();
  });
}

capsule_status capsule_trace_get_info(capsule_trace *trace, capsule_trace_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(trace);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

void capsule_trace_release(capsule_trace *trace) {
  release_handle(trace, [](auto &taken) { taken.close(); });
}

capsule_status capsule_session_get_trace_context(capsule_session *session, uint64_t execution_id,
                                                 capsule_trace_context *context, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    const auto told = found.value()->trace_context(execution_id);
    if (!told) {
      return {CAPSULE_E_ARGUMENT, "execution_id: the session has no execution " + std::to_string(execution_id)};
    }
    capsule_trace_context copy{};
    copy.given = told->given ? 1 : 0;
    told->traceparent.copy(copy.traceparent, sizeof copy.traceparent - 1);
    told->tracestate.copy(copy.tracestate, sizeof copy.tracestate - 1);
    return write_struct(context, copy, "context");
  });
}

capsule_status capsule_session_get_trace_label(capsule_session *session, uint32_t number, capsule_trace_label *label,
                                               capsule_error *error) {
  return call(error, [&] { return look_at_label(session, nullptr, number, label); });
}

capsule_status capsule_session_inspect_trace_label(capsule_session *session, const capsule_inspection *inspection,
                                                   uint32_t number, capsule_trace_label *label, capsule_error *error) {
  return call(error, [&] { return look_at_label(session, inspection, number, label); });
}

const char *capsule_trace_kind_name(int32_t kind) {
  const char *name = capsule::trace_kind(kind).name;
  return name == nullptr ? "unknown" : name;
}

}  // extern "C"
