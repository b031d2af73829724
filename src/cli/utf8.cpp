#include "cli/utf8.hpp"

#include <cstddef>
#include <utility>

namespace capsule::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Kind { kCharacter, kInvalid, kIncomplete };

struct Scan {
  Kind kind;
  std::size_t size;
};

// The first character, or the bytes that one U+FFFD stands for (table 3-7 and "maximal subpart" of the Unicode standard).
Scan scan(std::string_view bytes) {
  const auto at = [bytes](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
  const unsigned lead = at(0);
  if (lead < 0x80) {
    return {Kind::kCharacter, 1};
  }
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
  } else {
    return {Kind::kInvalid, 1};
  }
  // Only the second byte's range depends on the first: it keeps overlong forms, surrogates and what is beyond U+10FFFF out.
  unsigned low = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
  unsigned high = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
  for (std::size_t index = 1; index < length; ++index) {
    if (index == bytes.size()) {
      return {Kind::kIncomplete, index};
    }
    if (at(index) < low || at(index) > high) {
      return {Kind::kInvalid, index};
    }
    low = 0x80;
    high = 0xBF;
  }
  return {Kind::kCharacter, length};
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Scan first = scan(bytes);
    if (first.kind != Kind::kCharacter) {
      return false;
    }
    bytes.remove_prefix(first.size);
  }
  return true;
}

std::string Utf8Carry::take(std::string_view bytes) {
  const std::string all = std::exchange(waiting_, {}).append(bytes);
  std::string text;
  text.reserve(all.size());
  for (std::string_view rest = all; !rest.empty();) {
    const Scan first = scan(rest);
    if (first.kind == Kind::kIncomplete) {
      waiting_ = rest;
      break;
    }
    text += first.kind == Kind::kCharacter ? rest.substr(0, first.size) : kReplacement;
    rest.remove_prefix(first.size);
  }
  return text;
}

std::string Utf8Carry::finish() { return std::exchange(waiting_, {}).empty() ? std::string() : std::string(kReplacement); }

}  // namespace capsule::cli
