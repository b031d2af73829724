// Memory shared between host and worker: a memfd that can neither shrink nor grow, so that touching it never faults.
#pragma once

#include <cstddef>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory &&other) noexcept;
  SharedMemory &operator=(SharedMemory &&other) noexcept;
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;
  ~SharedMemory();

  // The host's side: makes, seals and maps it.
  static Result<SharedMemory> create(const char *name, std::size_t size);
  // The worker's side: maps what the descriptor holds; the descriptor is closed.
  static Result<SharedMemory> map(UniqueFd fd);

  // Brings in the first bytes of it, so that what is written there later costs no fault.
  void prefault(std::size_t size);

  [[nodiscard]] void *data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // The descriptor of a created one; -1 once closed, and on the worker's side.
  [[nodiscard]] int fd() const { return fd_.get(); }
  void close_fd() { fd_.reset(); }

 private:
  UniqueFd fd_;
  void *data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace capsule
