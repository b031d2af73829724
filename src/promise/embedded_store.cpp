#include "promise/embedded_store.hpp"

#include <algorithm>

namespace capsule {
namespace {

// Of the wall clock, in the year 9999: what lies behind it stood in no wish.
constexpr std::int64_t kLatestMs = 253'402'300'799'000;

std::uint64_t size_of(const Promise &promise) { return promise.id.size() + promise.param.size() + promise.value.size(); }

std::uint64_t capsule_promise_metrics::*counter_of(std::int32_t state) {
  switch (state) {
    case CAPSULE_PROMISE_RESOLVED:
      return &capsule_promise_metrics::resolved;
    case CAPSULE_PROMISE_REJECTED:
      return &capsule_promise_metrics::rejected;
    case CAPSULE_PROMISE_CANCELED:
      return &capsule_promise_metrics::canceled;
    default:
      return &capsule_promise_metrics::timed_out;
  }
}

}  // namespace

EmbeddedStore::EmbeddedStore(std::shared_ptr<Runtime> runtime, EmbeddedOptions options)
    : PromiseStore(std::move(runtime)), options_(std::move(options)) {
  max_value_bytes_ = options_.max_value_bytes;
}

Result<std::shared_ptr<PromiseStore>> EmbeddedStore::open(const std::shared_ptr<Runtime> &runtime, EmbeddedOptions options) {
  std::shared_ptr<EmbeddedStore> store(new EmbeddedStore(runtime, std::move(options)));
  store->alarm_ = std::make_shared<Alarm>(runtime->loop(), [weak = std::weak_ptr(store)] {
    if (const auto self = weak.lock()) {
      self->on_alarm();
    }
  });
  Status status = runtime->add_dependent(store);
  if (status.ok() && !store->options_.path.empty()) {
    auto journal = Journal::open(store->options_.path, store->options_.sync,
                                 [&store](Promise promise) { return store->load(std::move(promise)); });
    status = journal.status();
    if (journal.ok()) {
      store->journal_ = std::move(journal.value());
    }
  }
  if (!status.ok()) {
    store->release();
    return status;
  }
  if (!store->deadlines_.empty()) {
    store->alarm_->set(store->deadlines_.begin()->first);
  }
  return std::shared_ptr<PromiseStore>(store);
}

// From the file, before anybody has the store.
Status EmbeddedStore::load(Promise promise) {
  const std::uint64_t now = monotonic_ns();
  const auto [at, is_new] = entries_.try_emplace(promise.id);
  promise.timeout_at_ms = std::clamp<std::int64_t>(promise.timeout_at_ms, 0, kLatestMs);
  if (!is_new || promise.state < CAPSULE_PROMISE_PENDING || promise.state > CAPSULE_PROMISE_TIMED_OUT) {
    return {CAPSULE_E_SYSTEM, "options.path: the file holds what no store wrote: a promise " +
                                  std::string(is_new ? "in no known state" : "twice")};
  }
  Entry &entry = at->second;
  entry.promise = std::move(promise);
  entry.since_ns = now;
  bytes_ += size_of(entry.promise);
  if (entry.promise.state != CAPSULE_PROMISE_PENDING) {
    entry.age = settled_.insert(settled_.end(), &entry);
    settled_bytes_ += size_of(entry.promise);
    return {};
  }
  const std::int64_t left_ms = std::max<std::int64_t>(entry.promise.timeout_at_ms - unix_ms(), 0);
  entry.deadline_ns = now + static_cast<std::uint64_t>(left_ms) * kNsPerMs;
  deadlines_.emplace(entry.deadline_ns, &entry);
  counters_.pending_hwm = deadlines_.size();
  return {};
}

void EmbeddedStore::tell(Telling telling) {
  for (Told &told : telling.answers) {
    if (journal_ && told.answer.ok()) {
      auto answer = std::make_shared<Result<Promise>>(std::move(told.answer));
      journal_->when_written(told.written, [done = std::move(told.done), answer](const Status &status) {
        done(status.ok() ? std::move(*answer) : Result<Promise>(status));
      });
    } else {
      told.done(std::move(told.answer));
    }
  }
  for (const auto &lost : telling.lost) {
    lost();
  }
}

void EmbeddedStore::answer(Telling &telling, Done done, Result<Entry *> entry) {
  if (entry.ok()) {
    telling.answers.push_back({std::move(done), entry.value()->promise, entry.value()->written});
  } else {
    telling.answers.push_back({std::move(done), entry.status()});
  }
}

Status EmbeddedStore::usable() {
  if (closed_) {
    return store_closed();
  }
  Status failure = journal_ ? journal_->failure() : Status();
  counters_.failures += failure.ok() ? 0 : 1;
  return failure;
}

EmbeddedStore::Entry *EmbeddedStore::find(const std::string &id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

EmbeddedStore::Entry *EmbeddedStore::claimed(const Claim &claim) {
  Entry *const entry = find(claim.id);
  return entry != nullptr && claim.token != 0 && entry->token == claim.token && entry->promise.state == CAPSULE_PROMISE_PENDING
             ? entry
             : nullptr;
}

// For so many more: the oldest that are settled are forgotten.
Status EmbeddedStore::make_room(std::uint64_t promises, std::uint64_t bytes) {
  const std::uint64_t pending_bytes = bytes_ - settled_bytes_;
  if (deadlines_.size() + promises > options_.max_promises || pending_bytes + bytes > options_.max_bytes) {
    ++counters_.refused;
    return {CAPSULE_E_LIMIT, "store: " + std::to_string(deadlines_.size()) + " promises of " + std::to_string(pending_bytes) +
                                 " bytes are pending; options.max_promises and options.max_bytes allow no more"};
  }
  while (entries_.size() + promises > options_.max_promises || bytes_ + bytes > options_.max_bytes) {
    ++counters_.evicted;
    remove(*settled_.front());
  }
  return {};
}

void EmbeddedStore::remove(Entry &entry) {
  bytes_ -= size_of(entry.promise);
  settled_bytes_ -= size_of(entry.promise);
  settled_.erase(entry.age);
  std::string id = std::move(entry.promise.id);
  entries_.erase(id);
  if (journal_) {
    journal_->write(Journal::Forgotten{std::move(id)});
  }
}

Result<EmbeddedStore::Entry *> EmbeddedStore::find_or_create(const PromiseWish &wish) {
  if (Entry *const found = find(wish.id)) {
    ++counters_.found;
    return found;
  }
  if (Status status = make_room(1, wish.id.size() + wish.param.size()); !status.ok()) {
    return status;
  }
  const std::uint64_t now = monotonic_ns();
  Entry &entry = entries_[wish.id];
  const std::int64_t created_at_ms = unix_ms();
  entry.promise = {
      .id = wish.id, .param = wish.param, .timeout_at_ms = created_at_ms + wish.timeout_ms, .created_at_ms = created_at_ms};
  entry.since_ns = now;
  entry.deadline_ns = now + static_cast<std::uint64_t>(wish.timeout_ms) * kNsPerMs;
  deadlines_.emplace(entry.deadline_ns, &entry);
  alarm_->set(deadlines_.begin()->first);
  bytes_ += size_of(entry.promise);
  ++counters_.created;
  counters_.pending_hwm = std::max<std::uint64_t>(counters_.pending_hwm, deadlines_.size());
  if (journal_) {
    entry.written = journal_->write(Journal::Created{entry.promise});
  }
  return &entry;
}

// Of one that is pending.
void EmbeddedStore::end(Telling &telling, Entry &entry, std::int32_t state, std::string value) {
  deadlines_.erase({entry.deadline_ns, &entry});
  entry.promise.state = state;
  entry.promise.settled_at_ms = unix_ms();
  entry.promise.value = std::move(value);
  entry.token = 0;
  if (entry.lost) {
    telling.lost.push_back(std::exchange(entry.lost, nullptr));
  }
  bytes_ += entry.promise.value.size();
  settled_bytes_ += size_of(entry.promise);
  ++(counters_.*counter_of(state));
  entry.age = settled_.insert(settled_.end(), &entry);
  if (journal_) {
    entry.written = journal_->write(Journal::Settled{entry.promise});
  }
  for (auto &[number, done] : entry.watchers) {
    answer(telling, std::move(done), &entry);
  }
  entry.watchers = {};
}

void EmbeddedStore::expire(Telling &telling) {
  const std::uint64_t now = monotonic_ns();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    end(telling, *deadlines_.begin()->second, CAPSULE_PROMISE_TIMED_OUT, {});
  }
}

void EmbeddedStore::on_alarm() {
  Telling telling;
  {
    const Lock lock(mutex_);
    if (closed_) {
      return;
    }
    expire(telling);
    if (!deadlines_.empty()) {
      alarm_->set(deadlines_.begin()->first);
    }
  }
  tell(std::move(telling));
}

void EmbeddedStore::create(PromiseWish wish, Caller /*caller*/, Done done) {
  Telling telling;
  {
    const Lock lock(mutex_);
    const Status status = usable();
    if (status.ok()) {
      expire(telling);
    }
    answer(telling, std::move(done), status.ok() ? find_or_create(wish) : status);
  }
  tell(std::move(telling));
}

Result<EmbeddedStore::Entry *> EmbeddedStore::settle_entry(Telling &telling, Settlement &settlement) {
  if (Status status = usable(); !status.ok()) {
    return status;
  }
  expire(telling);
  Entry *const entry = find(settlement.id);
  if (entry == nullptr) {
    return no_such_promise(settlement.id);
  }
  if (entry->promise.state != CAPSULE_PROMISE_PENDING) {
    ++counters_.ignored_settlements;
    return entry;
  }
  if (Status status = make_room(0, settlement.value.size()); !status.ok()) {
    return status;
  }
  end(telling, *entry, settlement.state, std::move(settlement.value));
  return entry;
}

void EmbeddedStore::settle(Settlement settlement, Caller /*caller*/, Done done) {
  Telling telling;
  {
    const Lock lock(mutex_);
    answer(telling, std::move(done), settle_entry(telling, settlement));
  }
  tell(std::move(telling));
}

void EmbeddedStore::get(const std::string &id, Caller /*caller*/, Done done) {
  Telling telling;
  {
    const Lock lock(mutex_);
    Status status = usable();
    if (status.ok()) {
      expire(telling);
    }
    Entry *const entry = find(id);
    if (status.ok() && entry == nullptr) {
      status = no_such_promise(id);
    }
    answer(telling, std::move(done), status.ok() ? Result<Entry *>(entry) : status);
  }
  tell(std::move(telling));
}

void EmbeddedStore::forget(const std::string &id, Finished done) {
  Status status;
  {
    const Lock lock(mutex_);
    status = usable();
    Entry *const entry = find(id);
    if (status.ok() && entry == nullptr) {
      status = no_such_promise(id);
    } else if (status.ok() && entry->promise.state == CAPSULE_PROMISE_PENDING) {
      status = {CAPSULE_E_STATE, "id: '" + id + "' is pending; settle it first"};
    } else if (status.ok()) {
      remove(*entry);
    }
  }
  done(status);
}

std::uint64_t EmbeddedStore::watch(const std::string &id, Done done) {
  Telling telling;
  std::uint64_t number = 0;
  {
    const Lock lock(mutex_);
    const Status status = usable();
    Entry *const entry = find(id);
    if (!status.ok() || entry == nullptr) {
      telling.answers.push_back({std::move(done), status.ok() ? no_such_promise(id) : status});
    } else if (entry->promise.state != CAPSULE_PROMISE_PENDING) {
      answer(telling, std::move(done), entry);
    } else {
      number = ++last_number_;
      entry->watchers.emplace_back(number, std::move(done));
    }
  }
  tell(std::move(telling));
  return number;
}

void EmbeddedStore::unwatch(const std::string &id, std::uint64_t number) {
  const Lock lock(mutex_);
  if (Entry *const entry = find(id)) {
    std::erase_if(entry->watchers, [number](const auto &one) { return one.first == number; });
  }
}

// Nobody else has the store: a claim is lost only with the promise.
void EmbeddedStore::claim(PromiseWish wish, std::function<void()> lost, ClaimDone done) {
  Telling telling;
  Claim claim;
  bool taken = false;
  {
    const Lock lock(mutex_);
    const Status status = usable();
    if (status.ok()) {
      expire(telling);
    }
    const Result<Entry *> found = status.ok() ? find_or_create(wish) : status;
    if (found.ok() && found.value()->promise.state == CAPSULE_PROMISE_PENDING) {
      taken = found.value()->token != 0;
      if (!taken) {
        found.value()->token = ++last_number_;
        found.value()->lost = std::move(lost);
        claim = {wish.id, found.value()->token};
      }
    }
    const Status busy(CAPSULE_E_BUSY, "durable.promise_id: '" + wish.id + "' is under way in this host");
    const auto tell_claim = [claim, done = std::move(done)](Result<Promise> promise) {
      done(promise.ok() ? Result<Claimed>(Claimed{std::move(promise.value()), claim}) : Result<Claimed>(promise.status()));
    };
    answer(telling, tell_claim, taken ? Result<Entry *>(busy) : found);
  }
  tell(std::move(telling));
}

void EmbeddedStore::create_call(const Claim &claim, PromiseWish wish, Done done) {
  Telling telling;
  {
    const Lock lock(mutex_);
    const Status status = usable();
    answer(telling, std::move(done),
           !status.ok()                ? status
           : claimed(claim) == nullptr ? Result<Entry *>(claim_lost(claim.id))
                                       : find_or_create(wish));
  }
  tell(std::move(telling));
}

void EmbeddedStore::settle_call(const Claim &claim, Settlement settlement, Done done) {
  Telling telling;
  {
    const Lock lock(mutex_);
    const bool lost = claimed(claim) == nullptr;
    answer(telling, std::move(done), lost ? Result<Entry *>(claim_lost(claim.id)) : settle_entry(telling, settlement));
  }
  tell(std::move(telling));
}

void EmbeddedStore::fulfill(const Claim &claim, Settlement settlement, Done done) {
  {
    const Lock lock(mutex_);
    if (Entry *const entry = claimed(claim)) {
      entry->lost = nullptr;
    }
  }
  settle_call(claim, std::move(settlement), std::move(done));
}

void EmbeddedStore::drop(const std::string &id) {
  Telling telling;
  {
    const Lock lock(mutex_);
    Entry *const entry = closed_ ? nullptr : find(id);
    if (entry == nullptr) {
      return;
    }
    if (entry->promise.state == CAPSULE_PROMISE_PENDING) {
      end(telling, *entry, CAPSULE_PROMISE_CANCELED, {});
    }
    remove(*entry);
  }
  tell(std::move(telling));
}

void EmbeddedStore::give_back(const Claim &claim, std::function<void()> done) {
  {
    const Lock lock(mutex_);
    if (Entry *const entry = claimed(claim)) {
      entry->token = 0;
      entry->lost = nullptr;
    }
  }
  done();
}

std::uint64_t EmbeddedStore::list(std::size_t capacity, std::vector<capsule_pending_promise> &rows) {
  const Lock lock(mutex_);
  for (const auto &[deadline_ns, entry] : deadlines_) {
    if (rows.size() == capacity) {
      break;
    }
    rows.push_back(pending_row(entry->promise.id, entry->since_ns, deadline_ns, entry->watchers.size(), entry->token != 0));
  }
  return deadlines_.size();
}

capsule_promise_metrics EmbeddedStore::metrics() {
  const Lock lock(mutex_);
  capsule_promise_metrics metrics = counters_;
  metrics.pending = deadlines_.size();
  metrics.kept = entries_.size();
  return metrics;
}

void EmbeddedStore::close() {
  Telling telling;
  {
    const Lock lock(mutex_);
    if (std::exchange(closed_, true)) {
      return;
    }
    for (const auto &[deadline_ns, entry] : deadlines_) {
      for (auto &[number, done] : entry->watchers) {
        telling.answers.push_back({std::move(done), store_closed()});
      }
      entry->watchers = {};
    }
  }
  tell(std::move(telling));
  feed().close();
  // What was given is written before the file is another's.
  if (journal_) {
    journal_->finish();
  }
}

}  // namespace capsule
