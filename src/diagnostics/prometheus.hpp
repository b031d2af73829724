// Prometheus' text format, version 0.0.4, of what a runtime has counted.
#pragma once

#include <string>

#include "diagnostics/signals.hpp"

namespace capsule {

std::string prometheus_text(const SignalReport &report);

// A bucket's upper bound as it is written, as "1.024e-03"; "+Inf" for the last.
std::string bucket_bound(const SignalInfo &histogram, std::size_t bucket);

}  // namespace capsule
