#include "cli/serve/line_reader.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace capsule::cli::serve {

bool LineReader::read(int fd, const std::function<void(std::string_view)> &line, const std::function<void()> &too_long) {
  std::array<char, 65'536> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
    return true;
  }
  if (count <= 0) {
    if (!partial_.empty() || skipping_) {
      take("\n", line, too_long);
    }
    return false;
  }
  take({buffer.data(), static_cast<std::size_t>(count)}, line, too_long);
  return true;
}

void LineReader::take(std::string_view bytes, const std::function<void(std::string_view)> &line,
                      const std::function<void()> &too_long) {
  for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
    partial_.append(skipping_ ? std::string_view() : bytes.substr(0, end));
    if (skipping_ || partial_.size() > kLongest) {
      too_long();
    } else {
      line(partial_);
    }
    skipping_ = false;
    partial_.clear();
  }
  if (!skipping_) {
    partial_.append(bytes);
  }
  if (partial_.size() > kLongest) {
    skipping_ = true;
    partial_ = {};
  }
}

}  // namespace capsule::cli::serve
