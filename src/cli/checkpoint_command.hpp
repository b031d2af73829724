// `capsule checkpoint show`: what a checkpoint says of itself.
#pragma once

#include <string>

#include "cli/console.hpp"

namespace capsule::cli {

// Throws capsule::Error where it is none, OutputError.
void show_checkpoint(const std::string &path, Console &console);

}  // namespace capsule::cli
