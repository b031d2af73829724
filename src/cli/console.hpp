// The command's own stdout and stderr.
#pragma once

#include <functional>
#include <stdexcept>
#include <string_view>

namespace capsule::cli {

// stdout cannot be written.
class OutputError : public std::runtime_error {
 public:
  explicit OutputError(int error_number);
  // Nobody reads it any more, as in `capsule run … | head`.
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }

 private:
  bool reader_gone_;
};

class Console {
 public:
  // While a slow reader keeps a write waiting, `fd` is watched too, and `heard` called when it is readable.
  void watch(int fd, std::function<void()> heard);
  // May be called by `heard` itself.
  void unwatch();

  void write_out(std::string_view bytes);
  // What cannot be written is dropped: there is no place left to say so.
  void write_err(std::string_view bytes);
  // One line about the command itself, on stderr.
  void say(std::string_view sentence);

 private:
  int write(int fd, std::string_view bytes);
  void wait_writable(int fd);

  int watched_ = -1;
  std::function<void()> heard_;
};

}  // namespace capsule::cli
