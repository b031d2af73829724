#include "api/rules.hpp"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "capsule/bridge.h"

namespace capsule::api {
namespace {

constexpr std::size_t kMaxConstraints = 64;
constexpr std::size_t kMaxPatterns = 1024;
constexpr std::size_t kMaxPattern = 4096;

Status count_error(const std::string &argument, std::size_t count, std::size_t most) {
  return {CAPSULE_E_ARGUMENT, argument + " is " + std::to_string(count) + "; it can be 0 to " + std::to_string(most)};
}

Result<Constraint> read_constraint(const std::string &where, const capsule_constraint &given) {
  if (given.pattern_count > kMaxPatterns) {
    return count_error(where + ".pattern_count", given.pattern_count, kMaxPatterns);
  }
  if (given.patterns == nullptr && given.pattern_count > 0) {
    return Status(CAPSULE_E_ARGUMENT, where + ".patterns is NULL but has a count");
  }
  const Status kind = check_range((where + ".kind").c_str(), given.kind, CAPSULE_CONSTRAINT_TEXT, CAPSULE_CONSTRAINT_NUMBER);
  auto argument = read_text((where + ".argument").c_str(), given.argument, kMaxPattern);
  for (const Status &status : {kind, argument.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  Constraint constraint{.argument = std::move(argument.value()), .kind = given.kind, .patterns = {}, .limit = given.limit};
  for (std::size_t i = 0; i < given.pattern_count; ++i) {
    auto pattern = read_text((where + ".patterns[" + std::to_string(i) + "]").c_str(), given.patterns[i], kMaxPattern);
    if (!pattern.ok()) {
      return pattern.status();
    }
    constraint.patterns.push_back(std::move(pattern.value()));
  }
  return constraint;
}

Result<Rule> read_rule(const std::string &where, const capsule_rule &given) {
  if (given.constraint_count > kMaxConstraints) {
    return count_error(where + ".constraint_count", given.constraint_count, kMaxConstraints);
  }
  if (given.constraints == nullptr && given.constraint_count > 0) {
    return Status(CAPSULE_E_ARGUMENT, where + ".constraints is NULL but has a count");
  }
  const Status decision = check_range((where + ".decision").c_str(), given.decision, CAPSULE_POLICY_DENY, CAPSULE_POLICY_ALLOW);
  auto capability = read_text((where + ".capability").c_str(), given.capability, CAPSULE_CAPABILITY_NAME_SIZE);
  for (const Status &status : {decision, capability.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (capability.value().empty()) {
    return Status(CAPSULE_E_ARGUMENT, where + ".capability is empty");
  }
  Rule rule{
      .capability = std::move(capability.value()), .decision = given.decision, .constraints = {}, .max_calls = given.max_calls};
  for (std::size_t i = 0; i < given.constraint_count; ++i) {
    auto constraint = read_constraint(where + ".constraints[" + std::to_string(i) + "]", given.constraints[i]);
    if (!constraint.ok()) {
      return constraint.status();
    }
    rule.constraints.push_back(std::move(constraint.value()));
  }
  return rule;
}

}  // namespace

Result<std::shared_ptr<const Policy>> read_rules(const capsule_rule *rules, std::size_t count) {
  if (count > CAPSULE_MAX_RULES) {
    return count_error("rule_count", count, CAPSULE_MAX_RULES);
  }
  if (rules == nullptr && count > 0) {
    return Status(CAPSULE_E_ARGUMENT, "rules is NULL but has a count");
  }
  std::vector<Rule> read;
  for (std::size_t i = 0; i < count; ++i) {
    auto rule = read_rule("rules[" + std::to_string(i) + "]", rules[i]);
    if (!rule.ok()) {
      return rule.status();
    }
    read.push_back(std::move(rule.value()));
  }
  return std::shared_ptr<const Policy>(std::make_shared<Policy>(std::move(read)));
}

Result<std::shared_ptr<CallSource>> read_access(const capsule_bridge *bridge, const capsule_rule *rules, std::size_t count) {
  auto policy = read_rules(rules, count);
  if (!policy.ok()) {
    return policy.status();
  }
  if (bridge == nullptr) {
    return count == 0 ? Result<std::shared_ptr<CallSource>>(std::shared_ptr<CallSource>())
                      : Status(CAPSULE_E_ARGUMENT, "options.rules are set without options.bridge");
  }
  auto found = look_up(bridge);
  if (!found.ok()) {
    return found.status();
  }
  std::vector<std::shared_ptr<const Policy>> layers{std::move(policy.value())};
  for (const auto &most : {found.value()->policy(), found.value()->runtime().policy()}) {
    if (most) {
      layers.push_back(most);
    }
  }
  return std::shared_ptr<CallSource>(std::make_shared<BridgeAccess>(std::move(found.value()), std::move(layers)));
}

}  // namespace capsule::api
