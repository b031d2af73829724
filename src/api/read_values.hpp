// Values that are handed to the caller, who owns them until they are released.
#pragma once

#include <memory>

#include "session/values.hpp"

namespace capsule::api {

// Whether it can be written: not NULL, and of this library's size.
Status check_value_out(const capsule_value *value);

void hand_over(std::unique_ptr<ReadValue> read, capsule_value &value);

}  // namespace capsule::api
