#include "capsule/trace.h"

#include <algorithm>
#include <utility>

#include "api/call.hpp"
#include "api/handles.hpp"

using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::pair<std::int32_t, const char *> kNames[] = {
    {CAPSULE_TRACE_SESSION_CREATED, "session_created"},
    {CAPSULE_TRACE_SESSION_SPAWNED, "session_spawned"},
    {CAPSULE_TRACE_SESSION_READY, "session_ready"},
    {CAPSULE_TRACE_SESSION_RESTARTED, "session_restarted"},
    {CAPSULE_TRACE_SESSION_DIED, "session_died"},
    {CAPSULE_TRACE_SESSION_CLOSED, "session_closed"},
    {CAPSULE_TRACE_EXECUTION_SUBMITTED, "execution_submitted"},
    {CAPSULE_TRACE_EXECUTION_SENT, "execution_sent"},
    {CAPSULE_TRACE_EXECUTION_FINISHED, "execution_finished"},
    {CAPSULE_TRACE_INPUT_REQUESTED, "input_requested"},
    {CAPSULE_TRACE_INPUT_ANSWERED, "input_answered"},
    {CAPSULE_TRACE_CANCEL_REQUESTED, "cancel_requested"},
    {CAPSULE_TRACE_CANCEL_NOOP, "cancel_noop"},
    {CAPSULE_TRACE_CANCEL_KILLED, "cancel_killed"},
    {CAPSULE_TRACE_CHECKPOINT_BEGIN, "checkpoint_begin"},
    {CAPSULE_TRACE_CHECKPOINT_END, "checkpoint_end"},
    {CAPSULE_TRACE_CHECKPOINT_SKIPPED, "checkpoint_skipped"},
    {CAPSULE_TRACE_RESTORE_BEGIN, "restore_begin"},
    {CAPSULE_TRACE_RESTORE_END, "restore_end"},
    {CAPSULE_TRACE_SNAPSHOT_FORKED, "snapshot_forked"},
    {CAPSULE_TRACE_ROLLED_BACK, "rolled_back"},
    {CAPSULE_TRACE_BRANCHED, "branched"},
    {CAPSULE_TRACE_CAPABILITY_CALLED, "capability_called"},
    {CAPSULE_TRACE_CAPABILITY_DENIED, "capability_denied"},
    {CAPSULE_TRACE_PROMISE_RESOLVED, "promise_resolved"},
    {CAPSULE_TRACE_PROMISE_REJECTED, "promise_rejected"},
    {CAPSULE_TRACE_PROMISE_TIMEOUT, "promise_timeout"},
    {CAPSULE_TRACE_PROMISE_CANCELED, "promise_canceled"},
    {CAPSULE_TRACE_SHUTDOWN_REJECTED, "shutdown_rejected"},
    {CAPSULE_TRACE_POOL_ACQUIRE_BEGIN, "pool_acquire_begin"},
    {CAPSULE_TRACE_POOL_HIT, "pool_hit"},
    {CAPSULE_TRACE_POOL_MISS, "pool_miss"},
    {CAPSULE_TRACE_POOL_ACQUIRED, "pool_acquired"},
    {CAPSULE_TRACE_POOL_RELEASED, "pool_released"},
    {CAPSULE_TRACE_POOL_RECYCLED, "pool_recycled"},
    {CAPSULE_TRACE_POOL_WARMUP_TRIGGERED, "pool_warmup_triggered"},
    {CAPSULE_TRACE_POOL_HEALTH_TRIGGERED, "pool_health_triggered"},
    {CAPSULE_TRACE_POOL_REMOVED, "pool_removed"},
};

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
  const auto defaults = [](capsule_trace_filter *given, std::uint32_t size) { *given = {.struct_size = size}; };
  auto wanted = read_options<capsule_trace_filter>(filter, defaults, "filter");
  if (!wanted.ok()) {
    return wanted.status();
  }
  capsule_trace_info told{};
  const auto selected = found.value()->trace(wanted.value(), capacity, told);
  if (info != nullptr) {
    if (Status status = write_struct(info, told, "info"); !status.ok()) {
      return status;
    }
  }
  std::copy(selected.begin(), selected.end(), events);
  *count = selected.size();
  return {};
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

const char *capsule_trace_kind_name(int32_t kind) {
  const auto *found = std::find_if(std::begin(kNames), std::end(kNames), [kind](const auto &one) { return one.first == kind; });
  return found == std::end(kNames) ? "unknown" : found->second;
}

}  // extern "C"
