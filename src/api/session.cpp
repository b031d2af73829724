#include "capsule/session.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/rules.hpp"
#include "api/session_options.hpp"
#include "base/clock.hpp"
#include "capsule/diagnostics.h"

using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::size_t kListMax = 4096;
constexpr std::int64_t kMinBuffer = 64 << 10;
constexpr std::int64_t kMaxBuffer = 1 << 30;
constexpr std::int64_t kMinBudget = 1 << 10;

Status read_list(const char *name, const capsule_text *texts, std::size_t count, std::vector<std::string> &list) {
  if (count > kListMax) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + "_count is " + std::to_string(count) + "; it can be 0 to 4096"};
  }
  if (texts == nullptr && count > 0) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is NULL but has a count"};
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string element = std::string(name) + "[" + std::to_string(i) + "]";
    auto text = read_text(element.c_str(), texts[i], 32 * kMaxPath);
    if (!text.ok()) {
      return text.status();
    }
    if (text.value().empty()) {
      return {CAPSULE_E_ARGUMENT, element + " is empty"};
    }
    list.push_back(std::move(text.value()));
  }
  return {};
}

Status check_rate(const char *name, double rate, double least, const char *range, double most) {
  if (rate == 0 || (rate >= least && rate <= most)) {  // NaN is neither
    return {};
  }
  return {CAPSULE_E_ARGUMENT, std::string(name) + " is " + std::to_string(rate) + "; it can be 0, or " + range};
}

