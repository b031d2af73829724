// A pool: sessions that are ready, those who wait for one, and a thread that makes, resets and looks after them.
//
// State is under one lock, which is the last to be taken: a session tells news under its own lock, so no session is called under the
// pool's. What a caller does on a hit is a pop; everything that may take time is the keeper's, and the keeper waits only for the one
// snapshot of a warm-up and for idle sessions that it makes answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "capsule/pool_info.h"
#include "diagnostics/guard.hpp"
#include "diagnostics/trace.hpp"
#include "pool/acquisition.hpp"
#include "pool/breaker.hpp"
#include "pool/demand.hpp"
#include "pool/wait_queue.hpp"
#include "pool/warm_up.hpp"
#include "session/runtime.hpp"

namespace capsule {

struct PoolOptions {
  SessionOptions session;
  WarmUpOptions warm_up;
  std::uint32_t min_idle = 2;
  std::uint32_t max_sessions = 10;
  std::int32_t reset = CAPSULE_RESET_PRISTINE;
  bool pre_warm = true;
  std::int64_t idle_timeout_ms = 300'000;
  std::int64_t health_interval_ms = 60'000;
  std::int64_t acquire_timeout_ms = 30'000;
  std::uint64_t recycle_executions = 100;
  std::int64_t recycle_age_ms = 0;
  std::uint64_t recycle_growth_bytes = 0;
  std::uint64_t session_memory_bytes = 0;
  std::uint64_t pool_memory_bytes = 0;
  std::uint32_t max_waiters = 10'000;
  std::uint32_t trace_bytes = 256U << 10U;
  std::uint32_t breaker_failures = 3;
  std::int64_t breaker_pause_ms = 200;
  std::int64_t breaker_pause_max_ms = 30'000;
};

class Pool : public std::enable_shared_from_this<Pool>, public SignalSource, public LookWitness {
 public:
  static Result<std::shared_ptr<Pool>> create(std::shared_ptr<Runtime> runtime, PoolOptions options);
  ~Pool() override;
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  // The pool's own handle, and one for each lease and acquisition. When the last is dropped the pool is closed.
  void add_handle() { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle();
  [[nodiscard]] const PoolOptions &options() const { return options_; }
  [[nodiscard]] Runtime &runtime() const { return *runtime_; }

  // pool.cpp
  Result<std::shared_ptr<Lease>> acquire(std::string key, std::int64_t timeout_ms);
  std::shared_ptr<Acquisition> acquire_async(std::string key, std::int64_t timeout_ms);
  void cancel(Acquisition &acquisition);
  // CAPSULE_E_ARGUMENT where it has not leased the session, CAPSULE_E_CLOSED.
  Status check_leased(const Session &session);
  Status give_back(Session &session);
  void reclaim(Session &session, std::uint64_t lease_id, bool unused);  // by its lease
  Status wait_ready(std::uint64_t deadline_ns);
  void close(std::int64_t timeout_ms);

  // pool_report.cpp
  capsule_pool_metrics metrics();
  void report(SignalReport &report) override;
  capsule_pool_info info();
  std::vector<capsule_pool_session> sessions();
  std::vector<ImportReport> imports();
  Status trace(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &events,
               capsule_trace_info &info);
  void looked(const Looked &look) override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  enum class Phase { kOpen, kClosing, kClosed };

  struct Member {
    std::shared_ptr<Session> session;
    std::int32_t state = CAPSULE_POOLED_WARMING;
    bool for_waiter = false;  // somebody waited when it was asked for
    bool dead = false;        // its session told so
    bool in_hand = false;     // a thread deals with it, and has let go of the lock: nobody else may decide what becomes of it
    std::uint32_t held_news = 0;  // what came meanwhile, for the keeper
    std::uint64_t made_of = 0;    // number of the template, 0 for none
    std::uint64_t lease_id = 0;
    std::uint64_t created_ns = 0;
    std::uint64_t since_ns = 0;       // in its state
    std::uint64_t idle_since_ns = 0;  // looks do not count
    std::uint64_t acquisitions = 0;
    std::uint64_t executions = 0;       // of its callers
    std::uint64_t executions_seen = 0;  // of all, by the session's own count, up to when it was idle last
    std::uint64_t first_private_bytes = 0;
    std::string key;
  };
  using Counter = std::uint64_t capsule_pool_metrics::*;
  // Sessions to end once no lock is held.
  using Ending = std::vector<std::shared_ptr<Session>>;

  Pool(std::shared_ptr<Runtime> runtime, PoolOptions options);
  Status start();

  // pool.cpp, under the lock.
  [[nodiscard]] Member *find(const Session &session);
  static Status closed_status();
  Member *pop_idle(const std::string &key, bool &same_key);
  void begin(Attempt &attempt);
  Result<std::shared_ptr<Lease>> hit(Lock &lock, const Attempt &attempt);
  Status check_line(const Attempt &attempt, std::int64_t timeout_ms);
  void stand_in_line(const std::shared_ptr<Acquisition> &acquisition, std::uint64_t deadline_ns);
  Status fail(const Attempt &attempt, Counter counter, Status status);
  std::shared_ptr<Lease> grant(Member &member, const Attempt &attempt, std::int32_t kind);
  void offer(Member &member);
  void make_idle(Member &member, std::uint64_t since_ns);
  void take_in_hand(Member &member);
  void put_down(Member &member);
  void tell_keeper(std::uint64_t session_id, std::uint32_t news);
  void fail_waiters(const Status &status, Counter counter);
  [[nodiscard]] bool comes_back() const {
    return options_.reset == CAPSULE_RESET_KEEP || options_.reset == CAPSULE_RESET_CLEAR_NAMES;
  }
  std::uint32_t &gauge(std::int32_t state);
  void set_state(Member &member, std::int32_t state);
  [[nodiscard]] std::uint32_t lacking(std::uint64_t now_ns);
  void want_warm_up(std::uint64_t at_ns = 1);
  void want_health_check();
  void note(const Trace::Entry &entry);
  void want_export();
  void sleep(Lock &lock);
  void wake_at(std::uint64_t at_ns);
  void wake() { wake_at(1); }

  // pool_report.cpp: the keeper's thread; at the close, when that is over, who closes.
  void export_events();

  // pool_return.cpp, under the lock.
  [[nodiscard]] Status not_leased() const;
  void remove(Member &member, Counter reason, Ending &ending);
  void let_go(Member &member, Ending &ending);
  void begin_close(Lock &lock);
  void end_close(Lock &lock);
  // Under no lock. Cancels what runs in them, and ends them.
  static void end_sessions(const Ending &ending);
  void take_back(Session &session);
  void settle(Session &session, Session::Use use, bool cleared);

  // pool_keeper.cpp: the keeper's thread, but for on_news.
  void run();
  void on_news(std::uint64_t session_id, SessionNews news);
  void round();
  void serve_news();
  void serve(std::uint64_t session_id, std::uint32_t news);
  void on_ready(const std::shared_ptr<Session> &session);
  void on_gone(const std::shared_ptr<Session> &session);
  void become_ready(Member &member, std::uint64_t executions);
  void serve_warm_ups();
  void serve_clearings();
  void serve_template();
  std::optional<Status> advance_template(const std::shared_ptr<Session> &session);
  void begin_template();
  void refill();
  void create_session(bool for_waiter);
  void listen(const std::shared_ptr<Session> &session);
  std::function<void()> waker();
  void on_failure(const Status &status, std::uint64_t made_of = 0);
  // The pool's name, as log records have it.
  [[nodiscard]] std::string told_name() const;
  void forget_terminated();
  [[nodiscard]] bool from_template() const {
    return options_.reset != CAPSULE_RESET_NEW_PROCESS && options_.session.profile.start == CAPSULE_START_FORK;
  }
  [[nodiscard]] std::uint64_t next_deadline();
  [[nodiscard]] std::uint64_t next_retirement(std::uint64_t now_ns);

  // pool_health.cpp: the keeper's thread, but for judge.
  Counter judge(const Member &member, const capsule_session_info &info, std::uint64_t now_ns) const;
  void check_health(bool by_interval);
  void check_budget(const std::map<std::uint64_t, std::uint64_t> &private_bytes, Ending &ending);
  void retire_idle(std::uint64_t now_ns, Ending &ending);
  void touch_idle();
  void expire_waiters();

  const std::shared_ptr<Runtime> runtime_;
  const PoolOptions options_;
  std::atomic<std::uint64_t> handles_{1};
  std::thread keeper_;
  UniqueFd timer_;  // what the keeper sleeps on; brought forward to wake it

  std::mutex mutex_;                 // guards below
  std::condition_variable changed_;  // who waits for the pool as a whole
  Phase phase_ = Phase::kOpen;
  bool runtime_closed_ = false;
  bool started_ = false;               // it is to be filled
  bool stop_ = false;                  // the keeper is to end
  std::uint64_t sleeps_until_ns_ = 0;  // the keeper; it begins with filling the pool
  bool warm_up_wanted_ = false;
  bool health_wanted_ = false;
  std::uint64_t close_deadline_ns_ = kNoDeadline;
  std::uint64_t next_lease_ = 0;
  std::uint64_t next_attempt_ = 0;
  Trace trace_;
  bool export_wanted_ = false;         // there is something that exporters were not given
  std::uint64_t exported_cursor_ = 0;  // what they were
  TraceLosses exported_losses_;        // what they were told that it has lost
  std::unordered_map<std::uint64_t, Member> members_;
  std::vector<Member *> idle_;  // the last is the next to go out
  WaitQueue<Acquisition> line_;
  Ending leaving_;  // sessions that are being closed
  std::map<std::uint64_t, std::uint32_t> news_;
  Demand demand_;
  Breaker breaker_;
  Status last_error_;
  std::uint64_t failures_ = 0;
  LogOnce creation_log_;  // since one was made
  std::vector<ImportReport> imports_;
  capsule_pool_metrics counters_{};
  std::shared_ptr<Session> template_session_;  // while it is warmed up
  std::uint64_t health_due_ns_ = 0;

  // The keeper's own.
  std::map<std::uint64_t, std::unique_ptr<WarmUp>> warm_ups_;
  std::map<std::uint64_t, std::unique_ptr<Chore>> clearings_;
  std::unique_ptr<WarmUp> template_warm_up_;
  std::shared_ptr<Snapshot> pristine_;
  std::uint64_t template_began_ns_ = 0;
  std::uint64_t templates_ = 0;  // the number of the last
};

}  // namespace capsule
