#include "zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <map>

#include "base/clock.hpp"
#include "host_watch.hpp"
#include "process_tree.hpp"
#include "snapshot_fork.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

// Once everything has been killed, how long its end may take.
constexpr std::uint64_t kLastReapNs = kNsPerSecond;

class Zygote {
 public:
  explicit Zygote(Program &program) : program_(program), channel_(kZygoteChannelFd), host_pidfd_(kZygoteHostPidfd) {}

  [[noreturn]] void run() {
    prepare();
    greet();
    for (;;) {
      pollfd fds[] = {{channel_.get(), POLLIN, 0},
                      {signals_.get(), POLLIN, 0},
                      {host_pidfd_.get(), POLLIN, 0},
                      {notices_.get(), POLLIN, 0}};
      if (::poll(fds, std::size(fds), idle_work_pending_ ? 0 : -1) == 0) {
        idle_work_pending_ = false;
        use_idle_time();
        continue;
      }
      if (fds[2].revents != 0) {
        end();
      }
      if (fds[3].revents != 0) {
        receive_notices();
      }
      if (fds[1].revents != 0) {
        reap();
      }
      if (fds[0].revents != 0) {
        receive_frames();
      }
    }
  }

 private:
  void prepare() {
    close_range(kZygoteHostPidfd + 1, ~0U, 0);
    fcntl(channel_.get(), F_SETFD, FD_CLOEXEC);
    fcntl(host_pidfd_.get(), F_SETFD, FD_CLOEXEC);
    drop_death_stack();  // before a preload can take the number
    prctl(PR_SET_NAME, "capsule-zygote");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    signals_.reset(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      _exit(kExitRefused);
    }
    notices_.reset(ends[0]);
    notice_sender_.reset(ends[1]);
    fcntl(notices_.get(), F_SETFL, O_NONBLOCK);
  }

  void greet() {
    wire::Hello hello;
    next_frame<wire::Hello>([&](const wire::Hello &message) { hello = message; });
    const Status peer = wire::check_peer(hello.protocol_major, hello.protocol_minor, {});
    send(wire::HelloAck{.reason = peer.ok() ? wire::Text() : wire::Text(peer.message())});
    if (!peer.ok()) {
      _exit(kExitRefused);
    }
    PreloadReport report;
    next_frame<wire::Preload>([&](const wire::Preload &request) {
      const HostWatch watch(host_pidfd_.get());
      report = program_.preload(request, true);
    });
    const std::string version = program_.version();
    const std::string path = program_.path();
    wire::Ready ready{.pid = getpid(), .python_version = version, .python_path = path};
    ready.native_thread_modules.assign(report.native_thread_modules.begin(), report.native_thread_modules.end());
    if (!report.failure.empty()) {
      ready.failure = report.failure;
    }
    if (report.failure.empty()) {
      program_.prepare();
    }
    // From here on the loop sees the host's death by itself and has sessions to take along.
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    send(ready);
    if (!report.failure.empty()) {
      _exit(kExitRefused);
    }
  }

  template <typename Message, typename Use>
  void next_frame(Use &&use) {
    bool found = false;
    while (!found) {
      read_frames([&](const wire::Envelope &envelope) {
        if (const auto *message = std::get_if<Message>(&envelope.body); message != nullptr && !found) {
          found = true;
          use(*message);
        } else {
          handle(envelope);
        }
        return !found;
      });
      if (!found) {
        receive_more();
      }
    }
  }

  // Hands over whole frames while `use` says to go on.
  template <typename Use>
  void read_frames(Use &&use) {
    for (;;) {
      auto frame = reader_.next();
      if (!frame.ok()) {
        end();
      }
      if (!frame.value()) {
        return;
      }
      auto envelope = wire::decode(*frame.value());
      if (!envelope.ok()) {
        end();
      }
      if (!use(envelope.value())) {
        return;
      }
    }
  }

  void receive_more() {
    std::vector<UniqueFd> fds;
    const auto room = reader_.room();
    const ssize_t count = receive(channel_.get(), room, &fds);
    if (count == 0 || (count < 0 && errno != EINTR)) {
      end();
    }
    reader_.filled(count > 0 ? static_cast<std::size_t>(count) : 0);
    for (UniqueFd &fd : fds) {
      attached_.push_back(std::move(fd));
    }
  }

  void receive_frames() {
    receive_more();
    read_frames([this](const wire::Envelope &envelope) {
      handle(envelope);
      return true;
    });
  }

  void handle(const wire::Envelope &envelope) {
    if (const auto *fork_request = std::get_if<wire::Fork>(&envelope.body)) {
      make_session(*fork_request);
    } else if (std::holds_alternative<wire::Shutdown>(envelope.body)) {
      end();
    }
  }

  void use_idle_time() {
    if (!idle_work_done_) {
      idle_work_done_ = true;
      program_.use_idle_time();
    }
    if (!spare_socket_.valid()) {
      make_spare();
    }
  }

