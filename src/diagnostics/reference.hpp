// The reference page of the metrics, include/capsule/SIGNALS.md, as it is made from their table.
#pragma once

#include <string>

namespace capsule {

std::string signals_reference();

}  // namespace capsule
