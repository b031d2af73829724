#include "base/utf8.hpp"

#include <cstdint>

namespace capsule {
namespace {

bool continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Length of the valid character at `position`, 0 when there is none.
std::size_t character_length(std::string_view text, std::size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t left = text.size() - position;
  if (lead < 0x80) {
    return 1;
  }
  const auto second = left > 1 ? static_cast<unsigned char>(text[position + 1]) : 0U;
  if (lead >= 0xC2 && lead <= 0xDF) {
    return left >= 2 && continuation(text[position + 1]) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    const bool whole = left >= 3 && continuation(text[position + 1]) && continuation(text[position + 2]);
    return whole && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool beyond = lead == 0xF4 && second > 0x8F;
    const bool whole =
        left >= 4 && continuation(text[position + 1]) && continuation(text[position + 2]) && continuation(text[position + 3]);
    return whole && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = character_length(text, position);
    if (length == 0) {
      return false;
    }
    position += length;
  }
  return true;
}

std::size_t utf8_prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text.size();
  }
  std::size_t end = limit;
  // At most three bytes back: what is not UTF-8 is cut where the limit says.
  for (std::size_t back = 0; back < 4 && end > 0; ++back, --end) {
    if (!continuation(text[end])) {
      return end;
    }
  }
  return limit;
}

}  // namespace capsule
