// What the session's code asks of its host, on the way through the session: to the bridge and back.
#include "base/log.hpp"
#include "session/host_calls.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"

namespace capsule {
namespace {

// Executions of which the keys are known, for the calls that they make when they are over.
constexpr std::size_t kMostKeys = 1024;
// Of the text that tells where in the code a call is made.
constexpr std::size_t kMostOfSite = 2048;

}  // namespace

void Session::remember_key(const Execution &execution) {
  if (!calls_ || execution.request.idempotency_key.empty()) {
    return;
  }
  execution_keys_.emplace(execution.id, ExecutionKey{execution.request.idempotency_key, execution.request.durable});
  if (execution_keys_.size() > kMostKeys) {
    execution_keys_.erase(execution_keys_.begin());
  }
}

// Loop thread, without the lock: the bridge takes its own, and may answer at once.
void Session::on_call(Worker &worker, const wire::Envelope &envelope, const wire::Call &request) {
  HostCall call{.incarnation = worker.incarnation,
                .call_id = request.call_id,
                .execution_id = envelope.execution_id,
                .execution_key = {},
                .capability = std::string(request.capability),
                .arguments = std::string(request.arguments),
                .site = std::string(request.site),
                .occurrence = request.occurrence,
                .timeout_ms = request.timeout_ms,
                .waits_on_work = request.waits_on_work,
                .names = {},
                .values = {}};
  for (const wire::Text name : request.names) {
    call.names.emplace_back(name);
  }
  Status malformed = calls_ && request.names.size() == request.values.size() && request.site.size() <= kMostOfSite
                         ? Status()
                         : Status(CAPSULE_E_PROTOCOL, "a call of the host is malformed, or there is no bridge");
  for (const wire::Answer &value : request.values) {
    auto opened = ReadValue::open(Reply(value, value.attached ? worker.control.take_fd() : UniqueFd()));
    if (!opened.ok()) {
      malformed = opened.status();
      break;
    }
    call.values.push_back(std::move(opened.value()));
  }
  {
    const Lock lock(mutex_);
    if (worker_.get() != &worker || !worker.protocol_error.ok()) {
      return;
    }
    if (!malformed.ok()) {
      return break_protocol(worker, malformed, RejectReason::kMalformed);
    }
    if (const auto key = execution_keys_.find(call.execution_id); key != execution_keys_.end()) {
      call.execution_key = key->second.key;
      call.durable = key->second.durable;
    }
  }
  calls_->call(shared_from_this(), std::move(call));
}

// Loop thread, without the lock.
void Session::on_piece(Worker &worker, const wire::CallPiece &piece) {
  std::unique_ptr<ReadValue> value;
  Status kept = piece.value.has_value() == piece.end ? Status(CAPSULE_E_PROTOCOL, "a piece of a call is malformed") : Status();
  if (piece.value) {
    auto opened = ReadValue::open(Reply(*piece.value, piece.value->attached ? worker.control.take_fd() : UniqueFd()));
    kept = kept.ok() ? opened.status() : kept;
    value = opened.ok() ? std::move(opened.value()) : nullptr;
  }
  if (kept.ok()) {
    kept = calls_->piece(worker.incarnation, piece.call_id, std::move(value));
  }
  if (!kept.ok()) {
    const Lock lock(mutex_);
    if (worker_.get() == &worker && worker.protocol_error.ok()) {
      break_protocol(worker, kept);
    }
  }
}

void Session::credit_call(const CallAddress &address, std::uint32_t count) {
  const Lock lock(mutex_);
  if (worker_ && !worker_->gone && worker_->incarnation == address.incarnation) {
    send(&Worker::control, address.execution_id, wire::CallCredit{address.call_id, count});
  }
}

bool Session::answer_call(const CallAddress &address, const HostAnswer &answer) {
  const Lock lock(mutex_);
  if (!worker_ || worker_->gone || worker_->incarnation != address.incarnation) {
    return false;
  }
  Channel Worker::*channel = address.on_work ? &Worker::work : &Worker::control;
  wire::CallAnswer frame{.call_id = address.call_id,
                         .outcome = answer.outcome,
                         .more = answer.more,
                         .value = std::nullopt,
                         .error_type = answer.error_type,
                         .message = answer.message,
                         .reason = answer.reason,
                         .request_id = answer.request_id,
                         .timeout_ms = answer.timeout_ms};
  std::vector<int> fds;
  if (answer.has_value) {
    Items items(answer.value);
    frame.value = std::move(items.items.front());
    fds = std::move(items.fds);
  }
  const Status sent = send_with_fds(channel, address.execution_id, std::move(frame), fds);
  if (!sent.ok()) {
    send(channel, address.execution_id,
         wire::CallAnswer{.call_id = address.call_id,
                          .outcome = wire::CallOutcome::kFailed,
                          .error_type = "OSError",
                          .message = sent.message(),
                          .request_id = answer.request_id});
  }
  return worker_->protocol_error.ok();
}

void Session::trace_call(const TracedCall &call) {
  const Lock lock(mutex_);
  trace_.add({.kind = call.kind,
              .execution_id = call.execution_id,
              .status = call.status,
              .arguments = {call.arguments[0], call.arguments[1]},
              .link = call.request_id,
              .time_ns = call.time_ns,
              .label = call.capability});
}

}  // namespace capsule
