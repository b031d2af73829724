#include "capsule/bridge_info.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"

using capsule::Status;
using namespace capsule::api;

extern "C" {

capsule_status capsule_bridge_list_pending(capsule_bridge *bridge, capsule_pending_call *calls, size_t capacity, size_t *count,
                                           uint64_t *total, capsule_error *error) {
  return call(error, [&]() -> Status { return list_rows("calls", look_up(bridge), calls, capacity, count, total); });
}

capsule_status capsule_bridge_list_capability_metrics(capsule_bridge *bridge, capsule_capability_metrics *metrics,
                                                      size_t capacity, size_t *count, uint64_t *total, capsule_error *error) {
  return call(error, [&]() -> Status { return list_rows("metrics", look_up(bridge), metrics, capacity, count, total); });
}

capsule_status capsule_bridge_get_metrics(capsule_bridge *bridge, capsule_bridge_metrics *metrics, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(bridge);
    return found.ok() ? write_struct(metrics, found.value()->metrics(), "metrics") : found.status();
  });
}

capsule_status capsule_session_get_bridge_metrics(capsule_session *session, capsule_bridge_metrics *metrics,
                                                  capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    const auto port = std::static_pointer_cast<capsule::BridgePort>(found.value()->calls());
    return write_struct(metrics, port ? port->bridge().metrics_of(*port) : capsule_bridge_metrics{}, "metrics");
  });
}

const char *capsule_call_state_name(int32_t state) {
  switch (state) {
    case CAPSULE_CALL_QUEUED:
      return "queued";
    case CAPSULE_CALL_ASKED:
      return "asked";
    case CAPSULE_CALL_TAKEN:
      return "taken";
    case CAPSULE_CALL_JOINED:
      return "joined";
    case CAPSULE_CALL_RECALLED:
      return "recalled";
    case CAPSULE_CALL_RECORDED:
      return "recorded";
    default:
      return "unknown";
  }
}

}  // extern "C"
