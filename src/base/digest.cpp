#include "base/digest.hpp"

#include <nettle/hmac.h>
#include <nettle/memops.h>

namespace capsule {
namespace {

const std::uint8_t *bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t *>(text.data()); }

}  // namespace

static_assert(kDigestSize == SHA256_DIGEST_SIZE);

Digest digest_of(std::string_view bytes, std::string_view key) {
  Digest digest{};
  if (key.empty()) {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, bytes.size(), bytes_of(bytes));
    sha256_digest(&context, digest.size(), digest.data());
  } else {
    hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key.size(), bytes_of(key));
    hmac_sha256_update(&context, bytes.size(), bytes_of(bytes));
    hmac_sha256_digest(&context, digest.size(), digest.data());
  }
  return digest;
}

bool same_digest(const std::uint8_t *one, const std::uint8_t *other) { return memeql_sec(one, other, kDigestSize) != 0; }

std::string hex_of(const Digest &digest, std::size_t size) {
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 15U];
  }
  return hex;
}

}  // namespace capsule
