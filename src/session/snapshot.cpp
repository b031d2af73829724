#include "session/snapshot.hpp"

#include <sys/random.h>

#include <fstream>
#include <sstream>

#include "base/clock.hpp"
#include "session/runtime.hpp"

namespace capsule {
namespace {

// Bytes that a line of /proc/…/smaps_rollup tells of in KiB.
std::uint64_t rollup_bytes(const std::string &text, const std::string &label) {
  const std::size_t found = text.find("\n" + label);
  return found == std::string::npos ? 0 : std::strtoull(text.c_str() + found + label.size() + 1, nullptr, 10) * 1024;
}

std::vector<int> numbers_of(const std::vector<UniqueFd> &fds) {
  std::vector<int> numbers;
  numbers.reserve(fds.size());
  for (const UniqueFd &fd : fds) {
    numbers.push_back(fd.get());
  }
  return numbers;
}

}  // namespace

std::uint64_t random_fork_id() {
  std::uint64_t id = 0;
  while (getrandom(&id, sizeof id, 0) != sizeof id) {
  }
  return id | wire::kForkIdBit;
}

Snapshot::Snapshot(std::shared_ptr<Runtime> runtime, std::uint64_t fork_id, SessionOptions options, Process process,
                   UniqueFd channel)
    : runtime_(std::move(runtime)),
      id_(runtime_->next_snapshot()),
      fork_id_(fork_id),
      options_(std::move(options)),
      created_ns_(monotonic_ns()),
      zygote_pid_(runtime_->zygote(options_.profile)->pid()),
      pid_(process.pid),
      process_(std::move(process)),
      channel_(std::make_unique<Channel>(std::move(channel), wire::kMinMaxFrame)) {
  channel_->set_label("channel=snapshot snapshot=" + std::to_string(id_));
}

Snapshot::~Snapshot() {
  if (process_.pidfd.valid()) {
    kill_group(process_.pidfd, process_.pid);
  }
  if (channel_watch_) {
    // Watches end on the loop thread, and before what they watch is closed, and its number another's.
    runtime_->loop().post([channel_watch = std::move(channel_watch_), process_watch = std::move(process_watch_),
                           channel = std::shared_ptr<Channel>(std::move(channel_)),
                           process = std::make_shared<Process>(std::move(process_))]() mutable {
      channel_watch.reset();
      process_watch.reset();
    });
  }
}

void Snapshot::watch() {
  const auto call = [weak = weak_from_this()](void (Snapshot::*method)()) {
    return [weak, method] {
      if (const auto self = weak.lock()) {
        (self.get()->*method)();
      }
    };
  };
  channel_watch_ = runtime_->loop().watch_readable(channel_->fd(), call(&Snapshot::on_readable));
  process_watch_ = runtime_->loop().watch_readable(process_.pidfd.get(), call(&Snapshot::on_gone));
}

// Another zygote would never hear of the fork.
bool Snapshot::can_fork() const { return !gone() && channel_ && runtime_->zygote(options_.profile)->pid() == zygote_pid_; }

void Snapshot::fork_session(std::uint64_t fork_id, const std::vector<UniqueFd> &fds, Zygote::Forked forked,
                            Zygote::Exited exited) {
  runtime_->loop().assert_on_loop();
  if (!can_fork()) {
    forked(Status(CAPSULE_E_WORKER, "the snapshot is gone, or its zygote"), UniqueFd());
    return;
  }
  const auto told = [weak = weak_from_this(), fork_id, forked = std::move(forked)](Result<Process> process, UniqueFd channel) {
    if (const auto self = weak.lock()) {
      self->forking_.erase(fork_id);
    }
    if (process.status().code() == CAPSULE_E_STATE) {  // its zygote went meanwhile: as if it had been gone before
      process = Status(CAPSULE_E_WORKER, process.status().message());
    }
    forked(std::move(process), std::move(channel));
  };
  runtime_->zygote(options_.profile)->expect_fork(fork_id, told, std::move(exited));
  forking_.insert(fork_id);
  if (const Status sent = channel_->send(0, wire::Fork{.session_id = fork_id, .keep = true}, numbers_of(fds)); !sent.ok()) {
    runtime_->zygote(options_.profile)->fail_expected(fork_id, sent);
    return;
  }
  const std::lock_guard lock(mutex_);
  ++uses_;
}

void Snapshot::become_session(const std::vector<UniqueFd> &fds, const Zygote::Forked &forked, Zygote::Exited exited) {
  runtime_->loop().assert_on_loop();
  if (gone() || !channel_) {
    forked(Status(CAPSULE_E_WORKER, "the snapshot is gone"), UniqueFd());
    return;
  }
  if (const Status sent = channel_->send(0, wire::Fork{.session_id = fork_id_}, numbers_of(fds)); !sent.ok()) {
    forked(sent, UniqueFd());
    return;
  }
  runtime_->zygote(options_.profile)->set_exited(fork_id_, std::move(exited));
  channel_watch_.reset();
  process_watch_.reset();
  channel_.reset();
  {
    const std::lock_guard lock(mutex_);
    ++uses_;
    gone_ = true;
  }
  forked(std::move(process_), UniqueFd());
}

void Snapshot::set_origin(Origin origin) {
  const std::lock_guard lock(mutex_);
  origin_ = origin;
}

Snapshot::Origin Snapshot::origin() const {
  const std::lock_guard lock(mutex_);
  return origin_;
}

bool Snapshot::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

bool Snapshot::let_go(bool evicted) {
  const std::lock_guard lock(mutex_);
  if (gone_) {
    return false;
  }
  gone_ = true;
  evicted_ = evicted;
  runtime_->loop().post([self = shared_from_this()] { self->close(); });
  return true;
}

void Snapshot::on_readable() {
  const ReceiveState state = channel_->receive_round([this](const wire::Envelope &envelope, std::size_t) {
    if (const auto *forked = std::get_if<wire::Forked>(&envelope.body)) {
      runtime_->zygote(options_.profile)
          ->fail_expected(forked->session_id,
                          Status(CAPSULE_E_WORKER, "the snapshot could not make a session: " + std::string(forked->failure)));
    }
  });
  if (state == ReceiveState::kEnd || state == ReceiveState::kBroken) {
    on_gone();
  }
}

void Snapshot::on_gone() {
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
  }
  close();
}

