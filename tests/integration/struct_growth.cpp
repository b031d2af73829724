// Every struct of abi/api.json that may grow, as hosts with older and with newer headers have it: the library touches nothing beyond
// struct_size, zeroes what it does not know, and refuses what is set there. A struct that is added needs a row below.
#include <set>

#include "bridge.hpp"
#include "checkpoints.hpp"
#include "growth.hpp"
#include "introspection.hpp"
#include "pool.hpp"
#include "promises.hpp"
#include "run.hpp"
#include "snapshots.hpp"
#include "stacks.hpp"
#include "test.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

using ExporterHandle = Handle<capsule_exporter, capsule_exporter_release>;
using Profile = Handle<capsule_profile, capsule_profile_release>;

// What the rows use.
struct World {
  Session python = open_told();
  Session echo = open_measured();
  Bridge bridge = make_bridge();
  Session calling = open_calling(bridge);
  Store store = open_store();
  Pool pool = make_pool(PoolOptions::echo());
  Snapshot snapshot = snapshot_of(python);
  Checkpoint checkpoint = checkpoint_of(python);
  StackHandle stack;
  StackHandle idle;
  Profile profile;
  ExporterHandle exporter;
  Postmortem lost = lose_one();
  std::uint64_t interceptor = 0;

  World() {
    wait_ready(pool);
    create(store, "promise");
    value_of(python, "x = 7");
    capsule_interceptor_options options = interceptor_options();
    ACCEPTED(capsule_session_add_interceptor(echo.get(), &options, &interceptor, error));
    const capsule_capability offered = capability("f");
    ACCEPTED(capsule_bridge_register(bridge.get(), &offered, error));
    look();
  }

  // The stack is one with a frame.
  void look() {
    Run run(python, "print('in', flush=True)\nwhile True: pass");
    run.until_output("in");
    ACCEPTED(capsule_session_get_stack(python.get(), nullptr, stack.out(), error));
    ACCEPTED(capsule_session_profile(python.get(), nullptr, profile.out(), error));
    ACCEPTED(capsule_profile_stop(profile.get(), error));
    run.interrupt();
    run.end();
    // And one that waits in the kernel, idle.
    stack_when(python, [](const ToldStack &now) { return !now.main().native.empty(); });
    ACCEPTED(capsule_session_get_stack(python.get(), nullptr, idle.out(), error));
    const capsule_exporter_options options = exporter_options();
    ACCEPTED(capsule_exporter_create(shared_runtime().get(), &options, exporter.out(), error));
  }

