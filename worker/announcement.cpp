#include "announcement.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <utility>

namespace capsule::worker {
namespace {

constexpr std::pair<int, const char *> kLimits[] = {
    {RLIMIT_AS, "as"},         {RLIMIT_CORE, "core"},   {RLIMIT_CPU, "cpu"},
    {RLIMIT_DATA, "data"},     {RLIMIT_FSIZE, "fsize"}, {RLIMIT_MEMLOCK, "memlock"},
    {RLIMIT_NOFILE, "nofile"}, {RLIMIT_NPROC, "nproc"}, {RLIMIT_STACK, "stack"},
};

}  // namespace

std::vector<std::string> announcement(bool python) {
  std::vector<std::string> told{"execute", "input", "cancel", "interrupt", "snapshot", "values", "calls"};
  told.emplace_back(python ? "executor:python" : "executor:echo");
  for (const auto &[resource, name] : kLimits) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
      told.push_back("limit:" + std::string(name) + "=" + std::to_string(limit.rlim_cur));
    }
  }
  told.emplace_back("isolation:process");
  told.emplace_back("isolation:process_group");
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    told.emplace_back("isolation:no_new_privs");
  }
  if (prctl(PR_GET_SECCOMP) > 0) {
    told.emplace_back("isolation:seccomp");
  }
  return told;
}

}  // namespace capsule::worker
