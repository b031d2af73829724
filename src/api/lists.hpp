// Names of enumerations.
#pragma once

#include <cstddef>
#include <cstdint>

namespace capsule::api {

template <std::size_t N>
const char *name_of(const char *const (&names)[N], std::int32_t value) {
  return value >= 0 && static_cast<std::size_t>(value) < N ? names[value] : "unknown";
}

}  // namespace capsule::api
