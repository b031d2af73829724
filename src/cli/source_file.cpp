#include "cli/source_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/utf8.hpp"
#include "cli/arguments.hpp"

namespace capsule::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void fail(std::string_view name, int error_number) {
  throw UsageError("cannot read " + std::string(name) + ": " + std::generic_category().message(error_number));
}

std::string read_all(int fd, std::string_view name) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail(name, errno);
    }
  }
}

}  // namespace

std::string read_bytes(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    fail(path, errno);
  }
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } const closer{fd};
  return read_all(fd, path);
}

std::string read_source(const std::string &path) {
  const std::string name = path == "-" ? "stdin" : path;
  std::string text = path == "-" ? read_all(STDIN_FILENO, name) : read_bytes(path);
  if (text.starts_with(kByteOrderMark)) {
    text.erase(0, kByteOrderMark.size());
  }
  check_source(name, text);
  return text;
}

void check_source(std::string_view name, std::string_view source) {
  if (!is_utf8(source)) {
    throw UsageError(std::string(name) + " is not UTF-8");
  }
  if (source.find('\0') != std::string_view::npos) {
    throw UsageError(std::string(name) + " holds a NUL");
  }
}

}  // namespace capsule::cli
