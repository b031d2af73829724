// The zygote: preloads once, then forks sessions, reaps them, and kills what they leave behind. Single-threaded.
#pragma once

#include "session_process.hpp"

namespace capsule::worker {

// Never returns in the zygote; in a forked session runs run_session(), which does not return either.
[[noreturn]] void run_zygote(Program &program);

}  // namespace capsule::worker
