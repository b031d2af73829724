// What `capsule run --trace FILE` has written, as something to draw.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace capsule::cli {

// A span of time, or a moment.
struct TraceMark {
  std::string name;
  double begin_ms = 0;
  double end_ms = 0;
  bool is_span = false;
  bool ended = true;                // a span: whether its end is in the file
  std::vector<TraceMark> inside{};  // by their begin
};

// By the number of the session; the marks of each by their begin. An execution is a span with what belongs to it inside.
using TraceMarks = std::map<std::uint64_t, std::vector<TraceMark>>;

// Of a name that ends in .json: Chrome's format, else a line for each event. Throws UsageError.
TraceMarks read_trace(const std::string &path);

}  // namespace capsule::cli
