// Calls to the server, and what they come to.
#include "promise/resonate_store.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace capsule {
namespace {

constexpr std::uint64_t kFirstPauseMs = 50;
constexpr std::uint64_t kLongestPauseMs = 2'000;
// One attempt; another may meet a server that answers.
constexpr std::int64_t kAttemptMs = 5'000;

// What the server knows this store by: never used twice, as its leases are its own.
std::string unique_pid() {
  std::uint64_t random = 0;
  static_cast<void>(getrandom(&random, sizeof random, 0));
  return "h" + std::to_string(getpid()) + "-" + std::to_string(random);
}

// A line takes no large bodies.
Caller caller_with(const std::string &bytes, Caller caller) {
  return bytes.size() <= HttpLines::kMaxContent ? caller : Caller::kGoesOn;
}

Status refusal(const std::string &id, const resonate::Reply &reply) {
  const std::string said = reply.data.is_string() ? ": " + reply.data.get<std::string>() : std::string();
  const std::string text = "the server answers status " + std::to_string(reply.status) + said;
  switch (reply.status) {
    case 400:
    case 422:
      return {CAPSULE_E_ARGUMENT, text};
    case 401:
    case 403:
      return {CAPSULE_E_DENIED, text};
    case 404:
      return no_such_promise(id);
    case 409:
      return claim_lost(id);
    case 413:
      return {CAPSULE_E_LIMIT, text};
    default:
      return {CAPSULE_E_UNAVAILABLE, text};
  }
}

}  // namespace

ResonateStore::ResonateStore(std::shared_ptr<Runtime> runtime, ResonateOptions options)
    : PromiseStore(std::move(runtime)), options_(std::move(options)), pid_(unique_pid()), lines_(options_.url) {
  max_value_bytes_ = options_.max_value_bytes;
}

Result<std::shared_ptr<PromiseStore>> ResonateStore::open(const std::shared_ptr<Runtime> &runtime, ResonateOptions options) {
  std::shared_ptr<ResonateStore> store(new ResonateStore(runtime, std::move(options)));
  auto http = HttpClient::create(runtime->loop());
  Status status = http.status();
  if (http.ok()) {
    store->http_ = std::move(http.value());  // before the runtime's close may come by
    status = runtime->add_dependent(store);
  }
  if (!status.ok()) {
    store->release();
    return status;
  }
  return std::shared_ptr<PromiseStore>(store);
}

void ResonateStore::count(Counter counter) {
  const Lock lock(mutex_);
  ++(counters_.*counter);
}

void ResonateStore::request(std::string kind, const Json &data, std::int64_t timeout_ms, Replied done, Caller caller) {
  auto call = std::make_shared<Call>();
  call->kind = std::move(kind);
  call->data = resonate::text_of(data);
  call->begun_ns = monotonic_ns();
  call->deadline_ns = call->begun_ns + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs;
  call->done = std::move(done);
  std::uint64_t number = 0;
  Status status;
  {
    const Lock lock(mutex_);
    if (closed_) {
      status = store_closed();
    } else if (calls_.size() >= options_.max_calls) {
      ++counters_.refused;
      status = {CAPSULE_E_LIMIT, "store: " + std::to_string(calls_.size()) + " calls to the server are under way"};
    } else {
      number = ++last_number_;
      calls_.emplace(number, call);
    }
  }
  if (!status.ok()) {
    call->done(status);
    return;
  }
  if (caller == Caller::kWaits) {
    if (const auto line = lines_.take(); line && converse(number, *line)) {
      return;
    }
  }
  if (loop().on_loop()) {
    return attempt(number);
  }
  loop().post([weak = weak_from_this(), number] {
    if (const auto self = std::static_pointer_cast<ResonateStore>(weak.lock())) {
      self->attempt(number);
    }
  });
}

bool ResonateStore::converse(std::uint64_t number, HttpLine &line) {
  while (const auto trial = begin_trial(number)) {
    auto answer = line.post(trial->body, trial->timeout_ms, trial->again);
    if (!answer) {
      lines_.give_up();
      return false;
    }
    const auto at = judge(number, trial->correlation, std::move(*answer));
    if (!at) {
      break;
    }
    Lock lock(mutex_);
    closing_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(*at)), [this] { return closed_; });
  }
  return true;
}