Status check_numbers(const capsule_session_options &o) {
  struct Check {
    const char *name;
    std::int64_t value;
    std::int64_t least;
    std::int64_t most;
  };
  const auto number = [](std::uint64_t value) { return value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value); };
  const Check checks[] = {
      {"options.executor", o.executor, CAPSULE_EXECUTOR_PYTHON, CAPSULE_EXECUTOR_ECHO},
      {"options.start", o.start, CAPSULE_START_FORK, CAPSULE_START_SPAWN},
      {"options.queue_limit", o.queue_limit, 0, 65'536},
      {"options.start_timeout_ms", o.start_timeout_ms, 1, kDayMs},
      {"options.cancel_grace_ms", o.cancel_grace_ms, 0, kDayMs},
      {"options.heartbeat_interval_ms", o.heartbeat_interval_ms, 10, 3'600'000},
      {"options.wait_ready", o.wait_ready, 0, 1},
      {"options.output_window_bytes", number(o.output_window_bytes), kMinBuffer, kMaxBuffer},
      {"options.output_queue_bytes", number(o.output_queue_bytes), kMinBuffer, kMaxBuffer},
      {"options.rate_limit_burst", o.rate_limit_burst, 1, 1'000'000},
      {"options.enable_metrics", o.enable_metrics, 0, 1},
      {"options.output_policy", o.output_policy, CAPSULE_OUTPUT_BLOCK, CAPSULE_OUTPUT_DROP_OLDEST},
      {"options.mode", o.mode, CAPSULE_MODE_AUTO, CAPSULE_MODE_ASYNC},
      {"options.idle_tasks", o.idle_tasks, 0, 1},
      {"options.late_output", o.late_output, CAPSULE_LATE_ADOPT, CAPSULE_LATE_DROP},
      {"options.output_budget_bytes", number(o.output_budget_bytes), o.output_budget_bytes == 0 ? 0 : kMinBudget, kMaxBuffer},
      {"options.coalesce_carriage_returns", o.coalesce_carriage_returns, 0, 1},
      {"options.async_flags", o.async_flags, 0, 2 * CAPSULE_ASYNC_SUPPRESS_DRAIN_TIMEOUT - 1},
      {"options.drain_timeout_ms", o.drain_timeout_ms, 0, kDayMs},
      {"options.input_timeout_ms", o.input_timeout_ms, 0, kYearMs},
      {"options.display_limit_bytes", number(o.display_limit_bytes), kMinBudget, kMaxBuffer},
      {"options.ast_cache_entries", o.ast_cache_entries, 0, 65'536},
      {"options.code_cache_entries", o.code_cache_entries, 0, 65'536},
      {"options.snapshot_limit", o.snapshot_limit, 0, 1'024},
      {"options.restart_policy", o.restart_policy, CAPSULE_RESTART_MANUAL, CAPSULE_RESTART_CHECKPOINT},
      {"options.checkpoint_limit", o.checkpoint_limit, 1, 1'024},
      {"options.trace_bytes", o.trace_bytes, o.trace_bytes == 0 ? 0 : 4 << 10, 1 << 30},
      {"options.trace_level", o.trace_level, CAPSULE_LOG_DEBUG, CAPSULE_LOG_OFF},
      {"options.trace_transport", o.trace_transport, CAPSULE_TRACE_BY_MEMORY, CAPSULE_TRACE_BY_MESSAGES},
  };
  for (const Check &check : checks) {
    if (Status status = check_range(check.name, check.value, check.least, check.most); !status.ok()) {
      return status;
    }
  }
  if (Status status = check_rate("options.rate_limit_per_s", o.rate_limit_per_s, 0.001, "0.001 to 1000000000", 1e9);
      !status.ok()) {
    return status;
  }
  return check_rate("options.progress_rate_per_s", o.progress_rate_per_s, 0.1, "0.1 to 1000000", 1e6);
}

Status read_profile(const capsule_session_options &o, capsule::Profile &profile) {
  profile.executor = o.executor;
  profile.start = o.start;
  auto python = read_text("options.python", o.python, kMaxPath);
  auto folder = read_text("options.working_directory", o.working_directory, kMaxPath);
  for (const Status &status :
       {python.status(), folder.status(), read_list("options.preload", o.preload, o.preload_count, profile.preload),
        read_list("options.native_thread_allow", o.native_thread_allow, o.native_thread_allow_count,
                  profile.native_thread_allow),
        read_list("options.environment", o.environment, o.environment_count, profile.environment)}) {
    if (!status.ok()) {
      return status;
    }
  }
  for (const std::string &entry : profile.environment) {
    if (entry.find('=') == std::string::npos || entry.front() == '=') {
      return {CAPSULE_E_ARGUMENT, "options.environment: an entry is not NAME=value"};
    }
  }
  profile.python = std::move(python.value());
  profile.working_directory = std::move(folder.value());
  return {};
}

}  // namespace

Result<capsule::SessionOptions> capsule::api::read_session_options(const capsule_session_options *given) {
  auto options = read_options(given, capsule_session_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_session_options &o = options.value();
  capsule::SessionOptions translated;
  if (Status status = check_numbers(o); !status.ok()) {
    return status;
  }
  if (Status status = read_profile(o, translated.profile); !status.ok()) {
    return status;
  }
  translated.queue_limit = o.queue_limit;
  translated.start_timeout_ms = o.start_timeout_ms;
  translated.cancel_grace_ms = o.cancel_grace_ms;
  translated.heartbeat_interval_ms = o.heartbeat_interval_ms;
  translated.wait_ready = o.wait_ready != 0;
  translated.output_window_bytes = o.output_window_bytes;
  translated.output_queue_bytes = o.output_queue_bytes;
  translated.rate_limit_per_s = o.rate_limit_per_s;
  translated.rate_limit_burst = o.rate_limit_burst;
  translated.enable_metrics = o.enable_metrics != 0;
  translated.output_policy = o.output_policy;
  translated.mode = o.mode;
  translated.idle_tasks = o.idle_tasks != 0;
  translated.late_output = o.late_output;
  translated.output_budget_bytes = o.output_budget_bytes;
  translated.coalesce_carriage_returns = o.coalesce_carriage_returns != 0;
  translated.async_flags = o.async_flags;
  translated.drain_timeout_ms = o.drain_timeout_ms;
  translated.input_timeout_ms = o.input_timeout_ms;
  translated.display_limit_bytes = o.display_limit_bytes;
  translated.progress_rate_per_s = o.progress_rate_per_s;
  translated.ast_cache_entries = o.ast_cache_entries;
  translated.code_cache_entries = o.code_cache_entries;
  translated.snapshot_limit = o.snapshot_limit;
  translated.restart_policy = o.restart_policy;
  translated.checkpoint_limit = o.checkpoint_limit;
  translated.trace_bytes = o.trace_bytes;
  translated.trace_level = o.trace_level;
  translated.trace_transport = o.trace_transport;
  translated.snapshot_memory_limit_bytes = o.snapshot_memory_limit_bytes;
  auto calls = read_access(o.bridge, o.rules, o.rule_count);
  if (!calls.ok()) {
    return calls.status();
  }
  translated.calls = std::move(calls.value());
  return translated;
}

extern "C" {

void capsule_session_options_init(capsule_session_options *options, uint32_t struct_size) {
  const capsule::SessionOptions d;
  capsule_session_options defaults{};
  defaults.executor = CAPSULE_EXECUTOR_PYTHON;
  defaults.start = CAPSULE_START_FORK;
  defaults.queue_limit = d.queue_limit;
  defaults.start_timeout_ms = d.start_timeout_ms;
  defaults.cancel_grace_ms = d.cancel_grace_ms;
  defaults.heartbeat_interval_ms = d.heartbeat_interval_ms;
  defaults.wait_ready = d.wait_ready ? 1 : 0;
  defaults.output_window_bytes = d.output_window_bytes;
  defaults.output_queue_bytes = d.output_queue_bytes;
  defaults.rate_limit_burst = d.rate_limit_burst;
  defaults.mode = d.mode;
  defaults.idle_tasks = d.idle_tasks ? 1 : 0;
  defaults.late_output = d.late_output;
  defaults.drain_timeout_ms = d.drain_timeout_ms;
  defaults.input_timeout_ms = d.input_timeout_ms;
  defaults.display_limit_bytes = d.display_limit_bytes;
  defaults.progress_rate_per_s = d.progress_rate_per_s;
  defaults.ast_cache_entries = d.ast_cache_entries;
  defaults.code_cache_entries = d.code_cache_entries;
  defaults.snapshot_limit = d.snapshot_limit;
  defaults.checkpoint_limit = d.checkpoint_limit;
  defaults.trace_bytes = d.trace_bytes;
  defaults.trace_level = d.trace_level;
  defaults.trace_transport = d.trace_transport;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_session_open(capsule_runtime *runtime, const capsule_session_options *options, capsule_session **session,
                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    if (session == nullptr) {
      return {CAPSULE_E_ARGUMENT, "session is NULL"};
    }
    *session = nullptr;
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    auto translated = read_session_options(options);
    if (!translated.ok()) {
      return translated.status();
    }
    const bool wait = translated.value().wait_ready;
    if (Status status = wait ? check_may_wait("capsule_session_open") : Status(); !status.ok()) {
      return status;
    }
    auto opened = found.value()->open_session(std::move(translated.value()));
    if (!opened.ok()) {
      return opened.status();
    }
    if (Status status = wait ? opened.value()->wait_ready(capsule::kNoDeadline) : Status(); !status.ok()) {
      static_cast<void>(opened.value()->close(0));  // when this returns, nothing of it is left
      opened.value()->drop_handle();
      return status;
    }
    *session = make_handle<capsule_session>(std::move(opened.value()));
    return {};
  });
}

capsule_status capsule_session_wait_ready(capsule_session *session, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("timeout_ms", timeout_ms, -1, kDayMs); !status.ok()) {
      return status;
    }
    if (Status status = timeout_ms != 0 ? check_may_wait("capsule_session_wait_ready") : Status(); !status.ok()) {
      return status;
    }
    return found.value()->wait_ready(capsule::deadline_after_ms(timeout_ms));
  });
}

capsule_status capsule_session_restart(capsule_session *session, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_may_wait("capsule_session_restart"); !status.ok()) {
      return status;
    }
    return found.value()->restart();
  });
}

