// Processes: start one, watch it by pidfd, kill it with its group, learn how it ended.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

struct ExitStatus {
  int exit_code = 0;      // when signal_number is 0
  int signal_number = 0;  // what ended the process
};

struct SpawnRequest {
  std::string path;
  std::vector<std::string> arguments;            // argv[0] included
  std::vector<std::string> environment;          // NAME=value, put over the host's
  std::string working_directory;                 // empty: the host's
  std::vector<std::pair<int, int>> descriptors;  // target number, descriptor; 0 is /dev/null unless named
};

struct Process {
  int pid = 0;
  UniqueFd pidfd;
};

// Starts a child in a session (setsid) of its own, with no signal blocked or ignored. It is killed when the calling thread ends.
Result<Process> spawn(const SpawnRequest &request);

// A pidfd of a process; CAPSULE_E_SYSTEM when there is none.
Result<UniqueFd> open_pidfd(int pid);

// Reaps a child whose pidfd is readable. Nothing when it is not ours to reap (any more).
std::optional<ExitStatus> reap_child(const UniqueFd &pidfd);

// Whether the process is dead, be it reaped or not.
bool is_gone(const UniqueFd &pidfd);

// Whether the process has begun to end: its descriptors may be closed long before it is gone, where it waits for a processor.
bool is_ending(int pid);

// How a process that is gone ended, asked of the kernel (Linux 6.15 and later); nothing when it does not tell.
std::optional<ExitStatus> ask_exit_status(const UniqueFd &pidfd);

// Whether the descriptor is of the process of that number, as far as can be told: who passes both on need not be believed.
bool is_of(const UniqueFd &pidfd, int pid);

// SIGKILL to the process and to its process group, also when the leader is already gone.
void kill_group(const UniqueFd &pidfd, int pid);

// From a wait status.
ExitStatus decode_wait_status(int status);

}  // namespace capsule
