// Exporters: what they are given, that counters balance, and that none of them can touch an execution.
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "bridge.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;
using Json = nlohmann::json;

namespace {

using ExporterHandle = Handle<capsule_exporter, capsule_exporter_release>;

capsule_exporter_options exporter_options(const char *name) {
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.name = capsule_text_from(name);
  options.interval_ms = 5;
  return options;
}

ExporterHandle start(const Runtime &runtime, const capsule_exporter_options &options) {
  ExporterHandle exporter;
  ACCEPTED(capsule_exporter_create(runtime.get(), &options, exporter.out(), error));
  return exporter;
}

ExporterHandle start_file(const Runtime &runtime, std::int32_t kind, const std::string &path) {
  capsule_exporter_options options = exporter_options("file");
  options.kind = kind;
  options.path = text_of(path);
  return start(runtime, options);
}

capsule_exporter_info info_of(const ExporterHandle &exporter) {
  capsule_exporter_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_exporter_get_info(exporter.get(), &info, error));
  CHECK_EQ(info.accepted, info.queued + info.sent + info.failed + info.dropped);
  return info;
}

void flush(const ExporterHandle &exporter) { ACCEPTED(capsule_exporter_flush(exporter.get(), kPatienceMs, error)); }

// What a callback was given, and how it answers.
struct Taker {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uint64_t, std::vector<std::int32_t>> kinds;  // by execution
  std::vector<std::string> contexts;
  std::set<std::uint32_t> numbers;             // of names, in events
  std::map<std::uint32_t, std::string> names;  // those that were told
  std::uint64_t events = 0;
  std::int32_t answer = 0;
  bool hangs = false;
  bool inside = false;

  static std::int32_t take(void *user_data, const capsule_export_group *groups, std::size_t count) {
    auto *self = static_cast<Taker *>(user_data);
    std::unique_lock lock(self->mutex);
    self->inside = true;
    self->changed.notify_all();
    self->changed.wait(lock, [&] { return !self->hangs; });
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < groups[i].event_count; ++j) {
        CHECK_EQ(groups[i].events[j].execution_id, groups[i].execution_id);
        self->kinds[groups[i].execution_id].push_back(groups[i].events[j].kind);
        self->numbers.insert(groups[i].events[j].label);
        ++self->events;
      }
      self->contexts.push_back(string_of(groups[i].traceparent));
      for (std::size_t j = 0; j < groups[i].label_count; ++j) {
        const capsule_export_label &label = groups[i].labels[j];
        CHECK_EQ(label.full_bytes, label.text.size);
        self->names[label.number] = std::to_string(label.form) + " " + string_of(label.text);
      }
    }
    self->inside = false;
    return self->answer;
  }
  void hang(bool yes) {
    const std::lock_guard lock(mutex);
    hangs = yes;
    changed.notify_all();
  }
};

ExporterHandle start_callback(const Runtime &runtime, Taker &taker, const char *name, std::uint32_t queue_limit = 65'536) {
  capsule_exporter_options options = exporter_options(name);
  options.callback = &Taker::take;
  options.user_data = &taker;
  options.queue_limit = queue_limit;
  return start(runtime, options);
}

// That places a file in time. Nothing was lost of what is in it.
void check_metadata(const Json &metadata) {
  constexpr std::int64_t kMinuteNs = 60'000'000'000;
  const auto since_epoch = [](auto now) { return std::chrono::nanoseconds(now.time_since_epoch()).count(); };
  const std::int64_t wall_ns =
      since_epoch(std::chrono::steady_clock::now()) + metadata.at("realtime_offset_ns").get<std::int64_t>();
  CHECK_AT_MOST(std::abs(wall_ns - since_epoch(std::chrono::system_clock::now())), kMinuteNs);
  for (const char *lost :
       {"exporter_failed", "exporter_dropped", "evicted", "dropped", "refused", "late", "truncated", "invalid"}) {
    CHECK_EQ(metadata.at(lost).get<int>(), 0);
  }
}

}  // namespace

