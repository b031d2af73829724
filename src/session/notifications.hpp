// Collects the queues whose listeners are to be told, and tells them when it goes out of scope: after the lock, if declared before it.
#pragma once

#include <memory>
#include <vector>

#include "session/session.hpp"

namespace capsule {

class Session::Notifications {
 public:
  Notifications() = default;
  ~Notifications() {
    for (const auto &execution : executions_) {
      execution->events.notify();
    }
  }
  Notifications(const Notifications &) = delete;
  Notifications &operator=(const Notifications &) = delete;

  void add(std::shared_ptr<Execution> execution) { executions_.push_back(std::move(execution)); }

 private:
  std::vector<std::shared_ptr<Execution>> executions_;
};

}  // namespace capsule
