#include "session_process.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "announcement.hpp"
#include "capsule/log.h"
#include "dispatch.hpp"
#include "snapshot_fork.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

// The first frames of the control channel, read before the link thread does.
class Greeting {
 public:
  explicit Greeting(int control_fd) : fd_(control_fd), reader_(wire::kMaxMaxFrame) {}

  template <typename Message, typename Use>
  void expect(Use &&use) {
    for (;;) {
      auto frame = reader_.next();
      if (!frame.ok()) {
        _exit(kExitChannelLost);
      }
      if (frame.value()) {
        auto envelope = wire::decode(*frame.value());
        const auto *message = envelope.ok() ? std::get_if<Message>(&envelope.value().body) : nullptr;
        if (message == nullptr) {
          _exit(kExitChannelLost);
        }
        use(*message);
        return;
      }
      const auto room = reader_.room();
      const ssize_t count = ::recv(fd_, room.data(), room.size(), 0);
      if (count == 0 || (count < 0 && errno != EINTR)) {
        _exit(kExitChannelLost);
      }
      reader_.filled(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
  }

  // Answers are gathered until send(): one wake-up of the host.
  void answer(const wire::Body &body) {
    const auto frame = encoder_.encode(0, body);
    answers_.insert(answers_.end(), frame.begin(), frame.end());
  }
  void send() {
    if (!send_all(fd_, answers_)) {
      _exit(kExitChannelLost);
    }
  }

  FrameReader take_reader() { return std::move(reader_); }
  void set_max_frame_bytes(std::uint32_t bytes) { reader_.set_max_frame_bytes(bytes); }

 private:
  const int fd_;
  FrameReader reader_;
  wire::Encoder encoder_;
  std::vector<std::uint8_t> answers_;
};

// What is written from here on is output. What the host has not read yet of what came before goes to it by message: by one read, so
// that the host's own reads come before it or find nothing.
void speak_for_the_user(SessionFds &fds, Greeting &greeting) {
  constexpr std::size_t kPiece = wire::kMinMaxFrame / 2;
  std::fflush(stdout);
  dup2(fds.out_write.get(), STDOUT_FILENO);
  int waiting = 0;
  if (ioctl(fds.err_read.get(), FIONREAD, &waiting) == 0 && waiting > 0) {
    std::string text(static_cast<std::size_t>(std::max(fcntl(fds.err_read.get(), F_GETPIPE_SZ), waiting)), '\0');
    const ssize_t count = ::read(fds.err_read.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    for (std::size_t at = 0; at < text.size(); at += kPiece) {
      greeting.answer(wire::Log{CAPSULE_LOG_WARN, std::string_view(text).substr(at, kPiece)});
    }
  }
  fds.out_write.reset();
  fds.err_write.reset();
}

// A process of its own: its group and its signals; the reaper of what its children leave behind.
void settle(SessionFds &fds) {
  setpgid(0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "capsule-session");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  speak_for_itself(fds);
  // No other process has this open file, and so its position: it is written to from the place that is meant for it to the end.
  dup3(fds.memory.get(), kDeathStackFd, O_CLOEXEC);
  lseek(kDeathStackFd, -static_cast<off_t>(WorkerStacks::kDeathTextBytes), SEEK_END);
}

// The user's code may fork: the child has the descriptors, but not the threads. Null while the process itself forks a snapshot.
SessionState *session_state = nullptr;
int session_channels[2] = {-1, -1};

void leave_session_in_forked_child() {
  if (session_state == nullptr) {
    return;
  }
  session_state->foreign.store(true);
  session_state->recorder.stop();
  for (const int fd : session_channels) {
    close(fd);
  }
  drop_death_stack();
}

wire::Hello greet(Program &program, Greeting &greeting, bool spawned) {
  wire::Hello hello;
  greeting.expect<wire::Hello>([&](const wire::Hello &message) { hello = message; });
  const Status peer = wire::check_peer(hello.protocol_major, hello.protocol_minor, {});
  greeting.answer(wire::HelloAck{.reason = peer.ok() ? wire::Text() : wire::Text(peer.message())});
  if (!peer.ok()) {
    greeting.send();
    _exit(kExitRefused);
  }
  if (spawned) {
    PreloadReport report;
    greeting.expect<wire::Preload>([&](const wire::Preload &request) { report = program.preload(request, false); });
    if (!report.failure.empty()) {
      greeting.answer(wire::Ready{.pid = getpid(), .failure = report.failure});
      greeting.send();
      _exit(kExitRefused);
    }
    program.prepare();
  }
  return hello;
}

SharedMemory map_memory(UniqueFd fd) {
  auto memory = SharedMemory::map(std::move(fd));
  if (!memory.ok()) {
    _exit(kExitChannelLost);
  }
  return std::move(memory.value());
}

// The process as a session's, from its greeting to its end; or to the fork of a snapshot, which in the snapshot ends it too: what it
// was goes, but for the program and its executor, and with new descriptors it is another session's.
class SessionProcess {
 public:
  SessionProcess(Program &program, SessionFds &fds, Greeting &greeting, const wire::Hello &hello)
      : program_(program),
        fds_(fds),
        output_(
            state_, SessionMemory(map_memory(std::move(fds.memory))), fds.work.get(), std::move(fds.out_read),
            std::move(fds.err_read),
            {hello.output_window_bytes, hello.max_frame_bytes, hello.coalesce_carriage_returns, hello.progress_interval_ns}),
        sender_(fds.control.get()),
        work_(fds.work.get(), hello.max_frame_bytes),
        parts_{state_, output_, output_.counters(), inputs_, sender_, calls_, work_, hello},
        link_(state_, output_, inputs_, calls_, sender_, fds.control.get(), fds.work.get(), fds.host_pidfd.get(),
              greeting.take_reader(), hello.heartbeat_interval_ms) {
    state_.pid = getpid();
    state_.main_thread = gettid();
    state_.main_pthread = pthread_self();
    if (hello.trace_messages) {
      state_.recorder.attach(sender_, hello.trace_level);
    } else {
      state_.recorder.attach(output_.flight(), hello.trace_level);
    }
    session_state = &state_;
    session_channels[0] = fds.work.get();
    session_channels[1] = fds.control.get();
    output_.stacks().main_ident.store(state_.main_pthread);
    program.announce(output_.stacks());
    const std::string version = program.version();
    const std::string path = program.path();
    const std::vector<std::string> told = announcement(!version.starts_with("echo"));
    greeting.answer(wire::Ready{
        .pid = state_.pid, .python_version = version, .python_path = path, .capabilities = {told.begin(), told.end()}});
    greeting.send();
    link_.start();
  }
  SessionProcess(const SessionProcess &) = delete;
  SessionProcess &operator=(const SessionProcess &) = delete;

  // Until the session ends; or, in a snapshot, until it is frozen: then what it keeps.
  std::optional<Frozen> run(std::unique_ptr<Executor> &executor) {
    if (executor) {
      executor->attach(parts_);
    } else {
      executor = program_.make_executor(parts_);
    }
    Dispatch dispatch(parts_, *executor);
    while (const std::optional<SnapshotRequest> request = dispatch.run()) {
      if (auto frozen = fork_snapshot(*request, *executor)) {
        executor->detach();
        return frozen;
      }
    }
    return std::nullopt;
  }

 private:
  // In the snapshot, what it keeps.
  std::optional<Frozen> fork_snapshot(const SnapshotRequest &request, Executor &executor) {
    const std::string refusal = executor.why_no_fork();
    int ends[2] = {-1, -1};
    if (!refusal.empty()) {
      answer(request, Status(CAPSULE_E_STATE, refusal));
      return std::nullopt;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      answer(request, system_error("socketpair", errno));
      return std::nullopt;
    }
    UniqueFd ours(ends[0]);
    UniqueFd hosts(ends[1]);
    link_.stop();
    output_.stop_pump();
    session_state = nullptr;
    const ForkOutcome outcome = fork_for_zygote(program_, fds_.zygote.get(), request.fork_id, hosts.get());
    if (outcome.child) {
      return Frozen{std::move(ours), std::move(fds_.host_pidfd), std::move(fds_.zygote)};
    }
    session_state = &state_;
    link_.start();
    output_.flush();  // what waits for the pump, which starts for it
    answer(request, outcome.error == 0 ? Status()
                    : outcome.error == EPIPE || outcome.error == ECONNREFUSED
                        ? Status(CAPSULE_E_STATE, "the zygote that would look after a snapshot is gone")
                        : system_error("fork", outcome.error));
    return std::nullopt;
  }

  void answer(const SnapshotRequest &request, const Status &status) {
    sender_.answer(wire::Answer{.request_id = request.request_id, .status = status.code(), .message = status.message()});
  }

  Program &program_;
  SessionFds &fds_;
  SessionState state_;
  Output output_;
  InputTable inputs_;
  ControlSender sender_;
  CallTable calls_;
  WorkReader work_;
  const SessionParts parts_;
  Link link_;
};

}  // namespace

void speak_for_itself(const SessionFds &fds) {
  dup2(fds.err_write.get(), STDOUT_FILENO);
  dup2(fds.err_write.get(), STDERR_FILENO);
}

void drop_death_stack() {
  const UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  dup3(nowhere.get(), kDeathStackFd, O_CLOEXEC);
}

void run_session(Program &program, SessionFds fds, bool spawned) {
  pthread_atfork(nullptr, nullptr, leave_session_in_forked_child);
  std::unique_ptr<Executor> executor;
  for (;;) {
    settle(fds);
    std::optional<Frozen> frozen;
    {
      Greeting greeting(fds.control.get());
      const wire::Hello hello = greet(program, greeting, std::exchange(spawned, false));
      greeting.set_max_frame_bytes(hello.max_frame_bytes);
      speak_for_the_user(fds, greeting);
      SessionProcess process(program, fds, greeting, hello);
      frozen = process.run(executor);
      if (!frozen) {
        executor->finish();
        // What atexit functions printed is in the shared queue: the host reads it there.
        _exit(kExitNormal);
      }
    }
    fds = {};
    fds = wait_frozen(program, std::move(*frozen));
  }
}

void exec_session(const Program &program, SessionFds fds) {
  setpgid(0, 0);
  // First above all targets, then down: no dup2 closes what a later one needs.
  constexpr int kAboveTargets = 64;
  int target = kFirstSessionFd;
  std::vector<int> moved;
  moved.reserve(fds.all().size());
  for (const UniqueFd *fd : fds.all()) {
    moved.push_back(fcntl(fd->get(), F_DUPFD_CLOEXEC, kAboveTargets));
  }
  for (const int fd : moved) {
    dup2(fd, target++);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setenv("PYTHONSAFEPATH", "capsule", /*overwrite=*/0);  // as the host did for this process; see bootstrap.py
  const std::vector<std::string> command = program.command("session");
  std::vector<char *> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string &argument : command) {
    arguments.push_back(const_cast<char *>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execv(arguments.front(), arguments.data());
  _exit(kExitRefused);
}

void run_spawned_session(Program &program) {
  int next = kFirstSessionFd;
  SessionFds fds;
  for (UniqueFd *fd : fds.all()) {
    fcntl(next, F_SETFD, FD_CLOEXEC);
    fd->reset(next++);
  }
  close_range(static_cast<unsigned>(next), ~0U, 0);
  run_session(program, std::move(fds), /*spawned=*/true);
}

}  // namespace capsule::worker
