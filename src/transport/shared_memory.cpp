#include "transport/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace capsule {

SharedMemory::SharedMemory(SharedMemory &&other) noexcept
    : fd_(std::move(other.fd_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedMemory &SharedMemory::operator=(SharedMemory &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) {
    munmap(data_, size_);
  }
}

Result<SharedMemory> SharedMemory::create(const char *name, std::size_t size) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return system_error("memfd_create", errno);
  }
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return system_error("ftruncate", errno);
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return system_error("fcntl(F_ADD_SEALS)", errno);
  }
  const int kept = fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  auto memory = map(std::move(fd));
  if (!memory.ok()) {
    UniqueFd(kept).reset();
    return memory;
  }
  memory.value().fd_.reset(kept);
  return memory;
}

Result<SharedMemory> SharedMemory::map(UniqueFd fd) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) {
    return system_error("fstat", errno);
  }
  SharedMemory memory;
  memory.size_ = static_cast<std::size_t>(info.st_size);
  void *data = mmap(nullptr, memory.size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) {
    return system_error("mmap", errno);
  }
  memory.data_ = data;
  return memory;
}

void SharedMemory::prefault(std::size_t size) {
  if (madvise(data_, size, MADV_POPULATE_WRITE) == 0) {
    return;
  }
  // A kernel before 5.14: of a shared mapping a page that is read is there for writing as well.
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < size; at += page) {
    static_cast<void>(*(static_cast<const volatile char *>(data_) + at));
  }
}

}  // namespace capsule