  // The struct that the library hands to a callback is as long as it says.
  static std::int32_t see(void *, const capsule_frame *frame) { return frame->struct_size == sizeof *frame ? 0 : 1; }
  static capsule_interceptor_options interceptor_options() {
    capsule_interceptor_options options;
    capsule_interceptor_options_init(&options, sizeof options);
    options.name = capsule_text_from("growth");
    options.callback = see;
    return options;
  }
  static std::int32_t take(void *, const capsule_export_group *, std::size_t) { return 0; }
  static capsule_exporter_options exporter_options() {
    capsule_exporter_options options;
    capsule_exporter_options_init(&options, sizeof options);
    options.callback = take;
    return options;
  }
  static Postmortem lose_one() {
    const Session session = open_session(SessionOptions::echo());
    Run(session, "exit 1").end();
    return postmortem_of(session);
  }
  static Session open_measured() {
    SessionOptions options = SessionOptions::echo();
    options.raw.enable_metrics = 1;
    return open_session(std::move(options));
  }
  static Session open_calling(const Bridge &bridge) {
    const capsule_rule all{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
    SessionOptions options = SessionOptions::echo();
    options.raw.bridge = bridge.get();
    options.raw.rules = &all;
    options.raw.rule_count = 1;
    return open_session(std::move(options));
  }
};

using Rows = std::map<std::string, Row>;

void add_options_of_sessions(World &w, Rows &rows) {
  rows["capsule_runtime_options"] = read<capsule_runtime_options>(capsule_runtime_options_init, [](auto *options, auto *error) {
    Runtime made;
    return capsule_runtime_create(options, made.out(), error);
  });
  rows["capsule_session_options"] = read<capsule_session_options>(
      capsule_session_options_init,
      [](auto *options, auto *error) {
        Session made;
        return capsule_session_open(shared_runtime().get(), options, made.out(), error);
      },
      [](auto *options) {
        options->executor = CAPSULE_EXECUTOR_ECHO;
        options->wait_ready = 0;
      });
  rows["capsule_execution_options"] =
      read<capsule_execution_options>(capsule_execution_options_init, [&w](auto *options, auto *error) {
        Execution made;
        return capsule_execution_create(w.echo.get(), "out x", 5, options, made.out(), error);
      });
  rows["capsule_value"] = {given<capsule_value>([&w](auto *value, auto *error) {
                             return capsule_session_set(w.python.get(), "x", 1, value, CAPSULE_SET_OVERWRITE, kPatienceMs,
                                                        error);
                           }),
                           touching<capsule_value>([](auto *value) {
                             *value = {.struct_size = sizeof *value, .kind = CAPSULE_VALUE_JSON, .data = "7", .size_bytes = 1};
                           })};
  rows["capsule_capability"] = read<capsule_capability>(
      capsule_capability_init,
      [&w](auto *options, auto *error) {
        const capsule_status status = capsule_bridge_register(w.bridge.get(), options, error);
        return status != CAPSULE_OK ? status : capsule_bridge_unregister(w.bridge.get(), "g", 1, error);
      },
      [](auto *options) { options->name = capsule_text_from("g"); });
  rows["capsule_bridge_options"] = read<capsule_bridge_options>(capsule_bridge_options_init, [](auto *options, auto *error) {
    Bridge made;
    return capsule_bridge_create(shared_runtime().get(), options, made.out(), error);
  });
  rows["capsule_checkpoint_options"] =
      read<capsule_checkpoint_options>(capsule_checkpoint_options_init, [&w](auto *options, auto *error) {
        Checkpoint made;
        return capsule_session_checkpoint(w.python.get(), options, kPatienceMs, made.out(), error);
      });
}

void add_options_of_hosts(World &w, Rows &rows) {
  static const capsule_session_options *echo = [] {
    static SessionOptions options = SessionOptions::echo();
    return options.get();
  }();

  rows["capsule_promise_store_options"] =
      read<capsule_promise_store_options>(capsule_promise_store_options_init, [](auto *options, auto *error) {
        Store made;
        return capsule_promise_store_open(shared_runtime().get(), options, made.out(), error);
      });
  rows["capsule_promise_wish"] = read<capsule_promise_wish>(
      capsule_promise_wish_init,
      [&w](auto *wish, auto *error) { return capsule_promise_create(w.store.get(), wish, nullptr, error); },
      [](auto *wish) { wish->id = capsule_text_from("wish"); });
  rows["capsule_durable_options"] = read<capsule_durable_options>(
      capsule_durable_options_init,
      [&w](auto *options, auto *error) {
        Execution made;
        const capsule_status status =
            capsule_session_execute_durable(w.echo.get(), "out x", 5, nullptr, options, made.out(), nullptr, error);
        if (made.get() != nullptr) {
          Run(std::move(made)).end();
        }
        return status;
      },
      [&w](auto *options) { *options = durable_options(w.store, capsule_text_from("durable")); });
  rows["capsule_interceptor_options"] = read<capsule_interceptor_options>(
      capsule_interceptor_options_init,
      [&w](auto *options, auto *error) {
        std::uint64_t id = 0;
        const capsule_status status = capsule_session_add_interceptor(w.python.get(), options, &id, error);
        return status != CAPSULE_OK ? status : capsule_session_remove_interceptor(w.python.get(), id, error);
      },
      [](auto *options) { *options = World::interceptor_options(); });
  rows["capsule_pool_options"] = read<capsule_pool_options>(
      capsule_pool_options_init,
      [](auto *options, auto *error) {
        Pool made;
        return capsule_pool_create(shared_runtime().get(), options, made.out(), error);
      },
      [](auto *options) {
        options->session = echo;
        options->min_idle = 0;
        options->pre_warm = 0;
      });
  rows["capsule_acquire_options"] =
      read<capsule_acquire_options>(capsule_acquire_options_init, [&w](auto *options, auto *error) {
        Acquisition made;
        return capsule_pool_acquire_async(w.pool.get(), options, made.out(), error);
      });
  rows["capsule_trace_filter"] = {
      given<capsule_trace_filter>([&w](auto *filter, auto *error) {
        std::size_t count = 0;
        return capsule_session_get_trace(w.echo.get(), filter, nullptr, 0, &count, nullptr, error);
      }),
      touching<capsule_trace_filter>([](auto *filter) { *filter = {.struct_size = sizeof *filter}; })};
}

// Records to check: what is found of them is of no matter here, but that it is told.
constexpr std::string_view kRecords = "no record\n";

void add_options_of_looks(World &w, Rows &rows) {
  rows["capsule_audit_options"] = read<capsule_audit_options>(capsule_audit_options_init, [](auto *options, auto *error) {
    return capsule_runtime_set_audit(shared_runtime().get(), options, error);
  });
  rows["capsule_audit_check"] = {
      given<capsule_audit_check>([](auto *check, auto *error) {
        capsule_audit_report report{.struct_size = sizeof report};
        return capsule_audit_verify(check, &report, error);
      }),
      touching<capsule_audit_check>([](auto *check) { *check = {.struct_size = sizeof *check, .data = text_of(kRecords)}; })};
  rows["capsule_introspection_policy"] = read<capsule_introspection_policy>(
      capsule_introspection_policy_init,
      [&w](auto *policy, auto *error) { return capsule_session_narrow_introspection(w.calling.get(), policy, error); });
  rows["capsule_inspection"] = read<capsule_inspection>(capsule_inspection_init, [&w](auto *inspection, auto *error) {
    capsule_execution_status status{.struct_size = sizeof status};
    return capsule_session_inspect_execution(w.echo.get(), inspection, &status, error);
  });
}

void add_options_of_diagnostics(World &w, Rows &rows) {
  rows["capsule_stack_options"] = read<capsule_stack_options>(
      capsule_stack_options_init,
      [&w](auto *options, auto *error) {
        StackHandle made;
        return capsule_session_get_stack(w.python.get(), options, made.out(), error);
      },
      [](auto *options) { options->timeout_ms = kPatienceMs; });
  rows["capsule_profile_options"] =
      read<capsule_profile_options>(capsule_profile_options_init, [&w](auto *options, auto *error) {
        Profile made;
        return capsule_session_profile(w.python.get(), options, made.out(), error);
      });
  rows["capsule_exporter_options"] = read<capsule_exporter_options>(
      capsule_exporter_options_init,
      [](auto *options, auto *error) {
        ExporterHandle made;
        return capsule_exporter_create(shared_runtime().get(), options, made.out(), error);
      },
      [](auto *options) { *options = World::exporter_options(); });
  rows["capsule_log_options"] = {given<capsule_log_options>([](auto *options, auto *error) {
                                   const capsule_status status = capsule_log_set_sink(options, error);
                                   return status != CAPSULE_OK ? status : capsule_log_set_sink(nullptr, error);
                                 }),
                                 touching<capsule_log_options>([](auto *options) {
                                   *options = {.struct_size = sizeof *options,
                                               .sink = CAPSULE_LOG_SINK_CALLBACK,
                                               .callback = [](void *, std::int32_t, const char *, std::size_t) {}};
                                 })};
}

void add_of_looks(World &w, Rows &rows) {
  rows["capsule_audit_info"] = written<capsule_audit_info>(
      [](auto *info, auto *error) { return capsule_runtime_get_audit_info(shared_runtime().get(), info, error); });
  rows["capsule_audit_list"] = written<capsule_audit_list>(
      [](auto *list, auto *error) { return capsule_runtime_list_audit(shared_runtime().get(), 0, list, error); },
      capsule_audit_list_release);
  rows["capsule_audit_report"] = written<capsule_audit_report>([](auto *report, auto *error) {
    const capsule_audit_check check{.struct_size = sizeof check, .data = text_of(kRecords)};
    return capsule_audit_verify(&check, report, error);
  });
  rows["capsule_pending_summary"] = written<capsule_pending_summary>(
      [&w](auto *summary, auto *error) { return capsule_bridge_inspect_pending(w.bridge.get(), nullptr, summary, error); },
      capsule_pending_summary_release);
  rows["capsule_namespace_summary"] = written<capsule_namespace_summary>(
      [&w](auto *summary, auto *error) { return capsule_session_inspect_namespace(w.python.get(), nullptr, summary, error); },
      capsule_namespace_summary_release);
  rows["capsule_pool_summary"] = written<capsule_pool_summary>(
      [&w](auto *summary, auto *error) { return capsule_pool_inspect(w.pool.get(), nullptr, nullptr, summary, error); },
      capsule_pool_summary_release);
  rows["capsule_execution_status"] = written<capsule_execution_status>(
      [&w](auto *status, auto *error) { return capsule_session_inspect_execution(w.echo.get(), nullptr, status, error); });
  rows["capsule_isolation_report"] = written<capsule_isolation_report>(
      [&w](auto *report, auto *error) { return capsule_session_inspect_isolation(w.python.get(), nullptr, report, error); },
      capsule_isolation_report_release);
}

Rows read_structs(World &w) {
  Rows rows;
  add_options_of_looks(w, rows);
  add_options_of_diagnostics(w, rows);
  add_options_of_sessions(w, rows);
  add_options_of_hosts(w, rows);
  return rows;
}

void add_of_sessions(World &w, Rows &rows) {
  rows["capsule_runtime_info"] = written<capsule_runtime_info>(
      [](auto *info, auto *error) { return capsule_runtime_get_info(shared_runtime().get(), info, error); });
  rows["capsule_session_info"] = written<capsule_session_info>(
      [&w](auto *info, auto *error) { return capsule_session_get_info(w.echo.get(), info, error); });
  rows["capsule_value"] = written<capsule_value>(
      [&w](auto *value, auto *error) {
        return capsule_session_get(w.python.get(), "x", 1, CAPSULE_VALUE_JSON, kPatienceMs, value, error);
      },
      capsule_value_release);
  rows["capsule_name_list"] = written<capsule_name_list>(
      [&w](auto *list, auto *error) { return capsule_session_list(w.python.get(), 10, kPatienceMs, list, error); },
      capsule_name_list_release);
  rows["capsule_event"] = written<capsule_event>(
      [&w](auto *event, auto *error) {
        const Execution execution = submit(w.echo, "out text");
        return capsule_execution_next(execution.get(), kPatienceMs, event, error);
      },
      capsule_event_release);
  rows["capsule_request"] = written<capsule_request>(
      [&w](auto *request, auto *error) {
        const Execution execution = submit(w.calling, "call f {}");
        const capsule_status status = capsule_bridge_next_request(w.bridge.get(), kPatienceMs, request, error);
        capsule_bridge_cancel_all(w.bridge.get(), nullptr);
        return status;
      },
      capsule_request_release);
  rows["capsule_bridge_metrics"] = written<capsule_bridge_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_bridge_get_metrics(w.bridge.get(), metrics, error); });
  rows["capsule_checkpoint_info"] = written<capsule_checkpoint_info>(
      [&w](auto *info, auto *error) { return capsule_checkpoint_get_info(w.checkpoint.get(), info, error); });
  rows["capsule_checkpoint_entries"] = written<capsule_checkpoint_entries>(
      [&w](auto *entries, auto *error) { return capsule_checkpoint_list(w.checkpoint.get(), entries, error); },
      capsule_checkpoint_entries_release);
  rows["capsule_executor_metrics"] = written<capsule_executor_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_executor_metrics(w.python.get(), metrics, error); });
  rows["capsule_async_metrics"] = written<capsule_async_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_async_metrics(w.python.get(), metrics, error); });
  rows["capsule_limiter_metrics"] = written<capsule_limiter_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_limiter_metrics(w.echo.get(), metrics, error); });
}

