// What a runtime's counters tell as a struct: the figures of the text that no other struct has.
#pragma once

#include "capsule/metrics.h"
#include "diagnostics/signals.hpp"

namespace capsule {

capsule_runtime_metrics runtime_metrics(const SignalReport &report);

}  // namespace capsule
