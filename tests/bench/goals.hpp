// Which of the benchmarks' goals were met, missed, or not looked at.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "benchmark.hpp"

namespace bench {

// A benchmark without a row, and why.
struct NotRun {
  std::string name;
  std::string reason;
};

inline bool met(const Row &row) { return row.goal == Goal::kAtLeast ? row.value >= row.floor : row.value <= row.floor; }

// A line for each goal; `all_met` is false where one was missed or not looked at.
struct Verdict {
  std::string text;
  bool all_met = true;
};

inline Verdict verdict_on(const Rows &rows, const std::vector<NotRun> &not_run) {
  Verdict verdict;
  for (const Row &row : rows) {
    if (row.goal == Goal::kNone) {
      continue;
    }
    char line[256];
    std::snprintf(line, sizeof line, "%-24s %s: %.4g %s, at %s %.4g\n", row.name.c_str(), met(row) ? "met" : "MISSED",
                  row.value, row.unit.c_str(), row.goal == Goal::kAtLeast ? "least" : "most", row.floor);
    verdict.text += line;
    verdict.all_met = verdict.all_met && met(row);
  }
  for (const NotRun &one : not_run) {
    verdict.text += one.name + " NOT RUN: " + one.reason + "\n";
    verdict.all_met = false;
  }
  return verdict;
}

}  // namespace bench
