// Durable executions on the server: tasks that are this host's while its lease lasts. (id, version) is what keeps a host out that lost it.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "promise/resonate_store.hpp"

namespace capsule {

void ResonateStore::claim(PromiseWish wish, std::function<void()> lost, ClaimDone done) {
  // Where the lease ends, the server tells any host of the group; it is run again when somebody asks for it again.
  wish.target = "poll://any@" + options_.group + "/" + pid_;
  Json create = resonate::action("promise.create", resonate::create_data(wish, Json::object()));
  const std::uint64_t sent_ns = monotonic_ns();
  request("task.create", {{"pid", pid_}, {"ttl", options_.lease_ms}, {"action", std::move(create)}},
          options_.request_timeout_ms,
          [this, self = shared_from_this(), wish = std::move(wish), lost = std::move(lost), done = std::move(done),
           sent_ns](Result<resonate::Reply> reply) { on_created(wish, lost, done, sent_ns, std::move(reply)); });
}

void ResonateStore::on_created(const PromiseWish &wish, std::function<void()> lost, ClaimDone done, std::uint64_t sent_ns,
                               Result<resonate::Reply> reply) {
  if (reply.ok() && reply.value().status == 409) {
    return resolve_conflict(wish, std::move(lost), std::move(done));
  }
  if (reply.ok() && reply.value().status == 422) {
    return done(Status(CAPSULE_E_STATE, "durable.promise_id: '" + wish.id + "' is a promise that is no execution's"));
  }
  auto promise = promise_of(wish.id, reply);
  if (!promise.ok()) {
    return done(promise.status());
  }
  if (promise.value().state != CAPSULE_PROMISE_PENDING) {
    return done(Claimed{std::move(promise.value()), {}});
  }
  const auto task = resonate::task_in(reply.value().data);
  if (!task || task->state != "acquired") {
    return done(Status(CAPSULE_E_UNAVAILABLE, "the server answered without a task"));
  }
  count(&capsule_promise_metrics::created);
  const Claim claim{wish.id, task->version};
  hold(claim, sent_ns, std::move(lost));
  done(Claimed{std::move(promise.value()), claim});
}

// Somebody has the task: this host, where the answer to its first try was lost.
void ResonateStore::resolve_conflict(const PromiseWish &wish, std::function<void()> lost, ClaimDone done) {
  const std::uint64_t sent_ns = monotonic_ns();
  const std::string id = wish.id;
  request("task.get", {{"id", id}}, options_.request_timeout_ms,
          [this, self = shared_from_this(), id, lost = std::move(lost), done = std::move(done),
           sent_ns](const Result<resonate::Reply> &reply) {
            const auto task = reply.ok() ? resonate::task_in(reply.value().data) : std::nullopt;
            bool mine = task && task->pid == pid_ && task->state == "acquired";
            {
              const Lock lock(mutex_);
              mine = mine && !held_.contains(id);
            }
            get(id, Caller::kGoesOn,
                [this, self, id, lost, done, sent_ns, mine, version = task ? task->version : 0](Result<Promise> promise) {
                  if (!promise.ok()) {
                    done(promise.status());
                  } else if (promise.value().state != CAPSULE_PROMISE_PENDING) {
                    done(Claimed{std::move(promise.value()), {}});
                  } else if (mine) {
                    hold({id, version}, sent_ns, lost);
                    done(Claimed{std::move(promise.value()), {id, version}});
                  } else {
                    done(Status(CAPSULE_E_BUSY, "durable.promise_id: '" + id +
                                                    "' is under way in a host, or was in one whose lease is not over"));
                  }
                });
          });
}

void ResonateStore::hold(const Claim &claim, std::uint64_t sent_ns, std::function<void()> lost) {
  {
    const Lock lock(mutex_);
    held_[claim.id] = {claim.token, sent_ns + static_cast<std::uint64_t>(options_.lease_ms) * kNsPerMs, std::move(lost)};
    claim_log_.reset();
  }
  if (!heartbeat_timer_) {
    heartbeat();
  }
}

// Three times a lease. A heartbeat does not say that a task is lost: it is asked for as well.
void ResonateStore::heartbeat() {
  heartbeat_timer_.reset();
  std::vector<Claim> claims;
  std::vector<Claim> lost;
  const std::uint64_t now = monotonic_ns();
  {
    const Lock lock(mutex_);
    for (const auto &[id, held] : held_) {
      (held.good_until_ns <= now ? lost : claims).push_back({id, held.token});
    }
  }
  for (const Claim &claim : lost) {
    lose(claim.id, claim.token);
  }
  for (const Claim &claim : claims) {
    // One by one: newer servers refuse a list of tasks of several origins.
    const Json tasks = Json::array({{{"id", claim.id}, {"version", claim.token}}});
    request("task.heartbeat", {{"pid", pid_}, {"tasks", tasks}}, options_.lease_ms / 3, [](const auto &) {});
    request("task.get", {{"id", claim.id}}, options_.lease_ms / 3,
            [this, self = shared_from_this(), claim, now](const Result<resonate::Reply> &reply) {
              const auto task = reply.ok() ? resonate::task_in(reply.value().data) : std::nullopt;
              if (task && (task->state != "acquired" || task->pid != pid_ || task->version != claim.token)) {
                lose(claim.id, claim.token);
              } else if (task) {
                const Lock lock(mutex_);
                const auto held = held_.find(claim.id);
                if (held != held_.end() && held->second.token == claim.token) {
                  held->second.good_until_ns = now + static_cast<std::uint64_t>(options_.lease_ms) * kNsPerMs;
                }
              }
            });
  }
  if (!claims.empty()) {
    heartbeat_timer_ =
        loop().add_timer(now + static_cast<std::uint64_t>(options_.lease_ms) * kNsPerMs / 3, [weak = weak_from_this()] {
          if (const auto self = std::static_pointer_cast<ResonateStore>(weak.lock())) {
            self->heartbeat();
          }
        });
  }
}

void ResonateStore::lose(const std::string &id, std::uint64_t token) {
  std::function<void()> lost;
  bool told = false;
  {
    const Lock lock(mutex_);
    const auto found = held_.find(id);
    if (found == held_.end() || found->second.token != token) {
      return;
    }
    lost = std::move(found->second.lost);
    held_.erase(found);
    ++counters_.lost_claims;
    told = claim_log_.first(LogEvent::promise_claim_lost);
  }
  if (told) {
    log_record(LogEvent::promise_claim_lost, "promise=\"{}\"",
               runtime().guard().told_label(Guarded::kPromises, /*session_id=*/0, id));
  }
  lost();
}

void ResonateStore::fenced(const Claim &claim, const std::string &id, Json action, Done done) {
  request("task.fence", {{"id", claim.id}, {"version", claim.token}, {"action", std::move(action)}},
          options_.request_timeout_ms,
          [this, self = shared_from_this(), claim, id, done = std::move(done)](Result<resonate::Reply> reply) {
            if (reply.ok() && reply.value().status == 409) {
              lose(claim.id, claim.token);
              return done(claim_lost(claim.id));
            }
            if (reply.ok() && reply.value().status == 200) {
              reply = resonate::inner_reply(reply.value());
            }
            done(promise_of(id, reply));
          });
}

void ResonateStore::create_call(const Claim &claim, PromiseWish wish, Done done) {
  const Json tags{
      {"resonate:scope", "local"}, {"resonate:origin", claim.id}, {"resonate:branch", claim.id}, {"resonate:parent", claim.id}};
  fenced(claim, wish.id, resonate::action("promise.create", resonate::create_data(wish, tags)), std::move(done));
}

void ResonateStore::settle_call(const Claim &claim, Settlement settlement, Done done) {
  fenced(claim, settlement.id, resonate::action("promise.settle", resonate::settle_data(settlement)), std::move(done));
}

void ResonateStore::fulfill(const Claim &claim, Settlement settlement, Done done) {
  Json action = resonate::action("promise.settle", resonate::settle_data(settlement));
  request("task.fulfill", {{"id", claim.id}, {"version", claim.token}, {"action", std::move(action)}},
          std::max(options_.request_timeout_ms, options_.lease_ms),
          [this, self = shared_from_this(), claim, given = std::move(settlement),
           done = std::move(done)](const Result<resonate::Reply> &reply) {
            if (reply.ok() && reply.value().status == 409) {
              // Somebody's: this host's, where the answer to its first try was lost.
              get(claim.id, Caller::kGoesOn, [this, self, claim, done](Result<Promise> promise) {
                const bool settled = promise.ok() && promise.value().state != CAPSULE_PROMISE_PENDING;
                if (!settled) {
                  lose(claim.id, claim.token);
                }
                done(settled || !promise.ok() ? std::move(promise) : Result<Promise>(claim_lost(claim.id)));
              });
            } else {
              done(promise_of(claim.id, reply));
            }
            const Lock lock(mutex_);
            const auto held = held_.find(claim.id);
            if (held != held_.end() && held->second.token == claim.token) {
              held_.erase(held);
            }
          });
}

void ResonateStore::give_back(const Claim &claim, std::function<void()> done) {
  bool mine = false;
  {
    const Lock lock(mutex_);
    const auto held = held_.find(claim.id);
    mine = held != held_.end() && held->second.token == claim.token;
    if (mine) {
      held_.erase(held);
    }
  }
  if (!mine) {
    return done();
  }
  request("task.release", {{"id", claim.id}, {"version", claim.token}}, options_.request_timeout_ms,
          [done = std::move(done)](const auto &) { done(); });
}

}  // namespace capsule
