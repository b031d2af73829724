// The part of the reference page, include/capsule/SIGNALS.md, that lists the metrics, as it is made from their table.
#pragma once

#include <string>

namespace capsule {

std::string signals_reference();

}  // namespace capsule
