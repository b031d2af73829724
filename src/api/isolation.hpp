// What stands between a session's code and its host.
#pragma once

#include <vector>

#include "capsule/introspection.h"
#include "session/session.hpp"

namespace capsule::api {

std::vector<capsule_isolation_layer> isolation_layers(const Session &session);

}  // namespace capsule::api
