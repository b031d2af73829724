// The keeper: it makes sessions, warms them up, and puts used ones in order. All on its own thread, but for on_news.
#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "pool/pool.hpp"
#include "session/snapshot.hpp"

namespace capsule {
void Pool::run() {
  Lock lock(mutex_);
  while (!stop_) {
    sleep(lock);
    lock.unlock();
    try {
      round();
    } catch (const std::exception &defect) {  // memory ran out
      on_failure(Status(CAPSULE_E_MEMORY, defect.what()));
    }
    lock.lock();
    wake_at(next_deadline());
  }
  lock.unlock();
  warm_ups_.clear();
  clearings_.clear();
  template_warm_up_.reset();
  if (pristine_) {
    static_cast<void>(pristine_->let_go(false));
    pristine_.reset();
  }
}

void Pool::round() {
  serve_news();
  serve_warm_ups();
  serve_clearings();
  serve_template();
  expire_waiters();
  bool wanted = false;
  bool due = false;
  {
    const Lock lock(mutex_);
    const std::uint64_t now = monotonic_ns();
    due = now >= health_due_ns_ && !members_.empty();
    wanted = std::exchange(health_wanted_, false) || due || now >= next_retirement(now);
  }
  if (wanted) {
    check_health(due);
  }
  refill();
  forget_terminated();
  export_events();
}

// When the keeper has to look by itself.
std::uint64_t Pool::next_deadline() {
  const std::uint64_t now = monotonic_ns();
  if (health_due_ns_ == 0) {
    health_due_ns_ = now + static_cast<std::uint64_t>(options_.health_interval_ms) * kNsPerMs;
  }
  std::uint64_t next = std::min({line_.next_deadline(), members_.empty() ? kNoDeadline : health_due_ns_, next_retirement(now)});
  if (lacking(now) > 0 && breaker_.until_ns() != 0) {
    next = std::min(next, breaker_.until_ns());
  }
  return next;
}

std::function<void()> Pool::waker() {
  return [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      const Lock lock(self->mutex_);
      self->wake();
    }
  };
}

void Pool::listen(const std::shared_ptr<Session> &session) {
  session->set_listener([weak = weak_from_this(), id = session->id()](SessionNews news) {
    if (const auto self = weak.lock()) {
      self->on_news(id, news);
    }
  });
  // What happened before.
  const Status status = session->wait_ready(0);
  if (status.code() != CAPSULE_E_TIMEOUT) {
    on_news(session->id(), status.ok() ? SessionNews::kReady : SessionNews::kGone);
  }
}

// Any thread, under a session's lock.
void Pool::on_news(std::uint64_t session_id, SessionNews news) {
  const Lock lock(mutex_);
  const auto found = members_.find(session_id);
  if (found == members_.end() && !(template_session_ && template_session_->id() == session_id)) {
    return;
  }
  if (found != members_.end() && news == SessionNews::kReady && from_template()) {
    // All that is to be done is done: who waits for it need not wait for the keeper too.
    if (found->second.state == CAPSULE_POOLED_WARMING) {
      become_ready(found->second, 0);
    }
    return;
  }
  if (found != members_.end() && news == SessionNews::kGone) {
    found->second.dead = true;
    if (found->second.state == CAPSULE_POOLED_IDLE) {
      std::erase(idle_, &found->second);
      set_state(found->second, CAPSULE_POOLED_RESETTING);
    }
  }
  tell_keeper(session_id, bit(news));
}

void Pool::serve_news() {
  std::map<std::uint64_t, std::uint32_t> all;
  {
    const Lock lock(mutex_);
    all = std::exchange(news_, {});
  }
  for (const auto &[session_id, news] : all) {
    serve(session_id, news);
  }
}

void Pool::serve(std::uint64_t session_id, std::uint32_t news) {
  std::shared_ptr<Session> session;
  std::int32_t state = 0;
  {
    const Lock lock(mutex_);
    const auto found = members_.find(session_id);
    if (found == members_.end()) {
      return;  // gone, or the template, which is looked at in each round
    }
    if (found->second.in_hand) {
      found->second.held_news |= news;
      return;
    }
    session = found->second.session;
    state = found->second.state;
  }
  if ((news & bit(SessionNews::kGone)) != 0) {
    on_gone(session);
  } else if ((news & bit(SessionNews::kReady)) != 0 && state == CAPSULE_POOLED_WARMING) {
    on_ready(session);
  } else if ((news & bit(SessionNews::kIdle)) != 0 && state == CAPSULE_POOLED_RESETTING) {
    if (options_.reset == CAPSULE_RESET_CLEAR_NAMES && session->usable()) {
      clearings_[session_id] = clear_names(session, options_.warm_up.timeout_ms, waker());
    } else {
      settle(*session, Session::Use::kFree, /*cleared=*/true);
    }
  }
}

// One that was opened by itself has its warm-up before it.
void Pool::on_ready(const std::shared_ptr<Session> &session) {
  if (!warm_ups_.contains(session->id())) {
    warm_ups_[session->id()] = std::make_unique<WarmUp>(session, options_.warm_up, waker());
  }
}

