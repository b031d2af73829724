#include "diagnostics/process_memory.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace capsule {

bool ProcessMemory::read_anew(std::uint64_t address, void *into, std::size_t size) {
  iovec local{into, size};
  iovec remote{};
  remote.iov_len = size;
  static_assert(sizeof remote.iov_base == sizeof address);
  std::memcpy(&remote.iov_base, &address, sizeof address);  // an address there, never used here
  const ssize_t count = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
  if (count < 0 && errno != EFAULT) {
    refusal_ = errno;
  }
  return count == static_cast<ssize_t>(size);
}

bool ProcessMemory::read(std::uint64_t address, void *into, std::size_t size) {
  auto *out = static_cast<char *>(into);
  while (size > 0) {
    const std::uint64_t begin = address - address % kPage;
    auto found = pages_.find(begin);
    if (found == pages_.end()) {
      if (pages_.size() >= kMostPages) {
        pages_.clear();
      }
      Page page;
      if (!read_anew(begin, page.data(), kPage)) {
        return false;
      }
      found = pages_.emplace(begin, page).first;
    }
    const std::size_t count = std::min<std::size_t>(size, kPage - (address - begin));
    std::memcpy(out, found->second.data() + (address - begin), count);
    out += count;
    address += count;
    size -= count;
  }
  return true;
}

}  // namespace capsule
