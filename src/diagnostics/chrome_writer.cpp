// The JSON of Chrome's trace viewer and Perfetto ("Trace Event Format").
//
// A session is a process of two rows: what the host does (0) and what runs (1), one execution at a time. An execution is a slice of row 1 from
// when it was sent until it was finished, within it one from when the worker had it until the worker answered, an arrow from its
// submission to it, and its wait in the queue as an asynchronous slice, since many wait at once. All other events are instants of one of
// the rows. The pools are one process, 0, with a row for each.
#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "capsule/execution.h"
#include "diagnostics/export_files.hpp"
#include "diagnostics/export_group.hpp"

namespace capsule {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kHostRow = 0;
constexpr int kRunRow = 1;
constexpr double kNsPerUs = 1000;

double us(std::uint64_t time_ns) { return static_cast<double>(time_ns) / kNsPerUs; }

class ChromeWriter : public ExportWriter {
 public:
  explicit ChromeWriter(ExportFile file) : file_(std::move(file)) {}

  // The file is whole after each batch: its end is written over by the next. That tells the clock and what was lost, of all so far: it gets
  // no shorter, since no number in it does.
  bool write(ExportBatch batch, const ExportLosses &lost) override {
    events_.clear();
    for (const auto &group : batch) {
      name_session(*group);
      if (group->session_id == 0) {
        add_instants(*group, pool_row(*group));
      } else {
        group->execution_id == 0 ? add_instants(*group, kHostRow) : add_execution(*group);
      }
    }
    std::string text = file_.empty() ? kBegin : "";
    bool any = !file_.empty();  // each batch has some
    for (const Json &event : events_) {
      text += any ? ",\n" : "\n";
      text += event.dump(-1, ' ', false, Json::error_handler_t::replace);
      any = true;
    }
    const std::string end = "\n],\"otherData\":" + metadata_of(lost).dump() + "}\n";
    if (!file_.append(text, end)) {
      named_.clear();  // the names may have been in it
      return false;
    }
    return true;
  }

