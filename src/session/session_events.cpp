// From the worker's frames to the callers' events, and the waiting for them.
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "transport/output_credit.hpp"

namespace capsule {
namespace {

// Rounds of receiving before others get their turn.
constexpr int kMaxRounds = 8;

std::int32_t phase_of_own_end(const Execution &execution) {
  return execution.stop_cause == 0 ? CAPSULE_CANCEL_NONE : CAPSULE_CANCEL_DELIVERED;
}

bool is_open(ReceiveState state) { return state == ReceiveState::kMore || state == ReceiveState::kDrained; }

// The same fields in both terminal messages.
template <typename Terminal>
void write_bill(capsule_event &fields, const Terminal &message) {
  const std::optional<wire::Bill> &bill = message.bill;
  fields.input_wait_ns = message.input_wait_ns;
  fields.promise_wait_ns = message.call_wait_ns;
  fields.code_class = std::min<std::int32_t>(message.code_class, CAPSULE_CODE_UNKNOWN);
  fields.dropped_output_bytes = message.dropped_bytes;
  fields.resources_measured = bill ? 1 : 0;
  const wire::Bill cost = bill.value_or(wire::Bill());
  fields.user_cpu_ns = cost.user_cpu_ns;
  fields.system_cpu_ns = cost.system_cpu_ns;
  fields.peak_resident_delta_bytes = cost.peak_resident_delta_bytes;
  fields.minor_faults = cost.minor_faults;
  fields.major_faults = cost.major_faults;
  fields.voluntary_switches = cost.voluntary_switches;
  fields.involuntary_switches = cost.involuntary_switches;
}

}  // namespace

Result<Event> Session::next(Execution &execution, std::uint64_t deadline_ns) {
  for (;;) {
    auto event = execution.events.try_pop();
    if (event.ok() && event.value().charge > 0) {
      const Lock lock(mutex_);
      take_charge(execution, event.value().charge, event.value().over_credit);
    }
    if (event.ok() || event.status().code() != CAPSULE_E_TIMEOUT) {
      if (event.ok()) {
        event.value().fields.execution_id = execution.id;
      }
      trace_delivery(execution, event);
      return event;
    }
    if (deadline_ns == 0 || monotonic_ns() >= deadline_ns) {
      return event;
    }
    help(execution, deadline_ns);
    execution.events.wait(deadline_ns);
  }
}

// A caller that waits reads the work channel itself, in the loop thread's place: one wake-up less for each answer. The
// channel still has one reader at a time: whoever holds `reader`.
void Session::help(Execution &execution, std::uint64_t deadline_ns) {
  std::shared_ptr<Worker> worker;
  {
    const Lock lock(mutex_);
    if (!worker_ || worker_->gone || worker_->handoff == 0) {
      return;
    }
    worker = worker_;
  }
  std::unique_lock reader(worker->reader, std::try_to_lock);
  if (!reader || worker->work_ended) {
    return;
  }
  // Budget: two epoll_ctl, and a poll and a recv for each answer.
  runtime_->loop().disarm(worker->handoff, worker->work.fd());
  execution.events.set_helper(worker->wake.get());
  while (!execution.events.ready()) {
    pollfd fds[2] = {{worker->work.fd(), POLLIN, 0}, {worker->wake.get(), POLLIN, 0}};
    const int count = ::poll(fds, 2, poll_timeout_ms(deadline_ns));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (fds[1].revents != 0) {
      std::uint64_t woken = 0;
      [[maybe_unused]] const ssize_t taken = ::read(worker->wake.get(), &woken, sizeof woken);
      break;
    }
    if (count <= 0 || receive_work(*worker) == ReceiveState::kEnd) {
      break;
    }
    if (deadline_ns != kNoDeadline && monotonic_ns() >= deadline_ns) {
      break;  // a worker may send for ever what is no event of this execution
    }
  }
  execution.events.set_helper(-1);
  const bool ended = worker->work_ended;
  // Unlocked first: the loop thread, woken at once, must find the role free. Whoever takes it in between arms when it leaves.
  reader.unlock();
  if (!ended) {
    runtime_->loop().arm(worker->handoff, worker->work.fd());
  }
}

ReceiveState Session::receive_work(Worker &worker) {
  ReceiveState state = ReceiveState::kMore;
  for (int round = 0; round < kMaxRounds && state == ReceiveState::kMore; ++round) {
    state = worker.work.receive_round(
        [this, &worker](const wire::Envelope &envelope, std::size_t bytes) { on_work_frame(worker, envelope, bytes); },
        /*with_fds=*/true);
  }
  if (state == ReceiveState::kBroken) {
    const Lock lock(mutex_);
    break_protocol(worker, worker.work.error(), worker.work.reject_reason());
    state = ReceiveState::kEnd;
  }
  if (state == ReceiveState::kEnd) {
    worker.work_ended = true;
  }
  return state;
}

void Session::on_work_readable(const std::shared_ptr<Worker> &worker) {
  const std::unique_lock reader(worker->reader, std::try_to_lock);
  if (!reader || worker->work_ended) {
    return;  // a caller reads, and arms the watch when it leaves
  }
  if (receive_work(*worker) != ReceiveState::kEnd) {
    runtime_->loop().arm(worker->handoff, worker->work.fd());
  }
}

void Session::show_received(std::int32_t channel, const wire::Envelope &envelope, std::size_t bytes) {
  show({.direction = CAPSULE_FRAME_FROM_WORKER,
        .channel = channel,
        .execution_id = envelope.execution_id,
        .kind = wire::body_name(envelope.body),
        .message = envelope.body.index(),
        .bytes = bytes,
        .time_ns = envelope.time_ns});
}

void Session::on_work_frame(Worker &worker, const wire::Envelope &envelope, std::size_t bytes) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_.get() != &worker || !worker.protocol_error.ok()) {
    return;  // given up meanwhile, or not to be believed any more
  }
  log_record(*log_level_, LogEvent::frame_routed, "session={} channel=work execution={} message_id={} kind={} route={}", id_,
             envelope.execution_id, envelope.message_id, wire::body_name(envelope.body),
             current_ && current_->id == envelope.execution_id ? "execution" : "session");
  ++counters_.frames_received;
  counters_.bytes_received += bytes;
  collect_if_due(worker);
  show_received(CAPSULE_CHANNEL_WORK, envelope, bytes);
  if (const auto *output = std::get_if<wire::Output>(&envelope.body)) {
    const std::uint64_t charge = output_charge(output->stream, output->data.size());
    if (charge > worker.allowance) {
      return break_protocol(worker, Status(CAPSULE_E_PROTOCOL, "it sent more output than it had credit for"));
    }
    worker.allowance -= charge;
    worker.received = {output->queue_position, output->captured_position};
    OutputPiece piece{.execution_id = envelope.execution_id,
                      .time_ns = envelope.time_ns,
                      .writer_id = output->writer_id,
                      .stream = output->stream,
                      .origin = output->origin,
                      .data = std::string(output->data),
                      .charge = charge};
    if (output->stream != kMessageStream) {
      deliver_output(notifications, std::move(piece));
    } else if (!deliver_message(notifications, worker, piece)) {
      break_protocol(worker, Status(CAPSULE_E_PROTOCOL, "what was displayed is malformed or too large"),
                     RejectReason::kMalformed);
    }
    return;
  }
  if (std::holds_alternative<wire::Unknown>(envelope.body)) {
    ++counters_.frames_unknown;
    return;
  }
  if (held_end_) {
    return;  // it is given up, and what ran is over
  }
  if (!current_ || envelope.execution_id != current_->id) {
    return break_protocol(worker, Status(CAPSULE_E_PROTOCOL, "a frame for execution " + std::to_string(envelope.execution_id) +
                                                                 " came when it was not running"));
  }
  if (!std::holds_alternative<wire::InputRequest>(envelope.body)) {
    trace_.add({.kind = CAPSULE_TRACE_EXECUTION_RESULT_RECEIVED, .execution_id = current_->id});
  }
  if (const auto *request = std::get_if<wire::InputRequest>(&envelope.body)) {
    on_input_request(notifications, envelope, *request);
  } else if (const auto *result = std::get_if<wire::Result>(&envelope.body)) {
    on_result(notifications, worker, envelope, *result);
  } else if (const auto *error = std::get_if<wire::Error>(&envelope.body)) {
    on_error(notifications, envelope, *error);
  } else {
    break_protocol(worker, Status(CAPSULE_E_PROTOCOL, std::string("a worker does not send ") + wire::body_name(envelope.body) +
                                                          " on the work channel"));
  }
}

