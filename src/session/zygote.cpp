#include "session/zygote.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "capsule/session.h"
#include "session/bootstrap.hpp"
#include "transport/socket.hpp"

namespace capsule {
namespace {

// Descriptor numbers that worker/zygote.hpp expects.
constexpr int kChannelFd = 3;
constexpr int kHostPidfd = 4;

// Exit statuses of session/bootstrap.py.
constexpr int kUnsupportedPython = 71;
constexpr int kUnloadableModule = 72;

// Forks under way at once: enough to keep the zygote busy, few enough that their descriptors always fit the socket.
constexpr std::size_t kMaxForking = 8;

std::string describe_exit(const ExitStatus &exit) {
  return exit.signal_number != 0 ? "was killed by signal " + std::to_string(exit.signal_number)
                                 : "exited with status " + std::to_string(exit.exit_code);
}

}  // namespace

Zygote::Zygote(Loop &loop, Profile profile, std::uint32_t max_frame_bytes, std::atomic<std::uint64_t> &stderr_dropped_bytes,
               Listener listener)
    : loop_(loop),
      profile_(std::move(profile)),
      max_frame_bytes_(max_frame_bytes),
      stderr_dropped_bytes_(stderr_dropped_bytes),
      listener_(std::move(listener)) {}

Zygote::~Zygote() = default;

void Zygote::fork_session(std::uint64_t session_id, std::vector<UniqueFd> fds, Forked forked, Exited exited) {
  loop_.assert_on_loop();
  exit_listeners_[session_id] = std::move(exited);
  requests_.push_back({session_id, std::move(fds), std::move(forked)});
  if (phase_ == Phase::kIdle) {
    start();
  } else if (phase_ == Phase::kReady) {
    send_requests();
  }
}

void Zygote::expect_fork(std::uint64_t fork_id, Forked forked, Exited exited) {
  loop_.assert_on_loop();
  expected_[fork_id] = std::move(forked);
  exit_listeners_[fork_id] = std::move(exited);
}

void Zygote::fail_expected(std::uint64_t fork_id, const Status &status) {
  loop_.assert_on_loop();
  if (auto waiting = expected_.extract(fork_id)) {
    exit_listeners_.erase(fork_id);
    waiting.mapped()(status, UniqueFd());
  }
}

void Zygote::set_exited(std::uint64_t fork_id, Exited exited) {
  loop_.assert_on_loop();
  if (const auto found = exit_listeners_.find(fork_id); found != exit_listeners_.end()) {
    found->second = std::move(exited);
  }
}

void Zygote::forget(std::uint64_t session_id) {
  loop_.assert_on_loop();
  exit_listeners_.erase(session_id);
  expected_.erase(session_id);
  std::erase_if(requests_, [session_id](const Request &request) { return request.session_id == session_id; });
  if (const auto found = forking_.find(session_id); found != forking_.end()) {
    found->second = [](Result<Process> process, const UniqueFd & /*channel*/) {
      if (process.ok()) {
        kill_group(process.value().pidfd, process.value().pid);
      }
    };
  }
}

void Zygote::kill_if_stuck() {
  loop_.assert_on_loop();
  if (phase_ == Phase::kStarting && requests_.empty()) {
    stuck_ = true;
    kill_group(process_.pidfd, process_.pid);
  }
}

void Zygote::start() {
  auto programs = find_programs(profile_);
  if (!programs.ok()) {
    fail_requests(programs.status());
    return;
  }
  programs_ = std::move(programs.value());
  const std::string first = programs_.front();
  programs_.erase(programs_.begin());
  if (const Status status = start_program(first); !status.ok()) {
    fail_requests(status);
  }
}

SpawnRequest Zygote::spawn_request(const std::string &program, const std::string &module, int channel, int host_pidfd,
                                   int log) const {
  SpawnRequest request;
  request.path = program;
  if (profile_.executor == CAPSULE_EXECUTOR_ECHO) {
    request.arguments = {program, "zygote"};
  } else {
    request.arguments = {program, "-c", kBootstrapSource, module, "zygote"};
  }
  request.environment = profile_.environment;
  const bool configured = std::getenv("PYTHONSAFEPATH") != nullptr ||
                          std::any_of(request.environment.begin(), request.environment.end(),
                                      [](const std::string &entry) { return entry.starts_with("PYTHONSAFEPATH="); });
  if (!configured) {
    request.environment.emplace_back("PYTHONSAFEPATH=capsule");  // undone by bootstrap.py
  }
  request.working_directory = profile_.working_directory;
  request.descriptors = {{STDOUT_FILENO, log}, {STDERR_FILENO, log}, {kChannelFd, channel}, {kHostPidfd, host_pidfd}};
  return request;
}

Status Zygote::start_program(const std::string &program) {
  std::string module;
  if (profile_.executor == CAPSULE_EXECUTOR_PYTHON) {
    auto found = find_worker_module(profile_);
    if (!found.ok()) {
      return found.status();
    }
    module = found.value();
  }
  if (const std::string &folder = profile_.working_directory; !folder.empty() && access(folder.c_str(), X_OK) != 0) {
    return {CAPSULE_E_ARGUMENT, "options.working_directory: '" + folder + "': " + std::strerror(errno)};
  }
  auto sockets = socket_pair();
  if (!sockets.ok()) {
    return sockets.status();
  }
  auto host_pidfd = open_pidfd(getpid());
  if (!host_pidfd.ok()) {
    return host_pidfd.status();
  }
  int log[2];
  if (pipe2(log, O_CLOEXEC) != 0) {
    return system_error("pipe2", errno);
  }
  stderr_.reset(log[0]);
  const UniqueFd log_end(log[1]);
  fcntl(stderr_.get(), F_SETFL, O_NONBLOCK);
  auto process = spawn(spawn_request(program, module, sockets.value().second.get(), host_pidfd.value().get(), log_end.get()));
  if (!process.ok()) {
    const capsule_status code = profile_.executor == CAPSULE_EXECUTOR_PYTHON ? CAPSULE_E_PYTHON : CAPSULE_E_WORKER;
    return {code, "python: '" + program + "' cannot be started: " + process.status().message()};
  }
  program_ = program;
  process_ = std::move(process.value());
  phase_ = Phase::kStarting;
  stderr_log_ = std::make_unique<StderrLog>(whose(), std::make_shared<const LogLevel>(), stderr_dropped_bytes_);
  failure_ = Status();
  channel_ = std::make_unique<Channel>(std::move(sockets.value().first), max_frame_bytes_);
  watch_process();
  channel_->set_label("channel=zygote");
  static_cast<void>(channel_->send(0, wire::Hello{.max_frame_bytes = max_frame_bytes_}));
  wire::Preload preload;
  if (profile_.start == CAPSULE_START_FORK) {  // a spawned session imports for itself
    preload.modules.assign(profile_.preload.begin(), profile_.preload.end());
  }
  preload.native_thread_allow.assign(profile_.native_thread_allow.begin(), profile_.native_thread_allow.end());
  static_cast<void>(channel_->send(0, preload));
  listener_.started(process_.pid);
  log_record(LogEvent::zygote_started, "pid={} program=\"{}\"", process_.pid, listener_.label(program));
  return {};
}

std::string Zygote::whose() const { return "source=zygote pid=" + std::to_string(process_.pid); }

void Zygote::watch_process() {
  const std::weak_ptr<Zygote> weak = weak_from_this();
  const auto call = [weak](void (Zygote::*method)()) {
    return [weak, method] {
      if (const auto self = weak.lock()) {
        (self.get()->*method)();
      }
    };
  };
  channel_watch_ = loop_.watch_readable(channel_->fd(), call(&Zygote::on_readable));
  process_watch_ = loop_.watch_readable(process_.pidfd.get(), call(&Zygote::on_exit));
  stderr_watch_ = loop_.watch_readable(stderr_.get(), call(&Zygote::on_stderr));
}

void Zygote::on_readable() {
  for (;;) {
    const ReceiveState state =
        channel_->receive_round([this](const wire::Envelope &envelope, std::size_t) { on_frame(envelope); }, /*with_fds=*/true);
    if (state == ReceiveState::kDrained) {
      return;
    }
    if (state == ReceiveState::kBroken) {
      failure_ = channel_->error();
      kill_group(process_.pidfd, process_.pid);
    }
    if (state != ReceiveState::kMore) {
      channel_watch_.reset();  // its end is told by the pidfd
      return;
    }
  }
}

void Zygote::on_frame(const wire::Envelope &envelope) {
  if (const auto *ack = std::get_if<wire::HelloAck>(&envelope.body)) {
    failure_ = wire::check_peer(ack->protocol_major, ack->protocol_minor, ack->reason);
    if (!failure_.ok()) {
      kill_group(process_.pidfd, process_.pid);
    }
  } else if (const auto *ready = std::get_if<wire::Ready>(&envelope.body)) {
    on_ready(*ready);
  } else if (const auto *forked = std::get_if<wire::Forked>(&envelope.body)) {
    on_forked(*forked);
  } else if (const auto *exited = std::get_if<wire::Exited>(&envelope.body)) {
    if (auto listener = exit_listeners_.extract(exited->session_id)) {
      listener.mapped()({exited->exit_code, exited->signal_number});
    }
  } else if (const auto *log = std::get_if<wire::Log>(&envelope.body)) {
    if (log_rate_.admits(monotonic_ns())) {
      log_foreign(LogLevel(), log->level, LogEvent::worker_log, log->line, log->line.size(), whose());
    } else {
      count_dropped_record(log->level);
    }
  }
}

void Zygote::on_ready(const wire::Ready &ready) {
  if (!ready.failure.empty()) {
    failure_ = Status(CAPSULE_E_PRELOAD, std::string(ready.failure));
    return;  // it exits by itself
  }
  phase_ = Phase::kReady;
  stderr_log_->drain(stderr_.get());
  stderr_log_->end_line();
  programs_.clear();
  if (!ready.native_thread_modules.empty()) {
    listener_.native_threads(ready.native_thread_modules.size());
    for (const wire::Text module : ready.native_thread_modules) {
      log_record(LogEvent::native_threads, "module=\"{}\" pid={}", listener_.label(module), process_.pid);
    }
  }
  send_requests();
}

void Zygote::send_requests() {
  while (!requests_.empty() && forking_.size() < kMaxForking) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    std::vector<int> fds;
    for (const UniqueFd &fd : request.fds) {
      fds.push_back(fd.get());
    }
    const Status sent = channel_->send(0, wire::Fork{request.session_id, profile_.start == CAPSULE_START_SPAWN}, fds);
    if (sent.ok()) {
      forking_[request.session_id] = std::move(request.forked);
    } else {
      exit_listeners_.erase(request.session_id);
      request.forked(sent, UniqueFd());
    }
  }
}

