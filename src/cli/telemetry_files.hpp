// The files of --trace and --metrics.
#pragma once

#include <memory>
#include <string>

#include "capsule.hpp"
#include "cli/arguments.hpp"

namespace capsule::cli {

class TelemetryFiles {
 public:
  // Traces what the runtime does from now on.
  TelemetryFiles(const RunArguments &arguments, Runtime &runtime);
  // Writes what is left when sessions are closed. What cannot be written throws.
  void finish();

 private:
  struct Release {
    void operator()(capsule_exporter *exporter) const { capsule_exporter_release(exporter); }
  };
  void write_metrics() const;

  const RunArguments &arguments_;
  Runtime &runtime_;
  std::unique_ptr<capsule_exporter, Release> exporter_;
};

}  // namespace capsule::cli
