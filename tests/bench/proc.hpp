// What the kernel tells of processes.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace bench {

struct Memory {
  double private_kib = 0;
  double resident_kib = 0;
};

Memory read_memory(pid_t pid);

// User and system time of all its threads, those that have ended included.
std::uint64_t read_cpu_ns(pid_t pid);

// Voluntary context switches of its live threads.
std::uint64_t read_wakeups(pid_t pid);

// The benchmark's own resident memory: now, and the most since the last reset.
void reset_own_peak();
double own_resident_kib();
double own_peak_kib();

}  // namespace bench
