// `capsule run`: each piece is one execution in one session, in the order given.
#pragma once

#include "cli/arguments.hpp"
#include "cli/console.hpp"

namespace capsule::cli {

// Returns the exit status. Throws capsule::Error where no session can be had, OutputError.
int run(const RunArguments &arguments, Console &console);

}  // namespace capsule::cli
