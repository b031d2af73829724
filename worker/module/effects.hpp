// What code does that no rollback undoes, as far as Python's audit events tell.
#pragma once

#include "transport/worker_counters.hpp"

namespace capsule::worker {

// Both with the GIL held. From here on bits of CAPSULE_EFFECT_… are gathered in Counter::effects, none to begin with, for that execution.
void watch_effects(WorkerCounters &counters, std::uint64_t execution_id);
void stop_watching_effects();

}  // namespace capsule::worker