void Zygote::on_forked(const wire::Forked &forked) {
  // With one that failed came none: those that are there are the next one's.
  auto fds = forked.failure.empty() ? channel_->take_fds() : std::vector<UniqueFd>();
  if (forked.pid <= 1 || (!fds.empty() && !is_of(fds.front(), forked.pid))) {
    fds.clear();  // no process; a group of that number would be the host's own, or everybody's, or another's
  }
  auto waiting = ((forked.session_id & wire::kForkIdBit) != 0 ? expected_ : forking_).extract(forked.session_id);
  if (!waiting) {
    if (!fds.empty()) {  // given up meanwhile, or made by code that nobody asked to
      kill_group(fds.front(), forked.pid);
    }
    return;
  }
  if (!forked.failure.empty() || fds.empty()) {
    exit_listeners_.erase(forked.session_id);
    waiting.mapped()(Status(CAPSULE_E_WORKER, "the zygote could not make a session: " + std::string(forked.failure)),
                     UniqueFd());
  } else {
    waiting.mapped()(Process{forked.pid, std::move(fds.front())}, fds.size() > 1 ? std::move(fds[1]) : UniqueFd());
  }
  send_requests();
}

void Zygote::on_stderr() {
  if (!stderr_log_->read(stderr_.get())) {
    stderr_watch_.reset();
  }
}

