#include "cli/profile_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "capsule.hpp"
#include "cli/arguments.hpp"

namespace capsule::cli {

ProfileFile::ProfileFile(capsule_session *session, const std::string &path) : path_(path), file_(path, std::ios::binary) {
  if (!file_) {
    throw UsageError("the FILE of --profile, " + path + ", cannot be written: " + std::strerror(errno));
  }
  capsule_profile *profile = nullptr;
  detail::call(capsule_session_profile, session, nullptr, &profile);
  profile_.reset(profile);
}

std::string ProfileFile::finish() {
  detail::call(capsule_profile_stop, profile_.get());
  detail::call(capsule_profile_wait, profile_.get(), std::int64_t{-1});
  const capsule_profile_info info = detail::info(capsule_profile_get_info, profile_.get());
  const char *text = nullptr;
  std::size_t size = 0;
  detail::call(capsule_profile_get_collapsed, profile_.get(), &text, &size);
  file_.write(text, static_cast<std::streamsize>(size));
  file_.close();
  if (!file_) {
    throw std::runtime_error(path_ + " cannot be written: " + std::strerror(errno));
  }
  return std::to_string(info.samples) + " samples (" + std::to_string(info.missed) + " missed), " +
         std::to_string(info.different) + " different stacks in " + path_;
}

}  // namespace capsule::cli