capsule_status capsule_session_close(capsule_session *session, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("timeout_ms", timeout_ms, 0, kDayMs); !status.ok()) {
      return status;
    }
    if (Status status = check_may_wait("capsule_session_close"); !status.ok()) {
      return status;
    }
    return found.value()->close(timeout_ms);
  });
}

void capsule_session_release(capsule_session *session) {
  release_handle(session, [](auto &taken) { taken.drop_handle(); });
}

capsule_status capsule_session_get_info(capsule_session *session, capsule_session_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

capsule_status capsule_session_get_executor_metrics(capsule_session *session, capsule_executor_metrics *metrics,
                                                    capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    return found.ok() ? write_struct(metrics, found.value()->executor_metrics(), "metrics") : found.status();
  });
}

capsule_status capsule_session_get_async_metrics(capsule_session *session, capsule_async_metrics *metrics,
                                                 capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    return found.ok() ? write_struct(metrics, found.value()->async_metrics(), "metrics") : found.status();
  });
}

capsule_status capsule_session_get_limiter_metrics(capsule_session *session, capsule_limiter_metrics *metrics,
                                                   capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto taken = found.value()->limiter_metrics();
    return taken.ok() ? write_struct(metrics, taken.value(), "metrics") : taken.status();
  });
}

capsule_status capsule_session_set_log_level(capsule_session *session, int32_t level, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("level", level, 0, CAPSULE_LOG_OFF); !status.ok()) {
      return status;
    }
    found.value()->set_log_level(level);
    return {};
  });
}

const char *capsule_session_state_name(int32_t state) {
  constexpr const char *names[] = {"unknown", "creating", "warming",       "ready",     "busy",
                                   "idle",    "error",    "shutting_down", "terminated"};
  return state >= 0 && static_cast<std::size_t>(state) < std::size(names) ? names[state] : names[0];
}

}  // extern "C"