 private:
  static constexpr char kBegin[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";

  static const capsule_trace_event *find(const ExportGroup &group, std::int32_t kind) {
    const auto found =
        std::find_if(group.events.begin(), group.events.end(), [kind](const auto &one) { return one.kind == kind; });
    return found == group.events.end() ? nullptr : &*found;
  }

  Json &add(const ExportGroup &group, const char *phase, const std::string &name, int row, std::uint64_t time_ns) {
    events_.push_back({{"ph", phase},
                       {"name", name},
                       {"cat", group.session_id == 0 ? "pool"
                               : row == kRunRow      ? "execution"
                                                     : "session"},
                       {"pid", group.session_id},
                       {"tid", row},
                       {"ts", us(time_ns)}});
    return events_.back();
  }

  void name_session(const ExportGroup &group) {
    constexpr std::size_t kMostKnown = 65'536;
    if (named_.size() >= kMostKnown) {
      named_.clear();  // to be named again does no harm
    }
    if (!named_.insert(group.session_id).second) {
      return;
    }
    if (group.session_id == 0) {
      add(group, "M", "process_name", kHostRow, 0)["args"] = {{"name", "pools"}};
      return;
    }
    const std::string pool = group.pool == "none" ? "" : " of pool " + group.pool;
    add(group, "M", "process_name", kHostRow, 0)["args"] = {{"name", "session " + std::to_string(group.session_id) + pool}};
    add(group, "M", "thread_name", kHostRow, 0)["args"] = {{"name", "host"}};
    add(group, "M", "thread_name", kRunRow, 0)["args"] = {{"name", "executions"}};
  }

  int pool_row(const ExportGroup &group) {
    const auto [row, added] = pools_.try_emplace(group.pool, static_cast<int>(pools_.size()));
    if (added) {
      add(group, "M", "thread_name", row->second, 0)["args"] = {{"name", "pool " + group.pool}};
    }
    return row->second;
  }

  void add_instants(const ExportGroup &group, int row) {
    constexpr std::int32_t kTold[] = {CAPSULE_TRACE_EXECUTION_SUBMITTED, CAPSULE_TRACE_EXECUTION_SENT,
                                      CAPSULE_TRACE_EXECUTION_FINISHED, CAPSULE_TRACE_EXECUTION_RECEIVED,
                                      CAPSULE_TRACE_EXECUTION_RESULT_SENT};
    for (const capsule_trace_event &event : group.events) {
      if (std::find(std::begin(kTold), std::end(kTold), event.kind) == std::end(kTold)) {
        Json &instant = add(group, "i", capsule_trace_kind_name(event.kind), row, event.time_ns);
        instant["s"] = "t";
        instant["args"] = {
            {"status", event.status}, {"parent", event.parent}, {"link", event.link}, {"arguments", event.arguments}};
        add_label(instant["args"], group, event);
      }
    }
  }

  // Within the execution's slice: it was sent before the worker had it, and finished after the worker's answer.
  void add_worker_part(const ExportGroup &group, const capsule_trace_event &finished) {
    if (const auto *received = find(group, CAPSULE_TRACE_EXECUTION_RECEIVED)) {
      const auto *answered = find(group, CAPSULE_TRACE_EXECUTION_RESULT_SENT);
      const std::uint64_t end_ns = answered != nullptr ? answered->time_ns : finished.time_ns;  // or it died
      add(group, "X", "worker", kRunRow, received->time_ns)["dur"] = us(end_ns) - us(received->time_ns);
    }
  }

  void add_execution(const ExportGroup &group) {
    const auto *submitted = find(group, CAPSULE_TRACE_EXECUTION_SUBMITTED);
    const auto *sent = find(group, CAPSULE_TRACE_EXECUTION_SENT);
    const auto *finished = find(group, CAPSULE_TRACE_EXECUTION_FINISHED);
    const std::string name = "execution " + std::to_string(group.execution_id);
    const std::string id = std::to_string(group.session_id) + "." + std::to_string(group.execution_id);
    if (submitted != nullptr) {
      const auto *left = sent != nullptr ? sent : finished;
      add(group, "X", "submit " + std::to_string(group.execution_id), kHostRow, submitted->time_ns)["dur"] = 0;
      add(group, "b", "queued", kHostRow, submitted->time_ns)["id"] = id;
      add(group, "e", "queued", kHostRow, left != nullptr ? left->time_ns : submitted->time_ns)["id"] = id;
    }
    if (sent != nullptr && finished != nullptr) {
      Json &slice = add(group, "X", name, kRunRow, sent->time_ns);
      slice["dur"] = us(finished->time_ns) - us(sent->time_ns);
      slice["args"] = {{"outcome", capsule_outcome_name(group.outcome)}, {"worker_pid", group.pid}};
      if (!group.traceparent.empty()) {
        slice["args"]["traceparent"] = group.traceparent;
      }
      if (!group.tracestate.empty()) {
        slice["args"]["tracestate"] = group.tracestate;
      }
      add_worker_part(group, *finished);
    }
    if (submitted != nullptr && sent != nullptr && finished != nullptr) {
      add(group, "s", "run", kHostRow, submitted->time_ns)["id"] = id;
      Json &arrow = add(group, "f", "run", kRunRow, sent->time_ns);
      arrow["id"] = id;
      arrow["bp"] = "e";
      // An arrow is one of a category.
      arrow["cat"] = events_[events_.size() - 2]["cat"];
    }
    add_instants(group, sent != nullptr ? kRunRow : kHostRow);
  }

  ExportFile file_;
  std::set<std::uint64_t> named_;
  std::map<std::string, int> pools_;  // their rows
  std::vector<Json> events_;
};

}  // namespace

Result<std::unique_ptr<ExportWriter>> chrome_writer(const std::string &path) {
  auto file = ExportFile::make(path);
  return file.ok() ? Result<std::unique_ptr<ExportWriter>>(std::make_unique<ChromeWriter>(std::move(file.value())))
                   : file.status();
}

}  // namespace capsule
