// `capsule run --pool N`: each piece in a session of its own, N at a time; what they print in the order given.
#pragma once

#include "cli/arguments.hpp"
#include "cli/console.hpp"

namespace capsule::cli {

// Returns the exit status. Throws capsule::Error where no session can be had, OutputError.
int run_in_pool(const RunArguments &arguments, Console &console);

}  // namespace capsule::cli
