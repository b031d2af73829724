// I7: a secret that user code handles is found in nothing that the library tells of itself.
//
// Every exported function is in one of two lists: a surface, which is searched, or none, with the reason. A function that is in neither fails
// the test: whoever adds one decides.
#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "bridge.hpp"
#include "files.hpp"
#include "metrics.hpp"
#include "scene.hpp"
#include "secret.hpp"
#include "stacks.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

// All that a struct holds, its texts aside.
template <typename Raw>
std::string bytes_in(const Raw &raw) {
  return {reinterpret_cast<const char *>(&raw), sizeof raw};
}

// What a function that fills one struct says of a handle.
template <typename Raw, typename Token>
std::string filled(capsule_status (*get)(Token *, Raw *, capsule_error *), Token *token) {
  Raw raw{.struct_size = sizeof raw};
  ACCEPTED(get(token, &raw, error));
  return bytes_in(raw);
}

std::string said(capsule_label label) { return string_of(label.text) + " "; }

std::string trace_of(
    const std::function<capsule_status(capsule_trace_event *, std::size_t, std::size_t *, capsule_error *)> &get) {
  std::vector<capsule_trace_event> events(4'096);
  std::size_t count = 0;
  ACCEPTED(get(events.data(), events.size(), &count, error));
  CHECK(count > 0);
  return {reinterpret_cast<const char *>(events.data()), count * sizeof(capsule_trace_event)};
}

std::string pending_of(const Pending &pending) {
  CHECK_AT_LEAST(pending.raw.total, 1);
  std::string text = bytes_in(pending.raw);
  for (std::size_t i = 0; i < pending.raw.count; ++i) {
    text += said(pending.raw.rows[i].name);
  }
  return text;
}

std::string pool_sessions(Scene &scene) {
  capsule_pool_sessions sessions{.struct_size = sizeof sessions};
  ACCEPTED(capsule_pool_list_sessions(scene.pool.get(), &sessions, error));
  std::string text(reinterpret_cast<const char *>(sessions.sessions), sessions.count * sizeof(capsule_pool_session));
  capsule_pool_sessions_release(&sessions);
  return text;
}

std::string pending_calls(Scene &scene) {
  std::vector<capsule_pending_call> calls(16);
  std::size_t count = 0;
  ACCEPTED(capsule_bridge_list_pending(scene.bridge.get(), calls.data(), calls.size(), &count, nullptr, error));
  CHECK_EQ(count, 1);
  return {reinterpret_cast<const char *>(calls.data()), count * sizeof(capsule_pending_call)};
}

std::string calls_by_capability(Scene &scene) {
  std::vector<capsule_capability_metrics> rows(16);
  std::size_t count = 0;
  ACCEPTED(capsule_bridge_list_capability_metrics(scene.bridge.get(), rows.data(), rows.size(), &count, nullptr, error));
  return {reinterpret_cast<const char *>(rows.data()), count * sizeof rows.front()};
}

std::string pending_promises(Scene &scene) {
  std::vector<capsule_pending_promise> promises(16);
  std::size_t count = 0;
  ACCEPTED(capsule_promise_list_pending(scene.store.get(), promises.data(), promises.size(), &count, nullptr, error));
  CHECK_EQ(count, 1);
  return {reinterpret_cast<const char *>(promises.data()), count * sizeof(capsule_pending_promise)};
}

std::string audit_records(Scene &scene) {
  const AuditList list = records_of(scene.runtime);
  std::string text = bytes_of(list) + read_file(scene.audit_path());
  for (std::size_t i = 0; i < list.raw.count; ++i) {
    const capsule_audit_record &record = list.raw.records[i];
    text += string_of(record.caller) + string_of(record.target) + string_of(record.policy);
  }
  CHECK_CONTAINS(text, "denied");
  return text;
}

std::string audit_report(Scene &scene) {
  const std::string path = scene.audit_path();
  const capsule_audit_check check{.struct_size = sizeof check, .path = text_of(path)};
  capsule_audit_report report{.struct_size = sizeof report};
  ACCEPTED(capsule_audit_verify(&check, &report, error));
  CHECK_EQ(report.verdict, CAPSULE_VERDICT_UNANCHORED);
  return bytes_in(report);
}

// Names at every level but full, which is to show them.
std::string namespaces(Scene &scene) {
  std::string text;
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    set_policy(scene.runtime, policy_of(level));
    const Names names = names_of(scene.session);
    CHECK_AT_LEAST(names.raw.total, 1);
    text += bytes_in(names.raw);
    for (std::size_t i = 0; i < names.raw.count; ++i) {
      text += said(names.raw.rows[i].name) + said(names.raw.rows[i].type_name);
    }
  }
  set_policy(scene.runtime, policy_of(CAPSULE_INSPECT_COUNTS));
  return text;
}