  // One child is forked ahead of its need, so that the next session need not wait for a fork and the page copies after it.
  void make_spare() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return;
    }
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    program_.before_fork();
    const pid_t pid = fork();
    if (pid == 0) {
      ours.reset();
      leave_zygote();
      program_.after_fork_in_child();
      program_.warm_up();
      become_spare(std::move(theirs));
    }
    program_.after_fork_in_parent();
    if (pid > 0) {
      setpgid(pid, pid);
      spare_pid_ = pid;
      spare_socket_ = std::move(ours);
    }
  }

  // Uses once what a session's start uses, so that its pages are this process's own and a thread's stack is at hand.
  static void warm_up_core() {
    wire::Encoder encoder;
    FrameReader reader(wire::kMaxMaxFrame);
    const auto frame = encoder.encode(0, wire::Execute{"1+1", {}, {}, {}});
    const auto room = reader.room();
    std::copy(frame.begin(), frame.end(), room.begin());
    reader.filled(frame.size());
    if (const auto next = reader.next(); next.ok() && next.value()) {
      static_cast<void>(wire::decode(*next.value()));
    }
    NativeThread thread;
    thread.start("capsule-warm", [] {});
    thread.join();
  }

  [[noreturn]] void become_spare(UniqueFd socket) {
    setpgid(0, 0);
    warm_up_core();
    std::uint8_t byte = 0;
    std::vector<UniqueFd> received;
    ssize_t count = 0;
    do {
      count = receive(socket.get(), {&byte, 1}, &received);
    } while (count < 0 && errno == EINTR);
    if (count <= 0 || received.size() != kAllSessionFds) {
      _exit(kExitNormal);  // the zygote is gone, or needs no more sessions
    }
    socket.reset();
    SessionFds fds;
    std::size_t next = 0;
    for (UniqueFd *fd : fds.all()) {
      *fd = std::move(received[next++]);
    }
    run_session(program_, std::move(fds), /*spawned=*/false);
  }

  // The process that is now the session's, or 0 when there is no spare that takes it.
  pid_t use_spare(SessionFds &fds) {
    std::vector<int> numbers;
    for (const UniqueFd *fd : fds.all()) {
      numbers.push_back(fd->get());
    }
    const UniqueFd socket = std::exchange(spare_socket_, UniqueFd());
    const std::uint8_t byte = 1;
    const bool taken = socket.valid() && send_with_fds(socket.get(), {&byte, 1}, numbers) == 1;
    return std::exchange(spare_pid_, 0) * (taken ? 1 : 0);
  }

  SessionFds take_session_fds() {
    SessionFds fds;
    for (UniqueFd *fd : fds.all()) {
      if (fd != &fds.host_pidfd && fd != &fds.zygote) {
        *fd = std::move(attached_.front());
        attached_.pop_front();
      }
    }
    fds.host_pidfd.reset(fcntl(host_pidfd_.get(), F_DUPFD_CLOEXEC, 0));
    fds.zygote.reset(fcntl(notice_sender_.get(), F_DUPFD_CLOEXEC, 0));
    return fds;
  }

  void make_session(const wire::Fork &request) {
    if (attached_.size() < kSessionFdCount) {
      send(wire::Forked{.session_id = request.session_id, .failure = "descriptors are missing"});
      return;
    }
    SessionFds fds = take_session_fds();
    pid_t pid = request.spawn ? 0 : use_spare(fds);
    if (pid == 0) {
      program_.before_fork();
      pid = fork();
      if (pid == 0) {
        become_session(std::move(fds), request.spawn);
      }
      const int error = errno;
      program_.after_fork_in_parent();
      if (pid < 0) {
        const std::string reason = system_error("fork", error).message();
        send(wire::Forked{.session_id = request.session_id, .failure = reason});
        return;
      }
      setpgid(pid, pid);  // both sides: whoever is first
    }
    tell_of_fork(request.session_id, pid, open_pidfd(pid), UniqueFd());
    idle_work_pending_ = !request.spawn;
  }

  static UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

  void tell_of_fork(std::uint64_t id, pid_t pid, const UniqueFd &pidfd, const UniqueFd &channel) {
    sessions_[pid] = id;
    const int fds[] = {pidfd.get(), channel.get()};
    const auto frame = encoder_.encode(0, wire::Forked{id, pid, {}});
    if (send_with_fds(channel_.get(), frame, {fds, channel.valid() ? 2U : 1U}) < 0) {
      end();
    }
  }

  // Of processes that sessions and snapshots have forked, and that are children of this one now, or in a moment. What comes is not to
  // be trusted: the user's code has the socket. The host kills what it did not ask for.
  void receive_notices() {
    constexpr int kMost = 1024;  // more than the socket holds: code that floods it keeps nobody waiting
    for (int i = 0; i < kMost; ++i) {
      ForkNotice notice;
      std::uint8_t bytes[sizeof notice + 1];  // one that is too long shows
      std::vector<UniqueFd> attached;
      const ssize_t count = receive(notices_.get(), bytes, &attached);
      if (count < 0) {
        return;
      }
      std::memcpy(&notice, bytes, sizeof notice);
      if (count != sizeof notice || (notice.fork_id & wire::kForkIdBit) == 0 || notice.pid <= 0) {
        continue;
      }
      const UniqueFd pidfd = open_pidfd(notice.pid);
      if (pidfd.valid() && is_new_fork(notice.pid)) {
        tell_of_fork(notice.fork_id, notice.pid, pidfd, attached.empty() ? UniqueFd() : std::move(attached.front()));
      }
    }
  }

  // Whether it can be one of those: its parent is the go-between of a process that is ours, or that has ended and left it to us.
  [[nodiscard]] bool is_new_fork(pid_t pid) const {
    if (is_known(pid)) {
      return false;
    }
    for (pid_t parent = parent_of(pid);;) {
      if (parent == getpid() || sessions_.contains(parent_of(parent))) {
        return true;
      }
      const pid_t now = parent_of(pid);  // the go-between may have ended in between
      if (now == parent) {
        return false;
      }
      parent = now;
    }
  }

  // In a forked child: lets go of what is the zygote's.
  void leave_zygote() {
    channel_.reset();
    signals_.reset();
    host_pidfd_.reset();
    notices_.reset();
    notice_sender_.reset();
    spare_socket_.reset();
    attached_.clear();
    prctl(PR_SET_PDEATHSIG, 0);
  }

  [[noreturn]] void become_session(SessionFds fds, bool spawn) {
    leave_zygote();
    speak_for_itself(fds);
    if (spawn) {
      exec_session(program_, std::move(fds));
    }
    program_.after_fork_in_child();
    run_session(program_, std::move(fds), /*spawned=*/false);
  }

  void reap() {
    signalfd_siginfo ignored{};
    while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
    }
    reap_children();
  }

  // Reaps what has ended. Before a session is reaped its group is killed: until then the number cannot be another's.
  void reap_children() {
    for (;;) {
      siginfo_t info{};
      if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
        return;
      }
      const pid_t pid = info.si_pid;
      if (!is_known(pid)) {
        receive_notices();  // a fork's that has ended already: who waits for it is to be told of both
      }
      const auto session = sessions_.find(pid);
      if (session != sessions_.end()) {
        kill(-pid, SIGKILL);
      }
      int status = 0;
      waitpid(pid, &status, 0);
      if (pid == spare_pid_) {
        spare_pid_ = 0;
        spare_socket_.reset();
      }
      const std::uint32_t orphans = kill_orphans();
      if (session != sessions_.end()) {
        const bool killed = WIFSIGNALED(status);
        send(wire::Exited{session->second, pid, killed ? 0 : WEXITSTATUS(status), killed ? WTERMSIG(status) : 0, orphans});
        sessions_.erase(session);
      }
    }
  }

  // Every child that is no session is what a dead session left behind, in whatever group: sessions adopt their own orphans
  // while they live, and only then do they come here.
  std::uint32_t kill_orphans() {
    return kill_children([this](pid_t child) {
      if (!is_known(child)) {
        receive_notices();  // of a fork the notice comes first, then the child
      }
      return is_known(child);
    });
  }

  [[nodiscard]] bool is_known(pid_t child) const { return child == spare_pid_ || sessions_.contains(child); }

  // The host is gone, or wants no more: everything goes (I10).
  [[noreturn]] void end() {
    for (const auto &[pid, session] : sessions_) {
      kill(-pid, SIGKILL);
    }
    sessions_.clear();
    spare_pid_ = 0;
    const std::uint64_t deadline = monotonic_ns() + kLastReapNs;
    while (monotonic_ns() < deadline) {
      kill_orphans();
      siginfo_t info{};
      if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
        break;  // no children left
      }
      if (info.si_pid == 0) {
        pollfd child{signals_.get(), POLLIN, 0};
        ::poll(&child, 1, poll_timeout_ms(deadline));
        signalfd_siginfo ignored{};
        while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
        }
      }
    }
    _exit(kExitNormal);
  }

  void send(const wire::Body &body) {
    if (!send_all(channel_.get(), encoder_.encode(0, body))) {
      end();
    }
  }

  Program &program_;
  UniqueFd channel_;
  UniqueFd host_pidfd_;
  UniqueFd signals_;
  UniqueFd notices_;        // of forks
  UniqueFd notice_sender_;  // its other end, which every session has
  FrameReader reader_{wire::kMaxMaxFrame};
  wire::Encoder encoder_;
  std::deque<UniqueFd> attached_;
  std::map<pid_t, std::uint64_t> sessions_;
  pid_t spare_pid_ = 0;
  UniqueFd spare_socket_;
  bool idle_work_pending_ = false;
  bool idle_work_done_ = false;
};

}  // namespace

void run_zygote(Program &program) { Zygote(program).run(); }

}  // namespace capsule::worker
