// The log: key=value records to the host's sink, nothing without one.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <string>

#include "base/status.hpp"
#include "capsule/log.h"

namespace capsule {

// One relaxed load.
bool log_enabled(int level);
void log_emit(int level, const std::string &line);
// Whether this thread is inside the sink.
bool in_log_callback();

Status set_log_sink(int level, capsule_log_callback callback, void *user_data);

template <typename... Args>
void log_record(int level, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(level)) {
    log_emit(level, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace capsule
