// Those that wait, first come, first served; any of them may leave early, and some have a deadline. Guarded by its owner.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"

namespace capsule {

template <typename Waiter>
class WaitQueue {
 public:
  void push(std::shared_ptr<Waiter> waiter, std::uint64_t deadline_ns) {
    const Waiter *key = waiter.get();
    if (deadline_ns != kNoDeadline) {
      deadlines_.emplace(deadline_ns, key);
    }
    places_[key] = line_.insert(line_.end(), {std::move(waiter), deadline_ns});
  }
  // The one that came first, or null.
  std::shared_ptr<Waiter> pop() { return line_.empty() ? nullptr : take(line_.front().waiter.get()); }
  // One whose deadline is over, or null.
  std::shared_ptr<Waiter> pop_expired(std::uint64_t now_ns) {
    return deadlines_.empty() || deadlines_.begin()->first > now_ns ? nullptr : take(deadlines_.begin()->second);
  }
  // That one, or null where it does not wait.
  std::shared_ptr<Waiter> take(const Waiter *which) {
    const auto place = places_.find(which);
    if (place == places_.end()) {
      return nullptr;
    }
    std::shared_ptr<Waiter> waiter = std::move(place->second->waiter);
    deadlines_.erase({place->second->deadline_ns, which});
    line_.erase(place->second);
    places_.erase(place);
    return waiter;
  }
  // The one that came first, which stays.
  [[nodiscard]] const Waiter *front() const { return line_.empty() ? nullptr : line_.front().waiter.get(); }
  [[nodiscard]] std::uint64_t next_deadline() const { return deadlines_.empty() ? kNoDeadline : deadlines_.begin()->first; }
  [[nodiscard]] std::size_t size() const { return line_.size(); }
  [[nodiscard]] bool empty() const { return line_.empty(); }

 private:
  struct Place {
    std::shared_ptr<Waiter> waiter;
    std::uint64_t deadline_ns;
  };
  std::list<Place> line_;
  std::unordered_map<const Waiter *, typename std::list<Place>::iterator> places_;
  std::set<std::pair<std::uint64_t, const Waiter *>> deadlines_;
};

}  // namespace capsule
