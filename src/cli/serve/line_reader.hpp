// Lines of stdin, as far as they are there, without waiting for more.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace capsule::cli::serve {

class LineReader {
 public:
  // Longer lines are not kept, however long they are.
  static constexpr std::size_t kLongest = 64U << 20U;

  // Reads once from a descriptor that is readable. Calls `line` with each whole line and `too_long` for each that is longer. What is
  // behind the last newline is a line of its own at the end. Returns false at the end.
  bool read(int fd, const std::function<void(std::string_view)> &line, const std::function<void()> &too_long);

 private:
  void take(std::string_view bytes, const std::function<void(std::string_view)> &line, const std::function<void()> &too_long);

  std::string partial_;
  bool skipping_ = false;
};

}  // namespace capsule::cli::serve
