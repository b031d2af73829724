// capsule-bench: the library's speed as ratios against floors and peers of the same run.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "benchmark.hpp"
#include "child.hpp"
#include "goals.hpp"

namespace {

using bench::Context;
using bench::Row;
using bench::Rows;

constexpr const char *kUsage = "usage: capsule-bench [--json] [--check] [--python PATH] [NAME...]\n";

struct Entry {
  std::string_view name;
  Rows (*run)(const Context &context);
};

constexpr auto kEntries = std::to_array<Entry>({
    {"exec_roundtrip", bench::exec_roundtrip},
    {"session_start", bench::session_start},
    {"cold_start", bench::cold_start},
    {"idle_cpu", bench::idle_cpu},
    {"session_memory", bench::session_memory},
    {"print_throughput", bench::print_throughput},
    {"first_line", bench::first_line},
    {"fd_throughput", bench::fd_throughput},
    {"cancel_loop", bench::cancel_loop},
    {"cancel_under_flood", bench::cancel_under_flood},
    {"kill_c_loop", bench::kill_c_loop},
    {"stack", bench::stack},
    {"snapshot", bench::snapshot},
    {"buffers", bench::buffers},
    {"checkpoint", bench::checkpoint},
    {"host_call", bench::host_call},
    {"host_calls_open", bench::host_calls_open},
    {"promise_store", bench::promise_store},
    {"promise_durable", bench::promise_durable},
    {"pool_acquire", bench::pool_acquire},
    {"pool_pristine", bench::pool_pristine},
    {"pool_scaling", bench::pool_scaling},
    {"pool_fairness", bench::pool_fairness},
    {"pool_memory", bench::pool_memory},
    {"prometheus_text", bench::prometheus_text},
    {"metrics_snapshot", bench::metrics_snapshot},
    {"counter_increment", bench::counter_increment},
    {"diagnostics_overhead", bench::diagnostics_overhead},
    {"telemetry_memory", bench::telemetry_memory},
    {"binding_cpp", bench::binding_cpp},
    {"binding_python", bench::binding_python},
    {"binding_go", bench::binding_go},
    {"binding_rust", bench::binding_rust},
    {"trace_event", bench::trace_event},
    {"trace_query", bench::trace_query},
    {"binding_csharp_mono", bench::binding_csharp_mono},
    {"binding_csharp_coreclr", bench::binding_csharp_coreclr},
});

struct Arguments {
  bool json = false;
  bool check = false;  // a goal that is not met is a failure
  std::string python;
  std::vector<std::string_view> names;
};

[[noreturn]] void refuse(const std::string &reason) {
  std::fprintf(stderr, "capsule-bench: %s\n%snames:", reason.c_str(), kUsage);
  for (const Entry &entry : kEntries) {
    std::fprintf(stderr, " %s", entry.name.data());
  }
  std::fprintf(stderr, "\n");
  std::exit(2);
}

bool is_name(std::string_view text) {
  return std::any_of(kEntries.begin(), kEntries.end(), [&](const Entry &entry) { return entry.name == text; });
}

Arguments parse(int argc, char **argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      arguments.json = true;
    } else if (argument == "--check") {
      arguments.check = true;
    } else if (argument == "--python") {
      if (++i == argc) {
        refuse("--python needs a path");
      }
      arguments.python = argv[i];
    } else if (!is_name(argument)) {
      refuse("there is no benchmark named " + std::string(argument));
    } else {
      arguments.names.push_back(argument);
    }
  }
  return arguments;
}

// What the interpreter itself says it is: a shim costs tens of milliseconds at each start.
Context find_python(std::string python) {
  const char *from_environment = std::getenv("CAPSULE_PYTHON");
  if (python.empty()) {
    python = from_environment != nullptr && *from_environment != '\0' ? from_environment : "python3";
  }
  Context context;
  try {
    bench::Child child({python, "-c", "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])"});
    context.python = child.read_line();
    context.version = child.read_line();
  } catch (const bench::Failure &failure) {
    bench::fail("%s cannot be run as a Python interpreter: %s", python.c_str(), failure.what());
  }
  return context;
}

std::string find_scripts() {
#ifdef CAPSULE_BENCH_DIR
  return CAPSULE_BENCH_DIR;
#else
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  for (auto folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "tests/bench/writer.py")) {
      return folder / "tests/bench";
    }
  }
  bench::fail("tests/bench is in no folder above %s", program.c_str());
#endif
}

// No figure is known to more than four digits.
double rounded(double value) { return std::strtod(bench::format("%.4g", value).c_str(), nullptr); }

void print_json(const Rows &rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row &row : rows) {
    nlohmann::ordered_json ratio = nullptr;
    if (row.floor > 0) {
      ratio = rounded(row.value / row.floor);
    }
    nlohmann::ordered_json is_met = nullptr;
    if (row.goal != bench::Goal::kNone) {
      is_met = bench::met(row);
    }
    list.push_back({{"name", row.name},
                    {"value", rounded(row.value)},
                    {"unit", row.unit},
                    {"floor", rounded(row.floor)},
                    {"ratio", ratio},
                    {"peer", row.peer},
                    {"how", row.how},
                    {"goal_met", is_met}});
  }
  std::printf("%s\n", list.dump(2).c_str());
}

void print_table(const Rows &rows) {
  std::printf("%-24s %10s %-5s %10s %7s\n", "name", "value", "unit", "floor", "ratio");
  for (const Row &row : rows) {
    const std::string ratio = row.floor > 0 ? bench::format("%.2f", row.value / row.floor) : "-";
    std::printf("%-24s %10.4g %-5s", row.name.c_str(), row.value, row.unit.c_str());
    std::printf(" %10.4g %7s\n", row.floor, ratio.c_str());
  }
  for (const Row &row : rows) {
    std::printf("\n%s\n  floor: %s\n  how: %s\n", row.name.c_str(), row.peer.c_str(), row.how.c_str());
  }
}

// Those that fail; the others' rows are there all the same.
std::vector<bench::NotRun> run_all(const Arguments &arguments, const Context &context, Rows &rows) {
  std::vector<bench::NotRun> failed;
  for (const Entry &entry : kEntries) {
    const auto &names = arguments.names;
    if (!names.empty() && std::find(names.begin(), names.end(), entry.name) == names.end()) {
      continue;
    }
    try {
      const Rows more = entry.run(context);
      rows.insert(rows.end(), more.begin(), more.end());
    } catch (const std::exception &failure) {
      failed.push_back({std::string(entry.name), failure.what()});
    }
  }
  return failed;
}

}  // namespace

int main(int argc, char **argv) {
  const Arguments arguments = parse(argc, argv);
  // A peer that died is reported as such by the write that finds out.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Context context = find_python(arguments.python);
    context.folder = find_scripts();
    Rows rows;
    const std::vector<bench::NotRun> failed = run_all(arguments, context, rows);
    arguments.json ? print_json(rows) : print_table(rows);
    std::fflush(stdout);
    const bench::Verdict verdict = bench::verdict_on(rows, failed);
    std::fprintf(stderr, "\n%s", verdict.text.c_str());
    return failed.empty() && (verdict.all_met || !arguments.check) ? 0 : 1;
  } catch (const std::exception &failure) {
    std::fprintf(stderr, "capsule-bench: %s\n", failure.what());
    return 1;
  }
}
