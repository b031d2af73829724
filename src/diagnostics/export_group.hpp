// Events on their way to exporters, and what writes them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "capsule/exporter.h"
#include "diagnostics/redaction.hpp"
#include "diagnostics/trace_losses.hpp"

namespace capsule {

// A name of the trace, as it may be told.
struct ExportLabel {
  std::uint32_t number = 0;
  Label shown;
};

// Of one execution, or of none; shared by all exporters.
struct ExportGroup {
  std::uint64_t session_id = 0;
  std::uint64_t execution_id = 0;
  std::int32_t pid = 0;
  std::int32_t outcome = 0;
  std::string pool{};
  std::string traceparent{};
  std::string tracestate{};
  std::vector<capsule_trace_event> events{};
  std::vector<ExportLabel> labels{};  // by their numbers
  TraceLosses lost{};                 // by the trace, since its last group
};

// What did not reach an exporter's file or callback, up to the batch that it is handed.
struct ExportLosses {
  std::uint64_t failed = 0;
  std::uint64_t dropped = 0;
  TraceLosses by_traces{};
};
using ExportBatch = std::span<const std::shared_ptr<const ExportGroup>>;

// Writes batches. On one thread at a time.
class ExportWriter {
 public:
  virtual ~ExportWriter() = default;
  // False when the batch could not be written.
  virtual bool write(ExportBatch batch, const ExportLosses &lost) = 0;
};

std::unique_ptr<ExportWriter> callback_writer(capsule_export_callback callback, void *user_data);
Result<std::unique_ptr<ExportWriter>> ndjson_writer(const std::string &path);
Result<std::unique_ptr<ExportWriter>> chrome_writer(const std::string &path);

}  // namespace capsule