void add_of_hosts(World &w, Rows &rows) {
  rows["capsule_promise"] = written<capsule_promise>(
      [&w](auto *promise, auto *error) {
        return capsule_promise_get(w.store.get(), capsule_text_from("promise"), promise, error);
      },
      capsule_promise_release);
  rows["capsule_promise_metrics"] = written<capsule_promise_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_promise_store_get_metrics(w.store.get(), metrics, error); });
  rows["capsule_interceptor_info"] = written<capsule_interceptor_info>(
      [&w](auto *info, auto *error) { return capsule_session_get_interceptor_info(w.echo.get(), w.interceptor, info, error); });
  rows["capsule_pool_metrics"] = written<capsule_pool_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_pool_get_metrics(w.pool.get(), metrics, error); });
  rows["capsule_pool_info"] =
      written<capsule_pool_info>([&w](auto *info, auto *error) { return capsule_pool_get_info(w.pool.get(), info, error); });
  rows["capsule_pool_sessions"] = written<capsule_pool_sessions>(
      [&w](auto *sessions, auto *error) { return capsule_pool_list_sessions(w.pool.get(), sessions, error); },
      capsule_pool_sessions_release);
  rows["capsule_pool_imports"] = written<capsule_pool_imports>(
      [&w](auto *imports, auto *error) { return capsule_pool_list_imports(w.pool.get(), imports, error); },
      capsule_pool_imports_release);
  rows["capsule_snapshot_info"] = written<capsule_snapshot_info>(
      [&w](auto *info, auto *error) { return capsule_snapshot_get_info(w.snapshot.get(), info, error); });
  rows["capsule_trace_info"] = written<capsule_trace_info>([&w](auto *info, auto *error) {
    std::size_t count = 0;
    return capsule_session_get_trace(w.echo.get(), nullptr, nullptr, 0, &count, info, error);
  });
}