// At every level but full.
std::string trace_labels(Scene &scene) {
  std::string text;
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    set_policy(scene.runtime, policy_of(level));
    capsule_trace_label label{.struct_size = sizeof label};
    for (std::uint32_t number = CAPSULE_TRACE_LABEL_OTHER;
         capsule_session_get_trace_label(scene.waiting.get(), number, &label, nullptr) == CAPSULE_OK; ++number) {
      text += bytes_in(label);
      ACCEPTED(capsule_session_inspect_trace_label(scene.waiting.get(), nullptr, number, &label, error));
      text += bytes_in(label);
    }
  }
  CHECK_AT_LEAST(text.size(), 8 * sizeof(capsule_trace_label));  // `other`, and the capability that it waits for
  set_policy(scene.runtime, policy_of(CAPSULE_INSPECT_COUNTS));
  return text;
}

std::string pool_summary(Scene &scene) {
  PoolSummary summary;
  capsule_pool_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_pool_inspect(scene.pool.get(), nullptr, &info, &summary.raw, error));
  return bytes_in(info) + bytes_in(summary.raw);
}

std::string isolation(Scene &scene) {
  Isolation report;
  ACCEPTED(capsule_session_inspect_isolation(scene.session.get(), nullptr, &report.raw, error));
  std::string text;
  for (std::size_t i = 0; i < report.raw.count; ++i) {
    text += string_of(report.raw.rows[i].name) + string_of(report.raw.rows[i].reason);
  }
  return text;
}

std::string text_of_stack(const StackHandle &stack) {
  const ToldStack all = told(stack);
  std::string text = bytes_in(all.info) + all.cause;
  for (const ToldThread &thread : all.threads) {
    text += thread.name + " " + bytes_in(thread.raw);
    for (const ToldFrame &frame : thread.frames) {
      text += frame.file + " " + frame.function + " ";
    }
    for (const ToldNative &frame : thread.native) {
      text += frame.module + " " + frame.symbol + " ";
    }
  }
  return text;
}

// At every level but full, which is to show names.
std::string at_each_level(const Scene &scene, const std::function<std::string()> &look) {
  std::string text;
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    set_policy(scene.runtime, policy_of(level));
    text += look();
  }
  set_policy(scene.runtime, policy_of(CAPSULE_INSPECT_COUNTS));
  CHECK_CONTAINS(text, "h:");
  return text;
}

// Of code whose file and function have the secret in their names.
std::string stacks(Scene &scene) {
  return at_each_level(scene, [&] {
    StackHandle stack;
    ACCEPTED(capsule_session_get_stack(scene.waiting.get(), nullptr, stack.out(), error));
    StackHandle inspected;
    ACCEPTED(capsule_session_inspect_stack(scene.waiting.get(), nullptr, nullptr, inspected.out(), error));
    CHECK_AT_LEAST(told(stack).threads.size(), 2);
    return text_of_stack(stack) + text_of_stack(inspected);
  });
}

std::string profiles(Scene &scene) {
  return at_each_level(scene, [&] {
    capsule_profile_options options;
    capsule_profile_options_init(&options, sizeof options);
    options.threads = CAPSULE_PROFILE_ALL;
    options.rate_hz = 200;
    return profile_of_some(scene.waiting, &options);
  });
}

