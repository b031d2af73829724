// What the events of an execution tell together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "event.hpp"

namespace capsule_test {

// What was printed on one stream, or, of 0, on both in order.
std::string printed_in(const std::vector<Event> &events, std::int32_t stream = 0);
// The kinds in order, neighbouring outputs as one: "started output input output result".
std::string story_of(const std::vector<Event> &events);

}  // namespace capsule_test
