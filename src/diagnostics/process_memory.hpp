// The memory of another process, read without its doing: it runs on meanwhile.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <unordered_map>

namespace capsule {

class ProcessMemory {
 public:
  explicit ProcessMemory(pid_t pid) : pid_(pid) {}

  // By whole pages, which are kept: what lies on one page is of one moment. False where there is no such memory.
  bool read(std::uint64_t address, void *into, std::size_t size);
  // As it is now.
  bool read_anew(std::uint64_t address, void *into, std::size_t size);

  template <typename T>
  std::optional<T> get(std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    return read(address, &value, sizeof value) ? std::optional<T>(value) : std::nullopt;
  }

  void forget() { pages_.clear(); }
  // The errno of a read that failed for another reason than its address, or 0.
  [[nodiscard]] int refusal() const { return refusal_; }

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kMostPages = 1024;
  using Page = std::array<char, kPage>;

  const pid_t pid_;
  std::unordered_map<std::uint64_t, Page> pages_;
  int refusal_ = 0;
};

}  // namespace capsule
