// SHA-256, and HMAC-SHA-256 where there is a key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace capsule {

inline constexpr std::size_t kDigestSize = 32;
using Digest = std::array<std::uint8_t, kDigestSize>;

// An empty key is none.
Digest digest_of(std::string_view bytes, std::string_view key = {});
// In time that does not tell where they differ.
bool same_digest(const std::uint8_t *one, const std::uint8_t *other);
// Two lower-case digits a byte, of the first `size` bytes.
std::string hex_of(const Digest &digest, std::size_t size = kDigestSize);

}  // namespace capsule
