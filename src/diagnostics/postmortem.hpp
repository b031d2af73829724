// What is known of a worker that died.
#pragma once

#include <string>
#include <vector>

#include "capsule/postmortem.h"

namespace capsule {

struct Postmortem {
  capsule_postmortem_info info{};  // but for `events`
  std::vector<capsule_trace_event> events;
  std::string cause;  // in words
};

}  // namespace capsule
