#include "session/runtime.hpp"

#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "diagnostics/guard.hpp"
#include "session/snapshot.hpp"

namespace capsule {
namespace {

// The cells of the sets, what waits for exporters, the audit's ring, and what each session and pool has told of itself: its trace as it is
// filled, flight recorder and post-mortems.
std::uint64_t telemetry_bytes(const SignalReport &report, std::size_t sessions, std::uint64_t audit_bytes) {
  std::uint64_t bytes =
      (sessions + report.pools.size()) * sizeof(SignalSet) + audit_bytes + report.library.get(Signal::exporter_queue_bytes);
  for (const auto &[pool, set] : report.pools) {
    bytes += set.get(Signal::telemetry_memory_bytes);
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<Runtime>> Runtime::create(RuntimeOptions options) {
  options.worker_dir = find_worker_dir(options.worker_dir);
  std::shared_ptr<Runtime> runtime(new Runtime(std::move(options)));
  auto loop = Loop::start();
  if (!loop.ok()) {
    return loop.status();
  }
  runtime->loop_ = std::move(loop.value());
  return runtime;
}

Runtime::Runtime(RuntimeOptions options) : options_(std::move(options)), guard_(std::make_unique<Guard>()) {}

Runtime::~Runtime() {
  // The last reference may be dropped by a task of the loop itself, which cannot join its own thread.
  if (loop_ && loop_->on_loop()) {
    std::thread([loop = std::move(loop_)] {}).detach();
  }
}

void Runtime::drop_handle() {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  if (loop_->on_loop() || in_notify_callback()) {
    std::thread([self = shared_from_this()] { self->close(0); }).detach();
  } else {
    close(0);
  }
}

Result<std::shared_ptr<Session>> Runtime::open_session(SessionOptions options, std::uint64_t parent_id, Birth birth) {
  std::shared_ptr<Session> session;
  std::shared_ptr<Session> parent;
  {
    const std::lock_guard lock(mutex_);
    if (Status status = open_status(); !status.ok()) {
      return status;
    }
    options.profile.worker_dir = options_.worker_dir;
    session =
        std::make_shared<Session>(shared_from_this(), ++sessions_opened_, std::move(options), parent_id, std::move(birth));
    sessions_.emplace(session->id(), session);
    guard_->inherit(session->id(), parent_id);
    if (const auto found = sessions_.find(parent_id); found != sessions_.end()) {
      parent = found->second;
    }
  }
  if (parent) {
    parent->note_branch(session->id());
  }
  handles_.fetch_add(1, std::memory_order_relaxed);
  session->begin_start();
  return session;
}

void Runtime::remember(const std::shared_ptr<Snapshot> &snapshot) {
  const std::lock_guard lock(mutex_);
  std::erase_if(snapshots_, [](const auto &weak) { return weak.expired(); });
  snapshots_.push_back(snapshot);
}

void Runtime::forget_session(std::uint64_t session_id, const std::string &pool, const SignalSet &counted) {
  std::shared_ptr<Session> last;  // released after the lock
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session_id); found != sessions_.end()) {
    last = std::move(found->second);
    sessions_.erase(found);
    past_.pools[pool].merge_past(counted);
  }
  changed_.notify_all();
}

std::vector<std::shared_ptr<Session>> Runtime::sessions() {
  std::vector<std::shared_ptr<Session>> open;
  const std::lock_guard lock(mutex_);
  for (const auto &[id, session] : sessions_) {
    open.push_back(session);
  }
  return open;
}

std::shared_ptr<Session> Runtime::find_session(std::uint64_t session_id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session_id);
  return found == sessions_.end() ? nullptr : found->second;
}

void Runtime::close(std::int64_t timeout_ms) {
  std::vector<std::shared_ptr<Session>> open;
  {
    std::unique_lock lock(mutex_);
    if (phase_ == Phase::kClosed) {
      return;
    }
    for (const auto &[id, session] : sessions_) {
      open.push_back(session);
    }
    if (phase_ == Phase::kClosing) {  // another thread is at it; a shorter deadline still counts
      lock.unlock();
      const std::uint64_t sooner = timeout_ms == 0 ? 0 : deadline_after_ms(timeout_ms);
      for (const auto &session : open) {
        session->begin_close(sooner);
      }
      lock.lock();
      changed_.wait(lock, [this] { return phase_ == Phase::kClosed; });
      return;
    }
    phase_ = Phase::kClosing;
  }
  const std::uint64_t deadline = timeout_ms == 0 ? 0 : deadline_after_ms(timeout_ms);
  for (const auto &session : open) {
    session->begin_close(deadline);
  }
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sessions_.empty(); });
    for (const auto &weak : snapshots_) {
      if (const auto snapshot = weak.lock()) {
        static_cast<void>(snapshot->let_go(false));
      }
    }
  }
  close_dependents();
  loop_->post([self = shared_from_this()] { self->shut_down_zygotes(); });
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return zygotes_gone_; });
  }
  loop_->stop();
  zygote_pid_.store(0, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kClosed;
  changed_.notify_all();
}

Status Runtime::open_status() const {
  return phase_ == Phase::kOpen ? Status() : Status(CAPSULE_E_CLOSED, "runtime is closed");
}

Status Runtime::check_open() {
  const std::lock_guard lock(mutex_);
  return open_status();
}

Status Runtime::add_dependent(const std::shared_ptr<RuntimeDependent> &dependent) {
  const std::lock_guard lock(mutex_);
  if (Status status = open_status(); !status.ok()) {
    return status;
  }
  std::erase_if(dependents_, [](const auto &weak) { return weak.expired(); });
  dependents_.push_back(dependent);
  return {};
}

