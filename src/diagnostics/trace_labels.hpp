// The names in a trace, by numbers: what an event has room for. Guarded by the trace's owner's lock. Kept as they are, in the host's own
// memory, since the policy may change until somebody asks: no answer, exporter or record of the audit has one that was not redacted first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capsule/trace.h"
#include "diagnostics/redaction.hpp"

namespace capsule {

class TraceLabels {
 public:
  // The same for the same name, as long as the trace lives. CAPSULE_TRACE_LABEL_OTHER, which is counted, where there are too many or it is too
  // long; 0 for the empty one.
  std::uint32_t number_of(std::string_view name);
  // Null where no name has that number.
  [[nodiscard]] const std::string *name_of(std::uint32_t number) const;
  [[nodiscard]] std::uint64_t names() const { return names_.size(); }
  [[nodiscard]] std::uint64_t others() const { return others_; }
  // What the names hold, without what their containers do.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::deque<std::string> names_;  // which stay where they are
  std::map<std::string_view, std::uint32_t> numbers_;
  std::uint64_t others_ = 0;
  std::uint64_t bytes_ = 0;
};

// Those with a name that is not shown as it is at that CAPSULE_INSPECT_… level.
std::uint64_t redacted_events(const std::vector<capsule_trace_event> &events, std::int32_t level);

// The name of a number as the redactor's rules show it; nothing where they show none.
std::optional<Label> shown_label(std::uint32_t number, std::string_view name, Redactor &redactor);

}  // namespace capsule
