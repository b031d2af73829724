#include "base/json_levels.hpp"

#include <algorithm>

namespace capsule {

std::size_t json_levels(std::string_view text) {
  std::size_t deepest = 0;
  std::size_t level = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++level);
    } else if (c == ']' || c == '}') {
      level -= level > 0 ? 1 : 0;
    } else {
      quoted = c == '"';
    }
  }
  return deepest;
}

}  // namespace capsule
