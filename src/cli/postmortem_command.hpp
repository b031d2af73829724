// `capsule postmortem`: what a dead worker left.
#pragma once

#include <string>

#include "capsule.hpp"
#include "cli/console.hpp"

namespace capsule::cli {

// What the library says as JSON, with the names of the stack's files and functions: the code is the caller's own.
std::string postmortem_text(const Postmortem &postmortem);

// Prints what the file says, which `capsule run --postmortem FILE` has written.
void show_postmortem(const std::string &path, Console &console);

}  // namespace capsule::cli