void ResonateStore::attempt(std::uint64_t number) {
  auto trial = begin_trial(number);
  if (!trial) {
    return;
  }
  http_->post(options_.url, std::move(trial->body), trial->timeout_ms, trial->again,
              [weak = weak_from_this(), number, correlation = trial->correlation](Result<HttpAnswer> answer) {
                const auto self = std::static_pointer_cast<ResonateStore>(weak.lock());
                const auto at = self ? self->judge(number, correlation, std::move(answer)) : std::nullopt;
                if (!at) {
                  return;
                }
                self->loop().add_timer(*at, [weak, number] {
                  if (const auto still = std::static_pointer_cast<ResonateStore>(weak.lock())) {
                    still->attempt(number);
                  }
                });
              });
}

std::optional<ResonateStore::Trial> ResonateStore::begin_trial(std::uint64_t number) {
  std::shared_ptr<Call> call;
  {
    const Lock lock(mutex_);
    const auto found = calls_.find(number);
    if (found == calls_.end()) {
      return std::nullopt;
    }
    call = found->second;
    counters_.retries += call->tries > 0 ? 1 : 0;
  }
  ++call->tries;
  std::string correlation = std::to_string(number) + "-" + std::to_string(call->tries);
  std::string body = resonate::envelope(call->kind, correlation, options_.token, call->data);
  const std::int64_t left_ms = std::max(1, poll_timeout_ms(call->deadline_ns));
  return Trial{std::move(correlation), std::move(body), std::min(left_ms, kAttemptMs), call->tries > 1};
}

std::optional<std::uint64_t> ResonateStore::judge(std::uint64_t number, const std::string &correlation,
                                                  Result<HttpAnswer> answer) {
  if (!answer.ok()) {
    return again_at(number, answer.status());
  }
  const HttpAnswer &http = answer.value();
  auto reply = resonate::read_reply(http.body, correlation);
  if (!reply && http.status >= 400 && http.status < 500) {
    reply = resonate::Reply{static_cast<int>(http.status), Json()};  // of a proxy, or too large: no envelope
  }
  if (!reply || reply->status >= 500) {
    const std::string text =
        reply ? std::to_string(reply->status) : std::to_string(http.status) + ", and no answer of its protocol";
    if (!reply || reply->status != 501) {
      return again_at(number, Status(CAPSULE_E_UNAVAILABLE, "the server answered status " + text));
    }
  }
  end_call(number, std::move(*reply));
  return std::nullopt;
}

std::optional<std::uint64_t> ResonateStore::again_at(std::uint64_t number, const Status &why) {
  std::shared_ptr<Call> call;
  {
    const Lock lock(mutex_);
    const auto found = calls_.find(number);
    if (found == calls_.end()) {
      return std::nullopt;
    }
    call = found->second;
  }
  std::uint64_t pause_ms = std::min(kLongestPauseMs, kFirstPauseMs << std::min<std::uint32_t>(call->tries - 1, 10));
  pause_ms = pause_ms / 2 + monotonic_ns() % (pause_ms / 2 + 1);  // so that those of many hosts do not meet
  const std::uint64_t at = monotonic_ns() + pause_ms * kNsPerMs;
  if (at < call->deadline_ns) {
    return at;
  }
  const std::uint64_t tried_ms = (monotonic_ns() - call->begun_ns) / kNsPerMs;
  end_call(number, Status(CAPSULE_E_UNAVAILABLE, "the server did not answer for " + std::to_string(tried_ms) + " ms (" +
                                                     std::to_string(call->tries) + " tries): " + why.message()));
  return std::nullopt;
}

void ResonateStore::end_call(std::uint64_t number, Result<resonate::Reply> reply) {
  std::shared_ptr<Call> call;
  {
    const Lock lock(mutex_);
    auto node = calls_.extract(number);
    if (node.empty()) {
      return;
    }
    call = std::move(node.mapped());
    counters_.failures += reply.ok() ? 0 : 1;
  }
  call->done(std::move(reply));
}

