#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace capsule {

Result<UniqueFd> open_to_write(const std::string &path, Begin begin) {
  constexpr mode_t kAsUmaskAllows = 0666;
  const int how = begin == Begin::kEmpty ? O_TRUNC : O_APPEND;
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | how, kAsUmaskAllows));
  struct stat info {};
  if (!file.valid() || fstat(file.get(), &info) != 0) {
    return system_error(("options.path: " + path).c_str(), errno);
  }
  if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) {
    return Status(CAPSULE_E_SYSTEM, "options.path: " + path + " is no file");
  }
  if (fcntl(file.get(), F_SETFL, begin == Begin::kEmpty ? 0 : O_APPEND) != 0) {
    return system_error("fcntl(F_SETFL)", errno);
  }
  return file;
}

Result<std::string> read_file(const std::string &path, std::uint64_t most) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file.valid() || fstat(file.get(), &info) != 0) {
    return Status(CAPSULE_E_SYSTEM, "path: '" + path + "': " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    return Status(CAPSULE_E_ARGUMENT, "path: '" + path + "' is no file");
  }
  if (static_cast<std::uint64_t>(info.st_size) > most) {
    return Status(CAPSULE_E_LIMIT,
                  "path: '" + path + "' has " + std::to_string(info.st_size) + " bytes; it can have " + std::to_string(most));
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.data() + got, bytes.size() - got);
    if (count < 0 && errno != EINTR) {
      return Status(CAPSULE_E_SYSTEM, "path: '" + path + "': " + std::strerror(errno));
    }
    if (count == 0) {
      break;
    }
    got += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace capsule
