#include "cli/trace_command.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "cli/arguments.hpp"
#include "cli/trace_file.hpp"

namespace capsule::cli {
namespace {

constexpr std::size_t kNameWidth = 34;
constexpr std::size_t kBarWidth = 40;

// Of all that is drawn.
struct Window {
  double begin_ms = std::numeric_limits<double>::max();
  double end_ms = 0;

  void take(const std::vector<TraceMark> &marks) {
    for (const TraceMark &mark : marks) {
      begin_ms = std::min(begin_ms, mark.begin_ms);
      end_ms = std::max(end_ms, mark.end_ms);
      take(mark.inside);
    }
  }
  [[nodiscard]] std::size_t column(double time_ms) const {
    const double part = (time_ms - begin_ms) / (end_ms - begin_ms);
    return part > 0 ? std::min(static_cast<std::size_t>(std::min(part, 1.0) * kBarWidth), kBarWidth - 1) : 0;
  }
};

// One that goes on beyond the file ends in an arrow.
std::string bar_of(const TraceMark &mark, const Window &window) {
  std::string bar(kBarWidth, ' ');
  const std::size_t first = window.column(mark.begin_ms);
  const std::size_t last = std::max(first, window.column(mark.end_ms));  // a file may say that it ended before
  std::fill(bar.begin() + static_cast<std::ptrdiff_t>(first), bar.begin() + static_cast<std::ptrdiff_t>(last) + 1,
            mark.is_span ? '=' : '.');
  if (!mark.ended) {
    bar[last] = '>';
  }
  return bar;
}

std::string milliseconds(double ms) {
  char text[std::numeric_limits<double>::max_exponent10 + 16];
  const int size = std::snprintf(text, sizeof text, "%10.3f", ms);
  return {text, static_cast<std::size_t>(size)};
}

void draw(const std::vector<TraceMark> &marks, std::size_t depth, const Window &window, std::string &text) {
  for (const TraceMark &mark : marks) {
    std::string name = std::string(2 * depth, ' ') + mark.name;
    name.resize(std::max(kNameWidth, name.size()), ' ');
    text += name + " |" + bar_of(mark, window) + "| " + milliseconds(mark.begin_ms - window.begin_ms);
    text += (mark.is_span ? milliseconds(mark.end_ms - mark.begin_ms) : "") + (mark.ended ? "" : " not ended") + "\n";
    draw(mark.inside, depth + 1, window, text);
  }
}

}  // namespace

void show_trace(const std::string &path, Console &console) {
  const TraceMarks sessions = read_trace(path);
  Window window;
  for (const auto &[session, marks] : sessions) {
    window.take(marks);
  }
  std::string text;
  for (const auto &[session, marks] : sessions) {
    std::string title = session == 0 ? "pools" : "session " + std::to_string(session);
    title.append(kNameWidth + kBarWidth + 4 - title.size(), ' ');
    text += title + "   begin ms       ms\n";
    draw(marks, 1, window, text);
  }
  console.write_out(text);
}

}  // namespace capsule::cli