// A value that cannot be read is told of as one that could not be had.
void Session::read_result(Worker &worker, const wire::Answer &answer, Event &event) {
  UniqueFd attached = answer.attached ? worker.work.take_fd() : UniqueFd();
  Status status = status_of(answer);
  if (status.ok()) {
    auto value = ReadValue::open(Reply(answer, std::move(attached)));
    status = value.status();
    event.storage->value = status.ok() ? std::move(value.value()) : nullptr;
  }
  event.fields.value = status.ok() ? &event.storage->value->fields() : nullptr;
  event.fields.value_status = status.code();
  if (!status.ok()) {
    event.fields.value_message = event.keep(2, status.message());
  }
}

void Session::on_result(Notifications &notifications, Worker &worker, const wire::Envelope &envelope,
                        const wire::Result &result) {
  Event event;
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_RESULT;
  fields.time_ns = envelope.time_ns;
  fields.outcome = CAPSULE_OUTCOME_OK;
  fields.cancel_phase = phase_of_own_end(*current_);
  fields.state = CAPSULE_STATE_PRESERVED;
  fields.duration_ns = result.duration_ns;
  write_bill(fields, result);
  fields.repr_size_bytes = result.repr_size_bytes;
  if (result.repr.data() != nullptr) {
    fields.repr = event.keep(0, result.repr);
    fields.type_name = event.keep(1, result.type_name);
  }
  if (result.value) {
    read_result(worker, *result.value, event);
  } else if (result.json.data() != nullptr) {
    fields.json = event.keep(2, result.json);
  }
  conclude(notifications, std::move(event));
}

