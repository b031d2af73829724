// Rows of SIGNALS.md, as a struct and as the text tell them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "deadline.hpp"
#include "metrics.hpp"

namespace capsule_test {

// What a struct says of one row, or of those of its series that have these labels.
struct Row {
  std::string metric;
  std::string labels;
  double value = 0;
  bool may_be_zero = false;
  bool operator==(const Row &) const = default;
};

inline double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }
inline double number(std::uint64_t count) { return static_cast<double>(count); }

inline bool is_a_maximum(const std::string &metric) {
  return metric.ends_with("_max") || metric.ends_with("_max_seconds") || metric.ends_with("_peak") || metric.ends_with("_hwm");
}

// The sum of the series, or the greatest of them.
inline double told(const Samples &samples, const Row &row) {
  double value = 0;
  bool there = false;
  for (const auto &[series, sample] : samples.all()) {
    const std::string name = "capsule_" + row.metric;
    if ((series == name || series.starts_with(name + "{")) && series.find(row.labels) != std::string::npos) {
      value = is_a_maximum(row.metric) ? std::max(value, sample) : value + sample;
      there = true;
    }
  }
  if (!there) {
    FAIL("there is no " + row.metric + " with " + row.labels);
  }
  return value;
}

// Both, of a moment in which nothing moves.
inline void compare(const std::set<std::string> &expected, const Runtime &runtime,
                    const std::function<std::vector<Row>()> &rows_now) {
  std::vector<Row> rows = rows_now();
  Samples samples(runtime);
  for (const Deadline deadline; rows != rows_now();) {
    CHECK(!deadline.over());
    rows = rows_now();
    samples = Samples(runtime);
  }
  std::set<std::string> metrics;
  for (const Row &row : rows) {
    metrics.insert(row.metric);
    const double value = told(samples, row);
    // Times are written with fewer digits than they have.
    const double tolerance = row.metric.find("seconds") == std::string::npos ? 0 : 1e-6 * std::abs(row.value) + 1e-9;
    if (std::abs(value - row.value) > tolerance || (value == 0 && !row.may_be_zero)) {
      FAIL(row.metric + " " + row.labels + " is " + std::to_string(value) + " as text, and " + std::to_string(row.value) +
           " in the struct");
    }
  }
  CHECK(metrics == expected);
}

// What one series, or those with these labels, came to in a scene: by a struct, where there is one, and as it has to be.
struct Moved {
  std::string metric;
  std::string labels;
  double in_struct = 0;
  double amount = 0;
};

// Both ways of telling come to these amounts, which are no zeros.
inline void check_moved(const Runtime &runtime, const std::function<std::vector<Moved>()> &now) {
  for (const Deadline deadline;;) {
    const Samples samples(runtime);
    std::string wrong;
    for (const Moved &row : now()) {
      CHECK(row.amount > 0);
      double text = 0;
      for (const auto &[series, value] : samples.all()) {
        const bool of_it = series.starts_with("capsule_" + row.metric + "{") && series.find(row.labels) != std::string::npos;
        text += of_it ? value : 0;
      }
      if (text != row.amount || row.in_struct != row.amount) {
        wrong += row.metric + " " + row.labels + " is " + std::to_string(text) + " as text, " + std::to_string(row.in_struct) +
                 " in the struct, and has to be " + std::to_string(row.amount) + "\n";
      }
    }
    if (wrong.empty()) {
      return;
    }
    if (deadline.over()) {
      FAIL(wrong);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

inline void wait_for(const std::function<bool()> &there) {
  for (const Deadline deadline; !there();) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

}  // namespace capsule_test
