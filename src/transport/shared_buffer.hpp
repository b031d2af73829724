// A value's content in shared memory: a memfd that one side fills and the other only reads. Sealed against shrinking, growing and, for
// everybody but who made it, writing: reading it never faults and never changes.
#pragma once

#include <cstddef>
#include <span>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

class SharedBuffer {
 public:
  SharedBuffer() = default;
  SharedBuffer(SharedBuffer &&other) noexcept;
  SharedBuffer &operator=(SharedBuffer &&other) noexcept;
  SharedBuffer(const SharedBuffer &) = delete;
  SharedBuffer &operator=(const SharedBuffer &) = delete;
  ~SharedBuffer();

  // Zeroed and writable.
  static Result<SharedBuffer> create(std::size_t size);
  // A sealed copy, not mapped.
  static Result<UniqueFd> copy(std::span<const char> data);
  // What the other side sent: CAPSULE_E_PROTOCOL where it is not sealed or not of that size.
  static Result<SharedBuffer> open(UniqueFd fd, std::size_t size);

  // No more writing, from here on; a descriptor for the other side.
  Result<UniqueFd> freeze();

  [[nodiscard]] void *data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  UniqueFd fd_;
  void *data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace capsule