void Runtime::close_dependents() {
  std::vector<std::weak_ptr<RuntimeDependent>> dependents;
  {
    const std::lock_guard lock(mutex_);
    dependents.swap(dependents_);
  }
  for (const auto &weak : dependents) {
    if (const auto dependent = weak.lock()) {
      dependent->on_runtime_close();
    }
  }
}

void Runtime::shut_down_zygotes() {
  const auto done = [this] {
    const std::lock_guard lock(mutex_);
    zygotes_gone_ = true;
    changed_.notify_all();
  };
  const auto zygotes = std::exchange(zygotes_, {});
  zygotes_ending_ = zygotes.size();
  if (zygotes.empty()) {
    done();
    return;
  }
  for (const auto &[profile, zygote] : zygotes) {
    zygote->shut_down([this, done, keep = zygote] {
      // Released by a later task: this one runs inside the zygote.
      loop_->post([keep] {});
      if (--zygotes_ending_ == 0) {
        done();
      }
    });
  }
}

std::shared_ptr<Zygote> Runtime::zygote(const Profile &profile) {
  loop_->assert_on_loop();
  std::shared_ptr<Zygote> &slot = zygotes_[profile];
  if (!slot) {
    Zygote::Listener listener;
    listener.started = [this](int pid) {
      zygotes_started_.fetch_add(1, std::memory_order_relaxed);
      zygote_pid_.store(pid, std::memory_order_relaxed);
    };
    listener.died = [this](bool was_ready) {
      zygotes_restarted_.fetch_add(was_ready ? 1 : 0, std::memory_order_relaxed);
      zygote_pid_.store(0, std::memory_order_relaxed);
    };
    listener.native_threads = [this](std::size_t modules) {
      native_thread_warnings_.fetch_add(modules, std::memory_order_relaxed);
    };
    listener.label = [this](std::string_view name) { return guard_->told_label(Guarded::kTrace, /*session_id=*/0, name); };
    slot = std::make_shared<Zygote>(*loop_, profile, options_.max_frame_bytes, stderr_dropped_bytes_, std::move(listener));
  }
  return slot;
}

void Runtime::add_source(const std::shared_ptr<SignalSource> &source) {
  const std::lock_guard lock(mutex_);
  sources_.emplace(source.get(), source);
}

void Runtime::retire_source(SignalSource &source) {
  SignalReport last;
  const std::lock_guard lock(mutex_);
  if (sources_.erase(&source) == 0) {
    return;
  }
  source.report(last);
  for (const auto &[pool, set] : last.pools) {
    past_.pools[pool].merge_past(set);
  }
}

SignalReport Runtime::report() {
  SignalReport report;
  std::vector<std::shared_ptr<Session>> sessions;
  std::vector<std::shared_ptr<SignalSource>> sources;
  {
    // Whatever goes from here on is in one of the two, and not in both.
    const std::lock_guard lock(mutex_);
    report = past_;
    for (const auto &[id, session] : sessions_) {
      sessions.push_back(session);
    }
    for (const auto &[key, weak] : sources_) {
      if (auto source = weak.lock()) {
        sources.push_back(std::move(source));
      }
    }
  }
  report.pools.try_emplace(kNoPool);
  for (const auto &session : sessions) {
    session->report(report.pools[session->pool_name()]);
  }
  for (const auto &source : sources) {
    source->report(report);
  }
  const capsule_runtime_info own = info();
  report.library.add(Signal::zygotes_started, own.zygotes_started);
  report.library.add(Signal::zygotes_restarted, own.zygotes_restarted);
  report.library.add(Signal::native_thread_warnings, own.native_thread_warnings);
  report.library.add(Signal::stderr_dropped_bytes, own.stderr_dropped_bytes);
  exporters_.report(report.library);
  const LogCounts logged = log_counts();
  for (std::size_t i = 0; i < logged.records.size(); ++i) {
    report.library.add(Signal::log_records, logged.records[i], i);
    report.library.add(Signal::log_records_dropped, logged.dropped[i], i);
  }
  const capsule_audit_info audited = guard_->audit().info();
  std::size_t decision = 0;
  for (const std::uint64_t records : {audited.allowed, audited.denied, audited.failed}) {
    report.library.add(Signal::audit_records, records, decision++);
  }
  report.library.add(Signal::telemetry_memory_bytes, telemetry_bytes(report, sessions.size(), guard_->audit().ring_bytes()));
  return report;
}

capsule_runtime_info Runtime::info() {
  capsule_runtime_info info{};
  const std::lock_guard lock(mutex_);
  info.sessions_open = sessions_.size();
  info.sessions_opened = sessions_opened_;
  info.zygote_pid = zygote_pid_.load(std::memory_order_relaxed);
  info.workers_started = workers_started_.load(std::memory_order_relaxed);
  info.workers_died = workers_died_.load(std::memory_order_relaxed);
  info.zygotes_started = zygotes_started_.load(std::memory_order_relaxed);
  info.zygotes_restarted = zygotes_restarted_.load(std::memory_order_relaxed);
  info.native_thread_warnings = native_thread_warnings_.load(std::memory_order_relaxed);
  info.stderr_dropped_bytes = stderr_dropped_bytes_.load(std::memory_order_relaxed);
  info.bridge = bridge_totals_.get();
  return info;
}

}  // namespace capsule
