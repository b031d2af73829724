// `capsule trace show`: what happened, as a waterfall.
#pragma once

#include <string>

#include "cli/console.hpp"

namespace capsule::cli {

// Draws what the file says, which `capsule run --trace FILE` has written.
void show_trace(const std::string &path, Console &console);

}  // namespace capsule::cli
