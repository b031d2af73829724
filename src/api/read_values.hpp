// Values that are handed to the caller, who owns them until they are released.
#pragma once

#include <memory>

#include "session/values.hpp"

namespace capsule::api {

// To a struct that was emptied.
void hand_over_value(std::unique_ptr<ReadValue> read, capsule_value &value);

}  // namespace capsule::api