CAPSULE_TEST(an_execution_is_handed_on_whole_when_it_has_ended) {
  const Runtime runtime = make_runtime();
  Taker taker;
  const ExporterHandle exporter = start_callback(runtime, taker, "taker");
  const Session session = open_session(runtime);
  ExecutionOptions options;
  options.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  Run run(session, "1 + 1", options);
  run.end();
  value_of(session, "2");
  flush(exporter);
  const std::lock_guard lock(taker.mutex);
  for (const std::uint64_t id : {1, 2}) {
    const auto &kinds = taker.kinds[id];
    CHECK(!kinds.empty() && kinds.front() == CAPSULE_TRACE_EXECUTION_SUBMITTED);
    CHECK_EQ(std::count(kinds.begin(), kinds.end(), CAPSULE_TRACE_EXECUTION_FINISHED), 1);
    CHECK_EQ(std::count(kinds.begin(), kinds.end(), CAPSULE_TRACE_EXECUTION_SENT), 1);
  }
  const auto &lone = taker.kinds[0];
  for (const std::int32_t kind : {CAPSULE_TRACE_SESSION_CREATED, CAPSULE_TRACE_SESSION_SPAWNED, CAPSULE_TRACE_SESSION_READY}) {
    CHECK_EQ(std::count(lone.begin(), lone.end(), kind), 1);
  }
  CHECK_EQ(std::count(taker.contexts.begin(), taker.contexts.end(), options.traceparent), 1);
  capsule_trace_context made{.struct_size = sizeof made};
  ACCEPTED(capsule_session_get_trace_context(session.get(), 2, &made, error));
  CHECK_EQ(std::count(taker.contexts.begin(), taker.contexts.end(), made.traceparent), 1);
  CHECK_EQ(info_of(exporter).sent, taker.events);
}

CAPSULE_TEST(a_callback_that_hangs_holds_nothing_up) {
  const Runtime runtime = make_runtime();
  Taker hanging;
  hanging.hang(true);
  Taker other;
  ExporterHandle exporter = start_callback(runtime, hanging, "hanging", 20);
  const ExporterHandle beside = start_callback(runtime, other, "beside");
  const Session session = open_session(runtime);
  for (int i = 0; i < 50; ++i) {
    value_of(session, "1");
  }
  {
    std::unique_lock lock(hanging.mutex);
    CHECK(hanging.changed.wait_until(lock, Deadline().at(), [&] { return hanging.inside; }));
  }
  REFUSED(CAPSULE_E_TIMEOUT, capsule_exporter_flush(exporter.get(), 10, error));
  const capsule_exporter_info info = info_of(exporter);
  CHECK_AT_LEAST(info.dropped, 100);
  CHECK_AT_MOST(info.queued, 20);
  CHECK(info.busy_since_ns > 0);
  CHECK_EQ(Samples(runtime)[R"(exporter_queue_length{exporter="hanging"})"], info.queued);
  flush(beside);
  CHECK_EQ(info_of(beside).dropped, 0);
  CHECK_AT_LEAST(info_of(beside).sent, 150);
  CHECK_EQ(Samples(runtime)[R"(exporter_dropped_total{exporter="hanging"})"], info.dropped);
  REFUSED(CAPSULE_E_TIMEOUT, capsule_exporter_close(exporter.get(), 10, error));
  value_of(session, "1");
  hanging.hang(false);
  ACCEPTED(capsule_exporter_close(exporter.get(), kPatienceMs, error));
  const capsule_exporter_info last = info_of(exporter);
  CHECK_EQ(last.queued, 0);
  CHECK_EQ(last.closed, 1);
  exporter.reset();
  CHECK_EQ(Samples(runtime)[R"(exporter_sent_total{exporter="hanging"})"], last.sent);
}

CAPSULE_TEST(a_flush_waits_for_what_is_queued_whatever_is_dropped_meanwhile) {
  const Runtime runtime = make_runtime();
  Taker hanging;
  hanging.hang(true);
  const ExporterHandle exporter = start_callback(runtime, hanging, "hanging", 10);
  const Session session = open_session(runtime, SessionOptions::echo());
  Run(session, "value 1").end();
  CHECK_AT_LEAST(info_of(exporter).queued, 1);
  std::atomic<bool> over{false};
  std::thread flusher([&] {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_exporter_flush(exporter.get(), 300, error));
    over = true;
  });
  while (!over) {
    Run(session, "value 1").end();
  }
  flusher.join();
  CHECK_AT_LEAST(info_of(exporter).dropped, 10);
  hanging.hang(false);
  flush(exporter);
  CHECK_AT_LEAST(info_of(exporter).sent, 1);
}

