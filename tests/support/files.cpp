#include "files.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "check.hpp"

namespace capsule_test {

TempFolder::TempFolder() {
  char pattern[] = "/tmp/capsule-test-XXXXXX";
  if (mkdtemp(pattern) == nullptr) {
    FAIL("mkdtemp failed");
  }
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string &name, const std::string &content, bool executable) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  if (executable) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  return path;
}

bool exists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

std::string read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string library_path() {
  Dl_info info{};
  // Not `&capsule_version`, which may be a stub in this program.
  if (dladdr(dlsym(RTLD_DEFAULT, "capsule_version"), &info) == 0) {
    FAIL("dladdr does not know where capsule_version is");
  }
  return std::filesystem::canonical(info.dli_fname);
}

}  // namespace capsule_test
