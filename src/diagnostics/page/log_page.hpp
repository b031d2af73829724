// The part of the reference page, include/capsule/SIGNALS.md, that lists the events of the log.
#pragma once

#include <string>

namespace capsule {

std::string log_reference();

}  // namespace capsule
