// `capsule postmortem`: what a dead worker left.
#pragma once

#include <string>

#include "cli/console.hpp"

namespace capsule::cli {

// Prints what the file says, which `capsule run --postmortem FILE` has written.
void show_postmortem(const std::string &path, Console &console);

}  // namespace capsule::cli
