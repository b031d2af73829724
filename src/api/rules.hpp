// Rules of what may be called, checked.
#pragma once

#include <memory>

#include "base/status.hpp"
#include "bridge/policy.hpp"
#include "session/host_calls.hpp"

namespace capsule::api {

// Refusals name the rule.
Result<std::shared_ptr<const Policy>> read_rules(const capsule_rule *rules, std::size_t count);

// Null without a bridge.
Result<std::shared_ptr<CallSource>> read_access(const capsule_bridge *bridge, const capsule_rule *rules, std::size_t count);

}  // namespace capsule::api
