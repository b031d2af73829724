#include "cli/session_info.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace capsule::cli {
namespace {

std::string format(const char *pattern, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, value);
  return text.data();
}

std::string duration_text(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  return ns < 1'000'000'000 ? format("%.1f ms", value / 1e6) : format("%.2f s", value / 1e9);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKiB = 1024;
  constexpr std::uint64_t kMiB = kKiB * kKiB;
  const auto value = static_cast<double>(bytes);
  if (bytes < kKiB) {
    return std::to_string(bytes) + " B";
  }
  return bytes < kMiB ? format("%.1f KiB", value / kKiB) : format("%.1f MiB", value / kMiB);
}

// libstdc++'s steady clock is CLOCK_MONOTONIC, the clock of the struct.
std::string moment_text(std::uint64_t ns) {
  if (ns == 0) {
    return "never";
  }
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - static_cast<std::int64_t>(ns);
  return duration_text(age > 0 ? static_cast<std::uint64_t>(age) : 0) + " ago";
}

class Fields {
 public:
  void number(const char *name, std::uint64_t value) { add(name, value, std::to_string(value)); }
  void bytes(const char *name, std::uint64_t value) { add(name, value, bytes_text(value)); }
  void duration(const char *name, std::uint64_t value) { add(name, value, duration_text(value)); }
  void moment(const char *name, std::uint64_t value) { add(name, value, moment_text(value)); }
  void ratio(const char *name, double value) { add(name, value, format("%.2f", value)); }
  void text(const char *name, const std::string &value) { add(name, value, value.empty() ? "-" : value); }
  std::vector<InfoField> take() { return std::move(fields_); }

 private:
  void add(const char *name, nlohmann::ordered_json value, std::string text) {
    fields_.push_back({name, std::move(value), std::move(text)});
  }
  std::vector<InfoField> fields_;
};

void add_identity(Fields &fields, const capsule_session_info &info) {
  fields.text("state", capsule_session_state_name(info.state));
  fields.number("session_id", info.session_id);
  fields.number("pid", static_cast<std::uint64_t>(info.pid));
  fields.number("executor", static_cast<std::uint64_t>(info.executor));
  fields.moment("created_ns", info.created_ns);
  fields.moment("last_used_ns", info.last_used_ns);
  fields.moment("ready_ns", info.ready_ns);
}

void add_executions(Fields &fields, const capsule_session_info &info) {
  fields.number("current_execution_id", info.current_execution_id);
  fields.number("executions_queued", info.executions_queued);
  fields.number("executions_started", info.executions_started);
  fields.number("executions_succeeded", info.executions_succeeded);
  fields.number("executions_failed", info.executions_failed);
  fields.number("executions_canceled", info.executions_canceled);
  fields.number("executions_timed_out", info.executions_timed_out);
  fields.number("executions_killed", info.executions_killed);
  fields.number("executions_died", info.executions_died);
  fields.number("executions_refused", info.executions_refused);
  fields.number("cancels_noop", info.cancels_noop);
  fields.number("restarts", info.restarts);
}

void add_traffic(Fields &fields, const capsule_session_info &info) {
  fields.number("frames_sent", info.frames_sent);
  fields.number("frames_received", info.frames_received);
  fields.number("frames_unknown", info.frames_unknown);
  fields.number("frames_rejected", info.frames_rejected);
  fields.bytes("bytes_sent", info.bytes_sent);
  fields.bytes("bytes_received", info.bytes_received);
  fields.bytes("output_bytes", info.output_bytes);
  fields.bytes("late_output_bytes", info.late_output_bytes);
  fields.bytes("late_output_delivered_bytes", info.late_output_delivered_bytes);
  fields.bytes("left_out_output_bytes", info.left_out_output_bytes);
  fields.bytes("invalid_output_bytes", info.invalid_output_bytes);
  fields.bytes("abandoned_output_bytes", info.abandoned_output_bytes);
  fields.bytes("recovered_output_bytes", info.recovered_output_bytes);
  fields.number("displays", info.displays);
  fields.number("displays_incomplete", info.displays_incomplete);
  fields.number("input_requests", info.input_requests);
}

void add_health(Fields &fields, const capsule_session_info &info) {
  fields.number("heartbeats", info.heartbeats);
  fields.moment("heartbeat_ns", info.heartbeat_ns);
  fields.bytes("resident_bytes", info.resident_bytes);
  fields.bytes("private_bytes", info.private_bytes);
  fields.duration("cpu_ns", info.cpu_ns);
  fields.ratio("cpu_ratio", info.cpu_ratio);
  fields.number("namespace_size", info.namespace_size);
  fields.duration("execution_age_ns", info.execution_age_ns);
  fields.number("threads", info.threads);
  fields.text("death_reason", capsule_death_reason_name(info.death_reason));
  fields.text("python_version", info.python_version);
  fields.text("last_error_type", info.last_error_type);
}

}  // namespace

std::vector<InfoField> info_fields(const capsule_session_info &info) {
  Fields fields;
  add_identity(fields, info);
  add_executions(fields, info);
  add_traffic(fields, info);
  add_health(fields, info);
  return fields.take();
}

}  // namespace capsule::cli
