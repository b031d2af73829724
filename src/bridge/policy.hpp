// What may be called: rules, the first that fits decides. Pure: no lock, no clock.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "capsule/bridge.h"

namespace capsule {

// `*` in the pattern stands for any characters.
bool fits_pattern(std::string_view pattern, std::string_view text);

struct Constraint {
  std::string argument;
  std::int32_t kind = 0;  // CAPSULE_CONSTRAINT_…
  std::vector<std::string> patterns;
  std::uint64_t limit = 0;
};

struct Rule {
  std::string capability;
  std::int32_t decision = CAPSULE_POLICY_DENY;
  std::vector<Constraint> constraints;
  std::uint64_t max_calls = 0;  // 0: no quota
};

// The arguments of a call, as far as rules look at them.
struct CallFacts {
  const nlohmann::json *arguments = nullptr;  // an object
  struct Attached {
    std::string_view name;
    std::uint64_t size_bytes = 0;
  };
  std::vector<Attached> attachments;
};

// What a policy says, and why: of the reasons none tells anything of an argument's value.
struct Verdict {
  std::int32_t decision = CAPSULE_POLICY_DENY;
  const char *reason = "no_rule";  // no_rule, rule, constraint, quota; of a denial
  std::string argument;            // whose constraint
};

class Policy {
 public:
  explicit Policy(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  // `used`: what each rule has let through already, size() of them.
  [[nodiscard]] Verdict judge(std::string_view capability, const CallFacts &facts,
                              const std::vector<std::uint64_t> &used) const;
  // Counts a call that was let through.
  void count(std::string_view capability, std::vector<std::uint64_t> &used) const;
  // Whether any arguments might be let through.
  [[nodiscard]] bool may_allow(std::string_view capability) const;
  // Whether a rule looks at arguments.
  [[nodiscard]] bool constrains(std::string_view capability) const;

 private:
  [[nodiscard]] std::size_t find(std::string_view capability) const;

  std::vector<Rule> rules_;
};

}  // namespace capsule