Status Zygote::exit_reason(std::optional<ExitStatus> exit, bool &try_next) const {
  if (!failure_.ok()) {
    return failure_;
  }
  const std::string &wrote = stderr_log_->tail();
  const std::string tail = wrote.empty() ? "" : "; it wrote: " + wrote;
  if (profile_.executor == CAPSULE_EXECUTOR_ECHO) {
    return {CAPSULE_E_WORKER, "worker '" + program_ + "' " + (exit ? describe_exit(*exit) : "is gone") + tail};
  }
  if (exit && exit->exit_code == kUnsupportedPython) {
    try_next = true;
    return {CAPSULE_E_PYTHON,
            "python: '" + program_ + "' is " + wrote + "; CPython 3.11 or later is needed, not free-threaded"};
  }
  if (exit && exit->exit_code == kUnloadableModule) {
    return {CAPSULE_E_WORKER, "worker_dir: the worker module cannot be loaded by '" + program_ + "': " + wrote};
  }
  return {CAPSULE_E_PYTHON,
          "python: '" + program_ + "' did not start a worker: it " + (exit ? describe_exit(*exit) : "is gone") + tail};
}

void Zygote::on_exit() {
  // What it said last is still in the channel and in the pipe.
  if (channel_watch_) {
    on_readable();
  }
  stderr_log_->drain(stderr_.get());
  kill_group(process_.pidfd, process_.pid);  // what a preloaded module started; before the number can be another's
  const std::optional<ExitStatus> exit = reap_child(process_.pidfd);
  const bool was_ready = phase_ == Phase::kReady;
  bool try_next = false;
  const Status reason = exit_reason(exit, try_next);
  log_record(gone_ ? LogEvent::zygote_ended : LogEvent::zygote_died, "pid={} ready={}", process_.pid, was_ready);
  close();
  if (gone_) {
    fail_requests(Status(CAPSULE_E_CLOSED, "the runtime is closed"));
    std::exchange(gone_, nullptr)();
    return;
  }
  if (std::exchange(stuck_, false)) {
    if (!requests_.empty()) {
      start();
    }
    return;
  }
  if (!was_ready && try_next && !programs_.empty()) {
    const std::string next = programs_.front();
    programs_.erase(programs_.begin());
    if (const Status status = start_program(next); !status.ok()) {
      fail_requests(status);
    }
    return;
  }
  listener_.died(was_ready);
  if (!was_ready) {  // it would only fail again
    fail_requests(reason);
    return;
  }
  fail_all_expected(Status(CAPSULE_E_STATE, "the zygote that looks after snapshots is gone"));
  auto interrupted = std::exchange(forking_, {});
  // Of the sessions that were born nobody will report; those still waiting here will be born of the next one.
  std::erase_if(exit_listeners_, [this](const auto &listener) {
    return std::none_of(requests_.begin(), requests_.end(),
                        [&](const Request &request) { return request.session_id == listener.first; });
  });
  start();
  for (auto &[session_id, forked] : interrupted) {
    forked(Status(CAPSULE_E_DIED, reason.message()), UniqueFd());
  }
}

