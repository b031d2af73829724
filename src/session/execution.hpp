// One execution in flight: what was asked, where it stands, and the queue of its events. Guarded by its session's lock, but for
// the queue, which has its own.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "loop/loop.hpp"
#include "session/event_queue.hpp"
#include "session/output_budget.hpp"
#include "session/values.hpp"

namespace capsule {

class DurableWork;
class Session;
class Snapshot;

struct ExecutionRequest {
  std::string source;
  std::string file_name;
  std::string traceparent;
  std::string tracestate;
  std::int64_t timeout_ms = 0;
  std::uint64_t output_budget_bytes = 0;
  std::int32_t mode = CAPSULE_MODE_AUTO;
  std::int32_t transaction = CAPSULE_TRANSACTION_COMMIT;
  std::int32_t transaction_scope = CAPSULE_SCOPE_MEMORY;
  std::vector<NamedValue> inputs;
  std::int32_t result_kind = CAPSULE_VALUE_NONE;
  bool capture_sources = true;
  std::string idempotency_key;
  std::shared_ptr<DurableWork> durable;  // null: none
};

// An input that the host may answer.
struct OpenInput {
  std::uint64_t until_ns = 0;
  std::uint32_t number = 0;  // of it in the work that it is recorded in; 0: it is not
};

// Rolling back: the code is over, and the session on its way to where it was before.
enum class ExecutionPhase { kQueued, kRunning, kRollingBack, kEnded };

struct Execution {
  Execution(std::shared_ptr<Session> owner, std::uint64_t number, ExecutionRequest what)
      : session(std::move(owner)), id(number), request(std::move(what)) {}

  const std::shared_ptr<Session> session;
  const std::uint64_t id;
  ExecutionRequest request;  // its source and inputs are given up once sent
  EventQueue events;

  ExecutionPhase phase = ExecutionPhase::kQueued;
  std::uint64_t submitted_ns = 0;
  std::uint64_t started_ns = 0;
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
  std::uint64_t stdout_lines = 0;
  std::uint64_t stderr_lines = 0;
  std::uint64_t uncredited = 0;   // credit that the worker has back once what is in the queue is taken
  std::uint64_t over_credit = 0;  // bytes of displays in the queue beyond that
  std::optional<OutputBudget> budget;
  // Of each stream: the beginning of a character whose rest is still to come.
  std::array<OutputPiece, 2> cut{};
  std::map<std::uint64_t, OpenInput> open_inputs;
  std::uint32_t inputs_asked = 0;

  // Why it is being ended: CAPSULE_OUTCOME_CANCELED, _TIMEOUT or _KILLED; 0 when it is not.
  std::int32_t stop_cause = 0;
  std::uint64_t stop_ns = 0;  // since when
  std::uint64_t kill_deadline_ns = UINT64_MAX;
  std::shared_ptr<Snapshot> snapshot;  // from before it, where it may be rolled back
  std::optional<Loop::TimerId> timeout_timer;
  std::optional<Loop::TimerId> kill_timer;
};

inline std::string timeout_text(const Execution &execution) {
  return "timed out after " + std::to_string(execution.request.timeout_ms) + " ms";
}

}  // namespace capsule
