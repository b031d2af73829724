// What a session hands on to its runtime's exporters: an execution's events when they are complete, its own as they come.
#include <algorithm>

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
  capsule_trace_info info{};
  publish({.execution_id = execution.id,
           .outcome = outcome,
           .traceparent = execution.request.traceparent,
           .tracestate = execution.request.tracestate,
           .events = trace_.select({.execution_id = execution.id}, SIZE_MAX, info)});
}

void Session::export_session_events() {
  if (runtime_->exporters().empty()) {
    return;
  }
  capsule_trace_info info{};
  ExportGroup group;
  group.events = trace_.select({.after_sequence = exported_sequence_}, SIZE_MAX, info);
  std::erase_if(group.events, [](const capsule_trace_event &event) { return event.execution_id != 0; });
  exported_sequence_ = info.last_sequence;
  publish(std::move(group));
}

}  // namespace capsule
