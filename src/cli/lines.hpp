// Lines of "name: value", as the commands that show a file print them.
#pragma once

#include <string>

namespace capsule::cli {

inline std::string line(const std::string &name, const std::string &value) { return name + ": " + value + "\n"; }

}  // namespace capsule::cli
