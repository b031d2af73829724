// What a session's code asks of its host, on the way to whoever answers it: src/bridge implements these.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "session/values.hpp"

namespace capsule {

class Session;

// A wire::Call that owns what it says, which may be anything: a worker is an enemy.
struct HostCall {
  std::uint64_t incarnation = 0;  // of the worker
  std::uint64_t call_id = 0;
  std::uint64_t execution_id = 0;
  std::string execution_key;  // the execution's idempotency key, or empty
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
};

// One session's way to its host. On the loop thread, and never under the session's lock, but for lost().
class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual void call(const std::shared_ptr<Session> &session, HostCall call) = 0;
  virtual void give_up(std::uint64_t incarnation, std::uint64_t call_id) = 0;
  virtual void pieces_taken(std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count) = 0;
  // Any thread. The worker is gone, and with it whoever waited.
  virtual void lost(std::uint64_t incarnation) = 0;
};

// What makes them: part of a session's options.
class CallSource {
 public:
  virtual ~CallSource() = default;
  virtual std::shared_ptr<CallSink> open() = 0;
};

}  // namespace capsule
