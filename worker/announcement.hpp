// What a session's process tells of itself when it is ready: what it can do, the limits in force, the layers of isolation.
#pragma once

#include <string>
#include <vector>

namespace capsule::worker {

// For wire::Ready::capabilities: features by their names alone; "executor:NAME", "limit:NAME=N" and "isolation:NAME" for the rest.
std::vector<std::string> announcement(bool python);

}  // namespace capsule::worker