void Session::on_error(Notifications &notifications, const wire::Envelope &envelope, const wire::Error &error) {
  Event event;
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_ERROR;
  fields.time_ns = envelope.time_ns;
  fields.state = CAPSULE_STATE_PRESERVED;
  fields.duration_ns = error.duration_ns;
  write_bill(fields, error);
  fields.exit_code = error.exit_code;
  fields.error_type = event.keep(0, error.error_type);
  fields.message = event.keep(1, error.message);
  if (error.traceback.data() != nullptr) {
    fields.traceback = event.keep(2, error.traceback);
  }
  const bool stopped = error.interrupted && current_->stop_cause != 0;
  fields.outcome = stopped ? current_->stop_cause : CAPSULE_OUTCOME_ERROR;
  fields.cancel_phase = stopped ? CAPSULE_CANCEL_INTERRUPTED : phase_of_own_end(*current_);
  if (stopped) {
    trace_.add({.kind = CAPSULE_TRACE_CANCEL_EFFECTIVE,
                .execution_id = current_->id,
                .arguments = {monotonic_ns() - current_->stop_ns}});
  }
  if (fields.outcome == CAPSULE_OUTCOME_TIMEOUT) {
    fields.error_type = event.keep(0, "TimeoutError");
    fields.message = event.keep(1, timeout_text(*current_));
  } else if (fields.outcome == CAPSULE_OUTCOME_ERROR) {
    const std::string name(error.error_type.substr(0, sizeof counters_.last_error_type - 1));
    name.copy(counters_.last_error_type, name.size());
    counters_.last_error_type[name.size()] = '\0';
  }
  conclude(notifications, std::move(event));
}

// What is more than it may send at once waits for the next turn: others' workers have theirs in between. Of one that is gone all is read
// that it had sent; a child of it may have the channel too, and send without end.
void Session::on_control_readable(const std::shared_ptr<Worker> &worker) {
  ReceiveState state = ReceiveState::kMore;
  const std::uint64_t end = worker->gone ? worker->control.end_now() : 0;
  bool moves = true;  // else what the kernel counts is not to be had
  const auto goes_on = [&](int round) {
    return worker->gone ? moves && worker->control.received_to() < end : round < kMaxRounds && state == ReceiveState::kMore;
  };
  for (int round = 0; round == 0 || (goes_on(round) && is_open(state)); ++round) {
    const std::uint64_t before = worker->control.received_to();
    state = worker->control.receive_round(
        [this, &worker](const wire::Envelope &envelope, std::size_t bytes) { on_control_frame(worker, envelope, bytes); },
        /*with_fds=*/true);
    moves = worker->control.received_to() != before;
  }
  if (state == ReceiveState::kBroken) {
    const Lock lock(mutex_);
    break_protocol(*worker, worker->control.error(), worker->control.reject_reason());
  }
  if (!is_open(state)) {
    worker->control_watch.reset();  // its death is told by the pidfd
    on_channel_lost(worker);
  }
}