void Pool::on_gone(const std::shared_ptr<Session> &session) {
  warm_ups_.erase(session->id());
  clearings_.erase(session->id());
  const Status failure = session->wait_ready(0);
  Ending ending;
  bool failed = false;
  std::uint64_t made_of = 0;
  {
    const Lock lock(mutex_);
    Member *member = find(*session);
    if (member != nullptr && member->state == CAPSULE_POOLED_WARMING) {
      ++counters_.creations_failed;
      made_of = member->made_of;
      let_go(*member, ending);
      failed = true;
    } else if (member != nullptr && member->state == CAPSULE_POOLED_RESETTING && !member->in_hand) {
      remove(*member, &capsule_pool_metrics::sessions_restarted, ending);
      want_health_check();
    }  // else its caller has it, or a thread that is about to judge it
  }
  end_sessions(ending);
  if (failed) {
    on_failure(failure.ok() ? Status(CAPSULE_E_DIED, "a new session died") : failure, made_of);
  }
}

// Under the lock: a new session is one of those that can be used.
void Pool::become_ready(Member &member, std::uint64_t executions) {
  ++counters_.sessions_created;
  counters_.sessions_created_from_warmup += member.for_waiter ? 0 : 1;
  member.executions_seen = executions;
  demand_.created(monotonic_ns() - member.created_ns);
  breaker_.succeeded();
  creation_log_.reset();
  offer(member);
}

void Pool::serve_warm_ups() {
  for (auto next = warm_ups_.begin(); next != warm_ups_.end();) {
    WarmUp &warm_up = *next->second;
    const auto end = warm_up.advance();
    if (!end) {
      ++next;
      continue;
    }
    const std::shared_ptr<Session> session = warm_up.session();
    const std::uint64_t executions = session->info().executions_started;
    Ending ending;
    {
      const Lock lock(mutex_);
      imports_ = warm_up.imports();
      Member *member = find(*session);
      if (member != nullptr && end->ok()) {
        become_ready(*member, executions);
      } else if (member != nullptr) {
        ++counters_.creations_failed;
        let_go(*member, ending);
      }
    }
    end_sessions(ending);
    next = warm_ups_.erase(next);
    if (!ending.empty()) {
      on_failure(*end);
    }
  }
}

void Pool::serve_clearings() {
  for (auto next = clearings_.begin(); next != clearings_.end();) {
    const auto end = next->second->poll();
    if (!end) {
      ++next;
      continue;
    }
    std::shared_ptr<Session> session;
    {
      const Lock lock(mutex_);
      const auto found = members_.find(next->first);
      session = found == members_.end() ? nullptr : found->second.session;
    }
    next = clearings_.erase(next);
    if (session) {
      settle(*session, end->status.ok() ? Session::Use::kFree : Session::Use::kInUse, /*cleared=*/true);
    }
  }
}

void Pool::begin_template() {
  SessionOptions options = options_.session;
  auto opened = runtime_->open_session(std::move(options));
  if (!opened.ok()) {
    on_failure(opened.status());
    return;
  }
  bool open = false;
  {
    const Lock lock(mutex_);
    open = phase_ == Phase::kOpen;
    (open ? template_session_ : leaving_.emplace_back()) = opened.value();
  }
  if (!open) {  // closed meanwhile
    end_sessions({opened.value()});
    return;
  }
  template_began_ns_ = monotonic_ns();
  listen(opened.value());
}

// The first session runs the warm-up, and is kept as a snapshot that the others are made of.
void Pool::serve_template() {
  std::shared_ptr<Session> session;
  {
    const Lock lock(mutex_);
    session = template_session_;
  }
  const auto end = session ? advance_template(session) : std::nullopt;
  if (!end) {
    return;
  }
  Ending ending;
  {
    const Lock lock(mutex_);
    imports_ = template_warm_up_ ? template_warm_up_->imports() : imports_;
    if (template_session_) {  // else the pool is being closed, and has ended it
      leaving_.push_back(template_session_);
      ending.push_back(std::exchange(template_session_, nullptr));
    }
    if (end->ok()) {
      breaker_.succeeded();
    }
  }
  template_warm_up_.reset();
  end_sessions(ending);
  if (!end->ok() && !ending.empty()) {
    on_failure(*end);
  }
}

// How the template came to its end, once it has.
std::optional<Status> Pool::advance_template(const std::shared_ptr<Session> &session) {
  if (!template_warm_up_) {
    const Status ready = session->wait_ready(0);
    if (!ready.ok()) {
      return ready.code() == CAPSULE_E_TIMEOUT ? std::nullopt : std::optional(ready);
    }
    template_warm_up_ = std::make_unique<WarmUp>(session, options_.warm_up, waker());
  }
  auto end = template_warm_up_->advance();
  if (!end || !end->ok()) {
    return end;
  }
  auto taken = session->take_snapshot(/*kept=*/false, deadline_after_ms(options_.session.start_timeout_ms));
  if (!taken.ok()) {
    return Status(taken.status().code(), "the warm session cannot be copied: " + taken.status().message());
  }
  pristine_ = std::move(taken.value());
  ++templates_;
  log_record(LogEvent::pool_warm, "pool=\"{}\" imports={} duration_ns={}", told_name(), template_warm_up_->imports().size(),
             monotonic_ns() - template_began_ns_);
  return Status();
}

