// The writers that need no format of their own to be explained: a callback, and a line for each event.
#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "capsule/execution.h"
#include "diagnostics/export_files.hpp"
#include "diagnostics/export_group.hpp"
#include "diagnostics/trace.hpp"

namespace capsule {
namespace {

capsule_text view(const std::string &text) { return {text.data(), text.size()}; }

class CallbackWriter : public ExportWriter {
 public:
  CallbackWriter(capsule_export_callback callback, void *user_data) : callback_(callback), user_data_(user_data) {}

  bool write(ExportBatch batch, const ExportLosses & /*in the exporter's info*/) override {
    std::vector<capsule_export_group> groups;
    groups.reserve(batch.size());
    std::deque<std::vector<capsule_export_label>> labels;  // which stay where they are
    for (const auto &group : batch) {
      std::vector<capsule_export_label> &shown = labels.emplace_back();
      for (const ExportLabel &label : group->labels) {
        shown.push_back({label.number, label.shown.form, label.shown.full_bytes, view(label.shown.text)});
      }
      groups.push_back({.session_id = group->session_id,
                        .execution_id = group->execution_id,
                        .pid = group->pid,
                        .outcome = group->outcome,
                        .pool = view(group->pool),
                        .traceparent = view(group->traceparent),
                        .tracestate = view(group->tracestate),
                        .events = group->events.data(),
                        .event_count = group->events.size(),
                        .labels = shown.data(),
                        .label_count = shown.size()});
    }
    return callback_(user_data_, groups.data(), groups.size()) == 0;
  }

 private:
  const capsule_export_callback callback_;
  void *const user_data_;
};

class NdjsonWriter : public ExportWriter {
 public:
  explicit NdjsonWriter(ExportFile file) : file_(std::move(file)) {}

  bool write(ExportBatch batch, const ExportLosses &lost) override {
    nlohmann::ordered_json metadata{{"kind", "trace_metadata"}};
    metadata.update(metadata_of(lost));
    std::string lines = metadata.dump() + "\n";
    for (const auto &group : batch) {
      for (const capsule_trace_event &event : group->events) {
        lines += line_of(*group, event) + "\n";
      }
    }
    return file_.append(lines);
  }

 private:
  static std::string line_of(const ExportGroup &group, const capsule_trace_event &event) {
    nlohmann::ordered_json line{{"time_ns", event.time_ns},
                                {"kind", capsule_trace_kind_name(event.kind)},
                                {"session", group.session_id},
                                {"pool", group.pool},
                                {"pid", group.pid},
                                {"cursor", event.cursor},
                                {"worker", event.incarnation},
                                {"writer", event.writer},
                                {"sequence", event.sequence},
                                {"source", event.source},
                                {"severity", event.severity},
                                {"phase", event.phase},
                                {"status", event.status},
                                {"parent", event.parent},
                                {"link", event.link},
                                {"arguments", event.arguments}};
    if (event.execution_id != 0) {
      line["execution"] = event.execution_id;
      line["outcome"] = capsule_outcome_name(group.outcome);
    }
    add_label(line, group, event);
    if (!group.traceparent.empty()) {
      line["traceparent"] = group.traceparent;
    }
    if (!group.tracestate.empty()) {
      line["tracestate"] = group.tracestate;
    }
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  ExportFile file_;
};

}  // namespace

nlohmann::ordered_json metadata_of(const ExportLosses &lost) {
  nlohmann::ordered_json metadata{
      {"realtime_offset_ns", realtime_offset_ns()}, {"exporter_failed", lost.failed}, {"exporter_dropped", lost.dropped}};
  TraceLosses::for_each([&](const char *name, auto member) { metadata[name] = lost.by_traces.*member; });
  return metadata;
}

void add_label(nlohmann::ordered_json &fields, const ExportGroup &group, const capsule_trace_event &event) {
  if (event.label == 0) {
    return;
  }
  fields["label"] = event.label;
  const auto shown = std::lower_bound(group.labels.begin(), group.labels.end(), event.label,
                                      [](const ExportLabel &label, std::uint32_t number) { return label.number < number; });
  if (shown != group.labels.end() && shown->number == event.label) {
    fields["name"] = shown->shown.text;
    fields["name_form"] = shown->shown.form;
    fields["name_bytes"] = shown->shown.full_bytes;
  }
}

std::unique_ptr<ExportWriter> callback_writer(capsule_export_callback callback, void *user_data) {
  return std::make_unique<CallbackWriter>(callback, user_data);
}

Result<std::unique_ptr<ExportWriter>> ndjson_writer(const std::string &path) {
  auto file = ExportFile::make(path);
  return file.ok() ? Result<std::unique_ptr<ExportWriter>>(std::make_unique<NdjsonWriter>(std::move(file.value())))
                   : file.status();
}

}  // namespace capsule