// Of a worker that crashed in a function, of a file, that have the secret for names.
std::string crashes(Scene &scene) {
  return at_each_level(scene, [&] {
    const Session session = open_session(scene.runtime);
    ExecutionOptions named;
    named.file_name = kSecret;
    Run run(session, "import os\ndef " + std::string(kSecret) + "(): os.abort()\n" + kSecret + "()", named);
    run.end();
    const Postmortem postmortem = postmortem_of(session);
    StackHandle stack;
    ACCEPTED(capsule_postmortem_get_stack(postmortem.get(), stack.out(), error));
    capsule_text json{};
    ACCEPTED(capsule_postmortem_to_json(postmortem.get(), &json, error));
    return text_of_stack(stack) + string_of(json);
  });
}

std::string overheard_frames(Scene &scene) {
  capsule_interceptor_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_session_get_interceptor_info(scene.session.get(), scene.overheard.interceptors.front(), &info, error));
  CHECK_CONTAINS(scene.overheard.frames(), "Execute");
  return scene.overheard.frames() + bytes_in(info);
}

// An interpreter whose path has the secret in it, and a preloaded module that has it for a name.
void start_by_secret_names(const Scene &scene) {
  const TempFolder folder;
  SessionOptions options;
  options.environment = {"PYTHONPATH=" + folder.path()};
  folder.write(std::string(kSecret) + ".py", "");
  options.preload = {kSecret};
  options.python = folder.write(kSecret, "#!/bin/sh\nexec '" + python_under_test() + "' \"$@\"\n", true);
  value_of(open_session(scene.runtime, std::move(options)), "1");
}

std::string overheard_log(Scene &scene) {
  start_by_secret_names(scene);
  CHECK_CONTAINS(scene.overheard.log(), "event=zygote_started");
  return scene.overheard.log();
}

using ExporterHandle = Handle<capsule_exporter, capsule_exporter_release>;

// Hands texts to the string that it is given.
std::int32_t take_labels(void *user_data, const capsule_export_group *groups, std::size_t count) {
  auto *text = static_cast<std::string *>(user_data);
  for (std::size_t i = 0; i < count; ++i) {
    *text += std::string(reinterpret_cast<const char *>(groups[i].events), groups[i].event_count * sizeof groups[i].events[0]);
    for (std::size_t j = 0; j < groups[i].label_count; ++j) {
      *text += string_of(groups[i].labels[j].text) + " ";
    }
  }
  return 0;
}

// What exporters of each kind are told while something goes on in the runtime.
std::string exported_of(const Scene &scene, const Runtime &runtime, const std::function<void()> &what) {
  std::string text;
  for (const std::int32_t kind : {CAPSULE_EXPORTER_NDJSON, CAPSULE_EXPORTER_CHROME, CAPSULE_EXPORTER_CALLBACK}) {
    const std::string path = scene.folder.path() + "/exported";
    capsule_exporter_options options;
    capsule_exporter_options_init(&options, sizeof options);
    options.kind = kind;
    options.name = capsule_text_from("canary");
    options.path = kind == CAPSULE_EXPORTER_CALLBACK ? capsule_text{} : text_of(path);
    options.callback = kind == CAPSULE_EXPORTER_CALLBACK ? take_labels : nullptr;
    std::string taken;
    options.user_data = &taken;
    ExporterHandle exporter;
    ACCEPTED(capsule_exporter_create(runtime.get(), &options, exporter.out(), error));
    what();
    ACCEPTED(capsule_exporter_close(exporter.get(), kPatienceMs, error));
    text += taken + read_file(path) + filled(capsule_exporter_get_info, exporter.get());
    CHECK_CONTAINS(text, "session_ready");
  }
  return text;
}

// Of a session that handles the secret; and, at every level but full, of one that calls a capability of that name. That is told in metrics, as
// the host chose it, so that it is in a runtime of its own.
std::string exported(Scene &scene) {
  std::string text = exported_of(scene, scene.runtime, [&] {
    const Session session = open_session(scene.runtime);
    Run(session, std::string(kSecret) + " = 1; print('" + kSecret + "'); raise ValueError('" + kSecret + "')").end();
  });
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability(kSecret));
  const Server server(bridge, echo_arguments);
  for (const std::int32_t level : {CAPSULE_INSPECT_OFF, CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED}) {
    set_policy(runtime, policy_of(level));
    text += exported_of(scene, runtime, [&] {
      const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
      CHECK_EQ(Run(session, std::string("call ") + kSecret + " {}").end().outcome, "ok");
    });
  }
  CHECK_CONTAINS(text, "\"name\":\"h:");
  return text;
}

