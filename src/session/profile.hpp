// What decides which zygote a session comes from.
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"

namespace capsule {

struct Profile {
  int executor = 0;  // CAPSULE_EXECUTOR_…
  int start = 0;     // CAPSULE_START_…
  std::string python;
  std::vector<std::string> preload;
  std::vector<std::string> native_thread_allow;
  std::vector<std::string> environment;
  std::string working_directory;
  std::string worker_dir;

  auto operator<=>(const Profile &) const = default;
};

// The programs a zygote can be started with, best first: one when the profile or CAPSULE_PYTHON names it, else every python3 on
// the PATH. CAPSULE_E_PYTHON or CAPSULE_E_WORKER, naming the path, when there is none.
Result<std::vector<std::string>> find_programs(const Profile &profile);

// The folder of the worker files: `configured`, else CAPSULE_WORKER_DIR, else `capsule` beside this library.
std::string find_worker_dir(const std::string &configured);

// The worker module in the profile's folder; CAPSULE_E_WORKER when it is missing.
Result<std::string> find_worker_module(const Profile &profile);

}  // namespace capsule