void add_of_traces(World &w, Rows &rows) {
  rows["capsule_trace_context"] = written<capsule_trace_context>(
      [&w](auto *context, auto *error) { return capsule_session_get_trace_context(w.python.get(), 1, context, error); });
  rows["capsule_trace_label"] = written<capsule_trace_label>([&w](auto *label, auto *error) {
    return capsule_session_get_trace_label(w.python.get(), CAPSULE_TRACE_LABEL_OTHER, label, error);
  });
  rows["capsule_postmortem_info"] = written<capsule_postmortem_info>(
      [&w](auto *info, auto *error) { return capsule_postmortem_get_info(w.lost.get(), info, error); });
}

void add_of_metrics(World &w, Rows &rows) {
  rows["capsule_runtime_metrics"] = written<capsule_runtime_metrics>(
      [](auto *metrics, auto *error) { return capsule_runtime_get_metrics(shared_runtime().get(), metrics, error); });
  rows["capsule_worker_metrics"] = written<capsule_worker_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_worker_metrics(w.python.get(), metrics, error); });
  rows["capsule_worker_info"] = written<capsule_worker_info>(
      [&w](auto *info, auto *error) { return capsule_session_get_worker_info(w.python.get(), info, error); });
  rows["capsule_transport_metrics"] = written<capsule_transport_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_transport_metrics(w.python.get(), metrics, error); });
  rows["capsule_cancel_metrics"] = written<capsule_cancel_metrics>(
      [&w](auto *metrics, auto *error) { return capsule_session_get_cancel_metrics(w.echo.get(), metrics, error); });
  rows["capsule_metrics_text"] = written<capsule_metrics_text>(
      [](auto *text, auto *error) { return capsule_runtime_get_prometheus(shared_runtime().get(), text, error); },
      capsule_metrics_text_release);
  rows["capsule_exporter_info"] = written<capsule_exporter_info>(
      [&w](auto *info, auto *error) { return capsule_exporter_get_info(w.exporter.get(), info, error); });
  rows["capsule_log_info"] =
      written<capsule_log_info>([](auto *info, auto *error) { return capsule_log_get_info(info, error); });
}