void Session::on_control_frame(const std::shared_ptr<Worker> &worker, const wire::Envelope &envelope, std::size_t bytes) {
  log_record(*log_level_, LogEvent::frame_routed, "session={} channel=control message_id={} kind={} route=session", id_,
             envelope.message_id, wire::body_name(envelope.body));
  {
    const Lock lock(mutex_);
    ++counters_.frames_received;
    counters_.bytes_received += bytes;
    collect_if_due(*worker);
    show_received(CAPSULE_CHANNEL_CONTROL, envelope, bytes);
    if (const auto *beat = std::get_if<wire::Heartbeat>(&envelope.body)) {
      note_heartbeat(*beat);
      return;
    }
    if (std::holds_alternative<wire::Unknown>(envelope.body)) {
      ++counters_.frames_unknown;
      return;
    }
  }
  if (const auto *events = std::get_if<wire::TraceEvents>(&envelope.body)) {
    const Lock lock(mutex_);
    take_events(*worker, *events);
    return;
  }
  if (const auto *ack = std::get_if<wire::HelloAck>(&envelope.body)) {
    if (const Status peer = wire::check_peer(ack->protocol_major, ack->protocol_minor, ack->reason); !peer.ok()) {
      const Lock lock(mutex_);
      break_protocol(*worker, peer, RejectReason::kVersion);
    }
  } else if (const auto *ready = std::get_if<wire::Ready>(&envelope.body)) {
    on_ready(worker, *ready);
  } else if (const auto *answer = std::get_if<wire::Answer>(&envelope.body)) {
    on_answer(*worker, *answer, answer->attached ? worker->control.take_fd() : UniqueFd());
  } else if (const auto *call = std::get_if<wire::Call>(&envelope.body)) {
    on_call(*worker, envelope, *call);
  } else if (const auto *gone = std::get_if<wire::CallGiveUp>(&envelope.body); gone != nullptr && calls_) {
    calls_->give_up(worker->incarnation, gone->call_id);
  } else if (const auto *taken = std::get_if<wire::CallCredit>(&envelope.body); taken != nullptr && calls_) {
    calls_->pieces_taken(worker->incarnation, taken->call_id, taken->count);
  } else if (const auto *piece = std::get_if<wire::CallPiece>(&envelope.body); piece != nullptr && calls_) {
    on_piece(*worker, *piece);
  } else if (const auto *log = std::get_if<wire::Log>(&envelope.body)) {
    const Lock lock(mutex_);
    if (worker->start_log) {
      worker->start_log->add(log->line);  // the rest of it
      return;
    }
    if (worker->log_rate.admits(monotonic_ns())) {
      log_foreign(*log_level_, log->level, LogEvent::worker_log, log->line, log->line.size(),
                  "session=" + std::to_string(id_) + " source=worker");
    } else {
      count_dropped_record(log->level);
    }
  }
}

void Session::flush_later(const std::shared_ptr<Worker> &worker, Channel Worker::*channel) {
  runtime_->loop().post([self = shared_from_this(), worker, channel] {
    self->runtime_->loop().when_writable((worker.get()->*channel).fd(), [self, worker, channel] {
      const Lock lock(self->mutex_);
      if (worker->gone) {
        return;
      }
      if (const Status sent = (worker.get()->*channel).flush(); !sent.ok()) {
        self->break_protocol(*worker, Status(sent.code(), "the host cannot send to the worker: " + sent.message()));
      }
      if ((worker.get()->*channel).pending()) {
        self->flush_later(worker, channel);
      }
    });
  });
}

}  // namespace capsule