std::string log_figures(Scene & /*scene*/) {
  capsule_log_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_log_get_info(&info, error));
  return bytes_in(info);
}

std::string followed(Scene &scene) {
  const TraceReader reader = follow(scene.session);
  capsule_trace_event event{};
  std::string text;
  while (capsule_trace_next(reader.get(), 0, &event, nullptr) == CAPSULE_OK) {
    text += bytes_in(event);
  }
  CHECK(!text.empty());
  return text + filled(capsule_trace_get_info, reader.get());
}

std::string postmortem(Scene &scene) {
  const Postmortem postmortem = postmortem_of(scene.session);
  capsule_text json{};
  ACCEPTED(capsule_postmortem_to_json(postmortem.get(), &json, error));
  const capsule_postmortem_info info = info_of(postmortem);
  return bytes_in(info) + string_of(json) +
         std::string(reinterpret_cast<const char *>(info.events), info.event_count * sizeof(capsule_trace_event));
}

using Surface = std::function<std::string(Scene &)>;

// Those that tell of what happens: name, and all that it tells.
std::map<std::string, Surface> surfaces() {
  return {
      {"capsule_log_set_callback", overheard_log},
      {"capsule_log_set_sink", overheard_log},  // the same records
      {"capsule_log_get_info", log_figures},
      {"capsule_exporter_create", exported},
      {"capsule_exporter_get_info", exported},
      {"capsule_runtime_get_prometheus", [](Scene &s) { return prometheus_of(s.runtime); }},
      {"capsule_runtime_get_metrics", [](Scene &s) { return filled(capsule_runtime_get_metrics, s.runtime.get()); }},
      {"capsule_session_get_worker_metrics",
       [](Scene &s) { return filled(capsule_session_get_worker_metrics, s.session.get()); }},
      {"capsule_session_get_worker_info", [](Scene &s) { return filled(capsule_session_get_worker_info, s.session.get()); }},
      {"capsule_session_get_transport_metrics",
       [](Scene &s) { return filled(capsule_session_get_transport_metrics, s.session.get()); }},
      {"capsule_session_get_cancel_metrics",
       [](Scene &s) { return filled(capsule_session_get_cancel_metrics, s.session.get()); }},
      {"capsule_session_add_interceptor", overheard_frames},
      {"capsule_session_get_interceptor_info", overheard_frames},
      {"capsule_runtime_get_info", [](Scene &s) { return filled(capsule_runtime_get_info, s.runtime.get()); }},
      {"capsule_session_get_info", [](Scene &s) { return filled(capsule_session_get_info, s.session.get()); }},
      {"capsule_session_get_executor_metrics",
       [](Scene &s) { return filled(capsule_session_get_executor_metrics, s.session.get()); }},
      {"capsule_session_get_async_metrics",
       [](Scene &s) { return filled(capsule_session_get_async_metrics, s.session.get()); }},
      {"capsule_session_get_limiter_metrics",
       [](Scene &s) { return filled(capsule_session_get_limiter_metrics, s.session.get()); }},
      {"capsule_bridge_get_metrics", [](Scene &s) { return filled(capsule_bridge_get_metrics, s.bridge.get()); }},
      {"capsule_session_get_bridge_metrics",
       [](Scene &s) { return filled(capsule_session_get_bridge_metrics, s.session.get()); }},
      {"capsule_promise_store_get_metrics", [](Scene &s) { return filled(capsule_promise_store_get_metrics, s.store.get()); }},
      {"capsule_pool_get_metrics", [](Scene &s) { return filled(capsule_pool_get_metrics, s.pool.get()); }},
      {"capsule_pool_get_info", [](Scene &s) { return filled(capsule_pool_get_info, s.pool.get()); }},
      {"capsule_pool_list_sessions", pool_sessions},
      {"capsule_bridge_list_pending", pending_calls},
      {"capsule_bridge_list_capability_metrics", calls_by_capability},
      {"capsule_promise_list_pending", pending_promises},
      {"capsule_session_get_trace",
       [](Scene &s) {
         return trace_of([&](auto *events, auto capacity, auto *count, auto *error) {
           return capsule_session_get_trace(s.session.get(), nullptr, events, capacity, count, nullptr, error);
         });
       }},
      {"capsule_session_get_trace_label", trace_labels},
      {"capsule_session_inspect_trace_label", trace_labels},
      {"capsule_pool_get_trace",
       [](Scene &s) {
         return trace_of([&](auto *events, auto capacity, auto *count, auto *error) {
           return capsule_pool_get_trace(s.pool.get(), nullptr, events, capacity, count, nullptr, error);
         });
       }},
      {"capsule_trace_next", followed},
      {"capsule_trace_get_info", followed},
      {"capsule_postmortem_get_info", postmortem},
      {"capsule_postmortem_to_json", postmortem},
      {"capsule_runtime_get_audit_info", [](Scene &s) { return filled(capsule_runtime_get_audit_info, s.runtime.get()); }},
      {"capsule_runtime_set_audit", audit_records},
      {"capsule_runtime_list_audit", audit_records},
      {"capsule_audit_verify", audit_report},
      {"capsule_bridge_inspect_pending",
       [](Scene &s) {
         Pending pending;
         ACCEPTED(capsule_bridge_inspect_pending(s.bridge.get(), nullptr, &pending.raw, error));
         return pending_of(pending);
       }},
      {"capsule_promise_store_inspect_pending",
       [](Scene &s) {
         Pending pending;
         ACCEPTED(capsule_promise_store_inspect_pending(s.store.get(), nullptr, &pending.raw, error));
         return pending_of(pending);
       }},
      {"capsule_session_inspect_namespace", namespaces},
      {"capsule_session_inspect_execution", [](Scene &s) { return bytes_in(status_of(s.waiting)); }},
      {"capsule_session_inspect_isolation", isolation},
      {"capsule_session_inspect_stack", stacks},
      {"capsule_session_get_stack", stacks},
      {"capsule_profile_get_collapsed", profiles},
      {"capsule_postmortem_get_stack", crashes},
      {"capsule_stack_get_info", stacks},
      {"capsule_stack_get_thread", stacks},
      {"capsule_stack_get_frame", stacks},
      {"capsule_stack_get_native_frame", stacks},
      {"capsule_pool_inspect", pool_summary},
  };
}

