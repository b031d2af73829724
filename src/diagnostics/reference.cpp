#include "diagnostics/reference.hpp"

#include <set>

#include "diagnostics/prometheus.hpp"
#include "diagnostics/signals.hpp"

namespace capsule {
namespace {

constexpr const char *kIntroduction =
    "# Signals\n\nEvery metric, every kind of trace event and every event of the log.\n\n## Metrics\n\n"
    "Made from the table in `src/diagnostics/signal_table.hpp` by `cmake --build build --target signals_page`; a test fails "
    "where the\n"
    "two differ. `capsule_runtime_get_prometheus()` (`metrics.h`) gives all of them as text, under the names below; the "
    "structs named\n"
    "beside them have the same numbers of one session, pool or bridge.\n\n"
    "- Counters never fall while their runtime lives, and include what is gone: sessions, pools, bridges, workers.\n"
    "- Times are in seconds, sizes in bytes.\n"
    "- The label `pool` is the name of a pool (`capsule_pool_options.name`, else `unnamed`), or `none`: sessions without one.\n"
    "- Labels have the values listed at the end, and no others; names of capabilities and exporters are the host's own. No "
    "number of a\n"
    "  session or execution is ever one, nor anything that code handled. Beyond 256 names, the rest is `other`.\n"
    "- Rows marked *opt-in* are there only where a session was opened with `enable_metrics`.\n"
    "- Messages that never went a way, and histograms by a label without an entry, are left out.\n"
    "- `capsule_build_info{version, abi}` is always 1.\n\n";

const char *kind_of(const SignalInfo &info) {
  return info.is_histogram() ? "histogram" : info.kind == SignalKind::kCounter ? "counter" : "gauge";
}

std::string labels_of(const SignalInfo &info) {
  std::string labels = info.pooled ? "pool" : "";
  for (const SignalLabel label : {info.first, info.second}) {
    if (label != SignalLabel::kNone) {
      labels += labels.empty() ? "" : ", ";
      labels += info_of(label).name;
    }
  }
  return labels.empty() ? "–" : labels;
}

void add_row(std::string &page, const SignalInfo &info) {
  page += "| `capsule_" + std::string(info.name) + (info.kind == SignalKind::kCounter ? "_total" : "") + "` | " +
          kind_of(info) + " | " + labels_of(info) + " | " + (info.opt_in ? "*opt-in.* " : "") + std::string(info.help) + " | " +
          (info.fields.empty() ? "–" : "`" + std::string(info.fields) + "`") + " |\n";
}

void add_values(std::string &page, const SignalInfo &info, std::set<std::string> &told) {
  for (const SignalLabel label : {info.first, info.second}) {
    const LabelInfo &of = info_of(label);
    if (of.values.empty()) {
      continue;
    }
    std::string row = "| `" + std::string(info.name) + "` | " + std::string(of.name) + " | ";
    for (const char *value : of.values) {
      row += std::string(value == of.values.front() ? "" : ", ") + "`" + value + "`";
    }
    if (told.insert(row).second) {
      page += row + " |\n";
    }
  }
}

std::string bounds_of(Signal histogram) {
  const SignalInfo &info = info_of(histogram);
  return bucket_bound(info, 0) + ", " + bucket_bound(info, 1) + ", … " + bucket_bound(info, info.buckets() - 2) + ", +Inf";
}

}  // namespace

std::string signals_reference() {
  std::string page = kIntroduction;
  page += "| metric | kind | labels | meaning | in the structs |\n|---|---|---|---|---|\n";
  for (const SignalInfo &info : kSignalTable) {
    add_row(page, info);
  }
  page += "\n### Buckets\n\nEach is twice the one before.\n\n| histograms | upper bounds |\n|---|---|\n";
  page += "| of times | " + bounds_of(Signal::execution_duration_seconds) + " |\n";
  page += "| `bridge_resolution_duration_seconds` | " + bounds_of(Signal::bridge_resolution_duration_seconds) + " |\n";
  page += "| of bytes | " + bounds_of(Signal::checkpoint_size_bytes) + " |\n";
  page += "\n### Labels\n\n| metric | label | values |\n|---|---|---|\n";
  std::set<std::string> told;
  for (const SignalInfo &info : kSignalTable) {
    add_values(page, info, told);
  }
  return page;
}

}  // namespace capsule
