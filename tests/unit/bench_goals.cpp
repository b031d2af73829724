// What capsule-bench says of its goals, on figures that are made up.
#include "../bench/goals.hpp"
#include "test.hpp"

using namespace capsule_test;
using bench::Goal;
using bench::Row;

namespace {

Row row(const char *name, double value, double floor, Goal goal) {
  return {.name = name, .value = value, .unit = "us", .floor = floor, .peer = "", .how = "", .goal = goal};
}

}  // namespace

CAPSULE_TEST(each_goal_has_a_line) {
  const bench::Verdict all = bench::verdict_on(
      {row("fast", 2, 3, Goal::kAtMost), row("exact", 3, 3, Goal::kAtMost), row("many", 2, 1.7, Goal::kAtLeast)}, {});
  CHECK(all.all_met);
  CHECK_EQ(all.text,
           "fast                     met: 2 us, at most 3\n"
           "exact                    met: 3 us, at most 3\n"
           "many                     met: 2 us, at least 1.7\n");
}

CAPSULE_TEST(what_has_no_goal_cannot_miss_it) {
  const bench::Verdict verdict = bench::verdict_on({row("slow", 9, 3, Goal::kNone)}, {});
  CHECK(verdict.all_met);
  CHECK_EQ(verdict.text, "");
}

CAPSULE_TEST(one_goal_that_is_missed_is_enough) {
  const bench::Verdict slow = bench::verdict_on({row("slow", 3.2, 3, Goal::kAtMost), row("fast", 2, 3, Goal::kAtMost)}, {});
  CHECK(!slow.all_met);
  CHECK_EQ(slow.text,
           "slow                     MISSED: 3.2 us, at most 3\n"
           "fast                     met: 2 us, at most 3\n");
  CHECK(!bench::verdict_on({row("few", 1.5, 1.7, Goal::kAtLeast)}, {}).all_met);
}

CAPSULE_TEST(what_was_not_run_is_told_and_is_not_met) {
  const bench::Verdict verdict = bench::verdict_on({row("fast", 2, 3, Goal::kAtMost)}, {{"binding_go", "there is no Go"}});
  CHECK(!verdict.all_met);
  CHECK_EQ(verdict.text,
           "fast                     met: 2 us, at most 3\n"
           "binding_go NOT RUN: there is no Go\n");
}
