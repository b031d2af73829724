// What a session hands on to its runtime's exporters: an execution's events when they are complete, its own as they come.
#include "session/runtime.hpp"

namespace capsule {

void Session::publish(ExportGroup group) {
  if (group.events.empty()) {
    return;
  }
  group.session_id = id_;
  group.pool = options_.pool;
  group.pid = worker_ ? worker_->process.pid : 0;
  runtime_->exporters().publish(std::move(group));
}

void Session::export_execution(const Execution &execution, std::int32_t outcome) {
  if (runtime_->exporters().empty()) {
    return;
  }
  export_session_events();  // what came before its end
  std::vector<capsule_trace_event> events;
  capsule_trace_info info{};
  static_cast<void>(
      trace_.select({.execution_id = execution.id}, SIZE_MAX, events, info));  // from the first on: none is missed
  publish({.execution_id = execution.id,
           .outcome = outcome,
           .traceparent = execution.request.traceparent,
           .tracestate = execution.request.tracestate,
           .events = std::move(events)});
}

void Session::export_session_events() {
  if (runtime_->exporters().empty()) {
    return;
  }
  if (worker_) {
    collect_trace(*worker_, /*dead=*/false);
  }
  publish({.events = trace_.without_execution(exported_cursor_)});
}

}  // namespace capsule
