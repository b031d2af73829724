// What runs a source text. One implementation without Python for tests (echo), one with (module/python_executor).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.hpp"
#include "wire/messages.hpp"

namespace capsule::worker {

struct SessionParts;

// How an execution ended: what the dispatcher makes the terminal frame of.
struct Value {
  std::optional<std::string> repr;  // nothing: there is no value, or it is None
  std::uint64_t repr_size_bytes = 0;
  std::string type_name;
  std::optional<std::string> json;
  // The value as it was asked for, and the descriptor that goes with it; both live as long as this.
  std::shared_ptr<const wire::Answer> answer{};
  int attached = -1;
};

struct Failure {
  std::string error_type;
  std::string message;
  std::optional<std::string> traceback;
  int exit_code = 0;
  bool interrupted = false;  // by a cancel
};

using Outcome = std::variant<Value, Failure>;

class Executor {
 public:
  virtual ~Executor() = default;

  // Main thread. Runs the source to its end. Sets SessionState::interruptible_id while the user's code runs. `attached` are the
  // descriptors of the request's inputs, in their order. The request's texts are there until the code begins: a call that it makes
  // reads the work channel.
  virtual Outcome run(std::uint64_t execution_id, const wire::Execute &request, std::vector<UniqueFd> attached) = 0;

  // Of the source that ran last: CAPSULE_CODE_…, and whether it ran on an event loop.
  [[nodiscard]] virtual std::uint8_t code_class() const { return 0; }
  [[nodiscard]] virtual bool ran_on_loop() const { return false; }

  // Main thread: may run what earlier executions left behind, until the descriptor is readable.
  virtual void run_background(int /*work_fd*/) {}

  // Main thread: around a wait for the next frame, and when a signal has interrupted it.
  virtual void enter_idle() {}
  virtual void leave_idle() {}
  virtual void on_idle_signal() {}

  // Main thread: around the sending of a terminal frame, which may wait.
  virtual void enter_send() { enter_idle(); }
  virtual void leave_send() { leave_idle(); }

  // Main thread. Between two sessions of one process, which was a snapshot in between.
  virtual void detach() {}
  virtual void attach(const SessionParts &parts) = 0;
  // Main thread, between executions: why the process cannot be forked now; empty where it can.
  virtual std::string why_no_fork() { return {}; }

  // Main thread, between executions: does what the host asks for, and answers. The descriptors of its items come first.
  virtual void answer(const wire::Ask &request, std::vector<UniqueFd> attached) = 0;

  // Main thread: what runs at a graceful end.
  virtual void finish() {}
};

}  // namespace capsule::worker
