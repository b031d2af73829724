#include "diagnostics/page/trace_page.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "diagnostics/trace_kinds.hpp"

namespace capsule {
namespace {

constexpr const char *kIntroduction =
    "\n## Trace events\n\n"
    "Made from the table in `src/diagnostics/trace_kinds.hpp` and the comments of `trace.h`, whose order they have: \"as "
    "above\" and \"here "
    "and\nbelow\" are meant so. `link`, status and arguments are fields of `capsule_trace_event`; arguments are in the order "
    "of the text, "
    "and those\nthat are not named are zero. Events of severity debug are recorded only where a session's `trace_level` asks "
    "for them.\n\n"
    "| number | kind | phase | severity | source | meaning, status, arguments |\n|---|---|---|---|---|---|\n";

struct Row {
  std::int32_t number;
  std::string_view id;
  std::string_view name;
  std::string_view severity;
  std::string_view phase;
  std::string_view source;
};

constexpr std::array kRows = {
#define CAPSULE_PAGE_ROW(id, name, severity, phase, source, by_worker) \
  Row{CAPSULE_TRACE_##id, #id, name, #severity, #phase, #source},
    CAPSULE_TRACE_KINDS(CAPSULE_PAGE_ROW)
#undef CAPSULE_PAGE_ROW
};

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return low;
}

// A comment of one line or of several, without its stars.
std::string text_of(std::string_view comment) {
  std::string text;
  for (const char c : comment) {
    const bool space = c == '\n' || c == ' ' || c == '*';
    if (!space || (!text.empty() && text.back() != ' ')) {
      text += space ? ' ' : c;
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  constexpr std::string_view kDebug = "Debug. ";  // a column says it
  return text.starts_with(kDebug) ? text.substr(kDebug.size()) : text;
}

// The comment in front of the constant; empty where there is none.
std::string meaning_of(std::string_view header, std::size_t constant) {
  constexpr std::string_view kBegin = "/**";
  constexpr std::string_view kEnd = "*/";
  const std::size_t end = header.rfind(kEnd, constant);
  const std::size_t begin = header.rfind(kBegin, constant);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin ||
      header.substr(end, constant - end).find(',') != std::string_view::npos) {
    return "";
  }
  return text_of(header.substr(begin + kBegin.size(), end - begin - kBegin.size()));
}

}  // namespace

std::string trace_reference(std::string_view trace_header) {
  std::array<std::pair<std::size_t, const Row *>, kRows.size()> rows;
  std::transform(kRows.begin(), kRows.end(), rows.begin(), [&](const Row &row) {
    return std::pair(trace_header.find(" CAPSULE_TRACE_" + std::string(row.id) + " = "), &row);
  });
  std::sort(rows.begin(), rows.end());
  std::string page = kIntroduction;
  for (const auto &[constant, row] : rows) {
    const std::string meaning = constant == std::string_view::npos ? "" : meaning_of(trace_header, constant);
    if (meaning.empty()) {
      return "";
    }
    constexpr std::string_view kPhase = "PHASE_";
    const std::string_view phase = row->phase.starts_with(kPhase) ? row->phase.substr(kPhase.size()) : row->phase;
    page += "| " + std::to_string(row->number) + " | `" + std::string(row->name) + "` | " + lower(phase) + " | " +
            lower(row->severity) + " | " + lower(row->source) + " | " + meaning + " |\n";
  }
  return page;
}

}  // namespace capsule
