// Stacks that were sampled, counted by what they are: as flame graph programs read them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "diagnostics/stack.hpp"

namespace capsule {

class CollapsedStacks {
 public:
  explicit CollapsedStacks(std::size_t most) : most_(most) {}

  // The threads that run, or all of them, as far as they run code of the user's.
  void add(const Stack &stack, bool waiting_too);
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }
  [[nodiscard]] std::size_t different() const { return counts_.size(); }
  // A line for each, in order.
  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

  const std::size_t most_;
  std::map<std::string, std::uint64_t> counts_;
  std::size_t bytes_ = 0;  // of the lines
  std::uint64_t counted_ = 0;
  std::uint64_t overflowed_ = 0;
};

}  // namespace capsule
