#include "session/profile.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "capsule/session.h"

namespace capsule {
namespace {

constexpr const char *kModuleName = "_capsule_worker.abi3.so";
constexpr const char *kEchoName = "capsule-echo-worker";

std::string environment_or(const char *name, const std::string &fallback) {
  const char *value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::string(value) : fallback;
}

// A worker may run in another folder. Links are kept: a virtual environment is known by its python's path.
std::string absolute_path(const std::string &path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  return failed ? path : absolute.string();
}

bool is_program(const std::string &path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> on_path(const std::string &name) {
  std::vector<std::string> found;
  std::stringstream folders(environment_or("PATH", "/usr/local/bin:/usr/bin:/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (is_program(candidate)) {
      found.push_back(absolute_path(candidate));
    }
  }
  return found;
}

Result<std::vector<std::string>> named_python(const std::string &python, const char *origin) {
  if (python.find('/') == std::string::npos) {
    const auto found = on_path(python);
    if (found.empty()) {
      return Status(CAPSULE_E_PYTHON, std::string(origin) + ": '" + python + "' is not on the PATH");
    }
    return std::vector<std::string>{found.front()};
  }
  struct stat info {};
  if (stat(python.c_str(), &info) != 0) {
    return Status(CAPSULE_E_PYTHON, std::string(origin) + ": '" + python + "': " + std::strerror(errno));
  }
  if (!is_program(python)) {
    return Status(CAPSULE_E_PYTHON, std::string(origin) + ": '" + python + "' is not an executable file");
  }
  return std::vector<std::string>{absolute_path(python)};
}

Result<std::string> worker_file(const Profile &profile, const char *name) {
  const std::string path = profile.worker_dir + "/" + name;
  if (access(path.c_str(), R_OK) != 0) {
    return Status(CAPSULE_E_WORKER, "worker_dir: '" + path + "': " + std::strerror(errno));
  }
  return absolute_path(path);
}

}  // namespace

std::string find_worker_dir(const std::string &configured) {
  if (!configured.empty()) {
    return configured;
  }
  Dl_info info{};
  std::string beside = "capsule";
  if (dladdr(reinterpret_cast<const void *>(&find_worker_dir), &info) != 0 && info.dli_fname != nullptr) {
    const std::string library = info.dli_fname;
    const std::size_t slash = library.rfind('/');
    beside = slash == std::string::npos ? "capsule" : library.substr(0, slash) + "/capsule";
  }
  return environment_or("CAPSULE_WORKER_DIR", beside);
}

Result<std::string> find_worker_module(const Profile &profile) { return worker_file(profile, kModuleName); }

Result<std::vector<std::string>> find_programs(const Profile &profile) {
  if (profile.executor == CAPSULE_EXECUTOR_ECHO) {
    auto program = worker_file(profile, kEchoName);
    if (!program.ok()) {
      return program.status();
    }
    return std::vector<std::string>{program.value()};
  }
  if (!profile.python.empty()) {
    return named_python(profile.python, "python");
  }
  if (const std::string configured = environment_or("CAPSULE_PYTHON", ""); !configured.empty()) {
    return named_python(configured, "CAPSULE_PYTHON");
  }
  auto found = on_path("python3");
  if (found.empty()) {
    return Status(CAPSULE_E_PYTHON, "python: there is no python3 on the PATH");
  }
  return found;
}

}  // namespace capsule
