#include "capsule/exporter.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "base/clock.hpp"
#include "diagnostics/exporter.hpp"

using capsule::Exporter;
using capsule::ExportWriter;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace capsule::api {

// An exporter, and where it gets its events from.
struct RunningExporter {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<Exporter> exporter;

  ~RunningExporter() {
    exporter->abandon();
    runtime->exporters().remove(*exporter);
    runtime->drop_handle();
  }
};

template <>
struct HandleTraits<capsule_exporter> {
  using Object = RunningExporter;
  static constexpr Kind kKind = Kind::kExporter;
  static constexpr const char *kName = "exporter";
};

}  // namespace capsule::api

namespace {

constexpr std::int64_t kMostEvents = 16'777'216;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr const char *kDefaultName = "exporter";

struct ExporterWish {
  std::int32_t kind = 0;
  std::string path;
  capsule_export_callback callback = nullptr;
  void *user_data = nullptr;
  capsule::ExporterOptions options;
};

Result<ExporterWish> translate(const capsule_exporter_options *given) {
  if (given == nullptr) {
    return Status(CAPSULE_E_ARGUMENT, "options is NULL");
  }
  auto read = read_options(given, capsule_exporter_options_init, "options");
  if (!read.ok()) {
    return read.status();
  }
  const capsule_exporter_options &o = read.value();
  auto name = read_text("options.name", o.name, kMaxName);
  auto path = read_text("options.path", o.path, kMaxPath);
  const bool calls = o.kind == CAPSULE_EXPORTER_CALLBACK;
  for (const Status &status :
       {name.status(), path.status(), check_range("options.kind", o.kind, CAPSULE_EXPORTER_CALLBACK, CAPSULE_EXPORTER_CHROME),
        check_range("options.queue_limit", o.queue_limit, 1, kMostEvents),
        check_range("options.batch_limit", o.batch_limit, 1, kMostEvents),
        check_range("options.interval_ms", o.interval_ms, 0, kHourMs),
        calls && o.callback == nullptr ? Status(CAPSULE_E_ARGUMENT, "options.callback is NULL") : Status(),
        !calls && o.path.size == 0 ? Status(CAPSULE_E_ARGUMENT, "options.path is empty") : Status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  ExporterWish wish{o.kind, std::move(path.value()), o.callback, o.user_data, {}};
  wish.options.name = name.value().empty() ? kDefaultName : name.value();
  wish.options.queue_limit = o.queue_limit;
  wish.options.batch_limit = o.batch_limit;
  wish.options.interval_ms = o.interval_ms;
  return wish;
}

Result<std::unique_ptr<ExportWriter>> make_writer(const ExporterWish &wish) {
  switch (wish.kind) {
    case CAPSULE_EXPORTER_NDJSON:
      return capsule::ndjson_writer(wish.path);
    case CAPSULE_EXPORTER_CHROME:
      return capsule::chrome_writer(wish.path);
    default:
      return capsule::callback_writer(wish.callback, wish.user_data);
  }
}

// flush and close: with a deadline, and not from a callback of the library.
Status wait_for(capsule_exporter *exporter, std::int64_t timeout_ms, Status (Exporter::*wait)(std::uint64_t),
                const char *function) {
  auto found = look_up(exporter);
  if (!found.ok()) {
    return found.status();
  }
  for (const Status &status : {check_range("timeout_ms", timeout_ms, 0, kDayMs), check_may_wait(function)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return (found.value()->exporter.get()->*wait)(capsule::deadline_after_ms(timeout_ms));
}

}  // namespace

extern "C" {

void capsule_exporter_options_init(capsule_exporter_options *options, uint32_t struct_size) {
  const capsule::ExporterOptions d;
  capsule_exporter_options defaults{};
  defaults.kind = CAPSULE_EXPORTER_CALLBACK;
  defaults.queue_limit = static_cast<std::uint32_t>(d.queue_limit);
  defaults.batch_limit = static_cast<std::uint32_t>(d.batch_limit);
  defaults.interval_ms = d.interval_ms;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_exporter_create(capsule_runtime *runtime, const capsule_exporter_options *options,
                                       capsule_exporter **exporter, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (exporter == nullptr) {
      return {CAPSULE_E_ARGUMENT, "exporter is NULL"};
    }
    *exporter = nullptr;
    auto found = look_up(runtime);
    auto wish = translate(options);
    for (const Status &status : {found.status(), wish.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    if (Status status = found.value()->check_open(); !status.ok()) {
      return status;
    }
    auto writer = make_writer(wish.value());
    if (!writer.ok()) {
      return writer.status();
    }
    auto made = Exporter::create(std::move(wish.value().options), std::move(writer.value()));
    if (!made.ok()) {
      return made.status();
    }
    found.value()->add_handle();
    std::shared_ptr<RunningExporter> running(new RunningExporter{found.value(), made.value()});
    found.value()->exporters().add(made.value());
    *exporter = make_handle<capsule_exporter>(std::move(running));
    return {};
  });
}

capsule_status capsule_exporter_flush(capsule_exporter *exporter, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] { return wait_for(exporter, timeout_ms, &Exporter::flush, "capsule_exporter_flush"); });
}

capsule_status capsule_exporter_close(capsule_exporter *exporter, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] { return wait_for(exporter, timeout_ms, &Exporter::close, "capsule_exporter_close"); });
}

capsule_status capsule_exporter_get_info(capsule_exporter *exporter, capsule_exporter_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(exporter);
    return found.ok() ? write_struct(info, found.value()->exporter->info(), "info") : found.status();
  });
}

void capsule_exporter_release(capsule_exporter *exporter) { release_handle(exporter); }

}  // extern "C"
