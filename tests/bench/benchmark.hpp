// A benchmark: what it is given and what it reports.
#pragma once

#include <string>
#include <vector>

namespace bench {

struct Context {
  std::string python;   // the real executable, for the library, floors and peers alike
  std::string version;  // of it
  std::string folder;   // of the Python programs

  [[nodiscard]] std::string script(const std::string &name) const { return folder + "/" + name; }
};

// Whether the floor of a row is a goal, and which of its sides is the good one.
enum class Goal { kNone, kAtMost, kAtLeast };

struct Row {
  std::string name;
  double value;
  std::string unit;
  double floor;
  std::string peer;  // what the floor is
  std::string how;   // one sentence
  Goal goal = Goal::kNone;
};

using Rows = std::vector<Row>;

Rows exec_roundtrip(const Context &context);
Rows first_line(const Context &context);
Rows session_start(const Context &context);
Rows cold_start(const Context &context);
Rows idle_cpu(const Context &context);
Rows session_memory(const Context &context);
Rows print_throughput(const Context &context);
Rows fd_throughput(const Context &context);
Rows cancel_loop(const Context &context);
Rows cancel_under_flood(const Context &context);
Rows kill_c_loop(const Context &context);
Rows stack(const Context &context);
Rows snapshot(const Context &context);
Rows buffers(const Context &context);
Rows checkpoint(const Context &context);
Rows host_call(const Context &context);
Rows host_calls_open(const Context &context);
Rows promise_store(const Context &context);
Rows promise_durable(const Context &context);
Rows pool_acquire(const Context &context);
Rows pool_pristine(const Context &context);
Rows pool_scaling(const Context &context);
Rows pool_fairness(const Context &context);
Rows pool_memory(const Context &context);
Rows prometheus_text(const Context &context);
Rows metrics_snapshot(const Context &context);
Rows counter_increment(const Context &context);
Rows diagnostics_overhead(const Context &context);
Rows telemetry_memory(const Context &context);
Rows binding_cpp(const Context &context);
Rows binding_python(const Context &context);
Rows binding_go(const Context &context);
Rows binding_rust(const Context &context);
Rows trace_event(const Context &context);
Rows trace_query(const Context &context);
Rows binding_csharp_mono(const Context &context);
Rows binding_csharp_coreclr(const Context &context);

}  // namespace bench
