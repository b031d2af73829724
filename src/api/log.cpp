#include "capsule/log.h"

#include "api/call.hpp"

using capsule::LogSink;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

Result<LogSink> translate(const capsule_log_options *given) {
  const auto defaults = [](capsule_log_options *options, std::uint32_t size) { *options = {.struct_size = size}; };
  auto read = read_options<capsule_log_options>(given, defaults, "options");
  if (!read.ok()) {
    return read.status();
  }
  const capsule_log_options &o = read.value();
  auto path = read_text("options.path", o.path, kMaxPath);
  const bool no_function = o.sink == CAPSULE_LOG_SINK_CALLBACK && o.callback == nullptr;
  const bool no_path = o.sink == CAPSULE_LOG_SINK_FILE && o.path.size == 0;
  for (const Status &status : {path.status(), check_range("options.sink", o.sink, CAPSULE_LOG_SINK_NONE, CAPSULE_LOG_SINK_FILE),
                               check_range("options.level", o.level, 0, CAPSULE_LOG_OFF),
                               check_range("options.format", o.format, CAPSULE_LOG_KEY_VALUE, CAPSULE_LOG_JSON),
                               no_function ? Status(CAPSULE_E_ARGUMENT, "options.callback is NULL") : Status(),
                               no_path ? Status(CAPSULE_E_ARGUMENT, "options.path is empty") : Status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  return LogSink{.kind = o.sink,
                 .level = o.level == 0 ? CAPSULE_LOG_INFO : o.level,
                 .format = o.format,
                 .path = std::move(path.value()),
                 .callback = o.callback,
                 .user_data = o.user_data};
}

}  // namespace

extern "C" {

capsule_status capsule_log_set_callback(int32_t level, capsule_log_callback callback, void *user_data, capsule_error *error) {
  return call(error, [&] {
    if (Status status = check_range("level", level, CAPSULE_LOG_DEBUG, CAPSULE_LOG_OFF); !status.ok()) {
      return status;
    }
    return capsule::set_log_sink({.kind = callback == nullptr ? CAPSULE_LOG_SINK_NONE : CAPSULE_LOG_SINK_CALLBACK,
                                  .level = level,
                                  .callback = callback,
                                  .user_data = user_data});
  });
}

capsule_status capsule_log_set_sink(const capsule_log_options *options, capsule_error *error) {
  return call(error, [&] {
    auto sink = translate(options);
    return sink.ok() ? capsule::set_log_sink(sink.value()) : sink.status();
  });
}

capsule_status capsule_log_get_info(capsule_log_info *info, capsule_error *error) {
  return call(error, [&] {
    const capsule::LogCounts counts = capsule::log_counts();
    capsule_log_info told{};
    std::copy(counts.records.begin(), counts.records.end(), told.records);
    std::copy(counts.dropped.begin(), counts.dropped.end(), told.dropped);
    return write_struct(info, told, "info");
  });
}

}  // extern "C"
