// A runtime: the loop thread, the zygotes by profile, the open sessions.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "capsule/runtime.h"
#include "diagnostics/exporter.hpp"
#include "loop/loop.hpp"
#include "session/bridge_totals.hpp"
#include "session/profile.hpp"
#include "session/session.hpp"
#include "session/zygote.hpp"

namespace capsule {

class Guard;
class Policy;

struct RuntimeOptions {
  std::uint32_t max_frame_bytes = wire::kDefaultMaxFrame;
  std::string worker_dir;
  std::shared_ptr<const Policy> policy;  // null: sessions may call what bridges and their own rules say
};

// What uses the loop and is no session: told when the runtime is closed, before the loop stops.
class RuntimeDependent {
 public:
  virtual ~RuntimeDependent() = default;
  // Under no lock.
  virtual void on_runtime_close() = 0;
};

class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  static Result<std::shared_ptr<Runtime>> create(RuntimeOptions options);
  ~Runtime();

  [[nodiscard]] Loop &loop() { return *loop_; }
  [[nodiscard]] std::uint32_t max_frame_bytes() const { return options_.max_frame_bytes; }
  [[nodiscard]] const std::string &worker_dir() const { return options_.worker_dir; }
  [[nodiscard]] const std::shared_ptr<const Policy> &policy() const { return options_.policy; }
  [[nodiscard]] BridgeTotals &bridge_totals() { return bridge_totals_; }

  // The runtime's own handle and one for each session with handles. When the last is dropped the runtime is closed.
  void drop_handle();

  // A session made of a snapshot, where there is one.
  Result<std::shared_ptr<Session>> open_session(SessionOptions options, std::uint64_t parent_id = 0, Birth birth = {});
  // Closes everything and waits. Any thread but the loop's.
  void close(std::int64_t timeout_ms);
  capsule_runtime_info info();
  // All that was counted in it.
  SignalReport report();
  void add_source(const std::shared_ptr<SignalSource> &source);
  [[nodiscard]] Exporters &exporters() { return exporters_; }
  // No more is counted by it, and what it has counted is kept.
  void retire_source(SignalSource &source);
  [[nodiscard]] Guard &guard() { return *guard_; }

  // Those that are not terminated.
  std::vector<std::shared_ptr<Session>> sessions();
  // Null where it is none of them.
  std::shared_ptr<Session> find_session(std::uint64_t session_id);

  // Sessions: when one is terminated.
  // What it has counted goes to those that are gone, at the same moment.
  void forget_session(std::uint64_t session_id, const std::string &pool, const SignalSet &last);
  template <typename Count>
  void count_past(const std::string &pool, Count &&count) {
    const std::lock_guard lock(mutex_);
    count(past_.pools[pool]);
  }
  void count_worker_started() { workers_started_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::atomic<std::uint64_t> &stderr_dropped_bytes() { return stderr_dropped_bytes_; }
  void count_worker_died() { workers_died_.fetch_add(1, std::memory_order_relaxed); }
  void add_handle() { handles_.fetch_add(1, std::memory_order_relaxed); }
  // CAPSULE_E_CLOSED where it is too late: it is closed, or is being closed.
  Status check_open();
  Status add_dependent(const std::shared_ptr<RuntimeDependent> &dependent);
  // So that it can be let go when the runtime is closed.
  void remember(const std::shared_ptr<Snapshot> &snapshot);
  std::uint64_t next_snapshot() { return snapshots_taken_.fetch_add(1, std::memory_order_relaxed) + 1; }
  std::uint64_t next_incarnation() { return incarnations_.fetch_add(1, std::memory_order_relaxed) + 1; }

  // Loop thread: the profile's zygote, made when there is none.
  std::shared_ptr<Zygote> zygote(const Profile &profile);

 private:
  explicit Runtime(RuntimeOptions options);
  [[nodiscard]] Status open_status() const;  // under the lock
  void close_dependents();
  void shut_down_zygotes();

  const RuntimeOptions options_;
  const std::unique_ptr<Guard> guard_;
  std::unique_ptr<Loop> loop_;
  std::atomic<std::uint64_t> handles_{1};
  std::atomic<std::uint64_t> workers_started_{0};
  std::atomic<std::uint64_t> workers_died_{0};
  std::atomic<std::uint64_t> incarnations_{0};
  std::atomic<std::uint64_t> snapshots_taken_{0};
  std::atomic<std::uint64_t> zygotes_started_{0};
  std::atomic<std::uint64_t> zygotes_restarted_{0};
  std::atomic<std::uint64_t> native_thread_warnings_{0};
  std::atomic<std::uint64_t> stderr_dropped_bytes_{0};
  std::atomic<std::int32_t> zygote_pid_{0};
  BridgeTotals bridge_totals_;

  Exporters exporters_;

  std::map<Profile, std::shared_ptr<Zygote>> zygotes_;  // loop thread
  std::size_t zygotes_ending_ = 0;                      // loop thread

  std::mutex mutex_;  // guards below
  std::condition_variable changed_;
  enum class Phase { kOpen, kClosing, kClosed } phase_ = Phase::kOpen;
  bool zygotes_gone_ = false;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  std::uint64_t sessions_opened_ = 0;
  SignalReport past_;  // of what is gone
  std::map<SignalSource *, std::weak_ptr<SignalSource>> sources_;
  std::vector<std::weak_ptr<Snapshot>> snapshots_;
  std::vector<std::weak_ptr<RuntimeDependent>> dependents_;
};

}  // namespace capsule