// Those that are none, by the reason.
const std::map<std::string, std::vector<std::string>> &no_surfaces() {
  static const std::map<std::string, std::vector<std::string>> lists = {
      {"it answers the host's own request for what the code made, and is no diagnostic",
       {"capsule_execution_next", "capsule_session_get", "capsule_session_list", "capsule_checkpoint_list",
        "capsule_checkpoint_get_data", "capsule_checkpoint_get_info", "capsule_bridge_next_request",
        "capsule_bridge_next_chunk", "capsule_promise_get", "capsule_promise_wait", "capsule_promise_next",
        "capsule_session_execute_durable"}},
      {"it tells of the host's own configuration: modules that it named", {"capsule_pool_list_imports"}},
      {"numbers that the caller asked for: sizes, counts, an id, a descriptor",
       {"capsule_profile_get_info", "capsule_snapshot_get_info", "capsule_execution_get_id", "capsule_execution_get_fd",
        "capsule_bridge_get_fd", "capsule_trace_get_fd", "capsule_acquisition_get_fd", "capsule_promise_store_get_fd",
        "capsule_version", "capsule_version_number"}},
      {"it answers what the host gave, or digits that mean nothing", {"capsule_session_get_trace_context"}},
      {"a static string for a number", {"_name", "capsule_status_text"}},
      {"it fills defaults", {"_init", "capsule_text_from"}},
      {"it frees", {"_release"}},
      {"it acts, and answers a status",
       {"capsule_session_profile",
        "capsule_profile_wait",
        "capsule_profile_stop",
        "capsule_bridge_create",
        "capsule_bridge_register",
        "capsule_bridge_unregister",
        "capsule_bridge_set_notify",
        "capsule_bridge_respond",
        "capsule_bridge_fail",
        "capsule_bridge_approve",
        "capsule_bridge_report_progress",
        "capsule_bridge_send_chunk",
        "capsule_bridge_cancel_all",
        "capsule_bridge_close",
        "capsule_session_narrow_rules",
        "capsule_session_checkpoint",
        "capsule_session_restore_checkpoint",
        "capsule_checkpoint_read",
        "capsule_checkpoint_read_file",
        "capsule_checkpoint_write_file",
        "capsule_session_keep_checkpoint",
        "capsule_session_find_checkpoint",
        "capsule_session_checkpoint_at",
        "capsule_session_forget_checkpoint",
        "capsule_session_snapshot",
        "capsule_session_restore",
        "capsule_session_branch",
        "capsule_snapshot_branch",
        "capsule_session_set",
        "capsule_session_update",
        "capsule_session_delete",
        "capsule_buffer_create",
        "capsule_runtime_create",
        "capsule_runtime_close",
        "capsule_session_open",
        "capsule_session_wait_ready",
        "capsule_session_restart",
        "capsule_session_close",
        "capsule_session_remove_interceptor",
        "capsule_pool_create",
        "capsule_pool_wait_ready",
        "capsule_pool_acquire",
        "capsule_pool_acquire_async",
        "capsule_acquisition_take",
        "capsule_acquisition_cancel",
        "capsule_pool_give_back",
        "capsule_pool_close",
        "capsule_execution_create",
        "capsule_execution_set_notify",
        "capsule_execution_answer",
        "capsule_execution_decline",
        "capsule_execution_cancel",
        "capsule_execution_interrupt",
        "capsule_promise_store_open",
        "capsule_promise_create",
        "capsule_promise_settle",
        "capsule_promise_watch",
        "capsule_promise_store_set_notify",
        "capsule_promise_forget",
        "capsule_promise_store_close",
        "capsule_runtime_set_introspection_policy",
        "capsule_trace_get",
        "capsule_session_get_postmortem",
        "capsule_session_inspect_postmortem",
        "capsule_session_narrow_introspection",
        "capsule_session_set_log_level",
        "capsule_exporter_flush",
        "capsule_exporter_close"}},
  };
  return lists;
}

