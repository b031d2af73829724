#include "diagnostics/inspect_policy.hpp"

#include <algorithm>

namespace capsule {

const char *guarded_name(Guarded call) {
  constexpr std::array<const char *, static_cast<std::size_t>(Guarded::kCount)> kNames = {
      "promises", "namespace", "pool", "execution", "isolation", "stack", "trace", "postmortem"};
  return kNames.at(static_cast<std::size_t>(call));
}

void InspectPolicy::narrow(const InspectPolicy &other) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i] = std::min(levels[i], other.levels[i]);
  }
  redaction = std::max(redaction, other.redaction);
  max_label_bytes = std::min(max_label_bytes, other.max_label_bytes);
  max_rows = std::min(max_rows, other.max_rows);
}

}  // namespace capsule
