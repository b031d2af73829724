// The exit status of `capsule run`: what each end means for it, and which of several counts.
#pragma once

#include "capsule.hpp"

namespace capsule::cli {

inline constexpr int kPythonError = 1;
inline constexpr int kWorkerDied = 3;
inline constexpr int kTimedOut = 124;
inline constexpr int kInterrupted = 130;

int worse(int one, int other);
// Of a terminal event.
int exit_code_of(const Event &event);

}  // namespace capsule::cli
