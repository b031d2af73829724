// Acquiring, and the line: what callers' threads do.
#include "pool/pool.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/quiet_thread.hpp"
#include "pool/latency.hpp"
#include "session/snapshot.hpp"

namespace capsule {
namespace {

BreakerOptions breaker_options(const PoolOptions &options) {
  return {options.breaker_failures, static_cast<std::uint64_t>(options.breaker_pause_ms) * kNsPerMs,
          static_cast<std::uint64_t>(options.breaker_pause_max_ms) * kNsPerMs};
}

// After a hit the keeper is woken a little later: at once it would run in the caller's place, as likely as not. While there are
// others idle it has time: a timer behind the scheduler's next tick need not be set in the hardware, which costs most of an acquisition.
constexpr std::uint64_t kAfterHitNs = 5 * kNsPerMs;
constexpr std::uint64_t kAfterLastHitNs = kNsPerMs / 2;
// One look for what many threads give back: none of them waits for it.
constexpr std::uint64_t kHealthDelayNs = 20 * kNsPerMs;
// One group for what comes in this time, since the keeper wakes for it.
constexpr std::uint64_t kExportDelayNs = 20 * kNsPerMs;

// CLOCK_MONOTONIC; kNoDeadline is never.
void set_timer(int timer, std::uint64_t at_ns) {
  itimerspec when{};
  if (at_ns != kNoDeadline) {
    when.it_value.tv_sec = static_cast<time_t>(at_ns / kNsPerSecond);
    when.it_value.tv_nsec = static_cast<long>(at_ns % kNsPerSecond);
  }
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace

Status Pool::closed_status() { return {CAPSULE_E_CLOSED, "pool: it is closed"}; }

Pool::Pool(std::shared_ptr<Runtime> runtime, PoolOptions options)
    : runtime_(std::move(runtime)),
      options_(std::move(options)),
      started_(options_.pre_warm),
      trace_(options_.trace_bytes, CAPSULE_LOG_INFO, Trace::Of::kPool),
      breaker_(breaker_options(options_), monotonic_ns()) {
  runtime_->add_handle();
}

Pool::~Pool() = default;

Result<std::shared_ptr<Pool>> Pool::create(std::shared_ptr<Runtime> runtime, PoolOptions options) {
  std::shared_ptr<Pool> pool(new Pool(std::move(runtime), std::move(options)));
  if (Status status = pool->start(); !status.ok()) {
    pool->runtime_->drop_handle();
    return status;
  }
  pool->runtime_->add_source(pool);
  return pool;
}

Status Pool::start() {
  timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  if (!timer_.valid()) {
    return system_error("timerfd_create", errno);
  }
  return start_quietly(keeper_, [this] { run(); });
}

void Pool::drop_handle() {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  const auto end = [self = shared_from_this()] {
    self->close(0);
    self->runtime_->retire_source(*self);
    self->runtime_->drop_handle();
  };
  if (runtime_->loop().on_loop() || in_notify_callback()) {
    std::thread(end).detach();
  } else {
    end();
  }
}

Pool::Member *Pool::find(const Session &session) {
  const auto found = members_.find(session.id());
  return found != members_.end() && found->second.session.get() == &session ? &found->second : nullptr;
}

// The idle session for the key: its own one, else one without a key, else the one that was idle longest.
Pool::Member *Pool::pop_idle(const std::string &key, bool &same_key) {
  if (idle_.empty()) {
    return nullptr;
  }
  auto best = idle_.end() - 1;
  if (const std::string &last = (*best)->key; !key.empty() || !last.empty()) {
    const auto keyed = [&](const std::string &wanted) {
      const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Member *one) { return one->key == wanted; });
      return found == idle_.rend() ? idle_.end() : found.base() - 1;
    };
    best = keyed(key);
    best = best == idle_.end() ? keyed("") : best;
    best = best == idle_.end() ? idle_.begin() : best;
  }
  Member *member = *best;
  idle_.erase(best);
  same_key = !key.empty() && member->key == key;
  return member;
}

void Pool::begin(Attempt &attempt) {
  attempt.number = ++next_attempt_;
  demand_.arrived(attempt.begun_ns);
  started_ = true;
  note({.kind = CAPSULE_TRACE_POOL_ACQUIRE_BEGIN, .arguments = {attempt.number}, .time_ns = attempt.begun_ns});
}

// It ends without a session, as the status says.
Status Pool::fail(const Attempt &attempt, Counter counter, Status status) {
  ++(counters_.*counter);
  note({.kind = CAPSULE_TRACE_POOL_ACQUIRED,
        .status = status.code(),
        .arguments = {attempt.number, monotonic_ns() - attempt.begun_ns}});
  return status;
}

// At once, from the idle sessions; null where none is left.
Result<std::shared_ptr<Lease>> Pool::hit(Lock &lock, const Attempt &attempt) {
  bool same_key = false;
  while (Member *member = pop_idle(attempt.key, same_key)) {
    const std::shared_ptr<Session> session = member->session;
    take_in_hand(*member);
    lock.unlock();
    const bool usable = session->usable();
    lock.lock();
    member = find(*session);
    if (member == nullptr && phase_ != Phase::kOpen) {
      return fail(attempt, &capsule_pool_metrics::acquisition_refused, closed_status());
    }
    if (member == nullptr) {
      continue;  // its death was noticed meanwhile
    }
    put_down(*member);
    if (usable && !member->dead) {
      ++counters_.pool_hits;
      counters_.affinity_hits += same_key ? 1 : 0;
      auto lease = grant(*member, attempt, CAPSULE_TRACE_POOL_HIT);
      want_warm_up(attempt.begun_ns + (idle_.empty() ? kAfterLastHitNs : kAfterHitNs));
      return lease;
    }
    // Its death is only just being noticed: the keeper clears up.
    member->dead = true;
    tell_keeper(session->id(), bit(SessionNews::kGone));
  }
  return std::shared_ptr<Lease>();
}

// Whether one more may wait; counted where not.
Status Pool::check_line(const Attempt &attempt, std::int64_t timeout_ms) {
  if (phase_ != Phase::kOpen || runtime_closed_) {
    return fail(attempt, &capsule_pool_metrics::acquisition_refused,
                phase_ != Phase::kOpen ? closed_status() : Status(CAPSULE_E_CLOSED, "pool: its runtime is closed"));
  }
  if (line_.size() >= options_.max_waiters) {
    return fail(attempt, &capsule_pool_metrics::acquisition_refused,
                {CAPSULE_E_LIMIT, "pool: " + std::to_string(line_.size()) + " acquisitions wait, max_waiters is " +
                                      std::to_string(options_.max_waiters)});
  }
  const bool others_come = comes_back() && counters_.sessions_active + counters_.sessions_resetting > 0;
  if (breaker_.blocks(attempt.begun_ns) && counters_.sessions_warming == 0 && !others_come) {
    return fail(attempt, &capsule_pool_metrics::acquisition_errors, last_error_);
  }
  if (timeout_ms == 0) {
    return fail(attempt, &capsule_pool_metrics::acquisition_timeouts, {CAPSULE_E_TIMEOUT, "pool: no session is idle"});
  }
  return {};
}

void Pool::stand_in_line(const std::shared_ptr<Acquisition> &acquisition, std::uint64_t deadline_ns) {
  line_.push(acquisition, deadline_ns);
  counters_.waiters_peak = std::max(counters_.waiters_peak, static_cast<std::uint32_t>(line_.size()));
}

Result<std::shared_ptr<Lease>> Pool::acquire(std::string key, std::int64_t timeout_ms) {
  Attempt attempt{std::move(key), monotonic_ns()};
  std::shared_ptr<Acquisition> acquisition;
  {
    Lock lock(mutex_);
    begin(attempt);
    auto lease = hit(lock, attempt);
    ++counters_.acquisition_attempts;  // not before: a hit lets go of the lock, and an attempt is counted with its outcome
    if (!lease.ok() || lease.value()) {
      return lease;
    }
    if (Status status = check_line(attempt, timeout_ms); !status.ok()) {
      want_warm_up();
      return status;
    }
    acquisition = std::make_shared<Acquisition>(shared_from_this(), std::move(attempt));
    stand_in_line(acquisition, kNoDeadline);
    want_warm_up();
  }
  const std::uint64_t deadline = deadline_after_ms(timeout_ms);
  auto taken = acquisition->take(deadline);
  if (taken.ok() || taken.status().code() != CAPSULE_E_TIMEOUT) {
    return taken;
  }
  {
    const Lock lock(mutex_);
    if (line_.take(acquisition.get())) {
      return fail(acquisition->attempt(), &capsule_pool_metrics::acquisition_timeouts,
                  {CAPSULE_E_TIMEOUT, "pool: no session came within " + std::to_string(timeout_ms) + " ms"});
    }
  }
  return acquisition->take(kNoDeadline);  // it has ended meanwhile
}

std::shared_ptr<Acquisition> Pool::acquire_async(std::string key, std::int64_t timeout_ms) {
  Attempt attempt{std::move(key), monotonic_ns()};
  Lock lock(mutex_);
  begin(attempt);
  auto acquisition = std::make_shared<Acquisition>(shared_from_this(), std::move(attempt));
  auto lease = hit(lock, acquisition->attempt());
  ++counters_.acquisition_attempts;  // with its outcome, as in acquire()
  Status status = lease.status();
  if (lease.ok() && lease.value()) {
    acquisition->grant(std::move(lease.value()));
    return acquisition;
  }
  if (status.ok()) {
    status = check_line(acquisition->attempt(), timeout_ms);
  }
  if (status.ok()) {
    stand_in_line(acquisition, deadline_after_ms(timeout_ms));
    wake();  // for its deadline
  } else {
    acquisition->fail(std::move(status));
  }
  want_warm_up();
  return acquisition;
}

void Pool::cancel(Acquisition &acquisition) {
  std::shared_ptr<Lease> lease;
  {
    const Lock lock(mutex_);
    const Status canceled(CAPSULE_E_STATE, "acquisition: it was canceled");
    lease = acquisition.fail(line_.take(&acquisition)
                                 ? fail(acquisition.attempt(), &capsule_pool_metrics::acquisition_canceled, canceled)
                                 : canceled);
  }
  if (lease) {
    lease->set_unused();
  }
}

std::shared_ptr<Lease> Pool::grant(Member &member, const Attempt &attempt, std::int32_t kind) {
  const std::uint64_t now_ns = monotonic_ns();
  const std::uint64_t took_ns = now_ns - attempt.begun_ns;
  const std::uint64_t session_id = member.session->id();
  note({.kind = kind, .arguments = {attempt.number}, .link = session_id, .time_ns = now_ns});
  note({.kind = CAPSULE_TRACE_POOL_ACQUIRED, .arguments = {attempt.number, took_ns}, .link = session_id, .time_ns = now_ns});
  ++counters_.acquisition_successes;
  counters_.acquire_total_ns += took_ns;
  counters_.acquire_max_ns = std::max(counters_.acquire_max_ns, took_ns);
  ++counters_.acquire_buckets[bucket_of(took_ns)];
  set_state(member, CAPSULE_POOLED_ACTIVE);
  ++member.acquisitions;
  member.key = attempt.key;
  member.lease_id = ++next_lease_;
  return std::make_shared<Lease>(shared_from_this(), member.session, member.lease_id);
}

// The session can be used: by whoever waits longest, or by the next to come.
void Pool::offer(Member &member) {
  if (const auto acquisition = line_.pop()) {
    ++counters_.pool_misses;
    acquisition->grant(grant(member, acquisition->attempt(), CAPSULE_TRACE_POOL_MISS));
    return;
  }
  make_idle(member, monotonic_ns());
}

void Pool::make_idle(Member &member, std::uint64_t since_ns) {
  set_state(member, CAPSULE_POOLED_IDLE);
  member.idle_since_ns = since_ns;
  const auto later = [](std::uint64_t ns, const Member *one) { return ns < one->idle_since_ns; };
  idle_.insert(std::upper_bound(idle_.begin(), idle_.end(), since_ns, later), &member);
  if (next_retirement(since_ns) < sleeps_until_ns_) {
    wake();
  }
  changed_.notify_all();
}

// It is out of the idle ones, and stays as it is until it is put down.
void Pool::take_in_hand(Member &member) {
  set_state(member, CAPSULE_POOLED_RESETTING);
  member.in_hand = true;
}

void Pool::put_down(Member &member) {
  member.in_hand = false;
  if (const std::uint32_t news = std::exchange(member.held_news, 0); news != 0) {
    tell_keeper(member.session->id(), news);
  }
}

void Pool::tell_keeper(std::uint64_t session_id, std::uint32_t news) {
  news_[session_id] |= news;
  wake();
}

std::uint32_t &Pool::gauge(std::int32_t state) {
  switch (state) {
    case CAPSULE_POOLED_IDLE:
      return counters_.sessions_idle;
    case CAPSULE_POOLED_ACTIVE:
      return counters_.sessions_active;
    case CAPSULE_POOLED_RESETTING:
      return counters_.sessions_resetting;
    default:
      return counters_.sessions_warming;
  }
}

void Pool::set_state(Member &member, std::int32_t state) {
  --gauge(member.state);
  ++gauge(state);
  member.state = state;
  member.since_ns = monotonic_ns();
}

// The keeper: until its own deadline, or until somebody wakes it.
void Pool::sleep(Lock &lock) {
  if (sleeps_until_ns_ != 0) {
    lock.unlock();
    std::uint64_t expirations = 0;
    while (::read(timer_.get(), &expirations, sizeof expirations) < 0 && errno == EINTR) {
    }
    lock.lock();
  }
  sleeps_until_ns_ = kNoDeadline;
}

void Pool::fail_waiters(const Status &status, Counter counter) {
  while (const auto acquisition = line_.pop()) {
    acquisition->fail(fail(acquisition->attempt(), counter, status));
  }
}

// Sessions that are to be made.
std::uint32_t Pool::lacking(std::uint64_t now_ns) {
  if (phase_ != Phase::kOpen || runtime_closed_ || !started_) {
    return 0;
  }
  const std::size_t ahead = std::max(options_.min_idle, demand_.ahead(now_ns, options_.max_sessions));
  const std::size_t wanted = ahead + line_.size();
  const std::size_t coming = counters_.sessions_idle + counters_.sessions_warming + counters_.sessions_resetting;
  const std::size_t room = options_.max_sessions - members_.size();
  return static_cast<std::uint32_t>(wanted > coming ? std::min(wanted - coming, room) : 0);
}

void Pool::want_warm_up(std::uint64_t at_ns) {
  if (lacking(monotonic_ns()) > 0) {
    if (!std::exchange(warm_up_wanted_, true)) {
      ++counters_.warmup_triggers;
      note({.kind = CAPSULE_TRACE_POOL_WARMUP_TRIGGERED, .arguments = {lacking(monotonic_ns())}});
    }
    wake_at(at_ns);
  }
}

void Pool::note(const Trace::Entry &entry) {
  trace_.add(entry);
  want_export();
}

void Pool::want_export() {
  if (!runtime_->exporters().empty() && !std::exchange(export_wanted_, true)) {
    wake_at(monotonic_ns() + kExportDelayNs);
  }
}

void Pool::want_health_check() {
  if (!std::exchange(health_wanted_, true)) {
    ++counters_.health_check_triggers;
    note({.kind = CAPSULE_TRACE_POOL_HEALTH_TRIGGERED});
    wake_at(monotonic_ns() + kHealthDelayNs);
  }
}

void Pool::wake_at(std::uint64_t at_ns) {
  if (at_ns < sleeps_until_ns_) {
    sleeps_until_ns_ = at_ns;
    set_timer(timer_.get(), at_ns);
  }
}

Status Pool::wait_ready(std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  started_ = true;
  want_warm_up();
  const std::uint64_t failures = failures_;
  const auto settled = [&] {
    const std::size_t ready = counters_.sessions_idle + counters_.sessions_active + counters_.sessions_resetting;
    return ready >= options_.min_idle || failures_ != failures || phase_ != Phase::kOpen || runtime_closed_ ||
           breaker_.blocks(monotonic_ns());
  };
  if (deadline_ns == kNoDeadline) {
    changed_.wait(lock, settled);
  } else if (!changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)),
                                  settled)) {
    return {CAPSULE_E_TIMEOUT, "pool: min_idle sessions were not ready within timeout_ms"};
  }
  if (phase_ != Phase::kOpen || runtime_closed_) {
    return closed_status();
  }
  const bool failed = failures_ != failures || breaker_.blocks(monotonic_ns());
  return failed ? last_error_ : Status();
}

}  // namespace capsule