void Zygote::fail_all_expected(const Status &status) {
  for (auto &[fork_id, forked] : std::exchange(expected_, {})) {
    exit_listeners_.erase(fork_id);
    forked(status, UniqueFd());
  }
}

void Zygote::fail_requests(const Status &status) {
  fail_all_expected(status);
  for (auto &[session_id, forked] : std::exchange(forking_, {})) {
    exit_listeners_.erase(session_id);
    forked(status, UniqueFd());
  }
  for (Request &request : std::exchange(requests_, {})) {
    exit_listeners_.erase(request.session_id);
    request.forked(status, UniqueFd());
  }
}

void Zygote::close() {
  phase_ = Phase::kIdle;
  channel_watch_.reset();
  process_watch_.reset();
  stderr_watch_.reset();
  channel_.reset();
  stderr_.reset();
  process_ = Process();
}

void Zygote::shut_down(std::function<void()> gone) {
  loop_.assert_on_loop();
  if (!alive()) {
    gone();
    return;
  }
  gone_ = std::move(gone);
  static_cast<void>(channel_->send(0, wire::Shutdown{}));
  constexpr std::uint64_t kPatience = 2 * kNsPerSecond;
  loop_.add_timer(monotonic_ns() + kPatience, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->alive()) {
      kill_group(self->process_.pidfd, self->process_.pid);
    }
  });
}

}  // namespace capsule
