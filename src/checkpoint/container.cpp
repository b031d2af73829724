#include "checkpoint/container.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/digest.hpp"

namespace capsule {
namespace {

constexpr std::string_view kMagic("CAPSCKPT", 8);
constexpr std::uint32_t kCompressed = 1;
constexpr std::uint32_t kSigned = 2;
constexpr std::size_t kHeaderSize = 40;
constexpr std::size_t kTagSize = kDigestSize;

struct Header {
  std::uint32_t format = kContainerFormat;
  std::uint32_t flags = 0;
  std::uint64_t manifest_size = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t body_size = 0;
};

template <typename Number>
void put(std::string &bytes, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    bytes += static_cast<char>(number >> (8 * i));
  }
}

template <typename Number>
Number take(std::string_view &bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= static_cast<Number>(static_cast<Number>(static_cast<std::uint8_t>(bytes[i])) << (8 * i));
  }
  bytes.remove_prefix(sizeof number);
  return number;
}

Status refuse(std::string reason) { return {CAPSULE_E_CHECKPOINT, "checkpoint: " + std::move(reason)}; }

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return system_error("write", errno);
    }
    bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  return {};
}

// Its sizes are those of the bytes, and within the limits.
Status check_header(const Header &header, std::size_t size, const ContainerLimits &limits) {
  if (header.format != kContainerFormat) {
    return refuse("its format is " + std::to_string(header.format) + "; this library reads " +
                  std::to_string(kContainerFormat));
  }
  if ((header.flags & ~(kCompressed | kSigned)) != 0) {
    return refuse("it has flags that this library does not know");
  }
  if (header.manifest_size > limits.manifest_bytes || header.body_size > limits.body_bytes) {
    return {CAPSULE_E_LIMIT, "checkpoint: it holds " + std::to_string(header.manifest_size) + " and " +
                                 std::to_string(header.body_size) + " bytes; it can hold " +
                                 std::to_string(limits.manifest_bytes) + " and " + std::to_string(limits.body_bytes)};
  }
  const std::uint64_t rest = size - kHeaderSize - kTagSize;
  if (header.manifest_size > rest || header.stored_size != rest - header.manifest_size) {
    return refuse("it is cut off, or has something behind it");
  }
  if ((header.flags & kCompressed) == 0 && header.stored_size != header.body_size) {
    return refuse("its body is not of the size that it says");
  }
  return {};
}

Result<std::string> compress(std::string_view body, int level) {
  std::string stored(ZSTD_compressBound(body.size()), '\0');
  const std::size_t size = ZSTD_compress(stored.data(), stored.size(), body.data(), body.size(), level);
  if (ZSTD_isError(size) != 0) {
    return refuse(std::string("it cannot be compressed: ") + ZSTD_getErrorName(size));
  }
  stored.resize(size);
  return stored;
}

}  // namespace

Result<std::string> encode_container(std::string_view manifest, std::string_view body, int level, std::string_view key) {
  std::string stored;
  if (level > 0) {
    auto compressed = compress(body, level);
    if (!compressed.ok()) {
      return compressed;
    }
    stored = std::move(compressed.value());
  }
  const std::string_view kept = level > 0 ? std::string_view(stored) : body;
  std::string bytes;
  bytes.reserve(kHeaderSize + manifest.size() + kept.size() + kTagSize);
  bytes += kMagic;
  put<std::uint32_t>(bytes, kContainerFormat);
  put<std::uint32_t>(bytes, (level > 0 ? kCompressed : 0) | (key.empty() ? 0 : kSigned));
  put<std::uint64_t>(bytes, manifest.size());
  put<std::uint64_t>(bytes, kept.size());
  put<std::uint64_t>(bytes, body.size());
  bytes += manifest;
  bytes += kept;
  const Digest tag = digest_of(bytes, key);
  bytes.append(tag.begin(), tag.end());
  return bytes;
}

Result<Container> read_container(std::string_view bytes, std::string_view key, const ContainerLimits &limits, Tag tag) {
  if (bytes.size() < kHeaderSize + kTagSize || bytes.substr(0, kMagic.size()) != kMagic) {
    return refuse("these bytes are none");
  }
  std::string_view rest = bytes.substr(kMagic.size());
  Header header;
  header.format = take<std::uint32_t>(rest);
  header.flags = take<std::uint32_t>(rest);
  header.manifest_size = take<std::uint64_t>(rest);
  header.stored_size = take<std::uint64_t>(rest);
  header.body_size = take<std::uint64_t>(rest);
  if (Status status = check_header(header, bytes.size(), limits); !status.ok()) {
    return status;
  }
  const bool is_signed = (header.flags & kSigned) != 0;
  if (!is_signed && !key.empty()) {
    return refuse("it is not signed, and a key was given");
  }
  Container container;
  container.manifest = rest.substr(0, header.manifest_size);
  container.stored_body = rest.substr(header.manifest_size, header.stored_size);
  container.body_bytes = header.body_size;
  container.is_compressed = (header.flags & kCompressed) != 0;
  container.is_signed = is_signed;
  container.is_verified = !is_signed || !key.empty();
  if (container.is_verified && tag == Tag::kChecked) {
    const Digest expected = digest_of(bytes.substr(0, bytes.size() - kTagSize), key);
    // In the same time wherever they differ: that would tell how much of a forged tag is right.
    if (!same_digest(expected.data(), reinterpret_cast<const std::uint8_t *>(bytes.data() + bytes.size() - kTagSize))) {
      return refuse(is_signed ? "it is damaged, or signed with another key" : "it is damaged: its checksum is another");
    }
  }
  return container;
}

Status unpack_container(const Container &container, int fd) {
  if (Status status = write_all(fd, container.manifest); !status.ok()) {
    return status;
  }
  if (!container.is_compressed) {
    return write_all(fd, container.stored_body);
  }
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream *)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  std::vector<char> piece(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{container.stored_body.data(), container.stored_body.size(), 0};
  std::uint64_t written = 0;
  std::size_t state = 1;
  // Until its frame is complete: zstd may still hold some when it has read all.
  while (state != 0) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    const std::size_t before = in.pos;
    state = ZSTD_decompressStream(stream.get(), &out, &in);
    written += out.pos;
    if (ZSTD_isError(state) != 0 || written > container.body_bytes || (out.pos == 0 && in.pos == before)) {
      return refuse("its body cannot be decompressed");
    }
    if (Status status = write_all(fd, {piece.data(), out.pos}); !status.ok()) {
      return status;
    }
  }
  return written == container.body_bytes && in.pos == in.size ? Status() : refuse("its body is not of the size that it says");
}

Status write_file_atomically(const std::string &path, std::string_view bytes) {
  std::string beside = path + ".XXXXXX";
  const UniqueFd file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) {
    return {CAPSULE_E_SYSTEM, "path: '" + path + "': " + std::strerror(errno)};
  }
  Status status = write_all(file.get(), bytes);
  if (status.ok() && (fsync(file.get()) != 0 || rename(beside.c_str(), path.c_str()) != 0)) {
    status = Status(CAPSULE_E_SYSTEM, "path: '" + path + "': " + std::strerror(errno));
  }
  if (!status.ok()) {
    unlink(beside.c_str());
    return status;
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fsync(opened.get());
  return {};
}

}  // namespace capsule
