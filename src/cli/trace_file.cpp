#include "cli/trace_file.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "capsule/trace.h"
#include "cli/arguments.hpp"

namespace capsule::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNsPerMs = 1e6;
constexpr double kUsPerMs = 1e3;

bool earlier(const TraceMark &a, const TraceMark &b) {
  return std::tuple(a.begin_ms, -a.end_ms) < std::tuple(b.begin_ms, -b.end_ms);
}

std::string execution_name(const std::string &number) { return "execution " + number; }

// With the name that it is about, as far as the file tells it: else its number.
std::string about(const std::string &what, const Json &fields) {
  if (const auto name = fields.find("name"); name != fields.end()) {
    return what + " " + name->get<std::string>();
  }
  const auto label = fields.find("label");
  return label == fields.end() ? what : what + " #" + std::to_string(label->get<std::uint64_t>());
}

// A line is an event. One that begins a span is closed by the next end of the same source, or of the same call.
class Lines {
 public:
  void add(const Json &event) {
    const std::uint64_t session = event.at("session");
    const std::uint64_t execution = event.value("execution", std::uint64_t{0});
    const std::string kind = event.at("kind");
    const double time_ms = event.at("time_ns").get<double>() / kNsPerMs;
    const int phase = event.at("phase");
    last_ms_ = std::max(last_ms_, time_ms);
    std::vector<TraceMark> &marks = sessions_[session].executions[execution];
    const bool acquisition = kind == "pool_acquire_begin" || kind == "pool_acquired";  // both carry its number
    const Key key{session,
                  execution,
                  event.at("source"),
                  acquisition ? event.at("arguments").at(0) : event.at("link"),
                  kind.starts_with("input"),
                  event.value("pool", std::string())};
    if (phase == CAPSULE_TRACE_PHASE_BEGIN) {
      open_[key].push_back(marks.size());
      marks.push_back(
          {.name = about(span_name(kind), event), .begin_ms = time_ms, .end_ms = time_ms, .is_span = true, .ended = false});
    } else if (phase == CAPSULE_TRACE_PHASE_END && !open_[key].empty()) {
      end(marks[open_[key].back()], kind, event, time_ms);
      open_[key].pop_back();
    } else if (kind == "execution_sent" && !marks.empty()) {
      marks.push_back({.name = "queued", .begin_ms = marks.front().begin_ms, .end_ms = time_ms, .is_span = true});
    } else {
      marks.push_back({.name = about(kind, event), .begin_ms = time_ms, .end_ms = time_ms});
    }
  }

  TraceMarks marks() {
    TraceMarks all;
    for (auto &[session, of] : sessions_) {
      std::vector<TraceMark> &marks = all[session];
      for (auto &[execution, own] : of.executions) {
        const double over_ms = execution != 0 && own.front().ended ? own.front().end_ms : last_ms_;
        for (TraceMark &mark : own) {
          mark.end_ms = mark.ended ? mark.end_ms : over_ms;
        }
        if (execution == 0) {
          marks.insert(marks.end(), own.begin(), own.end());
        } else {
          marks.push_back(whole(execution, own));
        }
      }
      std::stable_sort(marks.begin(), marks.end(), earlier);
    }
    return all;
  }

 private:
  // The host tells of both an execution and its requests for input.
  using Key = std::tuple<std::uint64_t, std::uint64_t, int, std::uint64_t, bool, std::string>;
  struct Session {
    std::map<std::uint64_t, std::vector<TraceMark>> executions;  // 0: of none
  };

  static std::string span_name(const std::string &kind) {
    static const std::map<std::string, std::string> names = {
        {"execution_submitted", "execution"},      {"execution_received", "worker"},      {"input_requested", "input"},
        {"capability_called", "call of the host"}, {"checkpoint_begin", "checkpoint"},    {"restore_begin", "restore"},
        {"pool_acquire_begin", "acquisition"},     {"output_drain_begin", "output_drain"}};
    const auto known = names.find(kind);
    return known == names.end() ? kind : known->second;
  }

