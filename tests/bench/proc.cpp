#include "proc.hpp"

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "support.hpp"

namespace bench {
namespace {

// The number behind `label` in a file of /proc.
double read_field(const std::filesystem::path &path, const std::string &label) {
  std::ifstream file(path);
  std::string word;
  double value = 0;
  while (file >> word) {
    if (word == label && file >> value) {
      return value;
    }
  }
  fail("%s has no %s", path.c_str(), label.c_str());
}

std::filesystem::path process_folder(pid_t pid) { return std::filesystem::path("/proc") / std::to_string(pid); }

}  // namespace

Memory read_memory(pid_t pid) {
  const std::filesystem::path path = process_folder(pid) / "smaps_rollup";
  return {read_field(path, "Private_Clean:") + read_field(path, "Private_Dirty:"), read_field(path, "Rss:")};
}

std::uint64_t read_cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  errno = clock_getcpuclockid(pid, &clock);
  if (errno != 0 || clock_gettime(clock, &used) != 0) {
    fail_call("the CPU clock of a process");
  }
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
}

std::uint64_t read_wakeups(pid_t pid) {
  double total = 0;
  for (const auto &thread : std::filesystem::directory_iterator(process_folder(pid) / "task")) {
    total += read_field(thread.path() / "status", "voluntary_ctxt_switches:");
  }
  return static_cast<std::uint64_t>(total);
}

void reset_own_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  if (!file) {
    fail("/proc/self/clear_refs cannot be written");
  }
}

double own_resident_kib() { return read_field("/proc/self/status", "VmRSS:"); }

double own_peak_kib() { return read_field("/proc/self/status", "VmHWM:"); }

}  // namespace bench
