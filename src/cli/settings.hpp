// Options of the session and of its executions, by the names that the C headers have for them: NAME=VALUE.
#pragma once

#include <string>

#include "capsule.hpp"

namespace capsule::cli {

// Both throw UsageError where there is no such option, or it cannot have that value. Ranges are the library's.
void set_option(SessionOptions &options, const std::string &setting);
void set_option(ExecutionOptions &options, const std::string &setting);

}  // namespace capsule::cli
