// Python code that starts processes of every kind that could outlive its worker, and says which.
#pragma once

#include <string>
#include <vector>

#include "process.hpp"

namespace capsule_test {

// Starts a child in the worker's group, one that ignores signals, and one that left by setsid and a double fork; then prints
// "offspring PID PID PID".
extern const char *const kStartOffspring;

// The processes named in that line.
std::vector<Watched> offspring_in(const std::string &output);

// Fails the test unless no zombie is left below this process, or soon none will be.
void check_no_zombies();

}  // namespace capsule_test
