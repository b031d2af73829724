// What a session's code asks of its host, on the way to whoever answers it: src/bridge implements these.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capsule/execution.h"
#include "diagnostics/signals.hpp"
#include "session/values.hpp"

namespace capsule {

class Session;

class DurableWork;

// A wire::Call that owns what it says, which may be anything: a worker is an enemy.
struct HostCall {
  std::uint64_t incarnation = 0;  // of the worker
  std::uint64_t call_id = 0;
  std::uint64_t execution_id = 0;
  std::string execution_key;               // the execution's idempotency key, or empty
  std::shared_ptr<DurableWork> durable{};  // null: its answer is not recorded
  std::string capability;
  std::string arguments;
  std::string site;
  std::uint32_t occurrence = 0;
  std::uint64_t timeout_ms = 0;
  bool waits_on_work = false;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<ReadValue>> values;  // of the names
};

// Which call an answer is to.
struct CallAddress {
  std::uint64_t incarnation = 0;
  std::uint64_t call_id = 0;
  std::uint64_t execution_id = 0;
  bool on_work = false;
};

// A wire::CallAnswer that owns what it says.
struct HostAnswer {
  wire::CallOutcome outcome = wire::CallOutcome::kValue;
  bool more = false;
  bool has_value = false;  // else None
  NamedValue value{};
  std::string error_type{};
  std::string message{};
  std::string reason{};
  std::uint64_t request_id = 0;
  std::uint64_t timeout_ms = 0;  // 0: it had none
};

// What an input comes to.
struct InputLine {
  std::optional<std::string> text{};  // none: declined, an end of file
};

// What a session's durable executions asked of their stores. Any thread; outlives the session where a store answers late.
class DurableFigures {
 public:
  void count(bool done) {
    operations_.fetch_add(1, std::memory_order_relaxed);
    failures_.fetch_add(done ? 0 : 1, std::memory_order_release);
  }
  // Never more failures than operations.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> get() const {
    const std::uint64_t failed = failures_.load(std::memory_order_acquire);
    return {operations_.load(std::memory_order_relaxed), failed};
  }

 private:
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> failures_{0};  // of them, written behind them
};

// An execution's promise, as the session and the bridge see it. Any thread, under no lock; what is done is told so too.
class DurableWork {
 public:
  virtual ~DurableWork() = default;
  // What the call of that key was answered with when the work ran before; none where it was not, or that cannot be known.
  using Recalled = std::function<void(const Status &, std::optional<HostAnswer>)>;
  virtual void recall(const HostCall &call, const std::string &key, Recalled done) = 0;
  // Before the code sees it. What it was answered with: this, unless another answer came first.
  using Recorded = std::function<void(const Status &, HostAnswer)>;
  virtual void record(const HostCall &call, const std::string &key, HostAnswer answer, Recorded done) = 0;
  // The n-th input of the work, from 1, is asked: what it was answered with when the work ran before.
  using InputRecalled = std::function<void(const Status &, std::optional<InputLine>)>;
  virtual void recall_input(std::uint32_t number, const std::string &prompt, InputRecalled done) = 0;
  // Its answer, be it another's.
  using InputSettled = std::function<void(const Status &, InputLine)>;
  virtual void record_input(std::uint32_t number, InputLine line, InputSettled done) = 0;
  // Told where its promise is settled, until the work has ended.
  virtual void watch_input(std::uint32_t number, InputSettled done) = 0;
  [[nodiscard]] virtual std::string input_id(std::uint32_t number) const = 0;
  // Whether a line can be recorded. Under any lock.
  [[nodiscard]] virtual Status check_input(std::string_view line) const = 0;
  // How the execution ended: the fields of its terminal event, which is told to the host by `done`, once.
  virtual void ended(const capsule_event &event, std::function<void()> done) = 0;
};

// One session's way to its host. On the loop thread, and never under the session's lock, but for lost().
class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual void call(const std::shared_ptr<Session> &session, HostCall call) = 0;
  virtual void give_up(std::uint64_t incarnation, std::uint64_t call_id) = 0;
  virtual void pieces_taken(std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count) = 0;
  // The code sends a piece; null: there are no more. A status where the worker has not kept to the protocol.
  virtual Status piece(std::uint64_t incarnation, std::uint64_t call_id, std::unique_ptr<ReadValue> value) = 0;
  // Any thread. The worker is gone, and with it whoever waited.
  virtual void lost(std::uint64_t incarnation) = 0;
  // Any thread, under any lock but the bridge's.
  [[nodiscard]] virtual capsule_bridge_figures figures() const = 0;
  // Any thread, under the session's lock. Adds what its calls have counted.
  virtual void report(SignalSet &set) = 0;
};

// What makes them: part of a session's options.
class CallSource {
 public:
  virtual ~CallSource() = default;
  virtual std::shared_ptr<CallSink> open() = 0;
  // Of all that it made.
  [[nodiscard]] virtual capsule_bridge_figures figures() const = 0;
};

}  // namespace capsule
