// What is known of a worker that died.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capsule/postmortem.h"
#include "diagnostics/stack.hpp"

namespace capsule {

struct Postmortem {
  capsule_postmortem_info info{};  // but for `events`
  std::vector<capsule_trace_event> events;
  std::string cause;  // in words
  std::string announced_limits;
  std::shared_ptr<const Stack> stack;  // where its Python code stood; null where a fatal signal left none
};

}  // namespace capsule
