#include "capsule/metrics.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"
#include "diagnostics/prometheus.hpp"
#include "diagnostics/runtime_metrics.hpp"
#include "wire/codec.hpp"

using capsule::Status;
using namespace capsule::api;

// What a text that was handed out is made of.
struct capsule_metrics_storage {
  std::string text;
};

namespace {

// What a session answers at once, into the caller's struct.
template <typename Struct>
Status copy_of(capsule_session *session, Struct *given, Struct (capsule::Session::*get)(), const char *name) {
  auto found = look_up(session);
  return found.ok() ? write_struct(given, (found.value().get()->*get)(), name) : found.status();
}

}  // namespace

extern "C" {

capsule_status capsule_session_get_worker_metrics(capsule_session *session, capsule_worker_metrics *metrics,
                                                  capsule_error *error) {
  return call(error, [&] { return copy_of(session, metrics, &capsule::Session::worker_metrics, "metrics"); });
}

capsule_status capsule_session_get_worker_info(capsule_session *session, capsule_worker_info *info, capsule_error *error) {
  return call(error, [&] { return copy_of(session, info, &capsule::Session::worker_info, "info"); });
}

capsule_status capsule_session_get_transport_metrics(capsule_session *session, capsule_transport_metrics *metrics,
                                                     capsule_error *error) {
  return call(error, [&] { return copy_of(session, metrics, &capsule::Session::transport_metrics, "metrics"); });
}

const char *capsule_message_name(int32_t message) {
  return message < 0 ? nullptr : capsule::wire::message_name(static_cast<std::size_t>(message));
}

capsule_status capsule_session_get_cancel_metrics(capsule_session *session, capsule_cancel_metrics *metrics,
                                                  capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto read = found.value()->cancel_metrics();
    return read.ok() ? write_struct(metrics, read.value(), "metrics") : read.status();
  });
}

capsule_status capsule_runtime_get_metrics(capsule_runtime *runtime, capsule_runtime_metrics *metrics, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(runtime);
    return found.ok() ? write_struct(metrics, capsule::runtime_metrics(found.value()->report()), "metrics") : found.status();
  });
}

capsule_status capsule_runtime_get_prometheus(capsule_runtime *runtime, capsule_metrics_text *text, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(text, "text"); !status.ok()) {
      return status;
    }
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    auto storage = std::make_unique<capsule_metrics_storage>();
    storage->text = capsule::prometheus_text(found.value()->report());
    text->text = {storage->text.data(), storage->text.size()};
    text->storage = storage.release();
    return {};
  });
}

void capsule_metrics_text_release(capsule_metrics_text *text) {
  free_quietly([&] { release_owned(text); });
}

}  // extern "C"
