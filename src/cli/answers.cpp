#include "cli/answers.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/utf8.hpp"

namespace capsule::cli {

Answers::Answers(const std::vector<std::string> &texts, bool stdin_taken)
    : lines_(texts.begin(), texts.end()), ended_(stdin_taken), terminal_(!stdin_taken && ::isatty(STDIN_FILENO) == 1) {}

std::optional<std::string> Answers::take() {
  if (lines_.empty()) {
    return std::nullopt;
  }
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

bool Answers::take_end() { return terminal_ ? std::exchange(ended_, false) : ended_; }

void Answers::read_stdin() {
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
    return;
  }
  if (count <= 0) {
    if (!partial_.empty()) {
      keep_line(std::exchange(partial_, {}));
    }
    ended_ = true;
    return;
  }
  partial_.append(buffer.data(), static_cast<std::size_t>(count));
  std::size_t start = 0;
  for (std::size_t end; (end = partial_.find('\n', start)) != std::string::npos; start = end + 1) {
    keep_line(std::string_view(partial_).substr(start, end - start));
  }
  partial_.erase(0, start);
}

void Answers::keep_line(std::string_view bytes) {
  if (bytes.ends_with('\r')) {
    bytes.remove_suffix(1);
  }
  utf8_replace_invalid(bytes, lines_.emplace_back());
}

HiddenTyping::HiddenTyping() {
  termios mode{};
  if (::tcgetattr(STDIN_FILENO, &mode) != 0) {
    return;
  }
  previous_ = mode;
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  mode.c_lflag |= ECHONL;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

HiddenTyping::~HiddenTyping() {
  if (previous_) {
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*previous_);
  }
}

}  // namespace capsule::cli