CAPSULE_TEST(a_callback_that_fails_is_counted) {
  const Runtime runtime = make_runtime();
  Taker taker;
  taker.answer = 7;
  const ExporterHandle exporter = start_callback(runtime, taker, "failing");
  const Session session = open_session(runtime, SessionOptions::echo());
  Run run(session, "out x");
  CHECK_EQ(run.end().outcome, "ok");
  flush(exporter);
  const capsule_exporter_info info = info_of(exporter);
  CHECK_EQ(info.sent, 0);
  CHECK_AT_LEAST(info.failed, 4);
  CHECK_EQ(info.batches, info.batches_failed);
  CHECK_EQ(Samples(runtime)[R"(exporter_failed_total{exporter="failing"})"], info.failed);
}

CAPSULE_TEST(counters_balance_while_many_sessions_die) {
  const Runtime runtime = make_runtime();
  Taker taker;
  const ExporterHandle small = start_callback(runtime, taker, "small", 64);
  std::vector<std::thread> threads;
  std::atomic<int> ended{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        const Session session = open_session(runtime, SessionOptions::echo());
        for (int j = 0; j < 10; ++j) {
          Run run(session, j == 9 && i % 2 == 0 ? "exit 3" : "out x");
          run.end();
          ++ended;
        }
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  flush(small);
  const capsule_exporter_info info = info_of(small);
  CHECK_EQ(ended.load(), 200);
  CHECK_AT_LEAST(info.accepted, 600);
  const std::lock_guard lock(taker.mutex);
  CHECK_EQ(info.sent, taker.events);
}

CAPSULE_TEST(what_waits_for_exporters_is_telemetry_memory) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  Run(session, "value 1").end();
  Taker taker;
  taker.hang(true);
  const ExporterHandle slow = start_callback(runtime, taker, "slow");
  const ExporterHandle slower = start_callback(runtime, taker, "slower");  // of the same events
  const Samples before(runtime);
  CHECK_EQ(before["exporter_queue_bytes"], 0);
  for (int i = 0; i < 50; ++i) {
    Run(session, "value 1").end();
  }
  const Samples full(runtime);
  const auto queued = static_cast<long long>(info_of(slow).queued);
  const long long event_bytes = queued * static_cast<long long>(sizeof(capsule_trace_event));
  CHECK_AT_LEAST(queued, 150);
  CHECK_AT_LEAST(full["exporter_queue_bytes"], event_bytes);
  CHECK_EQ(runtime_metrics_of(runtime).exporter_queue_bytes, full["exporter_queue_bytes"]);
  CHECK_AT_MOST(full["exporter_queue_bytes"], 2 * event_bytes - 1);  // once, though both have it
  const auto rise = [&](const char *series) { return full[series] - before[series]; };
  CHECK_EQ(rise("telemetry_memory_bytes"), rise("exporter_queue_bytes") + rise(R"(trace_stored_bytes{pool="none"})"));
  CHECK_AT_LEAST(before["telemetry_memory_bytes"] - before[R"(trace_stored_bytes{pool="none"})"],
                 28'000);  // its flight recorder
  taker.hang(false);
  flush(slow);
  flush(slower);
  CHECK_EQ(Samples(runtime)["exporter_queue_bytes"], 0);
}

CAPSULE_TEST(files_tell_what_is_not_in_them) {
  const TempFolder folder;
  const Runtime runtime = make_runtime();
  const ExporterHandle lines = start_file(runtime, CAPSULE_EXPORTER_NDJSON, folder.path() + "/trace.ndjson");
  const ExporterHandle chrome = start_file(runtime, CAPSULE_EXPORTER_CHROME, folder.path() + "/trace.json");
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 4096;
  const Session session = open_session(runtime, options);
  for (int i = 0; i < 200; ++i) {
    Run(session, "out x").end();
  }
  flush(lines);
  flush(chrome);
  const std::uint64_t lost = info_of(lines).trace_lost;
  CHECK_AT_LEAST(lost, 100);
  const auto evicted = [](const Json &metadata) { return metadata.at("evicted").get<std::uint64_t>(); };
  Json last;
  std::istringstream text(read_file(folder.path() + "/trace.ndjson"));
  for (std::string line; std::getline(text, line);) {
    Json event = Json::parse(line);
    last = event.at("kind") == "trace_metadata" ? std::move(event) : last;
  }
  CHECK_AT_LEAST(evicted(last), 100);
  CHECK_AT_MOST(evicted(last), lost);
  const Json whole = Json::parse(read_file(folder.path() + "/trace.json"));
  CHECK_EQ(evicted(whole.at("otherData")), evicted(last));
}

CAPSULE_TEST(ndjson_is_a_line_for_each_event) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace.ndjson";
  const Runtime runtime = make_runtime();
  const ExporterHandle exporter = start_file(runtime, CAPSULE_EXPORTER_NDJSON, path);
  const Session session = open_session(runtime);
  value_of(session, "1");
  ExecutionOptions options;
  options.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  options.tracestate = "vendor=1";
  Run(session, "2", options).end();
  flush(exporter);
  std::ifstream file(path);
  std::string line;
  std::set<std::string> kinds;
  std::uint64_t lines = 0;
  while (std::getline(file, line)) {
    const Json event = Json::parse(line);
    if (event.at("kind") == "trace_metadata") {
      check_metadata(event);
      continue;
    }
    kinds.insert(event.at("kind"));
    CHECK(event.at("parent").is_number_unsigned());
    CHECK_EQ(event.value("tracestate", ""), event.value("execution", 0) == 2 ? "vendor=1" : "");
    CHECK(event.at("session").get<int>() == 1 && event.at("time_ns").get<std::uint64_t>() > 0);
    if (event.contains("execution")) {
      CHECK_EQ(event.at("outcome").get<std::string>(), "ok");
    }
    ++lines;
  }
  CHECK_EQ(lines, info_of(exporter).sent);
  CHECK(kinds.contains("session_ready") && kinds.contains("execution_finished"));
}

