// What the worker does to the text of output.
#pragma once

#include <cstdint>
#include <string>

namespace capsule::worker {

// The line that stands where output is missing.
inline std::string dropped_notice(std::uint64_t bytes) {
  return "[capsule: " + std::to_string(bytes) + " bytes of output dropped]\n";
}

// Leaves out of each line what a later carriage return goes back over: on a terminal the text behind it takes its place. Returns how
// many bytes that were. What follows the last carriage return is taken to be no shorter than what it overwrites, as progress bars
// see to; CR LF is a newline.
std::size_t coalesce_carriage_returns(std::string &text);

}  // namespace capsule::worker
