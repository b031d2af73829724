// What a session hands on to its runtime's exporters: an execution's events when they are complete, its own as they come.
#include <algorithm>

#include "diagnostics/guard.hpp"
#include "session/runtime.hpp"

namespace capsule {
namespace {

// The labels of the events, each once.
std::vector<std::uint32_t> labels_in(const std::vector<capsule_trace_event> &events) {
  std::vector<std::uint32_t> numbers;
  for (const capsule_trace_event &event : events) {
    if (event.label != 0) {
      numbers.push_back(event.label);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace

// Here, and not where they are written: what the policy hides is in no queue.
void Session::name_labels(ExportGroup &group) const {
  const std::vector<std::uint32_t> numbers = labels_in(group.events);
  if (numbers.empty()) {
    return;
  }
  Redactor redactor(runtime_->guard().redaction_now(Guarded::kTrace, id_));
  for (const std::uint32_t number : numbers) {
    const std::string *name = trace_.labels().name_of(number);
    auto shown = name == nullptr ? std::nullopt : shown_label(number, *name, redactor);
    if (shown && shown->form != CAPSULE_LABEL_DROPPED) {
      group.labels.push_back({number, std::move(*shown)});
    }
  }
}

void Session::publish(ExportGroup group) {
  if (group.events.empty()) {
    return;
  }
  name_labels(group);
  group.session_id = id_;
  group.pool = options_.pool;
  group.lost = trace_.losses().since(exported_losses_);
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
  TraceContext context = context_of(execution.id);
  publish({.execution_id = execution.id,
           .outcome = outcome,
           .traceparent = std::move(context.traceparent),
           .tracestate = std::move(context.tracestate),
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
