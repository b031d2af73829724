// Giving back and closing: what callers' threads do when they are done.
#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "pool/pool.hpp"

namespace capsule {

namespace {

using Removals = std::uint64_t capsule_pool_metrics::*;

std::int32_t removal_of(Removals counter) {
  constexpr std::pair<Removals, std::int32_t> kRemovals[] = {
      {&capsule_pool_metrics::removed_used, CAPSULE_REMOVAL_USED},
      {&capsule_pool_metrics::sessions_recycled, CAPSULE_REMOVAL_RECYCLED},
      {&capsule_pool_metrics::sessions_restarted, CAPSULE_REMOVAL_LOST},
      {&capsule_pool_metrics::removed_by_health, CAPSULE_REMOVAL_HEALTH},
      {&capsule_pool_metrics::removed_idle, CAPSULE_REMOVAL_IDLE},
      {&capsule_pool_metrics::removed_at_close, CAPSULE_REMOVAL_CLOSE},
  };
  return std::find_if(std::begin(kRemovals), std::end(kRemovals), [&](const auto &one) { return one.first == counter; })
      ->second;
}

}  // namespace

void Pool::remove(Member &member, Counter reason, Ending &ending) {
  ++counters_.sessions_removed;
  ++(counters_.*reason);
  const std::int32_t removal = removal_of(reason);
  const std::uint64_t session_id = member.session->id();
  if (removal == CAPSULE_REMOVAL_RECYCLED) {
    note({.kind = CAPSULE_TRACE_POOL_RECYCLED, .arguments = {member.executions}, .link = session_id});
  }
  note({.kind = CAPSULE_TRACE_POOL_REMOVED, .status = removal, .arguments = {member.acquisitions}, .link = session_id});
  log_record(LogEvent::pool_removed, "session={} pool=\"{}\" acquisitions={}", session_id, told_name(), member.acquisitions);
  let_go(member, ending);
}

// It is no longer one of the pool's.
void Pool::let_go(Member &member, Ending &ending) {
  std::erase(idle_, &member);
  --gauge(member.state);
  leaving_.push_back(member.session);
  ending.push_back(member.session);
  members_.erase(member.session->id());
  changed_.notify_all();
  want_warm_up();
}

void Pool::end_sessions(const Ending &ending) {
  for (const auto &session : ending) {
    session->set_listener(nullptr);
    session->begin_close(session->cancel_all() == Session::Use::kStopping ? deadline_after_ms(session->cancel_grace_ms()) : 0);
    session->drop_handle();
  }
}

Status Pool::not_leased() const {
  return phase_ == Phase::kClosed ? Status(CAPSULE_E_CLOSED, "pool: it is closed, and so are its sessions")
                                  : Status(CAPSULE_E_ARGUMENT, "session: it was not acquired from this pool");
}

Status Pool::check_leased(const Session &session) {
  const Lock lock(mutex_);
  const Member *member = find(session);
  return member != nullptr && member->lease_id != 0 ? Status() : not_leased();
}

Status Pool::give_back(Session &session) {
  {
    const Lock lock(mutex_);
    Member *member = find(session);
    if (member == nullptr || member->lease_id == 0) {
      return not_leased();
    }
    member->lease_id = 0;
    ++counters_.given_back;
    note({.kind = CAPSULE_TRACE_POOL_RELEASED, .link = session.id()});
    take_in_hand(*member);
  }
  take_back(session);
  return {};
}

void Pool::reclaim(Session &session, std::uint64_t lease_id, bool unused) {
  {
    const Lock lock(mutex_);
    Member *member = find(session);
    if (member == nullptr || member->lease_id != lease_id) {
      return;  // it was given back
    }
    member->lease_id = 0;
    ++counters_.reclaimed;
    note({.kind = CAPSULE_TRACE_POOL_RELEASED, .status = 1, .link = session.id()});
    if (unused && phase_ == Phase::kOpen && !member->dead) {
      offer(*member);
      return;
    }
    take_in_hand(*member);
  }
  take_back(session);
}

// Of a session that is resetting now: what runs in it is stopped, and what it did is counted.
void Pool::take_back(Session &session) {
  const capsule_session_info info = session.info();
  const bool busy = info.current_execution_id != 0 || info.executions_queued > 0;
  const Session::Use use = session.cancel_all();
  Ending ending;
  {
    const Lock lock(mutex_);
    Member *member = find(session);
    if (member == nullptr) {
      return;  // the pool was closed meanwhile
    }
    counters_.given_back_busy += busy || use != Session::Use::kFree ? 1 : 0;
    // Those that were queued have not started, and do not count.
    counters_.executions += info.executions_started - member->executions_seen;
    member->executions += info.executions_started - member->executions_seen;
    member->executions_seen = info.executions_started;
    if (phase_ != Phase::kOpen) {
      remove(*member, &capsule_pool_metrics::removed_at_close, ending);
    } else if (!comes_back()) {
      remove(*member, &capsule_pool_metrics::removed_used, ending);
    }
  }
  if (!ending.empty()) {
    end_sessions(ending);
  } else {
    settle(session, use, /*cleared=*/options_.reset == CAPSULE_RESET_KEEP);
  }
}

// Of a session that is resetting and may be used again: what it needs for that, or its end.
void Pool::settle(Session &session, Session::Use use, bool cleared) {
  const capsule_session_info info = session.info();
  const bool usable = session.usable();
  Ending ending;
  {
    const Lock lock(mutex_);
    Member *member = find(session);
    if (member == nullptr || member->state != CAPSULE_POOLED_RESETTING) {
      return;
    }
    put_down(*member);
    member->executions_seen = info.executions_started;
    const Counter reason = judge(*member, info, monotonic_ns());
    const bool lost = use == Session::Use::kInUse || member->dead || info.restarts > 0 || info.restores > 0 ||
                      (use == Session::Use::kFree && !usable);
    if (phase_ != Phase::kOpen) {
      remove(*member, &capsule_pool_metrics::removed_at_close, ending);
    } else if (lost) {
      remove(*member, &capsule_pool_metrics::sessions_restarted, ending);
    } else if (use == Session::Use::kFree && reason != nullptr) {
      remove(*member, reason, ending);
    } else if (use == Session::Use::kFree && cleared) {
      offer(*member);
      want_health_check();
    } else if (use == Session::Use::kFree) {
      tell_keeper(session.id(), bit(SessionNews::kIdle));
    }  // else its news come when what runs has ended
  }
  end_sessions(ending);
}

void Pool::close(std::int64_t timeout_ms) {
  Lock lock(mutex_);
  close_deadline_ns_ = std::min(close_deadline_ns_, timeout_ms == 0 ? 0 : deadline_after_ms(timeout_ms));
  changed_.notify_all();
  if (phase_ != Phase::kOpen) {  // another thread is at it, or was
    changed_.wait(lock, [this] { return phase_ == Phase::kClosed; });
    return;
  }
  begin_close(lock);
  const auto returned = [this] { return counters_.sessions_active + counters_.sessions_resetting == 0; };
  while (!returned() && monotonic_ns() < close_deadline_ns_) {
    changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(close_deadline_ns_)));
  }
  end_close(lock);
}

