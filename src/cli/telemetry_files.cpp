#include "cli/telemetry_files.hpp"

#include <cstdio>
#include <stdexcept>

namespace capsule::cli {
namespace {

constexpr std::int64_t kFlushMs = 10'000;

struct MetricsText {
  capsule_metrics_text raw{.struct_size = sizeof(capsule_metrics_text)};
  MetricsText() = default;
  MetricsText(const MetricsText &) = delete;
  MetricsText &operator=(const MetricsText &) = delete;
  ~MetricsText() { capsule_metrics_text_release(&raw); }
};

}  // namespace

TelemetryFiles::TelemetryFiles(const RunArguments &arguments, Runtime &runtime) : arguments_(arguments), runtime_(runtime) {
  if (arguments.trace_path.empty()) {
    return;
  }
  capsule_exporter_options options = detail::defaults(capsule_exporter_options_init);
  options.kind = arguments.trace_path.ends_with(".ndjson") ? CAPSULE_EXPORTER_NDJSON : CAPSULE_EXPORTER_CHROME;
  options.name = capsule_text_from("trace");
  options.path = {arguments.trace_path.data(), arguments.trace_path.size()};
  capsule_exporter *exporter = nullptr;
  detail::call(capsule_exporter_create, runtime.capi(), &options, &exporter);
  exporter_.reset(exporter);
}

void TelemetryFiles::finish() {
  if (exporter_) {
    detail::call(capsule_exporter_flush, exporter_.get(), kFlushMs);
    const auto info = detail::info(capsule_exporter_get_info, exporter_.get());
    if (info.failed > 0) {
      throw std::runtime_error(arguments_.trace_path + ": " + std::to_string(info.failed) + " events could not be written");
    }
  }
  if (!arguments_.metrics_path.empty()) {
    write_metrics();
  }
}

void TelemetryFiles::write_metrics() const {
  MetricsText text;
  detail::call(capsule_runtime_get_prometheus, runtime_.capi(), &text.raw);
  std::FILE *file = std::fopen(arguments_.metrics_path.c_str(), "we");
  bool written = file != nullptr;
  if (file != nullptr) {
    written = std::fwrite(text.raw.text.data, 1, text.raw.text.size, file) == text.raw.text.size;
    written = std::fclose(file) == 0 && written;
  }
  if (!written) {
    throw std::runtime_error(arguments_.metrics_path + ": cannot be written");
  }
}

}  // namespace capsule::cli
