#include "promise/store.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/clock.hpp"
#include "base/quiet_thread.hpp"

namespace capsule {

std::int64_t unix_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::uint64_t ns_until_unix(std::int64_t at_ms) {
  constexpr std::int64_t kLongestMs = 10LL * 365 * 86'400'000;
  const std::int64_t now = unix_ms();
  return static_cast<std::uint64_t>(std::clamp(at_ms, now, now + kLongestMs) - now) * kNsPerMs;
}

capsule_pending_promise pending_row(const std::string &id, std::uint64_t since_ns, std::uint64_t deadline_ns,
                                    std::size_t waiters, bool claimed) {
  const std::uint64_t now = monotonic_ns();
  capsule_pending_promise row{.age_ns = now - since_ns,
                              .left_ns = deadline_ns > now ? deadline_ns - now : 0,
                              .waiters = static_cast<std::uint32_t>(waiters),
                              .claimed = claimed ? 1 : 0};
  id.copy(row.id, sizeof row.id - 1);
  return row;
}

Status store_closed() { return {CAPSULE_E_CLOSED, "store: it is closed"}; }

Status no_such_promise(const std::string &id) { return {CAPSULE_E_NAME, "id: there is no promise '" + id + "'"}; }

Status claim_lost(const std::string &id) {
  return {CAPSULE_E_STATE, "the durable execution '" + id + "' is this host's no longer, or is over"};
}

void PromiseStore::release() {
  if (in_notify_callback() || runtime_->loop().on_loop()) {  // the close would wait for the very thread
    std::thread thread;
    if (start_quietly(thread, [self = shared_from_this()] { self->release(); }).ok()) {
      thread.detach();
    }
    return;
  }
  close();
  feed_.set_notify(nullptr, nullptr);
  runtime_->drop_handle();
}

void PromiseFeed::add(Promise promise) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return;
    }
    first = settled_.empty();
    settled_.push_back(std::move(promise));
    changed_.notify_one();
    fd_.raise();
  }
  if (first) {
    notifier_.notify();
  }
}

Result<Promise> PromiseFeed::next(std::uint64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return closed_ || !settled_.empty(); };
  if (deadline_ns == kNoDeadline) {
    changed_.wait(lock, ready);
  } else if (!ready() &&
             !changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)), ready)) {
    return Status(CAPSULE_E_TIMEOUT, "no promise that is watched was settled within timeout_ms");
  }
  if (settled_.empty()) {
    return store_closed();
  }
  Promise promise = std::move(settled_.front());
  settled_.pop_front();
  if (settled_.empty() && !closed_) {
    fd_.lower();
  }
  return promise;
}

Result<int> PromiseFeed::fd() {
  const std::lock_guard lock(mutex_);
  return fd_.get(closed_ || !settled_.empty());
}

void PromiseFeed::set_notify(capsule_notify_callback callback, void *user_data) {
  notifier_.set(callback, user_data);
  bool ready = false;
  {
    const std::lock_guard lock(mutex_);
    ready = closed_ || !settled_.empty();
  }
  if (ready) {
    notifier_.notify();
  }
}

void PromiseFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) {
      return;
    }
    changed_.notify_all();
    fd_.raise();
  }
  notifier_.notify();
}

}  // namespace capsule
