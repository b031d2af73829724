// Patterns and rules, without a session.
#include "bridge/policy.hpp"

#include <nlohmann/json.hpp>

#include "test.hpp"

using namespace capsule;
using namespace capsule_test;

namespace {

Rule rule(std::string pattern, std::int32_t decision, std::vector<Constraint> constraints = {}) {
  return {.capability = std::move(pattern), .decision = decision, .constraints = std::move(constraints), .max_calls = 0};
}

std::int32_t judge(const Policy &policy, std::string_view capability, const char *arguments = "{}") {
  const auto parsed = nlohmann::json::parse(arguments);
  return policy.judge(capability, {&parsed, {}}, std::vector<std::uint64_t>(policy.size())).decision;
}

}  // namespace

CAPSULE_TEST(a_star_stands_for_any_characters) {
  CHECK(fits_pattern("*", "") && fits_pattern("*", "a.b") && fits_pattern("a.*", "a.b.c") && fits_pattern("*c", "abcc"));
  CHECK(fits_pattern("a*b*c", "a1b2b3c") && fits_pattern("abc", "abc") && fits_pattern("**", "x"));
  CHECK(!fits_pattern("a.*", "a") && !fits_pattern("", "a") && !fits_pattern("a", "") && !fits_pattern("a*b", "ab1"));
  CHECK(!fits_pattern("*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

CAPSULE_TEST(the_first_rule_that_fits_decides) {
  const Policy policy({rule("a.b", CAPSULE_POLICY_DENY), rule("a.*", CAPSULE_POLICY_ASK), rule("c", CAPSULE_POLICY_ALLOW)});
  CHECK_EQ(judge(policy, "a.b"), CAPSULE_POLICY_DENY);
  CHECK_EQ(judge(policy, "a.c"), CAPSULE_POLICY_ASK);
  CHECK_EQ(judge(policy, "c"), CAPSULE_POLICY_ALLOW);
  CHECK_EQ(judge(policy, "d"), CAPSULE_POLICY_DENY);
  CHECK(!policy.may_allow("a.b") && policy.may_allow("a.c") && !policy.may_allow("d"));
}

CAPSULE_TEST(numbers_and_sizes_are_limited) {
  const Policy policy({rule("*", CAPSULE_POLICY_ALLOW,
                            {{.argument = "n", .kind = CAPSULE_CONSTRAINT_NUMBER, .patterns = {}, .limit = 5},
                             {.argument = "s", .kind = CAPSULE_CONSTRAINT_SIZE, .patterns = {}, .limit = 3}})});
  CHECK_EQ(judge(policy, "x", R"({"n": 5, "s": "abc"})"), CAPSULE_POLICY_ALLOW);
  CHECK_EQ(judge(policy, "x", R"({"n": -7, "s": ""})"), CAPSULE_POLICY_ALLOW);
  CHECK_EQ(judge(policy, "x", R"({"n": 5.5, "s": ""})"), CAPSULE_POLICY_DENY);
  CHECK_EQ(judge(policy, "x", R"({"n": 18446744073709551615, "s": ""})"), CAPSULE_POLICY_DENY);
  CHECK_EQ(judge(policy, "x", R"({"n": 5, "s": "äö"})"), CAPSULE_POLICY_DENY);
  CHECK_EQ(judge(policy, "x", R"({"n": "5", "s": ""})"), CAPSULE_POLICY_DENY);
  CHECK_EQ(judge(policy, "x", R"({"s": ""})"), CAPSULE_POLICY_DENY);
}

CAPSULE_TEST(paths_are_taken_as_text_without_their_dots) {
  const Policy policy(
      {rule("*", CAPSULE_POLICY_ALLOW,
            {{.argument = "p", .kind = CAPSULE_CONSTRAINT_PATH, .patterns = {"/data/", "/tmp/x"}, .limit = 0}})});
  for (const char *path : {"/data", "/data/a", "//data///a", "/x/../data/./b", "/tmp/x", "/tmp/x/../x/y"}) {
    CHECK_EQ(judge(policy, "c", (std::string(R"({"p": ")") + path + "\"}").c_str()), CAPSULE_POLICY_ALLOW);
  }
  for (const char *path : {"", "data", "/dat", "/database", "/data/..", "/tmp/xy", "/", "/../etc", "/data/\\u0000"}) {
    CHECK_EQ(judge(policy, "c", (std::string(R"({"p": ")") + path + "\"}").c_str()), CAPSULE_POLICY_DENY);
  }
}
