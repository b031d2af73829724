#include "link/process_stats.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"

namespace capsule::worker {
namespace {

std::string read_file(const char *path) {
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char buffer[4096];
  const ssize_t count = fd.valid() ? ::read(fd.get(), buffer, sizeof buffer) : 0;
  return {buffer, count > 0 ? static_cast<std::size_t>(count) : 0};
}

// The number behind `key` in a /proc file of "key: number" lines; 0 when it is not there.
std::uint64_t field(const std::string &text, const char *key) {
  const std::size_t found = text.find(key);
  return found == std::string::npos ? 0 : std::strtoull(text.c_str() + found + std::strlen(key), nullptr, 10);
}

// The folder's size tells it since Linux 6.2; before, the entries are counted.
std::uint32_t count_descriptors() {
  struct stat folder {};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<std::uint32_t>(folder.st_size);
  }
  DIR *const entries = opendir("/proc/self/fd");
  std::uint32_t count = 0;
  while (entries != nullptr && readdir(entries) != nullptr) {
    ++count;
  }
  if (entries != nullptr) {
    closedir(entries);
  }
  return count < 3 ? 0 : count - 3;  // ".", "..", and the folder itself
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  const std::string rollup = read_file("/proc/self/smaps_rollup");
  stats.resident_bytes = field(rollup, "Rss:") << 10U;
  stats.private_bytes = (field(rollup, "Private_Clean:") + field(rollup, "Private_Dirty:")) << 10U;
  stats.shared_bytes = (field(rollup, "Shared_Clean:") + field(rollup, "Shared_Dirty:")) << 10U;
  const std::string status = read_file("/proc/self/status");
  stats.peak_resident_bytes = field(status, "VmHWM:") << 10U;
  stats.threads = static_cast<std::uint32_t>(field(status, "Threads:"));
  stats.open_descriptors = count_descriptors();
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  stats.cpu_ns = static_cast<std::uint64_t>(cpu.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(cpu.tv_nsec);
  return stats;
}

}  // namespace capsule::worker
