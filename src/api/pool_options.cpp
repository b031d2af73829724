#include "api/pool_options.hpp"

#include <algorithm>
#include <cctype>

#include "api/call.hpp"
#include "api/session_options.hpp"

using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::size_t kMaxImports = 4096;
constexpr std::size_t kMaxModule = 1024;
constexpr std::size_t kMaxWarmUp = 1U << 20U;

// Letters, digits, underscores and dots; bytes of other letters are Python's to judge.
bool is_module_name(const std::string &name) {
  const auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c >= 0x80; };
  return !name.empty() && name.front() != '.' && name.back() != '.' && std::all_of(name.begin(), name.end(), part);
}

Status read_imports(const capsule_pool_options &o, std::vector<std::string> &imports) {
  if (o.import_count > kMaxImports) {
    return {CAPSULE_E_ARGUMENT, "options.import_count is " + std::to_string(o.import_count) + "; it can be 0 to 4096"};
  }
  if (o.imports == nullptr && o.import_count > 0) {
    return {CAPSULE_E_ARGUMENT, "options.imports is NULL but has a count"};
  }
  for (std::size_t i = 0; i < o.import_count; ++i) {
    const std::string element = "options.imports[" + std::to_string(i) + "]";
    auto name = read_text(element.c_str(), o.imports[i], kMaxModule);
    if (!name.ok()) {
      return name.status();
    }
    if (!is_module_name(name.value())) {
      return {CAPSULE_E_ARGUMENT, element + " is no name of a module"};
    }
    imports.push_back(std::move(name.value()));
  }
  return {};
}

Status check_numbers(const capsule_pool_options &o) {
  struct Check {
    const char *name;
    std::int64_t value;
    std::int64_t least;
    std::int64_t most;
  };
  const Check checks[] = {
      {"options.max_sessions", o.max_sessions, 1, 10'000},
      {"options.min_idle", o.min_idle, 0, o.max_sessions},
      {"options.reset", o.reset, CAPSULE_RESET_PRISTINE, CAPSULE_RESET_NEW_PROCESS},
      {"options.warmup_timeout_ms", o.warmup_timeout_ms, 1, kDayMs},
      {"options.imports_fatal", o.imports_fatal, 0, 1},
      {"options.pre_warm", o.pre_warm, 0, 1},
      {"options.idle_timeout_ms", o.idle_timeout_ms, 0, kDayMs},
      {"options.health_interval_ms", o.health_interval_ms, 10, kDayMs},
      {"options.acquire_timeout_ms", o.acquire_timeout_ms, -1, kDayMs},
      {"options.recycle_age_ms", o.recycle_age_ms, 0, kYearMs},
      {"options.max_waiters", o.max_waiters, 0, 1'000'000},
      {"options.trace_bytes", o.trace_bytes, o.trace_bytes == 0 ? 0 : 4 << 10, 1 << 30},
      {"options.breaker_failures", o.breaker_failures, 1, 1'000},
      {"options.breaker_pause_ms", o.breaker_pause_ms, 1, kDayMs},
      {"options.breaker_pause_max_ms", o.breaker_pause_max_ms, o.breaker_pause_ms, kDayMs},
  };
  for (const Check &check : checks) {
    if (Status status = check_range(check.name, check.value, check.least, check.most); !status.ok()) {
      return status;
    }
  }
  return {};
}

// What a session of a pool may not have.
Status check_session(const capsule::PoolOptions &options) {
  if (options.session.restart_policy != CAPSULE_RESTART_MANUAL) {
    return {CAPSULE_E_ARGUMENT, "options.session: a pool replaces sessions that die, its restart_policy can only be manual"};
  }
  const bool echo = options.session.profile.executor == CAPSULE_EXECUTOR_ECHO;
  if (echo && !options.warm_up.imports.empty()) {
    return {CAPSULE_E_ARGUMENT, "options.imports: the echo executor has no modules"};
  }
  if (echo && options.reset == CAPSULE_RESET_CLEAR_NAMES) {
    return {CAPSULE_E_ARGUMENT, "options.reset: the echo executor cannot clear names"};
  }
  return {};
}

}  // namespace

Result<capsule::PoolOptions> capsule::api::read_pool_options(const capsule_pool_options *given) {
  auto options = read_options(given, capsule_pool_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_pool_options &o = options.value();
  capsule::PoolOptions translated;
  auto session = read_session_options(o.session);
  auto code = read_text("options.warmup", o.warmup, kMaxWarmUp);
  for (const Status &status : {check_numbers(o), code.status(), read_imports(o, translated.warm_up.imports)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (!session.ok()) {
    return Status(session.status().code(), "options.session: " + session.status().message());
  }
  auto name = read_text("options.name", o.name, kMaxName);
  if (!name.ok() || name.value() == capsule::kNoPool) {
    return name.ok() ? Status(CAPSULE_E_ARGUMENT, "options.name: \"none\" is what sessions without a pool are counted under")
                     : name.status();
  }
  translated.session = std::move(session.value());
  translated.session.pool = name.value().empty() ? capsule::kUnnamedPool : name.value();
  translated.warm_up.code = std::move(code.value());
  translated.warm_up.timeout_ms = o.warmup_timeout_ms;
  translated.warm_up.imports_fatal = o.imports_fatal != 0;
  translated.warm_up.clears_names = o.reset == CAPSULE_RESET_CLEAR_NAMES;
  translated.min_idle = o.min_idle;
  translated.max_sessions = o.max_sessions;
  translated.reset = o.reset;
  translated.pre_warm = o.pre_warm != 0;
  translated.idle_timeout_ms = o.idle_timeout_ms;
  translated.health_interval_ms = o.health_interval_ms;
  translated.acquire_timeout_ms = o.acquire_timeout_ms;
  translated.recycle_executions = o.recycle_executions;
  translated.recycle_age_ms = o.recycle_age_ms;
  translated.recycle_growth_bytes = o.recycle_growth_bytes;
  translated.session_memory_bytes = o.session_memory_bytes;
  translated.pool_memory_bytes = o.pool_memory_bytes;
  translated.max_waiters = o.max_waiters;
  translated.trace_bytes = o.trace_bytes;
  translated.breaker_failures = o.breaker_failures;
  translated.breaker_pause_ms = o.breaker_pause_ms;
  translated.breaker_pause_max_ms = o.breaker_pause_max_ms;
  if (Status status = check_session(translated); !status.ok()) {
    return status;
  }
  return translated;
}

extern "C" {

void capsule_pool_options_init(capsule_pool_options *options, uint32_t struct_size) {
  const capsule::PoolOptions d;
  capsule_pool_options defaults{};
  defaults.min_idle = d.min_idle;
  defaults.max_sessions = d.max_sessions;
  defaults.reset = d.reset;
  defaults.warmup_timeout_ms = d.warm_up.timeout_ms;
  defaults.pre_warm = d.pre_warm ? 1 : 0;
  defaults.idle_timeout_ms = d.idle_timeout_ms;
  defaults.health_interval_ms = d.health_interval_ms;
  defaults.acquire_timeout_ms = d.acquire_timeout_ms;
  defaults.recycle_executions = d.recycle_executions;
  defaults.max_waiters = d.max_waiters;
  defaults.trace_bytes = d.trace_bytes;
  defaults.breaker_failures = d.breaker_failures;
  defaults.breaker_pause_ms = d.breaker_pause_ms;
  defaults.breaker_pause_max_ms = d.breaker_pause_max_ms;
  write_defaults(options, struct_size, defaults);
}

}  // extern "C"