void Snapshot::close() {
  if (!channel_) {
    return;
  }
  channel_watch_.reset();
  process_watch_.reset();
  channel_.reset();
  const Process process = std::exchange(process_, Process());
  kill_group(process.pidfd, process.pid);
  const auto zygote = runtime_->zygote(options_.profile);
  zygote->forget(fork_id_);
  for (const std::uint64_t fork_id : std::exchange(forking_, {})) {
    zygote->fail_expected(fork_id, Status(CAPSULE_E_WORKER, "the snapshot is gone"));
  }
}

capsule_snapshot_info Snapshot::info() const {
  capsule_snapshot_info info{};
  {
    const std::lock_guard lock(mutex_);
    info.pid = gone_ ? 0 : pid_;
    info.session_id = origin_.session_id;
    info.execution_id = origin_.execution_id;
    info.duration_ns = origin_.duration_ns;
    info.uses = uses_;
    info.evicted = evicted_ ? 1 : 0;
  }
  info.snapshot_id = id_;
  info.created_ns = created_ns_;
  if (info.pid != 0) {
    std::ifstream file("/proc/" + std::to_string(info.pid) + "/smaps_rollup");
    std::stringstream text;
    text << file.rdbuf();
    info.resident_bytes = rollup_bytes(text.str(), "Rss:");
    info.proportional_bytes = rollup_bytes(text.str(), "Pss:");
    info.private_bytes = rollup_bytes(text.str(), "Private_Clean:") + rollup_bytes(text.str(), "Private_Dirty:");
  }
  return info;
}

void Snapshot::keep_runtime() { runtime_->add_handle(); }

void Snapshot::drop_runtime() { runtime_->drop_handle(); }

}  // namespace capsule
