#include "diagnostics/trace_labels.hpp"

#include <algorithm>

namespace capsule {
namespace {

constexpr std::uint32_t kFirstName = CAPSULE_TRACE_LABEL_OTHER + 1;

const std::string &other() {
  static const std::string text = "other";
  return text;
}

}  // namespace

std::uint32_t TraceLabels::number_of(std::string_view name) {
  if (name.empty()) {
    return 0;
  }
  if (const auto known = numbers_.find(name); known != numbers_.end()) {
    return known->second;
  }
  if (names_.size() >= CAPSULE_TRACE_LABELS || name.size() > CAPSULE_TRACE_LABEL_SIZE) {
    ++others_;
    return CAPSULE_TRACE_LABEL_OTHER;
  }
  const auto number = static_cast<std::uint32_t>(kFirstName + names_.size());
  numbers_.emplace(names_.emplace_back(name), number);
  bytes_ += sizeof(std::string) + name.size();
  return number;
}

const std::string *TraceLabels::name_of(std::uint32_t number) const {
  if (number == CAPSULE_TRACE_LABEL_OTHER) {
    return &other();
  }
  return number >= kFirstName && number - kFirstName < names_.size() ? &names_[number - kFirstName] : nullptr;
}

std::uint64_t redacted_events(const std::vector<capsule_trace_event> &events, std::int32_t level) {
  const auto named = std::count_if(events.begin(), events.end(), [](const auto &event) { return event.label != 0; });
  return level == CAPSULE_INSPECT_FULL ? 0 : static_cast<std::uint64_t>(named);
}

std::optional<Label> shown_label(std::uint32_t number, std::string_view name, Redactor &redactor) {
  if (!redactor.shows_rows()) {
    return std::nullopt;
  }
  return number == CAPSULE_TRACE_LABEL_OTHER ? redactor.plain(name) : redactor.label(name);
}

}  // namespace capsule
