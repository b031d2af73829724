// UTF-8 checks on text that comes from outside.
#pragma once

#include <cstddef>
#include <string_view>

namespace capsule {

// Whether the bytes are UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

// The longest prefix of at most `limit` bytes that does not cut a character.
std::size_t utf8_prefix(std::string_view text, std::size_t limit);

}  // namespace capsule
