// The lines that code asks for: to the host, or to what is recorded of a durable execution, and back.
#include "base/clock.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"

namespace capsule {

// A durable execution's goes to the host once its promise says that it was not answered before: without the lock, as the store takes its own.
void Session::on_input_request(Notifications &notifications, const wire::Envelope &envelope,
                               const wire::InputRequest &request) {
  ++counters_.input_requests;
  const bool recorded = current_->request.durable && !request.secret;
  AskedInput input{.id = request.input_id,
                   .number = ++current_->inputs_asked,
                   .secret = request.secret,
                   .recorded = recorded,
                   .prompt = std::string(request.prompt),
                   .timeout_ms = request.timeout_ms,
                   .asked_ns = envelope.time_ns};
  if (recorded) {
    notifications.add_input(current_, std::move(input));
  } else {
    ask_host(notifications, current_, input);
  }
}

// False where nobody takes the event; or where so many wait for the host that only code that asks without waiting can have asked them.
bool Session::ask_host(Notifications &notifications, const std::shared_ptr<Execution> &execution, const AskedInput &input) {
  constexpr std::size_t kMostOpen = 4096;
  constexpr std::size_t kMostWaitingBytes = 32U << 20U;
  if (execution->open_inputs.size() >= kMostOpen) {
    std::erase_if(execution->open_inputs, [now = monotonic_ns()](const auto &open) { return open.second.until_ns <= now; });
  }
  const EventQueue::Inputs waiting = execution->events.inputs();
  const bool flooded = execution->open_inputs.size() >= kMostOpen || waiting.count >= kMostOpen ||
                       (waiting.count > 0 && waiting.bytes + input.prompt.size() > kMostWaitingBytes);
  if (execution->events.abandoned() || flooded) {
    send_control(execution->id, wire::InputResponse{input.id, {}, true});
    return false;
  }
  execution->open_inputs[input.id] = {
      .until_ns = input.timeout_ms == 0 ? kNoDeadline : input.asked_ns + input.timeout_ms * kNsPerMs,
      .number = input.recorded ? input.number : 0};
  Event event;
  event.fields.kind = CAPSULE_EVENT_INPUT;
  event.fields.time_ns = input.asked_ns;
  trace_.add({.kind = CAPSULE_TRACE_INPUT_REQUESTED, .execution_id = execution->id, .arguments = {input.id}});
  event.fields.input_id = input.id;
  event.fields.secret = input.secret ? 1 : 0;
  event.fields.input_timeout_ms = static_cast<std::int64_t>(input.timeout_ms);
  event.fields.prompt = event.keep(0, input.prompt);
  if (input.recorded) {
    event.fields.input_promise = event.keep(1, execution->request.durable->input_id(input.number));
  }
  push(notifications, execution, std::move(event), /*terminal=*/false);
  return true;
}

void Session::recall_input(const std::shared_ptr<Execution> &execution, AskedInput input) {
  DurableWork &work = *execution->request.durable;
  const auto asked = std::make_shared<const AskedInput>(std::move(input));
  work.recall_input(asked->number, asked->prompt,
                    [execution, asked](const Status &status, const std::optional<InputLine> &line) {
                      on_recalled(execution, *asked, status, line);
                    });
}

void Session::on_recalled(const std::shared_ptr<Execution> &execution, const AskedInput &input, const Status &status,
                          const std::optional<InputLine> &line) {
  Session &session = *execution->session;
  {
    Notifications notifications;
    const Lock lock(session.mutex_);
    if (session.current_ != execution || execution->phase != ExecutionPhase::kRunning) {
      return;
    }
    if (!status.ok() || line) {
      session.trace_.add({.kind = CAPSULE_TRACE_INPUT_REQUESTED, .execution_id = execution->id, .arguments = {input.id}});
      session.trace_answer(*execution, input.id, line.value_or(InputLine()), AnsweredBy::kRecord);
      return session.give_line(*execution, input.id, status, line.value_or(InputLine()));
    }
    if (!session.ask_host(notifications, execution, input)) {
      return;
    }
  }
  execution->request.durable->watch_input(
      input.number, [weak = std::weak_ptr(execution), id = input.id](const Status &outcome, const InputLine &settled) {
        if (const auto alive = weak.lock()) {
          on_settled(alive, id, outcome, settled);
        }
      });
}

// By somebody else, where it is open.
void Session::on_settled(const std::shared_ptr<Execution> &execution, std::uint64_t input_id, const Status &status,
                         const InputLine &line) {
  Session &session = *execution->session;
  const Lock lock(session.mutex_);
  if (execution->open_inputs.erase(input_id) != 0) {
    session.trace_answer(*execution, input_id, line, AnsweredBy::kPromise);
    session.give_line(*execution, input_id, status, line);
  }
}

Status Session::answer(const std::shared_ptr<Execution> &execution, std::uint64_t input_id, InputLine line) {
  Session &session = *execution->session;
  std::uint32_t number = 0;
  {
    const Lock lock(session.mutex_);
    const auto open = execution->open_inputs.find(input_id);
    if (open == execution->open_inputs.end() || monotonic_ns() >= open->second.until_ns) {
      execution->open_inputs.erase(input_id);
      return {CAPSULE_E_STATE, "input_id: nobody waits for input " + std::to_string(input_id)};
    }
    number = open->second.number;
    if (Status status = number != 0 && line.text ? execution->request.durable->check_input(*line.text) : Status();
        !status.ok()) {
      return status;
    }
    execution->open_inputs.erase(open);
    session.trace_answer(*execution, input_id, line, AnsweredBy::kHost);
    if (number == 0) {
      session.give_line(*execution, input_id, {}, line);
      return {};
    }
  }
  execution->request.durable->record_input(number, std::move(line),
                                           [execution, input_id](const Status &status, const InputLine &first) {
                                             const Lock lock(execution->session->mutex_);
                                             execution->session->give_line(*execution, input_id, status, first);
                                           });
  return {};
}

void Session::trace_answer(const Execution &execution, std::uint64_t input_id, const InputLine &line, AnsweredBy by) {
  trace_.add({.kind = CAPSULE_TRACE_INPUT_ANSWERED,
              .execution_id = execution.id,
              .status = line.text ? 0 : 1,
              .arguments = {input_id, static_cast<std::uint64_t>(by)}});
}

void Session::give_line(const Execution &execution, std::uint64_t input_id, const Status &status, const InputLine &line) {
  if (execution.phase != ExecutionPhase::kRunning) {
    return;
  }
  const std::size_t room = runtime_->max_frame_bytes() - wire::kFrameOverhead;
  std::string failure = status.ok() ? "" : status.message();
  if (failure.empty() && line.text && line.text->size() > room) {
    failure = "it has " + std::to_string(line.text->size()) + " bytes";
  }
  if (!failure.empty()) {
    failure.insert(0, "the input's promise cannot be had: ");
    send_control(execution.id, wire::InputResponse{input_id, {}, true, failure});
  } else {
    send_control(execution.id, wire::InputResponse{input_id, line.text ? wire::Text(*line.text) : wire::Text(), !line.text});
  }
}

}  // namespace capsule
