#include "transport/shared_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace capsule {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

Result<UniqueFd> make_file(std::size_t size) {
  UniqueFd fd(memfd_create("capsule-value", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return system_error("memfd_create", errno);
  }
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return system_error("ftruncate", errno);
  }
  return fd;
}

}  // namespace

SharedBuffer::SharedBuffer(SharedBuffer &&other) noexcept
    : fd_(std::move(other.fd_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedBuffer &SharedBuffer::operator=(SharedBuffer &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SharedBuffer::~SharedBuffer() {
  if (data_ != nullptr) {
    munmap(data_, size_);
  }
}

Result<SharedBuffer> SharedBuffer::create(std::size_t size) {
  auto fd = make_file(size);
  if (!fd.ok()) {
    return fd.status();
  }
  if (fcntl(fd.value().get(), F_ADD_SEALS, kSizeSeals) != 0) {
    return system_error("fcntl(F_ADD_SEALS)", errno);
  }
  void *data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.value().get(), 0);
  if (data == MAP_FAILED) {
    return system_error("mmap", errno);
  }
  SharedBuffer buffer;
  buffer.fd_ = std::move(fd.value());
  buffer.data_ = data;
  buffer.size_ = size;
  return buffer;
}

// By write(2): the kernel fills pages that need not be zeroed or faulted in first.
Result<UniqueFd> SharedBuffer::copy(std::span<const char> data) {
  auto fd = make_file(data.size());
  if (!fd.ok()) {
    return fd;
  }
  while (!data.empty()) {
    const ssize_t written = ::write(fd.value().get(), data.data(), data.size());
    if (written < 0 && errno != EINTR) {
      return system_error("write", errno);
    }
    data = data.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  if (fcntl(fd.value().get(), F_ADD_SEALS, kSizeSeals | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return system_error("fcntl(F_ADD_SEALS)", errno);
  }
  return fd;
}

Result<SharedBuffer> SharedBuffer::open(UniqueFd fd, std::size_t size) {
  struct stat info {};
  constexpr int kNeeded = kSizeSeals | F_SEAL_WRITE;
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kNeeded) != kNeeded || fstat(fd.get(), &info) != 0 ||
      static_cast<std::size_t>(info.st_size) != size || size == 0) {
    return Status(CAPSULE_E_PROTOCOL, "the worker sent a buffer that is not sealed, or not of the size it says");
  }
  // Pages that it did not pay for would be made as the host reads, of the host's memory: terabytes, if it likes.
  constexpr std::size_t kBlock = 512;
  if (static_cast<std::size_t>(info.st_blocks) < size / kBlock) {
    return Status(CAPSULE_E_PROTOCOL, "the worker sent a buffer of which it has filled only a part");
  }
  void *data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) {
    return system_error("mmap", errno);
  }
  SharedBuffer buffer;
  buffer.data_ = data;
  buffer.size_ = size;
  return buffer;
}

Result<UniqueFd> SharedBuffer::freeze() {
  if (mprotect(data_, size_, PROT_READ) != 0) {
    return system_error("mprotect", errno);
  }
  // The mapping stays; F_SEAL_WRITE would want it gone.
  if (fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE) != 0) {
    return system_error("fcntl(F_ADD_SEALS)", errno);
  }
  UniqueFd copy(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    return system_error("fcntl(F_DUPFD_CLOEXEC)", errno);
  }
  return copy;
}

}  // namespace capsule