void add_of_stacks(World &w, Rows &rows) {
  rows["capsule_stack_info"] =
      written<capsule_stack_info>([&w](auto *info, auto *error) { return capsule_stack_get_info(w.stack.get(), info, error); });
  rows["capsule_stack_thread"] = written<capsule_stack_thread>(
      [&w](auto *thread, auto *error) { return capsule_stack_get_thread(w.stack.get(), 0, thread, error); });
  rows["capsule_stack_frame"] = written<capsule_stack_frame>(
      [&w](auto *frame, auto *error) { return capsule_stack_get_frame(w.stack.get(), 0, 0, frame, error); });
  rows["capsule_native_frame"] = written<capsule_native_frame>(
      [&w](auto *frame, auto *error) { return capsule_stack_get_native_frame(w.idle.get(), 0, 0, frame, error); });
  rows["capsule_profile_info"] = written<capsule_profile_info>(
      [&w](auto *info, auto *error) { return capsule_profile_get_info(w.profile.get(), info, error); });
}

Rows written_structs(World &w) {
  Rows rows;
  add_of_looks(w, rows);
  add_of_metrics(w, rows);
  add_of_traces(w, rows);
  add_of_stacks(w, rows);
  add_of_sessions(w, rows);
  add_of_hosts(w, rows);
  return rows;
}

