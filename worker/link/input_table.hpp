// Input requests that wait for the host's answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "futex.hpp"

namespace capsule::worker {

// One request. The asking thread waits at `gate` until `answered`.
struct InputRequest {
  std::uint64_t id = 0;
  Gate gate;
  std::atomic<bool> answered{false};
  std::optional<std::string> text;  // nothing: declined, or failed
  std::string failure;
};

class InputTable {
 public:
  std::shared_ptr<InputRequest> open() {
    const std::lock_guard lock(mutex_);
    auto request = std::make_shared<InputRequest>();
    request->id = next_id_++;
    requests_.emplace(request->id, request);
    open_.store(true, std::memory_order_relaxed);
    return request;
  }

  // Unknown ids were cancelled meanwhile: nothing to do.
  void answer(std::uint64_t id, std::optional<std::string> text, std::string failure = {}) {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(id);
    if (found == requests_.end()) {
      return;
    }
    found->second->text = std::move(text);
    found->second->failure = std::move(failure);
    found->second->answered.store(true, std::memory_order_release);
    found->second->gate.open();
    requests_.erase(found);
  }

  // False when it was answered meanwhile.
  bool close(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    return requests_.erase(id) != 0;
  }

  // Budget where none is open: one load.
  void decline_all() {
    while (open_.load(std::memory_order_relaxed)) {
      std::uint64_t id = 0;
      {
        const std::lock_guard lock(mutex_);
        if (requests_.empty()) {
          open_.store(false, std::memory_order_relaxed);
          return;
        }
        id = requests_.begin()->first;
      }
      answer(id, std::nullopt);
    }
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> open_{false};  // whether there may be any
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<InputRequest>> requests_;
};

}  // namespace capsule::worker