CAPSULE_TEST(chrome_json_nests_and_its_arrows_meet) {
  const TempFolder folder;
  const std::string path = folder.path() + "/trace.json";
  const Runtime runtime = make_runtime();
  const ExporterHandle exporter = start_file(runtime, CAPSULE_EXPORTER_CHROME, path);
  {
    const Session session = open_session(runtime);
    std::vector<Run> runs;
    for (int i = 0; i < 5; ++i) {
      runs.emplace_back(session, "print('x')");  // they wait at once
    }
    for (Run &run : runs) {
      run.end();
    }
    flush(exporter);
    CHECK(Json::parse(read_file(path)).at("traceEvents").is_array());  // whole at any time
  }
  flush(exporter);
  const Json whole = Json::parse(read_file(path));
  check_metadata(whole.at("otherData"));
  const Json &events = whole.at("traceEvents");
  constexpr double kRounding = 0.001;
  std::map<std::pair<int, int>, std::vector<double>>
      ends;                              // of the open slices of a row, of which each must be within the one before
  std::map<std::string, double> starts;  // of arrows
  std::map<std::string, int> open;       // asynchronous slices
  std::vector<Json> slices;
  int arrows = 0;
  for (const Json &event : events) {
    const std::string phase = event.at("ph");
    CHECK(std::string("MXibesf").find(phase) != std::string::npos);
    if (phase == "X") {
      slices.push_back(event);
    } else if (phase == "s") {
      starts[event.at("id")] = event.at("ts");
    } else if (phase == "f") {
      CHECK(starts.contains(event.at("id")));
      CHECK(event.at("ts").get<double>() >= starts[event.at("id")]);
      ++arrows;
    } else if (phase == "b") {
      ++open[event.at("id")];
    } else if (phase == "e") {
      --open[event.at("id")];
    }
  }
  CHECK_EQ(arrows, 5);
  for (const auto &[id, depth] : open) {
    CHECK_EQ(depth, 0);
  }
  std::stable_sort(slices.begin(), slices.end(), [](const Json &a, const Json &b) { return a.at("ts") < b.at("ts"); });
  int nested = 0;
  for (const Json &slice : slices) {
    std::vector<double> &row = ends[{slice.at("pid"), slice.at("tid")}];
    const double begin = slice.at("ts");
    const double end = begin + slice.at("dur").get<double>();
    CHECK(end >= begin);
    while (!row.empty() && row.back() <= begin + kRounding) {
      row.pop_back();
    }
    CHECK(row.empty() || end <= row.back() + kRounding);
    nested += row.empty() ? 0 : 1;
    row.push_back(end);
  }
  CHECK_EQ(slices.size(), 15);
  CHECK_EQ(nested, 5);  // what the worker did of each
}

