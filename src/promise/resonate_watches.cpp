// Who waits for promises of the server: told by its messages, and asked anew, as those can be lost.
#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "promise/resonate_store.hpp"

namespace capsule {
namespace {

constexpr std::uint64_t kFirstReconnectMs = 100;
constexpr std::uint64_t kLongestReconnectMs = 5'000;
// Behind a promise's time: newer servers settle it only when they are asked. And until it is asked again, also for one that the server
// will not tell of.
constexpr std::uint64_t kAfterTimeNs = 50 * kNsPerMs;
constexpr std::uint64_t kAgainNs = kNsPerSecond;

}  // namespace

std::uint64_t ResonateStore::watch(const std::string &id, Done done) {
  std::uint64_t number = 0;
  {
    const Lock lock(mutex_);
    if (!closed_) {
      number = ++last_number_;
      Watched &watched = watched_[id];
      watched.since_ns = watched.watchers.empty() ? monotonic_ns() : watched.since_ns;
      watched.watchers.emplace(number, done);
      counters_.pending_hwm = std::max<std::uint64_t>(counters_.pending_hwm, watched_.size());
    }
  }
  if (number == 0) {
    done(store_closed());
    return 0;
  }
  loop().post([weak = weak_from_this(), id] {
    if (const auto self = std::static_pointer_cast<ResonateStore>(weak.lock())) {
      self->listen();
      self->ask(id);
    }
  });
  return number;
}

void ResonateStore::unwatch(const std::string &id, std::uint64_t number) {
  const Lock lock(mutex_);
  const auto found = watched_.find(id);
  if (found != watched_.end() && found->second.watchers.erase(number) > 0 && found->second.watchers.empty()) {
    watched_.erase(found);
  }
}

void ResonateStore::listen() {
  if (std::exchange(listening_, true)) {
    return;
  }
  const auto with_self = [weak = weak_from_this()](auto &&what) {
    return [weak, what](const auto &...given) {
      if (const auto self = std::static_pointer_cast<ResonateStore>(weak.lock())) {
        what(*self, given...);
      }
    };
  };
  http_->listen(options_.url + "/poll/" + options_.group + "/" + pid_, options_.token,
                {.connected = with_self([](ResonateStore &self) {
                   self.stream_failures_ = 0;
                   self.stream_log_.reset();
                   self.refresh(kNoDeadline);  // what was said before is not said again
                 }),
                 .line = with_self([](ResonateStore &self, const std::string &line) { self.on_message(line); }),
                 .ended = with_self([](ResonateStore &self, const Status &why) { self.on_stream_end(why); })});
}

void ResonateStore::on_stream_end(const Status &why) {
  listening_ = false;
  const std::uint64_t pause_ms =
      std::min(kLongestReconnectMs, kFirstReconnectMs << std::min<std::uint32_t>(stream_failures_++, 10));
  stream_log_.record(LogEvent::promise_stream_lost, "again_in_ms={} status={}", pause_ms, status_name(why.code()));
  count(&capsule_promise_metrics::reconnects);
  loop().add_timer(monotonic_ns() + pause_ms * kNsPerMs, [weak = weak_from_this()] {
    const auto self = std::static_pointer_cast<ResonateStore>(weak.lock());
    if (!self) {
      return;
    }
    {
      const Lock lock(self->mutex_);
      if (self->closed_) {
        return;
      }
    }
    self->listen();
  });
}

// `execute` is not acted on: a durable execution is run again by whoever wants it.
void ResonateStore::on_message(const std::string &line) {
  if (!line.starts_with("data:")) {
    return;
  }
  const Json message = resonate::parse_message(std::string_view(line).substr(5));
  const auto kind = message.is_object() ? message.find("kind") : message.end();
  const auto data = message.is_object() ? message.find("data") : message.end();
  if (kind == message.end() || *kind != "unblock" || data == message.end()) {
    return;
  }
  if (auto promise = resonate::promise_in(*data)) {
    const std::string id = promise->id;
    on_asked(id, std::move(*promise), kNoDeadline);
  }
}

void ResonateStore::refresh(std::uint64_t due_ns) {
  std::vector<std::string> ids;
  std::uint64_t next_ns = kNoDeadline;
  {
    const Lock lock(mutex_);
    for (const auto &[id, watched] : watched_) {
      if (watched.ask_at_ns <= due_ns) {
        ids.push_back(id);
      } else {
        next_ns = std::min(next_ns, watched.ask_at_ns);
      }
    }
  }
  for (const std::string &id : ids) {
    ask(id);
  }
  if (next_ns != kNoDeadline) {
    refresh_later(next_ns);
  }
}

void ResonateStore::refresh_later(std::uint64_t at_ns) {
  if (refresh_timer_ && next_refresh_ns_ <= at_ns) {
    return;
  }
  if (refresh_timer_) {
    loop().cancel_timer(*refresh_timer_);
  }
  next_refresh_ns_ = at_ns;
  refresh_timer_ = loop().add_timer(at_ns, [weak = weak_from_this()] {
    if (const auto self = std::static_pointer_cast<ResonateStore>(weak.lock())) {
      self->refresh_timer_.reset();
      self->refresh(monotonic_ns());
    }
  });
}

// Wants to be told of the promise, and hears how it stands.
void ResonateStore::ask(const std::string &id) {
  const std::uint64_t again_at = monotonic_ns() + static_cast<std::uint64_t>(options_.refresh_ms) * kNsPerMs;
  {
    const Lock lock(mutex_);
    const auto found = watched_.find(id);
    if (found == watched_.end()) {
      return;
    }
    found->second.ask_at_ns = again_at;
  }
  refresh_later(again_at);
  const auto done = [this, self = shared_from_this(), id](const Result<resonate::Reply> &reply) {
    if (reply.ok() && reply.value().status == 422) {  // newer servers tell of some promises only
      get(id, Caller::kGoesOn, [this, self, id](Result<Promise> promise) { on_asked(id, std::move(promise), kAgainNs); });
      return;
    }
    on_asked(id, promise_of(id, reply), kNoDeadline);
  };
  const std::string address = "poll://uni@" + options_.group + "/" + pid_;
  request("promise.register_listener", {{"awaited", id}, {"address", address}}, options_.request_timeout_ms, done);
}

void ResonateStore::on_asked(const std::string &id, Result<Promise> promise, std::uint64_t again_within_ns) {
  const capsule_status code = promise.status().code();
  std::map<std::uint64_t, Done> watchers;
  std::uint64_t again_at = kNoDeadline;
  {
    const Lock lock(mutex_);
    const auto found = watched_.find(id);
    if (found == watched_.end()) {
      return;
    }
    if (promise.ok() && promise.value().state == CAPSULE_PROMISE_PENDING) {
      const std::uint64_t left_ns = ns_until_unix(promise.value().timeout_at_ms);
      const std::uint64_t now = monotonic_ns();
      found->second.deadline_ns = now + left_ns;
      again_at = left_ns > 0 ? found->second.deadline_ns + kAfterTimeNs : now + kAgainNs;
      again_at = again_within_ns != kNoDeadline ? std::min(again_at, now + again_within_ns) : again_at;
    } else if (code == CAPSULE_E_UNAVAILABLE || code == CAPSULE_E_LIMIT) {
      again_at = monotonic_ns() + kAgainNs;
    } else {
      watchers.swap(found->second.watchers);
    }
    if (again_at != kNoDeadline) {
      found->second.ask_at_ns = std::min(found->second.ask_at_ns, again_at);
    } else {
      watched_.erase(found);
    }
  }
  if (again_at != kNoDeadline) {
    refresh_later(again_at);
  }
  for (const auto &[number, done] : watchers) {
    done(promise);
  }
}

std::uint64_t ResonateStore::list(std::size_t capacity, std::vector<capsule_pending_promise> &rows) {
  const Lock lock(mutex_);
  for (const auto &[id, watched] : watched_) {
    rows.push_back(pending_row(id, watched.since_ns, watched.deadline_ns, watched.watchers.size(), held_.contains(id)));
  }
  for (const auto &[id, row] : durable().all()) {
    if (!watched_.contains(id)) {
      rows.push_back(pending_row(id, row.since_ns, row.deadline_ns, 0, held_.contains(id)));
    }
  }
  const std::uint64_t total = rows.size();
  std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) { return a.left_ns < b.left_ns; });
  rows.resize(std::min(rows.size(), capacity));
  return total;
}

}  // namespace capsule