  static void end(TraceMark &mark, const std::string &kind, const Json &event, double time_ms) {
    mark.end_ms = time_ms;
    mark.ended = true;
    if (kind == "execution_finished") {
      mark.name += ": " + event.at("outcome").get<std::string>();
    }
  }

  // Its first mark is the span from submission to end.
  static TraceMark whole(std::uint64_t execution, std::vector<TraceMark> &own) {
    constexpr std::string_view kSpan = "execution";
    TraceMark mark = own.front();
    const bool named = mark.name.starts_with(kSpan) && mark.is_span;
    mark.name = execution_name(std::to_string(execution)) + (named ? mark.name.substr(kSpan.size()) : "");
    mark.inside.assign(own.begin() + (named ? 1 : 0), own.end());
    std::stable_sort(mark.inside.begin(), mark.inside.end(), earlier);
    return mark;
  }

  std::map<std::uint64_t, Session> sessions_;
  std::map<Key, std::vector<std::size_t>> open_;
  double last_ms_ = 0;
};

// Chrome's format, as it is written here: slices, moments, and the waits in the queue.
class Slices {
 public:
  void add(const Json &event) {
    const std::string phase = event.at("ph");
    const double time_ms = event.at("ts").get<double>() / kUsPerMs;
    std::vector<TraceMark> &marks = sessions_[event.at("pid")];
    const std::string name = event.at("name");
    if (phase == "X" && !name.starts_with("submit")) {
      const bool told = event.contains("args") && event["args"].contains("outcome");
      marks.push_back({.name = name + (told ? ": " + event["args"]["outcome"].get<std::string>() : ""),
                       .begin_ms = time_ms,
                       .end_ms = time_ms + event.at("dur").get<double>() / kUsPerMs,
                       .is_span = true});
    } else if (phase == "i") {
      marks.push_back({.name = about(name, event.value("args", Json())), .begin_ms = time_ms, .end_ms = time_ms});
    } else if (phase == "b") {
      queued_[event.at("id")] = time_ms;
    } else if (phase == "e" && queued_.contains(event.at("id"))) {
      const std::string id = event.at("id");
      marks.push_back({.name = "queued: " + execution_name(id.substr(id.find('.') + 1)),
                       .begin_ms = queued_[id],
                       .end_ms = time_ms,
                       .is_span = true});
    }
  }

  TraceMarks marks() {
    for (auto &[session, own] : sessions_) {
      std::stable_sort(own.begin(), own.end(), earlier);
      std::vector<TraceMark> nested;
      for (TraceMark &mark : own) {
        nest(nested, std::move(mark));
      }
      own = std::move(nested);
    }
    return std::move(sessions_);
  }

 private:
  // Into the execution that is under way; but for the waits of others behind it.
  static void nest(std::vector<TraceMark> &marks, TraceMark mark) {
    const bool waits = mark.name.starts_with("queued");
    const auto around = std::find_if(marks.rbegin(), marks.rend(), [&](const TraceMark &one) {
      return one.name.starts_with("execution") && one.begin_ms <= mark.begin_ms && one.end_ms >= mark.end_ms;
    });
    (waits || around == marks.rend() ? marks : around->inside).push_back(std::move(mark));
  }

  TraceMarks sessions_;
  std::map<std::string, double> queued_;
};

}  // namespace

TraceMarks read_trace(const std::string &path) {
  std::ifstream file(path);
  if (!file) {
    throw UsageError("cannot read " + path);
  }
  try {
    if (path.ends_with(".json")) {
      Slices slices;
      const Json whole = Json::parse(file);
      for (const Json &event : whole.at("traceEvents")) {
        slices.add(event);
      }
      return slices.marks();
    }
    Lines lines;
    for (std::string line; std::getline(file, line);) {
      const Json event = Json::parse(line);
      if (event.at("kind") != "trace_metadata") {  // which tells of the file, and is not in older ones
        lines.add(event);
      }
    }
    return lines.marks();
  } catch (const Json::exception &) {
    throw UsageError(path + " is no trace");
  }
}

}  // namespace capsule::cli
