#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace capsule {
namespace {

bool continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// What stands at a position: a whole character, the beginning of one that the text's end cuts, or neither; and how many bytes of it are
// as they would have to be, at least one.
struct Sequence {
  enum class Kind { kWhole, kCut, kInvalid } kind;
  std::size_t length;
};

// Table 3-7 of the Unicode standard: how many bytes follow a lead byte, and the range of the first of them.
Sequence sequence_at(std::string_view text, std::size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  if (lead < 0x80) {
    return {Sequence::Kind::kWhole, 1};
  }
  if (lead < 0xC2 || lead > 0xF4) {
    return {Sequence::Kind::kInvalid, 1};
  }
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < size; ++i) {
    if (position + i == text.size()) {
      return {Sequence::Kind::kCut, i};
    }
    const auto byte = static_cast<unsigned char>(text[position + i]);
    if (i == 1 ? byte < least || byte > most : !continuation(text[position + i])) {
      return {Sequence::Kind::kInvalid, i};
    }
  }
  return {Sequence::Kind::kWhole, size};
}

// Length of the ASCII at the beginning, give or take seven bytes: what needs no further look.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t length = 0;
  for (std::uint64_t eight = 0; text.size() - length >= sizeof eight; length += sizeof eight) {
    std::memcpy(&eight, text.data() + length, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) {
      break;
    }
  }
  return length;
}

// Length of the UTF-8 at the beginning.
std::size_t valid_prefix(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    position += ascii_prefix(text.substr(position));
    if (position == text.size()) {
      break;
    }
    const Sequence sequence = sequence_at(text, position);
    if (sequence.kind != Sequence::Kind::kWhole) {
      break;
    }
    position += sequence.length;
  }
  return position;
}

}  // namespace

bool is_utf8(std::string_view text) { return valid_prefix(text) == text.size(); }

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

std::size_t utf8_incomplete_tail(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    if (!continuation(text[text.size() - back])) {
      return sequence_at(text, text.size() - back).kind == Sequence::Kind::kCut ? back : 0;
    }
  }
  return 0;
}

std::size_t utf8_replace_invalid(std::string_view text, std::string &out) {
  std::size_t replaced = 0;
  while (!text.empty()) {
    const std::size_t valid = valid_prefix(text);
    out.append(text, 0, valid);
    text.remove_prefix(valid);
    if (!text.empty()) {
      const std::size_t length = sequence_at(text, 0).length;
      out.append("\xEF\xBF\xBD");
      replaced += length;
      text.remove_prefix(length);
    }
  }
  return replaced;
}

}  // namespace capsule
