// Who may see how much. Pure: no lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "capsule/introspection.h"

namespace capsule {

// The kinds of guarded calls; of each a policy has a level.
enum class Guarded : std::size_t { kPromises, kNamespace, kPool, kExecution, kIsolation, kStack, kTrace, kPostmortem, kCount };

// As audit records name it.
const char *guarded_name(Guarded call);

struct InspectPolicy {
  InspectPolicy() { levels.fill(CAPSULE_INSPECT_COUNTS); }

  [[nodiscard]] std::int32_t level(Guarded call) const { return levels[static_cast<std::size_t>(call)]; }
  // Each becomes the stricter of the two; the key stays.
  void narrow(const InspectPolicy &other);

  std::array<std::int32_t, static_cast<std::size_t>(Guarded::kCount)> levels;
  std::int32_t redaction = CAPSULE_REDACT_HASH;
  std::uint32_t max_label_bytes = 64;
  std::uint32_t max_rows = 1'000;
  std::string key{};
};

}  // namespace capsule