// What is told in each form of the name "customers", of a session that calls it.
struct ToldNames {
  std::map<std::uint32_t, std::string> by_callback;
  std::set<std::string> in_lines;
  std::set<std::string> in_chrome;
};

// `narrowed`: the session's own level of traces, or 0.
ToldNames told_names(const capsule_introspection_policy &policy, std::int32_t narrowed = 0) {
  const TempFolder folder;
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy);
  Taker taker;
  const ExporterHandle callback = start_callback(runtime, taker, "callback");
  const ExporterHandle lines = start_file(runtime, CAPSULE_EXPORTER_NDJSON, folder.path() + "/trace.ndjson");
  const ExporterHandle chrome = start_file(runtime, CAPSULE_EXPORTER_CHROME, folder.path() + "/trace.json");
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customers"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  if (narrowed != 0) {
    narrow(session, policy_of(narrowed));
  }
  const Server server(bridge, echo_arguments);
  Run(session, "call customers {}").end();
  for (const ExporterHandle *exporter : {&callback, &lines, &chrome}) {
    flush(*exporter);
  }
  ToldNames told;
  const std::lock_guard lock(taker.mutex);
  CHECK(taker.numbers == (std::set<std::uint32_t>{0, CAPSULE_TRACE_LABEL_OTHER + 1}));
  told.by_callback = taker.names;
  const auto name_in = [](const Json &fields, std::set<std::string> &names) {
    if (fields.contains("label")) {
      CHECK_EQ(fields.at("label").get<std::uint32_t>(), CAPSULE_TRACE_LABEL_OTHER + 1);
      names.insert(fields.contains("name")
                       ? std::to_string(fields.at("name_form").get<int>()) + " " + fields.at("name").get<std::string>()
                       : "");
    }
  };
  std::istringstream text(read_file(folder.path() + "/trace.ndjson"));
  for (std::string line; std::getline(text, line);) {
    name_in(Json::parse(line), told.in_lines);
  }
  const Json whole = Json::parse(read_file(folder.path() + "/trace.json"));
  for (const Json &event : whole.at("traceEvents")) {
    name_in(event.value("args", Json::object()), told.in_chrome);
  }
  return told;
}

// In one form, by all exporters alike.
std::string the_name(const ToldNames &told) {
  CHECK_EQ(told.in_lines.size(), 1);
  CHECK(told.in_chrome == told.in_lines);
  const std::string name = *told.in_lines.begin();
  CHECK_EQ(told.by_callback.size(), name.empty() ? 0 : 1);
  CHECK(name.empty() || told.by_callback.begin()->second == name);
  return name;
}

CAPSULE_TEST(names_are_told_as_the_policy_shows_them_and_by_default_not_at_all) {
  CHECK_EQ(the_name(told_names(policy_of(CAPSULE_INSPECT_COUNTS))), "");
  CHECK_EQ(the_name(told_names(policy_of(CAPSULE_INSPECT_OFF))), "");
  CHECK_EQ(the_name(told_names(policy_of(CAPSULE_INSPECT_FULL))), "1 customers");
  CHECK_EQ(the_name(told_names(policy_of(CAPSULE_INSPECT_FULL), CAPSULE_INSPECT_COUNTS)), "");
  capsule_introspection_policy redacted = policy_of(CAPSULE_INSPECT_REDACTED);
  CHECK_CONTAINS(the_name(told_names(redacted)), "2 h:");
  CHECK_CONTAINS(the_name(told_names(policy_of(CAPSULE_INSPECT_FULL), CAPSULE_INSPECT_REDACTED)), "2 h:");
  redacted.redaction = CAPSULE_REDACT_LENGTH;
  CHECK_EQ(the_name(told_names(redacted)), "3 len:9");
  redacted.redaction = CAPSULE_REDACT_DROP;
  CHECK_EQ(the_name(told_names(redacted)), "");
}

