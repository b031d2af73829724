#include "session_process.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "dispatch.hpp"
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

// A process of its own: its group, its signals, its stdout and stderr; the reaper of what its children leave behind.
void settle(SessionFds &fds) {
  setpgid(0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "capsule-session");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(fds.out_write.get(), STDOUT_FILENO);
  dup2(fds.err_write.get(), STDERR_FILENO);
  fds.out_write.reset();
  fds.err_write.reset();
}

// The user's code may fork: the child has the descriptors, but not the threads.
SessionState *session_state = nullptr;
int session_channels[2] = {-1, -1};

void leave_session_in_forked_child() {
  session_state->foreign.store(true);
  for (const int fd : session_channels) {
    close(fd);
  }
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

}  // namespace

void run_session(Program &program, SessionFds fds, bool spawned) {
  settle(fds);
  Greeting greeting(fds.control.get());
  const wire::Hello hello = greet(program, greeting, spawned);
  greeting.set_max_frame_bytes(hello.max_frame_bytes);

  SessionState state;
  state.pid = getpid();
  state.main_thread = gettid();
  state.main_pthread = pthread_self();
  auto memory = SharedMemory::map(std::move(fds.memory));
  if (!memory.ok()) {
    _exit(kExitChannelLost);
  }
  Output output(
      state, SessionMemory(std::move(memory.value())), fds.work.get(), std::move(fds.out_read), std::move(fds.err_read),
      {hello.output_window_bytes, hello.max_frame_bytes, hello.coalesce_carriage_returns, hello.progress_interval_ns});
  InputTable inputs;
  ControlSender sender(fds.control.get());
  session_state = &state;
  session_channels[0] = fds.work.get();
  session_channels[1] = fds.control.get();
  pthread_atfork(nullptr, nullptr, leave_session_in_forked_child);

  const SessionParts parts{state, output, output.counters(), inputs, sender, hello};
  const std::string version = program.version();
  const std::string path = program.path();
  greeting.answer(wire::Ready{.pid = state.pid,
                              .python_version = version,
                              .python_path = path,
                              .capabilities = {"execute", "input", "cancel", "interrupt"}});
  greeting.send();
  Link link(state, output, inputs, sender, fds.control.get(), fds.work.get(), fds.host_pidfd.get(), greeting.take_reader(),
            hello.heartbeat_interval_ms);
  link.start();
  const std::unique_ptr<Executor> executor = program.make_executor(parts);
  Dispatch dispatch(parts, *executor, fds.work.get());
  dispatch.run();
  executor->finish();
  // What atexit functions printed is in the shared queue: the host reads it there.
  _exit(kExitNormal);
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
