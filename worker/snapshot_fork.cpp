#include "snapshot_fork.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "session_process.hpp"
#include "transport/frame.hpp"
#include "transport/socket.hpp"
#include "wire/codec.hpp"

namespace capsule::worker {
namespace {

bool announce(int zygote_fd, const ForkNotice &notice, int channel) {
  std::uint8_t bytes[sizeof notice];
  std::memcpy(bytes, &notice, sizeof notice);
  return send_with_fds(zygote_fd, bytes, {&channel, channel < 0 ? 0U : 1U}) == sizeof notice;
}

// Forks by way of a go-between that ends at once, so that the child becomes the zygote's, the next reaper of orphans above. The
// go-between shares this process's memory, as vfork() has it: only one fork is paid for. It tells the zygote of the child before it
// ends, so that the zygote never takes the child for an orphan of the user's.
pid_t fork_by_go_between(int zygote_fd, std::uint64_t fork_id, int channel, volatile int &error) {
  const pid_t go_between = vfork();
  if (go_between != 0) {
    error = go_between < 0 ? errno : error;
    return go_between;
  }
  const pid_t child = fork();
  if (child == 0) {
    return 0;
  }
  error = child < 0 ? errno : 0;
  if (child > 0) {
    setpgid(child, child);  // out of the session's group before anybody can kill that
    if (!announce(zygote_fd, {.fork_id = fork_id, .pid = child}, channel)) {
      error = errno == 0 ? EPIPE : errno;
      kill(child, SIGKILL);
    }
  }
  _exit(0);
}

// Its stdout and stderr are another session's pipes until it gets its own.
void let_go_of_output() {
  const UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  dup2(nowhere.get(), STDOUT_FILENO);
  dup2(nowhere.get(), STDERR_FILENO);
  drop_death_stack();
}

class FrozenProcess {
 public:
  FrozenProcess(Program &program, Frozen frozen) : program_(program), frozen_(std::move(frozen)) {}

  SessionFds wait() {
    for (;;) {
      wire::Fork request;
      std::vector<UniqueFd> attached = next_request(request);
      if (attached.size() == kSessionFdCount && become(request)) {
        return take(std::move(attached));
      }
    }
  }

 private:
  std::vector<UniqueFd> next_request(wire::Fork &request) {
    std::vector<UniqueFd> attached;
    for (;;) {
      auto frame = reader_.next();
      if (!frame.ok()) {
        _exit(kExitChannelLost);
      }
      if (frame.value()) {
        auto envelope = wire::decode(*frame.value());
        const auto *fork_request = envelope.ok() ? std::get_if<wire::Fork>(&envelope.value().body) : nullptr;
        if (fork_request == nullptr) {
          _exit(kExitChannelLost);
        }
        request = *fork_request;
        return attached;
      }
      const auto room = reader_.room();
      const ssize_t count = receive(frozen_.channel.get(), room, &attached);
      if (count == 0 || (count < 0 && errno != EINTR)) {
        _exit(kExitNormal);  // the host has let go of the snapshot, or is gone
      }
      reader_.filled(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
  }

  // Whether this process is the session now: itself, or its new child.
  bool become(const wire::Fork &request) {
    if (!request.keep) {
      return true;
    }
    const ForkOutcome outcome = fork_for_zygote(program_, frozen_.zygote.get(), request.session_id, -1);
    if (outcome.error != 0) {
      const std::string reason = system_error("fork", outcome.error).message();
      wire::Encoder encoder;
      if (!send_all(frozen_.channel.get(), encoder.encode(0, wire::Forked{request.session_id, 0, reason}))) {
        _exit(kExitNormal);
      }
    }
    return outcome.child;
  }

  SessionFds take(std::vector<UniqueFd> attached) {
    SessionFds fds;
    std::size_t next = 0;
    for (UniqueFd *fd : fds.all()) {
      if (next < attached.size()) {
        *fd = std::move(attached[next++]);
      }
    }
    fds.host_pidfd = std::move(frozen_.host_pidfd);
    fds.zygote = std::move(frozen_.zygote);
    return fds;
  }

  Program &program_;
  Frozen frozen_;
  FrameReader reader_{wire::kMinMaxFrame};
};

}  // namespace

ForkOutcome fork_for_zygote(Program &program, int zygote_fd, std::uint64_t fork_id, int channel) {
  program.before_fork();
  // Orphans of this process are its own to adopt; this one is not meant to be.
  int reaps = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &reaps);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  volatile int error = 0;
  const pid_t pid = fork_by_go_between(zygote_fd, fork_id, channel, error);
  if (pid == 0) {
    program.after_fork_in_child();
    return {.child = true};
  }
  if (pid > 0) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  prctl(PR_SET_CHILD_SUBREAPER, reaps);
  program.after_fork_in_parent();
  return {.error = error};
}

SessionFds wait_frozen(Program &program, Frozen frozen) {
  prctl(PR_SET_NAME, "capsule-frozen");
  let_go_of_output();
  return FrozenProcess(program, std::move(frozen)).wait();
}

}  // namespace capsule::worker
