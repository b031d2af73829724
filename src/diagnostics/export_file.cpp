#include <unistd.h>

#include <cerrno>

#include "base/file.hpp"
#include "diagnostics/export_files.hpp"

namespace capsule {

Result<ExportFile> ExportFile::make(const std::string &path) {
  auto opened = open_to_write(path, Begin::kEmpty);
  return opened.ok() ? Result<ExportFile>(ExportFile(std::move(opened.value()))) : opened.status();
}

bool ExportFile::append(const std::string &text, const std::string &ending) {
  ::lseek(fd_.get(), end_, SEEK_SET);  // a device has no places, and is written to as it is
  if (write(text + ending)) {
    end_ += static_cast<off_t>(text.size());
    ending_ = ending;
    return true;
  }
  // It had room for the old ending, and has it still.
  ::lseek(fd_.get(), end_, SEEK_SET);
  static_cast<void>(write(ending_));
  [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), end_ + static_cast<off_t>(ending_.size()));
  return false;
}

bool ExportFile::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return true;
}

}  // namespace capsule