// capsule_error: struct_sizes.cpp tries it, as no call answers CAPSULE_OK and writes it. capsule_frame: only the library makes one.
const std::set<std::string> kNotTriedHere = {"capsule_error", "capsule_frame"};

}  // namespace

CAPSULE_TEST(every_struct_that_may_grow_is_tried) {
  World world;
  std::set<std::string> tried = kNotTriedHere;
  for (const auto &rows : {read_structs(world), written_structs(world)}) {
    for (const auto &[name, row] : rows) {
      tried.insert(name);
    }
  }
  for (const auto &[name, layout] : layouts()) {
    if (!tried.contains(name)) {
      FAIL(name + " may grow, and has no row in " __FILE__);
    }
    tried.erase(name);
  }
  CHECK(tried.empty());
}

CAPSULE_TEST(structs_that_are_read) {
  World world;
  const std::map<std::string, Layout> all = layouts();
  for (const auto &[name, row] : read_structs(world)) {
    check_read(name, all.at(name), row);
  }
}

CAPSULE_TEST(a_struct_that_ends_within_a_pointer_or_a_text_is_refused) {
  const Runtime runtime = make_runtime();
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.struct_size = offsetof(capsule_exporter_options, callback) + 4;
  capsule_exporter *exporter = nullptr;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_exporter_create(runtime.get(), &options, &exporter, error));
  capsule_promise_store_options texts;
  capsule_promise_store_options_init(&texts, sizeof texts);
  texts.struct_size = offsetof(capsule_promise_store_options, group) + offsetof(capsule_text, size);
  capsule_promise_store *store = nullptr;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_promise_store_open(runtime.get(), &texts, &store, error));
}

CAPSULE_TEST(structs_that_are_written) {
  World world;
  const std::map<std::string, Layout> all = layouts();
  for (const auto &[name, row] : written_structs(world)) {
    check_written(name, all.at(name), row);
  }
  capsule_interceptor_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_session_get_interceptor_info(world.echo.get(), world.interceptor, &info, error));
  CHECK(info.calls > 0);
  CHECK_EQ(info.errors, 0);
}