CAPSULE_TEST(a_disk_that_is_full_is_a_failure_of_the_exporter_alone) {
  const Runtime runtime = make_runtime();
  const ExporterHandle exporter = start_file(runtime, CAPSULE_EXPORTER_NDJSON, "/dev/full");
  const Session session = open_session(runtime, SessionOptions::echo());
  Run run(session, "out x");
  CHECK_EQ(run.end().outcome, "ok");
  flush(exporter);
  CHECK_AT_LEAST(info_of(exporter).failed, 1);
}

CAPSULE_TEST(a_disk_that_was_full_for_a_while_leaves_a_file_whole) {
  const TempFolder folder;
  for (const std::int32_t kind : {CAPSULE_EXPORTER_NDJSON, CAPSULE_EXPORTER_CHROME}) {
    const Runtime runtime = make_runtime();
    const std::string path = folder.path() + "/trace" + show(kind);
    const ExporterHandle exporter = start_file(runtime, kind, path);
    const Session session = open_session(runtime, SessionOptions::echo());
    const auto run = [&] {
      Run(session, "out x").end();
      flush(exporter);
    };
    run();
    rlimit before{};
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit full{read_file(path).size() + 100, before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
    run();
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_AT_LEAST(info_of(exporter).failed, 1);
    for (int i = 0; i < 2; ++i) {
      std::istringstream text(read_file(path));
      std::size_t documents = 0;
      if (kind == CAPSULE_EXPORTER_CHROME) {
        documents = Json::parse(text).at("traceEvents").size();
      }
      for (std::string line; kind == CAPSULE_EXPORTER_NDJSON && std::getline(text, line);) {
        documents += Json::parse(line).is_object() ? 1 : 0;
      }
      CHECK_AT_LEAST(documents, 3);
      run();
    }
  }
}

CAPSULE_TEST(what_is_no_file_is_refused_and_not_waited_for) {
  const TempFolder folder;
  const std::string path = folder.path() + "/pipe";
  CHECK_EQ(mkfifo(path.c_str(), 0600), 0);
  capsule_exporter_options options = exporter_options("file");
  options.kind = CAPSULE_EXPORTER_NDJSON;
  options.path = text_of(path);
  ExporterHandle exporter;
  REFUSED(CAPSULE_E_SYSTEM, capsule_exporter_create(shared_runtime().get(), &options, exporter.out(), error));
  const capsule_log_options log{
      .struct_size = sizeof log, .sink = CAPSULE_LOG_SINK_FILE, .level = CAPSULE_LOG_INFO, .path = text_of(path)};
  REFUSED(CAPSULE_E_SYSTEM, capsule_log_set_sink(&log, error));
}

CAPSULE_TEST(wrong_options_are_refused) {
  ExporterHandle exporter;
  const auto refused = [&](const capsule_exporter_options &options, capsule_status status) {
    REFUSED(status, capsule_exporter_create(shared_runtime().get(), &options, exporter.out(), error));
  };
  capsule_exporter_options options = exporter_options("x");
  refused(options, CAPSULE_E_ARGUMENT);  // no callback
  options.kind = CAPSULE_EXPORTER_NDJSON;
  refused(options, CAPSULE_E_ARGUMENT);  // no path
  options.path = capsule_text_from("/no/such/folder/file");
  refused(options, CAPSULE_E_SYSTEM);
  options.kind = 4;
  refused(options, CAPSULE_E_ARGUMENT);
  options.kind = CAPSULE_EXPORTER_CALLBACK;
  options.callback = &Taker::take;
  options.queue_limit = 0;
  refused(options, CAPSULE_E_ARGUMENT);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_exporter_create(shared_runtime().get(), nullptr, exporter.out(), error));
  capsule_exporter_release(nullptr);
}
