// Where input() gets its lines: the --input texts first, then the command's own stdin.
#pragma once

#include <termios.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace capsule::cli {

class Answers {
 public:
  // With `stdin_taken` stdin held the source, and is at its end.
  Answers(const std::vector<std::string> &texts, bool stdin_taken);

  // The next line, if one is there already.
  std::optional<std::string> take();
  // Whether no line will come, so that the request is to be declined. On a terminal that holds for one request only.
  bool take_end();
  // Reads from stdin, which is readable.
  void read_stdin();

 private:
  void keep_line(std::string_view bytes);

  std::deque<std::string> lines_;
  std::string partial_;
  bool ended_;
  bool terminal_;
};

// Keeps a terminal from showing what is typed, but for the final newline.
class HiddenTyping {
 public:
  HiddenTyping();
  HiddenTyping(const HiddenTyping &) = delete;
  HiddenTyping &operator=(const HiddenTyping &) = delete;
  ~HiddenTyping();

 private:
  std::optional<termios> previous_;
};

}  // namespace capsule::cli
