// What the keeper looks at: idle sessions that hang, have grown, are old or not needed; acquisitions whose time is over.
#include <algorithm>

#include "base/clock.hpp"
#include "pool/pool.hpp"

namespace capsule {
namespace {

// How long an idle session may take to answer.
constexpr std::int64_t kTouchMs = 1'000;
// Heartbeats in a row that may be missing.
constexpr std::uint64_t kMissedHeartbeats = 3;

}  // namespace

// Why the session may not go on, as what counts it; null where it may.
Pool::Counter Pool::judge(const Member &member, const capsule_session_info &info, std::uint64_t now_ns) const {
  const auto over = [](std::uint64_t value, std::uint64_t limit) { return limit > 0 && value >= limit; };
  const std::uint64_t grown = member.first_private_bytes > 0 && info.private_bytes > member.first_private_bytes
                                  ? info.private_bytes - member.first_private_bytes
                                  : 0;
  if (over(member.executions, options_.recycle_executions) || over(grown, options_.recycle_growth_bytes) ||
      over(now_ns - member.created_ns, static_cast<std::uint64_t>(options_.recycle_age_ms) * kNsPerMs)) {
    return &capsule_pool_metrics::sessions_recycled;
  }
  const std::uint64_t silence = info.heartbeat_ns == 0 || info.heartbeat_ns > now_ns ? 0 : now_ns - info.heartbeat_ns;
  const std::uint64_t interval = options_.session.heartbeat_interval_ms * kNsPerMs;
  if (silence > kMissedHeartbeats * interval + kNsPerSecond || over(info.private_bytes, options_.session_memory_bytes)) {
    return &capsule_pool_metrics::removed_by_health;
  }
  return nullptr;
}

void Pool::check_health(bool by_interval) {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const Lock lock(mutex_);
    ++counters_.health_check_runs;
    health_due_ns_ = by_interval ? 0 : health_due_ns_;
    for (const auto &[id, member] : members_) {
      sessions.push_back(member.session);
    }
  }
  std::map<std::uint64_t, capsule_session_info> infos;
  for (const auto &session : sessions) {
    infos.emplace(session->id(), session->info());
  }
  Ending ending;
  {
    const Lock lock(mutex_);
    const std::uint64_t now = monotonic_ns();
    std::map<std::uint64_t, std::uint64_t> private_bytes;
    counters_.memory_bytes = 0;
    for (const auto &[id, info] : infos) {
      const auto found = members_.find(id);
      if (found == members_.end()) {
        continue;
      }
      Member &member = found->second;
      member.first_private_bytes = member.first_private_bytes == 0 ? info.private_bytes : member.first_private_bytes;
      const Counter reason = member.state == CAPSULE_POOLED_IDLE ? judge(member, info, now) : nullptr;
      if (reason != nullptr) {
        remove(member, reason, ending);
      } else {
        private_bytes[id] = info.private_bytes;
        counters_.memory_bytes += info.private_bytes;
      }
    }
    check_budget(private_bytes, ending);
    retire_idle(now, ending);
  }
  end_sessions(ending);
  if (by_interval) {
    touch_idle();
  }
}

// Over the pool's budget idle sessions go, the largest first, but for one.
void Pool::check_budget(const std::map<std::uint64_t, std::uint64_t> &private_bytes, Ending &ending) {
  while (options_.pool_memory_bytes > 0 && counters_.memory_bytes > options_.pool_memory_bytes && !idle_.empty() &&
         members_.size() > 1) {
    const auto bytes_of = [&](const Member *member) {
      const auto known = private_bytes.find(member->session->id());
      return known == private_bytes.end() ? 0 : known->second;
    };
    Member *largest = *std::max_element(idle_.begin(), idle_.end(),
                                        [&](const Member *a, const Member *b) { return bytes_of(a) < bytes_of(b); });
    counters_.memory_bytes -= bytes_of(largest);
    remove(*largest, &capsule_pool_metrics::removed_by_health, ending);
  }
}

// Those beyond what is needed, once nobody has wanted them for long.
void Pool::retire_idle(std::uint64_t now_ns, Ending &ending) {
  const std::size_t target = std::max(options_.min_idle, demand_.ahead(now_ns, options_.max_sessions));
  const std::uint64_t limit = static_cast<std::uint64_t>(options_.idle_timeout_ms) * kNsPerMs;
  while (limit > 0 && idle_.size() > target && now_ns - idle_.front()->idle_since_ns >= limit) {
    remove(*idle_.front(), &capsule_pool_metrics::removed_idle, ending);
  }
}

// When the first idle session is to go for its age, or because nobody wants it.
std::uint64_t Pool::next_retirement(std::uint64_t now_ns) {
  std::uint64_t next = kNoDeadline;
  if (options_.idle_timeout_ms > 0 && idle_.size() > options_.min_idle) {
    next = idle_.front()->idle_since_ns + static_cast<std::uint64_t>(options_.idle_timeout_ms) * kNsPerMs;
    if (idle_.size() <= demand_.ahead(now_ns, options_.max_sessions)) {
      next = std::max(next, now_ns + kNsPerSecond);  // acquisitions came fast until now
    }
  }
  for (auto member = idle_.begin(); options_.recycle_age_ms > 0 && member != idle_.end(); ++member) {
    next = std::min(next, (*member)->created_ns + static_cast<std::uint64_t>(options_.recycle_age_ms) * kNsPerMs);
  }
  return next;
}

// Makes idle sessions answer, one at a time: their pages are used, and one that hangs is found.
void Pool::touch_idle() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const Lock lock(mutex_);
    for (const Member *member : idle_) {
      sessions.push_back(member->session);
    }
  }
  for (const auto &session : sessions) {
    std::uint64_t idle_since_ns = 0;
    {
      const Lock lock(mutex_);
      Member *member = find(*session);
      if (member == nullptr || member->state != CAPSULE_POOLED_IDLE || phase_ != Phase::kOpen) {
        continue;
      }
      idle_since_ns = member->idle_since_ns;
      std::erase(idle_, member);
      take_in_hand(*member);
    }
    const auto list = std::make_shared<Operation>(wire::Operation::kList);
    list->limit = 1;
    list->option = wire::kMinMaxFrame / 2;
    const Status status = session->perform(list, deadline_after_ms(kTouchMs));
    Ending ending;
    {
      const Lock lock(mutex_);
      Member *member = find(*session);
      if (member == nullptr) {
        continue;
      }
      put_down(*member);
      if (member->dead) {
        continue;  // its news are the keeper's
      }
      ++counters_.health_touches;
      if (!status.ok()) {
        remove(*member, &capsule_pool_metrics::removed_by_health, ending);
      } else if (!line_.empty()) {
        offer(*member);
      } else {
        make_idle(*member, idle_since_ns);
      }
    }
    end_sessions(ending);
    if (!status.ok()) {
      return;  // who else hangs is found at the next times: the keeper has others that wait for it
    }
  }
}

void Pool::expire_waiters() {
  const Lock lock(mutex_);
  while (const auto acquisition = line_.pop_expired(monotonic_ns())) {
    acquisition->fail(fail(acquisition->attempt(), &capsule_pool_metrics::acquisition_timeouts,
                           {CAPSULE_E_TIMEOUT, "pool: no session came in its time"}));
  }
}

}  // namespace capsule