// What is not in use goes at once.
void Pool::begin_close(Lock &lock) {
  phase_ = Phase::kClosing;
  fail_waiters(closed_status(), &capsule_pool_metrics::acquisition_refused);
  Ending ending;
  std::vector<Member *> members;
  for (auto &[id, member] : members_) {
    members.push_back(&member);
  }
  for (Member *member : members) {
    if (member->state == CAPSULE_POOLED_IDLE) {
      remove(*member, &capsule_pool_metrics::removed_at_close, ending);
    } else if (member->state == CAPSULE_POOLED_WARMING) {
      ++counters_.creations_abandoned;
      let_go(*member, ending);
    }
  }
  if (template_session_) {
    leaving_.push_back(template_session_);
    ending.push_back(std::exchange(template_session_, nullptr));
  }
  lock.unlock();
  end_sessions(ending);
  lock.lock();
}

void Pool::end_close(Lock &lock) {
  Ending ending;
  while (!members_.empty()) {
    Member &member = members_.begin()->second;
    if (member.state == CAPSULE_POOLED_ACTIVE) {
      ++counters_.reclaimed;
      note({.kind = CAPSULE_TRACE_POOL_RELEASED, .status = 1, .link = member.session->id()});
    }
    remove(member, &capsule_pool_metrics::removed_at_close, ending);
  }
  stop_ = true;
  wake();
  lock.unlock();
  for (const auto &session : ending) {
    session->begin_close(0);  // their time is over: nothing is cancelled first
  }
  end_sessions(ending);
  keeper_.join();
  lock.lock();
  const Ending leaving = std::exchange(leaving_, {});
  lock.unlock();
  for (const auto &session : leaving) {
    session->begin_close(0);
    session->wait_terminated();
  }
  export_events();
  lock.lock();
  phase_ = Phase::kClosed;
  changed_.notify_all();
}

}  // namespace capsule
