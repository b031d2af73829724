// How a worker's death is noticed, told of, and cleared up after. Functions named on_… run on the loop thread.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "diagnostics/fault_text.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/zygote.hpp"
#include "transport/output_credit.hpp"

namespace capsule {
namespace {

// When to ask the kernel how a worker died, after its pidfd said that it did: the zygote's report comes within the first; the next two are
// for a zygote that is gone, and for init, which reaps in its place; the others for a zygote that waits for a processor.
constexpr std::uint64_t kStatusDelaysMs[] = {20, 200, 1000, 1000, 1000, 1000, 1000};
constexpr std::size_t kDelaysWithoutReport = 3;

// Between the end of a worker's channel and the end of the worker, asked for so many times while it is on its way.
constexpr std::uint64_t kChannelLostNs = 200 * kNsPerMs;
constexpr int kChannelLostTries = 50;

std::string signal_text(int number) {
  const char *name = sigabbrev_np(number);
  return std::to_string(number) + (name == nullptr ? "" : " (SIG" + std::string(name) + ")");
}

}  // namespace

std::string Session::describe_death(const Worker &worker, std::int32_t reason) {
  const std::string who = "worker process " + std::to_string(worker.process.pid);
  switch (reason) {
    case CAPSULE_DEATH_EXIT:
      return who + " exited with status " + std::to_string(worker.exit_status->exit_code);
    case CAPSULE_DEATH_SIGNAL:
    case CAPSULE_DEATH_CPU_LIMIT:
      return who + " was killed by signal " + signal_text(worker.exit_status->signal_number);
    case CAPSULE_DEATH_PROTOCOL:
      return who + " broke the protocol and was killed: " + worker.protocol_error.message();
    case CAPSULE_DEATH_HOST_REQUEST:
      return who + " was killed at the host's request";
    default:
      return who + " is gone; how it ended is not known";
  }
}

void Session::on_worker_gone(const std::shared_ptr<Worker> &worker) {
  worker->process_watch.reset();
  {
    const Lock lock(mutex_);
    if (worker_ != worker) {
      return;
    }
    const std::uint64_t now = monotonic_ns();
    tell_missed_heartbeats(now);
    past_missed_ += missed_heartbeats(now);
    worker->gone = true;  // nothing more is handed to it
  }
  // Whoever reads in the loop's place leaves; then what the worker sent before it died is read to the end.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(worker->wake.get(), &one, sizeof one);
  {
    const std::lock_guard reader(worker->reader);
    // Up to where it had sent: a child of it may have the channel too, and send without end. A round may end early, where descriptors came.
    const std::uint64_t end = worker->work.end_now();
    bool moves = true;  // else what the kernel counts is not to be had
    while (!worker->work_ended && moves && worker->work.received_to() < end) {
      const std::uint64_t before = worker->work.received_to();
      receive_work(*worker);
      moves = worker->work.received_to() != before;
    }
    worker->work_ended = true;
  }
  if (worker->control_watch) {
    on_control_readable(worker);
  }
  if (worker->exit_status) {
    bury(worker);
  } else {
    await_exit_status(worker, 0);
  }
}

// Only the parent learns how a process ended, and the parent is the zygote: its report is waited for. If it is gone, the kernel may
// tell; else nobody can.
void Session::await_exit_status(const std::shared_ptr<Worker> &worker, int attempt) {
  const bool reported = runtime_->zygote(options_.profile)->will_report(worker->incarnation);
  // Of one that the host itself has killed there is nothing more to learn.
  const std::size_t most = reported ? std::size(kStatusDelaysMs) : kDelaysWithoutReport;
  if (static_cast<std::size_t>(attempt) >= most || (worker->kill_sent && !reported)) {
    worker->exit_status = ask_exit_status(worker->process.pidfd);
    bury(worker);
    return;
  }
  const std::uint64_t deadline = monotonic_ns() + kStatusDelaysMs[attempt] * kNsPerMs;
  runtime_->loop().add_timer(deadline, [self = shared_from_this(), worker, attempt] {
    {
      const Lock lock(self->mutex_);
      if (self->worker_ != worker) {
        return;
      }
    }
    worker->exit_status = ask_exit_status(worker->process.pidfd);
    if (worker->exit_status) {
      self->bury(worker);
    } else {
      self->await_exit_status(worker, attempt + 1);
    }
  });
}

// The channel is at its end and the process is not, or not yet. One that stays has closed its descriptors, or is another program now. It is
// asked for itself: this thread may have come so late that the timer is served before the news of the death.
void Session::on_channel_lost(const std::shared_ptr<Worker> &worker, int attempt) {
  runtime_->loop().add_timer(monotonic_ns() + kChannelLostNs, [self = shared_from_this(), worker, attempt] {
    const Lock lock(self->mutex_);
    if (self->worker_ != worker || worker->gone || is_gone(worker->process.pidfd)) {
      return;
    }
    if (attempt < kChannelLostTries && is_ending(worker->process.pid)) {
      self->on_channel_lost(worker, attempt + 1);
    } else {
      self->break_protocol(*worker, Status(CAPSULE_E_PROTOCOL, "it let go of its channel to the host"));
    }
  });
}

std::int32_t Session::death_reason(const Worker &worker) const {
  if (!worker.protocol_error.ok()) {
    return CAPSULE_DEATH_PROTOCOL;
  }
  if (worker.kill_sent && (!worker.exit_status || worker.exit_status->signal_number == SIGKILL)) {
    return CAPSULE_DEATH_HOST_REQUEST;
  }
  if (!worker.exit_status) {
    return CAPSULE_DEATH_UNKNOWN;
  }
  if (worker.exit_status->signal_number == SIGXCPU) {
    return CAPSULE_DEATH_CPU_LIMIT;
  }
  return worker.exit_status->signal_number != 0 ? CAPSULE_DEATH_SIGNAL : CAPSULE_DEATH_EXIT;
}

// Without an execution: what the death means for those that were still queued.
Event Session::death_event(const Worker &worker, const Execution *execution) const {
  const std::int32_t reason = death_reason(worker);
  const bool killed = reason == CAPSULE_DEATH_HOST_REQUEST;
  Event event;
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_ERROR;
  fields.state = CAPSULE_STATE_LOST;
  fields.death_reason = reason;
  fields.death_certain = worker.exit_status || reason == CAPSULE_DEATH_PROTOCOL ? 1 : 0;
  if (worker.exit_status) {
    fields.exit_code = worker.exit_status->exit_code;
    fields.signal_number = worker.exit_status->signal_number;
  }
  if (!killed) {
    fields.outcome = CAPSULE_OUTCOME_DIED;
  } else {
    fields.outcome = execution != nullptr && execution->stop_cause != 0 ? execution->stop_cause : CAPSULE_OUTCOME_KILLED;
  }
  if (execution != nullptr && execution->stop_cause != 0) {
    fields.cancel_phase = killed ? CAPSULE_CANCEL_KILLED : CAPSULE_CANCEL_DELIVERED;
  }
  if (fields.outcome == CAPSULE_OUTCOME_TIMEOUT) {
    fields.error_type = event.keep(0, "TimeoutError");
    fields.message =
        event.keep(1, timeout_text(*execution) + "; the code did not end in the grace period, so the worker was killed");
  } else {
    fields.error_type = event.keep(0, killed ? "WorkerKilled" : "WorkerDied");
    fields.message = event.keep(1, describe_death(worker, reason));
  }
  return event;
}

// What the worker did not send: the queue in shared memory, a read that its death cut short, and what is still in the capture pipes.
void Session::recover_output(Notifications &notifications, Worker &worker) {
  constexpr std::size_t kChunk = 64U << 10U;
  constexpr int kMaxPipeReads = 32;  // more than a pipe of the largest size an unprivileged process may set
  const std::uint64_t before = counters_.output_bytes;
  const std::uint64_t now = monotonic_ns();
  const auto deliver = [&](const OutputRing::Record &record, std::string data) {
    const std::uint64_t charge = output_charge(record.stream, data.size());
    OutputPiece piece{.execution_id = record.execution_id,
                      .time_ns = now,
                      .writer_id = record.writer_id,
                      .stream = record.stream,
                      .origin = record.origin,
                      .data = std::move(data),
                      .charge = charge};
    if (record.stream == kMessageStream) {
      deliver_message(notifications, worker, piece);
    } else {
      deliver_output(notifications, std::move(piece));
    }
  };
  OutputQueue::Cursor cursor = worker.received;
  // What it dropped as the oldest was never sent, and is no longer there.
  cursor.printed = std::max(cursor.printed, worker.shared.queue().tail().printed);
  const OutputQueue::Cursor head = worker.shared.queue().head();
  while (const auto record = worker.shared.queue().peek(cursor, head)) {
    std::string data;
    const OutputQueue::Cursor at = cursor;
    worker.shared.queue().take(cursor, head, kChunk, data);
    if (cursor == at) {
      break;  // the memory changes while it is read: a child of the worker has it too
    }
    deliver(*record, std::move(data));
  }
  if (const auto cut_short = worker.shared.queue().captured().unfinished()) {
    const auto &[record, data, touched] = *cut_short;
    int waiting = 0;
    const bool known = record.stream == CAPSULE_STREAM_STDOUT || record.stream == CAPSULE_STREAM_STDERR;
    if (known) {
      ioctl(worker.capture[record.stream - 1].get(), FIONREAD, &waiting);
    }
    // Untouched, it may still hold bytes that look so: then they are no longer in the pipe.
    if (known && (touched || static_cast<std::uint32_t>(waiting) < record.size)) {
      deliver(record, data);
    }
  }
  for (const int stream : {CAPSULE_STREAM_STDOUT, CAPSULE_STREAM_STDERR}) {
    char buffer[kChunk];
    // Bounded: something may have escaped that goes on writing.
    for (int round = 0; round < kMaxPipeReads; ++round) {
      const ssize_t count = ::read(worker.capture[stream - 1].get(), buffer, sizeof buffer);
      if (count <= 0) {
        break;
      }
      deliver_output(notifications, OutputPiece{.execution_id = current_ ? current_->id : last_ended_id_,
                                                .time_ns = now,
                                                .writer_id = 0,
                                                .stream = static_cast<std::uint8_t>(stream),
                                                .origin = CAPSULE_ORIGIN_DESCRIPTOR,
                                                .data = std::string(buffer, static_cast<std::size_t>(count))});
    }
  }
  counters_.recovered_output_bytes += counters_.output_bytes - before;
}

// What is known of a death, once it is understood.
void Session::note_death(Worker &worker) {
  collect_trace(worker, /*dead=*/true);
  death_stack_ = read_death_stack(worker.shared.stacks(), worker.process.pid);
  counters_.death_reason = death_reason(worker);
  // One that exits because its session is closed is no death.
  if (!(closing() && counters_.death_reason == CAPSULE_DEATH_EXIT)) {
    if (worker.ready) {
      figures_.add(Signal::worker_deaths, 1, counters_.death_reason - 1);
    }
    const ExitStatus status = worker.exit_status.value_or(ExitStatus{});
    trace_.add({.kind = CAPSULE_TRACE_SESSION_DIED,
                .status = counters_.death_reason,
                .arguments = {static_cast<std::uint64_t>(worker.process.pid), static_cast<std::uint64_t>(status.exit_code),
                              static_cast<std::uint64_t>(status.signal_number)}});
  }
  export_session_events();
  log_record(*log_level_, LogEvent::worker_gone, "session={} pid={} reason={}", id_, worker.process.pid,
             counters_.death_reason);
}

// It died before it was ready, or while it restored what it is to begin with.
void Session::fail_to_begin(Notifications &notifications, const Worker &worker) {
  const std::string message = describe_death(worker, counters_.death_reason);
  if (!worker.ready) {
    const std::string wrote =
        worker.start_log && !worker.start_log->tail().empty() ? "; it wrote: " + worker.start_log->tail() : "";
    fail_start(notifications, !start_status_.ok() ? start_status_
                              : !worker.protocol_error.ok()
                                  ? worker.protocol_error
                                  : Status(CAPSULE_E_WORKER, message + " before it was ready" + wrote));
    return;
  }
  // To try again would end the same way.
  operation_.reset();
  ++counters_.checkpoint_restores_failed;
  if (!closing() && !worker.kill_sent) {
    runtime_->count_worker_died();
  }
  fail_start(notifications, Status(CAPSULE_E_DIED, message + " while it restored the checkpoint"));
}

// The end of a worker whose death is understood: its last words, its execution's end, and what the session does next.
void Session::bury(const std::shared_ptr<Worker> &worker) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_ != worker || switching_) {
    return;  // given up, or about to be
  }
  kill_group(worker->process.pidfd, worker->process.pid);  // what the zygote did, in case it is gone
  const std::uint64_t recovered_before = counters_.recovered_output_bytes;
  end_start_text(*worker);
  recover_output(notifications, *worker);
  note_death(*worker);
  if (!closing() && !restarting_) {
    write_postmortem(*worker, counters_.recovered_output_bytes - recovered_before);
  }
  if (calls_) {
    calls_->lost(worker->incarnation);  // before anybody can know of the death
  }
  if (!worker->ready || reloading()) {
    fail_to_begin(notifications, *worker);
    return;
  }
  const bool expected = closing() || restarting_ || worker->kill_sent;
  if (!expected) {
    runtime_->count_worker_died();
  }
  if (!closing()) {
    set_state(CAPSULE_SESSION_ERROR);
  }
  const std::string message = describe_death(*worker, counters_.death_reason);
  if (current_) {
    conclude(notifications, death_event(*worker, current_.get()));
  } else {
    revive();
  }
  release_worker();
  end_late(notifications);
  if (switching_) {
    fail_operation(notifications, Status(CAPSULE_E_DIED, "session: " + message));
    changed_.notify_all();
    return;  // it goes on
  }
  QueuedRestore next = closing() || restarting_ ? QueuedRestore() : take_queued_restore();
  fail_operations(notifications, Status(CAPSULE_E_DIED, "session: " + message + "; restart it first"));
  if (closing()) {
    terminate(notifications);
  } else if (!restarting_) {
    end_queued(notifications, CAPSULE_OUTCOME_DIED, "WorkerDied", message + " before this execution ran",
               death_event(*worker, nullptr).fields);
  }
  if (next.restore) {
    operations_ = std::move(next.operations);
    queue_ = std::move(next.executions);
    start_operation(next.restore);
  }
  changed_.notify_all();
  tell(SessionNews::kGone);
}

void Session::break_protocol(Worker &worker, const Status &error, RejectReason reason) {
  if (worker.protocol_error.ok()) {
    ++counters_.frames_rejected;
    ++past_transport_.rejected[static_cast<std::size_t>(reason)];
    worker.protocol_error = error;
    trace_.add({.kind = CAPSULE_TRACE_TRANSPORT_REJECTED,
                .execution_id = current_ ? current_->id : 0,
                .status = static_cast<std::int32_t>(reason),
                .arguments = {static_cast<std::uint64_t>(worker.process.pid)}});
    log_record(*log_level_, LogEvent::protocol_error, "session={} pid={}", id_, worker.process.pid);
    kill_group(worker.process.pidfd, worker.process.pid);
  }
}

}  // namespace capsule