// An entry that begins with an underscore is the end of a name.
bool is_no_surface(const std::string &symbol) {
  return std::any_of(no_surfaces().begin(), no_surfaces().end(), [&](const auto &list) {
    return std::any_of(list.second.begin(), list.second.end(),
                       [&](const std::string &entry) { return entry[0] == '_' ? symbol.ends_with(entry) : symbol == entry; });
  });
}

std::vector<std::string> exported_symbols() {
  std::ifstream file(std::string(CAPSULE_TEST_SOURCE_DIR) + "/abi/symbols.txt");
  std::vector<std::string> symbols;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("capsule_")) {
      symbols.push_back(line.substr(0, line.find(' ')));
    }
  }
  CHECK_AT_LEAST(symbols.size(), 100);
  return symbols;
}

}  // namespace

CAPSULE_TEST(every_exported_function_is_searched_or_said_to_be_no_surface) {
  const auto searched = surfaces();
  std::set<std::string> known;
  for (const std::string &symbol : exported_symbols()) {
    known.insert(symbol);
    if (searched.contains(symbol) == is_no_surface(symbol)) {
      FAIL(symbol + (searched.contains(symbol) ? " is in both lists"
                                               : " is in no list: search what it tells, or say why it is no surface"));
    }
  }
  for (const auto &[symbol, search] : searched) {
    if (!known.contains(symbol)) {
      FAIL(symbol + " is searched, and not exported");
    }
  }
}

CAPSULE_TEST(a_secret_of_the_code_is_told_by_no_surface) {
  Scene scene;
  for (const auto &[symbol, search] : surfaces()) {
    check_lacks_secret(symbol, search(scene));
  }
  // What it was told by them is in the records of those looks.
  check_lacks_secret("the audit trail", audit_records(scene));
  check_lacks_secret("the log", scene.overheard.log());
}

CAPSULE_TEST(a_search_would_find_it) {
  const Runtime runtime = make_runtime();
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  const Session session = open_session(runtime);
  value_of(session, std::string(kSecret) + " = 1");
  CHECK_EQ(string_of(names_of(session).raw.rows[0].name.text), kSecret);
}