Result<Promise> ResonateStore::promise_of(const std::string &id, const Result<resonate::Reply> &reply) {
  if (!reply.ok()) {
    return reply.status();
  }
  if (reply.value().status != 200) {
    return refusal(id, reply.value());
  }
  auto promise = resonate::promise_in(reply.value().data);
  if (!promise || promise->id != id) {
    return Status(CAPSULE_E_UNAVAILABLE, promise ? "the server answered with another promise than it was asked for"
                                                 : "the server answered without a promise");
  }
  return std::move(*promise);
}

void ResonateStore::create(PromiseWish wish, Caller caller, Done done) {
  const Json data = resonate::create_data(wish, Json::object());
  const Caller who = caller_with(wish.param, caller);
  const std::int64_t wanted_at = data["timeoutAt"].get<std::int64_t>();
  request(
      "promise.create", data, options_.request_timeout_ms,
      [this, self = shared_from_this(), id = std::move(wish.id), wanted_at,
       done = std::move(done)](const Result<resonate::Reply> &reply) {
        auto promise = promise_of(id, reply);
        if (promise.ok()) {
          // The server does not say which: another's time is another.
          count(promise.value().timeout_at_ms == wanted_at ? &capsule_promise_metrics::created
                                                           : &capsule_promise_metrics::found);
        }
        done(std::move(promise));
      },
      who);
}

void ResonateStore::settle(Settlement settlement, Caller caller, Done done) {
  const Json data = resonate::settle_data(settlement);
  const Caller who = caller_with(settlement.value, caller);
  request(
      "promise.settle", data, options_.request_timeout_ms,
      [this, self = shared_from_this(), given = std::move(settlement),
       done = std::move(done)](const Result<resonate::Reply> &reply) {
        auto promise = promise_of(given.id, reply);
        if (promise.ok()) {
          const bool first = promise.value().state == given.state && promise.value().value == given.value;
          count(!first                                    ? &capsule_promise_metrics::ignored_settlements
                : given.state == CAPSULE_PROMISE_RESOLVED ? &capsule_promise_metrics::resolved
                : given.state == CAPSULE_PROMISE_REJECTED ? &capsule_promise_metrics::rejected
                                                          : &capsule_promise_metrics::canceled);
        }
        done(std::move(promise));
      },
      who);
}

void ResonateStore::get(const std::string &id, Caller caller, Done done) {
  request(
      "promise.get", {{"id", id}}, options_.request_timeout_ms,
      [this, self = shared_from_this(), id, done = std::move(done)](const Result<resonate::Reply> &reply) {
        done(promise_of(id, reply));
      },
      caller);
}

void ResonateStore::forget(const std::string & /*id*/, Finished done) {
  done(Status(CAPSULE_E_STATE, "store: a Resonate server forgets no promise"));
}

capsule_promise_metrics ResonateStore::metrics() {
  const Lock lock(mutex_);
  capsule_promise_metrics metrics = counters_;
  metrics.pending = watched_.size();
  return metrics;
}

void ResonateStore::close() {
  std::vector<Done> waiting;
  std::map<std::uint64_t, std::shared_ptr<Call>> calls;
  std::unordered_map<std::string, Held> held;
  {
    const Lock lock(mutex_);
    if (std::exchange(closed_, true)) {
      return;
    }
    for (auto &[id, watched] : watched_) {
      for (auto &[number, done] : watched.watchers) {
        waiting.push_back(std::move(done));
      }
    }
    watched_.clear();
    held.swap(held_);
    calls.swap(calls_);
    closing_.notify_all();
  }
  lines_.close();
  // What is held goes back when its lease is over: the store says nothing more.
  for (const auto &[number, call] : calls) {
    call->done(store_closed());
  }
  for (const Done &done : waiting) {
    done(store_closed());
  }
  feed().close();
  if (http_) {
    loop().post([http = http_] { http->close(); });
  }
}

}  // namespace capsule
