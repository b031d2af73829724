#include "cli/settings.hpp"

#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <type_traits>

#include "cli/arguments.hpp"

namespace capsule::cli {
namespace {

// An option: its name, and what takes its value; false where that is none of its kind.
template <typename Options>
struct Setting {
  std::string_view name;
  bool (*set)(Options &options, std::string_view value);
};

template <typename Number>
bool read(std::string_view text, Number &number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

template <auto Member, typename Options>
bool take(Options &options, std::string_view value) {
  auto &field = options.*Member;
  using Field = std::remove_reference_t<decltype(field)>;
  if constexpr (std::is_same_v<Field, std::string>) {
    field = value;
    return true;
  } else if constexpr (std::is_same_v<Field, bool>) {
    field = value == "1";
    return value == "0" || value == "1";
  } else if constexpr (std::is_same_v<Field, Milliseconds>) {
    std::int64_t count = 0;
    const bool valid = read(value, count);
    field = Milliseconds(count);
    return valid;
  } else {
    return read(value, field);
  }
}

// One of an enumeration's names, in the order of their numbers from 0.
template <auto Member, auto &names, typename Options>
bool choose(Options &options, std::string_view value) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == value) {
      options.*Member = static_cast<std::int32_t>(i);
      return true;
    }
  }
  return false;
}

constexpr std::array<std::string_view, 2> kExecutors{"python", "echo"};
constexpr std::array<std::string_view, 2> kStarts{"fork", "spawn"};
constexpr std::array<std::string_view, 4> kOutputPolicies{"block", "drop_new", "error", "drop_oldest"};
constexpr std::array<std::string_view, 3> kLateOutputs{"adopt", "deliver", "drop"};
constexpr std::array<std::string_view, 3> kModes{"auto", "sync", "async"};
constexpr std::array<std::string_view, 2> kRestartPolicies{"manual", "fresh"};
constexpr std::array<std::string_view, 3> kTransactions{"commit", "rollback_on_failure", "rollback_always"};
constexpr std::array<std::string_view, 2> kScopes{"memory", "names"};

using S = SessionOptions;
constexpr Setting<S> kSessionSettings[] = {
    {"cancel_grace_ms", take<&S::cancel_grace, S>},
    {"coalesce_carriage_returns", take<&S::coalesce_carriage_returns, S>},
    {"display_limit_bytes", take<&S::display_limit_bytes, S>},
    {"drain_timeout_ms", take<&S::drain_timeout, S>},
    {"enable_metrics", take<&S::enable_metrics, S>},
    {"executor", choose<&S::executor, kExecutors, S>},
    {"heartbeat_interval_ms", take<&S::heartbeat_interval, S>},
    {"idle_tasks", take<&S::idle_tasks, S>},
    {"input_timeout_ms", take<&S::input_timeout, S>},
    {"late_output", choose<&S::late_output, kLateOutputs, S>},
    {"mode", choose<&S::mode, kModes, S>},
    {"output_budget_bytes", take<&S::output_budget_bytes, S>},
    {"output_policy", choose<&S::output_policy, kOutputPolicies, S>},
    {"progress_rate_per_s", take<&S::progress_rate_per_s, S>},
    {"rate_limit_burst", take<&S::rate_limit_burst, S>},
    {"rate_limit_per_s", take<&S::rate_limit_per_s, S>},
    {"restart_policy", choose<&S::restart_policy, kRestartPolicies, S>},
    {"start", choose<&S::start, kStarts, S>},
    {"start_timeout_ms", take<&S::start_timeout, S>},
    {"working_directory", take<&S::working_directory, S>},
};

using E = ExecutionOptions;
constexpr Setting<E> kExecutionSettings[] = {
    {"file_name", take<&E::file_name, E>},
    {"mode", choose<&E::mode, kModes, E>},
    {"output_budget_bytes", take<&E::output_budget_bytes, E>},
    {"timeout_ms", take<&E::timeout, E>},
    {"traceparent", take<&E::traceparent, E>},
    {"tracestate", take<&E::tracestate, E>},
    {"transaction", choose<&E::transaction, kTransactions, E>},
    {"transaction_scope", choose<&E::transaction_scope, kScopes, E>},
};

template <typename Options>
void set(std::span<const Setting<Options>> settings, const char *what, Options &options, const std::string &text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  std::string known;
  for (const Setting<Options> &setting : settings) {
    if (setting.name == name && equals != std::string::npos) {
      if (!setting.set(options, std::string_view(text).substr(equals + 1))) {
        throw UsageError(name + " cannot be '" + text.substr(equals + 1) + "'");
      }
      return;
    }
    known += std::string(known.empty() ? "" : ", ") + std::string(setting.name);
  }
  throw UsageError("'" + text + "' is no NAME=VALUE of an option of " + what + "; their names: " + known);
}

}  // namespace

void set_option(SessionOptions &options, const std::string &setting) {
  set<SessionOptions>(kSessionSettings, "the session", options, setting);
}

void set_option(ExecutionOptions &options, const std::string &setting) {
  set<ExecutionOptions>(kExecutionSettings, "the executions", options, setting);
}

}  // namespace capsule::cli
