// Folders that are gone after the test.
#pragma once

#include <string>

namespace capsule_test {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder &) = delete;
  TempFolder &operator=(const TempFolder &) = delete;
  ~TempFolder();

  [[nodiscard]] const std::string &path() const { return path_; }
  // The path of a new file in it.
  std::string write(const std::string &name, const std::string &content, bool executable = false) const;

 private:
  std::string path_;
};

bool exists(const std::string &path);
std::string read_file(const std::string &path);

// The path of the libcapsule.so that this program runs with.
std::string library_path();

}  // namespace capsule_test