void Pool::refill() {
  bool make_template = false;
  std::uint32_t count = 0;
  std::size_t for_waiters = 0;
  {
    const Lock lock(mutex_);
    const std::uint64_t now = monotonic_ns();
    const std::uint32_t wanted = lacking(now);
    if (!std::exchange(warm_up_wanted_, false) && wanted == 0) {
      return;
    }
    ++counters_.warmup_loop_iterations;
    const bool over_budget = options_.pool_memory_bytes > 0 && counters_.memory_bytes >= options_.pool_memory_bytes;
    if (wanted > 0 && over_budget && !members_.empty()) {
      ++counters_.creations_refused_memory;
      return;
    }
    make_template = from_template() && (!pristine_ || pristine_->gone());
    if (make_template && template_session_) {
      return;
    }
    count = breaker_.admit(now, make_template ? std::min(wanted, 1U) : wanted);
    counters_.creations_refused_breaker += wanted > 0 && count == 0 ? 1 : 0;
    for_waiters = line_.size() > counters_.sessions_warming ? line_.size() - counters_.sessions_warming : 0;
  }
  if (make_template && count > 0) {
    pristine_.reset();
    begin_template();
    return;
  }
  for (std::uint32_t i = 0; i < count && (pristine_ || !from_template()); ++i) {
    create_session(i < for_waiters);
  }
}

void Pool::create_session(bool for_waiter) {
  auto opened = pristine_ ? runtime_->open_session(pristine_->options(), pristine_->origin().session_id, {pristine_, true})
                          : runtime_->open_session(options_.session);
  if (!opened.ok()) {
    on_failure(opened.status());
    return;
  }
  const std::shared_ptr<Session> session = opened.value();
  Ending ending;
  {
    const Lock lock(mutex_);
    ++counters_.creations_requested;
    Member &member = members_[session->id()];
    member.session = session;
    member.for_waiter = for_waiter;
    member.made_of = pristine_ ? templates_ : 0;
    member.created_ns = member.since_ns = monotonic_ns();
    ++counters_.sessions_warming;
    if (phase_ != Phase::kOpen) {  // closed meanwhile: what is not used goes at once
      ++counters_.creations_abandoned;
      let_go(member, ending);
    }
  }
  if (ending.empty()) {
    listen(session);
  } else {
    end_sessions(ending);
  }
}

std::string Pool::told_name() const {
  return runtime_->guard().told_label(Guarded::kPool, /*session_id=*/0, options_.session.pool);
}

void Pool::on_failure(const Status &status, std::uint64_t made_of) {
  if (const bool told =
          [this] {
            const Lock lock(mutex_);
            return creation_log_.first(LogEvent::pool_creation_failed);
          }();
      told) {
    log_record(LogEvent::pool_creation_failed, "pool=\"{}\" status={}", told_name(), status_name(status.code()));
  }
  if (made_of != 0 && (made_of != templates_ || !pristine_)) {
    const Lock lock(mutex_);
    want_warm_up();  // it fell with its template, which has been counted
    return;
  }
  {
    const Lock lock(mutex_);
    ++failures_;
    last_error_ = Status(status.code(), "pool: " + status.message());
    runtime_closed_ = runtime_closed_ || (status.code() == CAPSULE_E_CLOSED && phase_ == Phase::kOpen);
    counters_.breaker_opened += breaker_.failed(monotonic_ns()) ? 1 : 0;
    const bool others_come = comes_back() && counters_.sessions_active + counters_.sessions_resetting > 0;
    if (runtime_closed_) {
      fail_waiters(last_error_, &capsule_pool_metrics::acquisition_refused);
    } else if (breaker_.state() == CAPSULE_BREAKER_OPEN && counters_.sessions_warming == 0 && !others_come) {
      fail_waiters(last_error_, &capsule_pool_metrics::acquisition_errors);
    }
    changed_.notify_all();
    want_warm_up();
  }
  if (pristine_) {  // it may be what is wrong
    static_cast<void>(pristine_->let_go(false));
    pristine_.reset();
  }
}

// Those that have ended need not be waited for at the close.
void Pool::forget_terminated() {
  Ending leaving;
  {
    const Lock lock(mutex_);
    leaving = std::exchange(leaving_, {});
  }
  std::erase_if(leaving, [](const auto &session) { return session->terminated(); });
  const Lock lock(mutex_);
  leaving_.insert(leaving_.end(), leaving.begin(), leaving.end());
}

}  // namespace capsule
