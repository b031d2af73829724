// Collects the queues whose listeners are to be told, and tells them when it goes out of scope: after the lock, if declared before it.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "session/host_calls.hpp"
#include "session/session.hpp"

namespace capsule {

class Session::Notifications {
 public:
  Notifications() = default;
  ~Notifications() {
    for (const auto &[execution, event] : ends_) {
      execution->request.durable->ended(event->fields, [execution = execution, event = event] {
        if (execution->events.push(std::move(*event), /*terminal=*/true)) {
          execution->events.notify();
        }
      });
    }
    for (auto &[execution, input] : inputs_) {
      Session::recall_input(execution, std::move(input));
    }
    for (const auto &execution : executions_) {
      execution->events.notify();
    }
  }
  Notifications(const Notifications &) = delete;
  Notifications &operator=(const Notifications &) = delete;

  void add(std::shared_ptr<Execution> execution) { executions_.push_back(std::move(execution)); }
  // The terminal event of one that is durable, which comes once its promise is settled.
  void add_end(std::shared_ptr<Execution> execution, Event event) {
    ends_.emplace_back(std::move(execution), std::make_shared<Event>(std::move(event)));
  }
  // What one that is durable asks for, which may have been answered before.
  void add_input(std::shared_ptr<Execution> execution, AskedInput input) {
    inputs_.emplace_back(std::move(execution), std::move(input));
  }

 private:
  std::vector<std::pair<std::shared_ptr<Execution>, std::shared_ptr<Event>>> ends_;
  std::vector<std::pair<std::shared_ptr<Execution>, AskedInput>> inputs_;
  std::vector<std::shared_ptr<Execution>> executions_;
};

}  // namespace capsule
