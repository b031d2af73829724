// Where code stands, as lines for a terminal.
#pragma once

#include <string>

#include "capsule.hpp"

namespace capsule::cli {

// Of each thread that runs something, the innermost first: native frames up to Python's own, then those of Python.
std::string stack_text(const StackTrace &stack);

}  // namespace capsule::cli
