// What /proc says of processes, and waiting for one to be gone.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "deadline.hpp"

namespace capsule_test {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd &&other) noexcept : fd_(other.take()) {}
  UniqueFd &operator=(UniqueFd &&other) noexcept;
  ~UniqueFd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  int take();
  void reset();

 private:
  int fd_ = -1;
};

// Waits until the descriptor is readable; false at the deadline.
bool wait_readable(int fd, const Deadline &deadline);

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  char state = '?';  // 'Z' for a zombie
  std::string name;
};

std::vector<Process> processes();
// Of this process: the living and the zombies.
std::vector<Process> children();
// Children, their children, and so on; parents before children.
std::vector<Process> descendants(pid_t root);
std::string describe(const std::vector<Process> &processes);

// Follows a process by pidfd from the moment it is made, so that a pid that is used again confuses nobody.
class Watched {
 public:
  explicit Watched(pid_t pid);
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Dead, be it reaped or not. False at the deadline.
  [[nodiscard]] bool wait_gone(const Deadline &deadline) const;
  void kill(int signal_number) const;

 private:
  pid_t pid_;
  UniqueFd pidfd_;  // invalid when there was no such process
};

// Fails the test with the names of those that are still there at the deadline.
void check_gone(const std::vector<Watched> &watched, const Deadline &deadline, const char *what);

// This process's open descriptors, as "number target", in order.
std::vector<std::string> descriptors();
// Fails the test unless there are no more descriptors than that, or soon will not be: what is closed without waiting
// takes a moment.
void check_descriptors_at_most(std::size_t most);
// The same of processes below that one: who is let go of is gone, and reaped, a moment later.
void check_descendants_at_most(pid_t root, std::size_t most);
std::size_t thread_count();
// The same of threads: the kernel lists one a moment longer than join() waits for it.
void check_threads_at_most(std::size_t most);
// Resident memory of this process.
std::size_t resident_bytes();
// A line of /proc/PID/status, as "SigBlk" or "VmRSS", without its name.
std::string status_field(const std::string &process, const std::string &field);

}  // namespace capsule_test
