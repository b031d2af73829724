// The bytes of a checkpoint: a manifest that is read without a worker, and a body that only a worker unpickles. Little endian:
//   magic 8, format 4, flags 4, manifest size 8, stored body size 8, body size 8, manifest, stored body, tag 32
// The tag is SHA-256 of all before it; or, signed, HMAC-SHA-256 with the caller's key.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

inline constexpr std::uint32_t kContainerFormat = 1;
inline constexpr std::uint64_t kMaxManifest = 64U << 20U;

struct ContainerLimits {
  std::uint64_t manifest_bytes = 0;
  std::uint64_t body_bytes = 0;
};

// Views into the bytes that were read.
struct Container {
  std::string_view manifest;
  std::string_view stored_body;
  std::uint64_t body_bytes = 0;
  bool is_compressed = false;
  bool is_signed = false;
  bool is_verified = false;  // the tag was checked: with the key, where it is signed
};

// `level` 0 stores the body as it is; 1 … 19 are zstd's. An empty key makes a checksum of the tag.
Result<std::string> encode_container(std::string_view manifest, std::string_view body, int level, std::string_view key);

// Whether bytes were made in this process a moment ago: to make their tag takes longer than all else.
enum class Tag { kChecked, kOwn };

// CAPSULE_E_CHECKPOINT, with what is wrong, for whatever is none, is damaged, or is not signed with the key. What is signed is also read
// without a key, and then not verified.
Result<Container> read_container(std::string_view bytes, std::string_view key, const ContainerLimits &limits,
                                 Tag tag = Tag::kChecked);

// Writes the manifest and behind it the body, as it was before it was compressed: never more than it says of itself.
Status unpack_container(const Container &container, int fd);

// Whole or not at all: by a file beside it, which takes its place.
Status write_file_atomically(const std::string &path, std::string_view bytes);

}  // namespace capsule
