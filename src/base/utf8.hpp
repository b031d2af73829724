// UTF-8 checks on text that comes from outside.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace capsule {

// Whether the bytes are UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

// The longest prefix of at most `limit` bytes that does not cut a character.
std::size_t utf8_prefix(std::string_view text, std::size_t limit);

// Length of what stands at the end of the text and may be the beginning of a character: 0 … 3.
std::size_t utf8_incomplete_tail(std::string_view text);

// Appends the text to `out` with each sequence that is not UTF-8 replaced by U+FFFD, as Unicode §3.9 recommends and Python does: one
// for each maximal beginning of a character. Returns how many bytes were replaced.
std::size_t utf8_replace_invalid(std::string_view text, std::string &out);

}  // namespace capsule
