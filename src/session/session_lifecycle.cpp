// Birth, readiness, death and closing of a session's workers. Functions named on_… and start_worker run on the loop thread.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/zygote.hpp"

namespace capsule {
namespace {

// When to ask the kernel how a worker died, after its pidfd said that it did: the zygote's report comes within the first;
// later ones are for a zygote that is gone, and for init, which reaps in its place.
constexpr std::uint64_t kStatusDelaysMs[] = {20, 200, 1000};

// How often a session is tried to be born when zygotes die over it.
constexpr int kMaxBirths = 3;

// Between the end of a worker's channel and the end of the worker.
constexpr std::uint64_t kChannelLostNs = 200 * kNsPerMs;

std::string signal_text(int number) {
  const char *name = sigabbrev_np(number);
  return std::to_string(number) + (name == nullptr ? "" : " (SIG" + std::string(name) + ")");
}

std::string describe_death(const Worker &worker, std::int32_t reason) {
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

}  // namespace

void Session::begin_start() {
  runtime_->loop().post([self = shared_from_this()] { self->start_worker(); });
}

void Session::start_worker() {
  std::vector<UniqueFd> child_fds;
  auto made = Worker::create(runtime_->max_frame_bytes(), options_.output_queue_bytes, child_fds);
  {
    Notifications notifications;
    const Lock lock(mutex_);
    if (closing()) {
      terminate(notifications);
      return;
    }
    if (!made.ok()) {
      fail_start(notifications, made.status());
      return;
    }
    worker_ = made.value();
    worker_->incarnation = runtime_->next_incarnation();
    worker_->control.send(0, wire::Hello{.max_frame_bytes = runtime_->max_frame_bytes(),
                                         .session_id = id_,
                                         .heartbeat_interval_ms = options_.heartbeat_interval_ms,
                                         .output_window_bytes = options_.output_window_bytes,
                                         .output_policy = static_cast<std::uint8_t>(options_.output_policy),
                                         .idle_tasks = options_.idle_tasks});
    if (options_.profile.start == CAPSULE_START_SPAWN) {
      wire::Preload preload;
      preload.modules.assign(options_.profile.preload.begin(), options_.profile.preload.end());
      worker_->control.send(0, preload);
    }
  }
  const std::shared_ptr<Worker> worker = made.value();
  const std::uint64_t deadline = deadline_after_ms(options_.start_timeout_ms);
  worker->start_timer = runtime_->loop().add_timer(
      deadline, [self = shared_from_this(), weak = std::weak_ptr(worker)] { self->on_start_timeout(weak); });
  // The zygote keeps these until the process ends; the session must not be kept alive by them.
  const std::weak_ptr<Session> weak = weak_from_this();
  runtime_->zygote(options_.profile)
      ->fork_session(
          worker->incarnation, std::move(child_fds),
          [self = shared_from_this(), worker](Result<Process> process) { self->on_born(worker, std::move(process)); },
          [weak, worker](ExitStatus status) {
            if (const auto self = weak.lock()) {
              worker->exit_status = status;
              if (worker->gone) {
                self->bury(worker);
              }
            }
          });
}

void Session::on_born(const std::shared_ptr<Worker> &worker, Result<Process> process) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_ != worker) {  // given up meanwhile
    if (process.ok()) {
      kill_group(process.value().pidfd, process.value().pid);
    }
    return;
  }
  if (!process.ok()) {
    if (process.status().code() == CAPSULE_E_DIED && !closing() && ++births_failed_ < kMaxBirths) {
      release_worker();
      begin_start();
    } else {
      fail_start(notifications, process.status());
    }
    return;
  }
  births_failed_ = 0;
  worker->process = std::move(process.value());
  runtime_->count_worker_started();
  Loop &loop = runtime_->loop();
  const auto self = shared_from_this();
  worker->control_watch = loop.watch_readable(worker->control.fd(), [self, worker] { self->on_control_readable(worker); });
  worker->process_watch = loop.watch_readable(worker->process.pidfd.get(), [self, worker] { self->on_worker_gone(worker); });
  worker->handoff = loop.add_handoff(worker->work.fd(), [self, worker] { self->on_work_readable(worker); });
  if (closing()) {
    kill_worker();
  } else {
    state_ = CAPSULE_SESSION_WARMING;
  }
}

void Session::on_ready(const std::shared_ptr<Worker> &worker, const wire::Ready &ready) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_ != worker || worker->ready) {
    return;
  }
  if (!ready.failure.empty()) {
    start_status_ = Status(CAPSULE_E_PRELOAD, std::string(ready.failure));
    return;  // it exits by itself
  }
  worker->ready = true;
  runtime_->loop().cancel_timer(worker->start_timer);
  counters_.ready_ns = monotonic_ns();
  counters_.cpu_ns = 0;
  counters_.heartbeat_ns = 0;
  const std::string version(ready.python_version.substr(0, sizeof counters_.python_version - 1));
  version.copy(counters_.python_version, version.size());
  counters_.python_version[version.size()] = '\0';
  log_record(CAPSULE_LOG_INFO, "event=session_ready session={} pid={}", id_, worker->process.pid);
  if (state_ == CAPSULE_SESSION_WARMING) {
    state_ = CAPSULE_SESSION_READY;
    start_status_ = Status();
    ++times_ready_;
    changed_.notify_all();
    dispatch(notifications);
  } else if (closing()) {
    proceed_close();
  }
}

void Session::on_start_timeout(const std::weak_ptr<Worker> &weak) {
  const auto worker = weak.lock();
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker && worker_ == worker && !worker->ready) {
    const auto zygote = runtime_->zygote(options_.profile);
    fail_start(notifications, Status(CAPSULE_E_TIMEOUT, "the worker was not ready within start_timeout_ms = " +
                                                            std::to_string(options_.start_timeout_ms)));
    zygote->kill_if_stuck();
  }
}

// A worker that never got ready: the session is in error, and what waits for it ends.
void Session::fail_start(Notifications &notifications, const Status &status) {
  log_record(CAPSULE_LOG_WARN, "event=session_failed session={} status={}", id_, status_name(status.code()));
  kill_worker();
  release_worker();
  start_status_ = status;
  counters_.death_reason = CAPSULE_DEATH_START;
  if (closing()) {
    terminate(notifications);
    return;
  }
  state_ = CAPSULE_SESSION_ERROR;
  capsule_event death{};
  death.death_reason = CAPSULE_DEATH_START;
  death.death_certain = 1;
  end_queued(notifications, CAPSULE_OUTCOME_DIED, "WorkerDied", status.message(), death);
  changed_.notify_all();
}

// Gives the worker up; what it still holds is closed when the last callback lets go of it.
void Session::release_worker() {
  const std::shared_ptr<Worker> worker = std::exchange(worker_, nullptr);
  if (!worker) {
    return;
  }
  worker->gone = true;
  past_frames_sent_ += worker->frames_sent();
  past_bytes_sent_ += worker->bytes_sent();
  add_executor_metrics(past_metrics_, worker->shared.counters());
  uncredited_ = 0;
  last_death_ = describe_death(*worker, counters_.death_reason);
  Loop &loop = runtime_->loop();
  loop.cancel_timer(worker->start_timer);
  worker->control_watch.reset();
  worker->process_watch.reset();
  if (worker->handoff != 0) {
    loop.remove_handoff(worker->handoff, worker->work.fd());
  }
  if (!worker->exit_status) {
    runtime_->zygote(options_.profile)->forget(worker->incarnation);
  }
}

void Session::on_worker_gone(const std::shared_ptr<Worker> &worker) {
  worker->process_watch.reset();
  {
    const Lock lock(mutex_);
    if (worker_ != worker) {
      return;
    }
    worker->gone = true;  // nothing more is handed to it
  }
  // Whoever reads in the loop's place leaves; then what the worker sent before it died is read to the end.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(worker->wake.get(), &one, sizeof one);
  {
    const std::lock_guard reader(worker->reader);
    while (!worker->work_ended && receive_work(*worker) == ReceiveState::kMore) {
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
  if (static_cast<std::size_t>(attempt) == std::size(kStatusDelaysMs) || (worker->kill_sent && !reported)) {
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

// The channel is at its end and the process is not, or not yet. One that stays has closed its descriptors, or is another program now.
void Session::on_channel_lost(const std::shared_ptr<Worker> &worker) {
  runtime_->loop().add_timer(monotonic_ns() + kChannelLostNs, [self = shared_from_this(), worker] {
    const Lock lock(self->mutex_);
    if (self->worker_ == worker && !worker->gone) {
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
  OutputQueue::Cursor cursor = worker.received;
  const OutputQueue::Cursor head = worker.shared.queue().head();
  while (const auto record = worker.shared.queue().peek(cursor, head)) {
    std::string data;
    const OutputQueue::Cursor at = cursor;
    worker.shared.queue().take(cursor, head, kChunk, data);
    if (cursor == at) {
      break;  // the memory changes while it is read: a child of the worker has it too
    }
    deliver_output(notifications, record->execution_id, static_cast<std::uint8_t>(record->stream), data, now);
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
      deliver_output(notifications, record.execution_id, static_cast<std::uint8_t>(record.stream), data, now);
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
      const std::string_view data(buffer, static_cast<std::size_t>(count));
      deliver_output(notifications, current_ ? current_->id : 0, static_cast<std::uint8_t>(stream), data, now);
    }
  }
  counters_.recovered_output_bytes += counters_.output_bytes - before;
}

// The end of a worker whose death is understood: its last words, its execution's end, and what the session does next.
void Session::bury(const std::shared_ptr<Worker> &worker) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_ != worker) {
    return;
  }
  kill_group(worker->process.pidfd, worker->process.pid);  // what the zygote did, in case it is gone
  recover_output(notifications, *worker);
  counters_.death_reason = death_reason(*worker);
  log_record(CAPSULE_LOG_INFO, "event=worker_gone session={} pid={} reason={}", id_, worker->process.pid,
             counters_.death_reason);
  if (!worker->ready) {
    const Status reason =
        !start_status_.ok() ? start_status_
        : !worker->protocol_error.ok()
            ? worker->protocol_error
            : Status(CAPSULE_E_WORKER, describe_death(*worker, counters_.death_reason) + " before it was ready");
    fail_start(notifications, reason);
    return;
  }
  const bool expected = closing() || restarting_ || worker->kill_sent;
  if (!expected) {
    runtime_->count_worker_died();
  }
  if (!closing()) {
    state_ = CAPSULE_SESSION_ERROR;
  }
  const std::string message = describe_death(*worker, counters_.death_reason);
  if (current_) {
    const std::shared_ptr<Execution> execution = current_;
    end(notifications, execution, death_event(*worker, execution.get()));
  }
  release_worker();
  if (closing()) {
    terminate(notifications);
  } else if (!restarting_) {
    end_queued(notifications, CAPSULE_OUTCOME_DIED, "WorkerDied", message + " before this execution ran",
               death_event(*worker, nullptr).fields);
  }
  changed_.notify_all();
}

void Session::break_protocol(Worker &worker, const Status &error) {
  if (worker.protocol_error.ok()) {
    ++counters_.frames_rejected;
    worker.protocol_error = error;
    log_record(CAPSULE_LOG_ERROR, "event=protocol_error session={} pid={}", id_, worker.process.pid);
    kill_group(worker.process.pidfd, worker.process.pid);
  }
}

void Session::kill_worker() {
  if (worker_ && worker_->process.pidfd.valid() && !worker_->gone) {
    worker_->kill_sent = true;
    kill_group(worker_->process.pidfd, worker_->process.pid);
  }
}

Status Session::wait_ready(std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  const auto settled = [this] { return state_ != CAPSULE_SESSION_CREATING && state_ != CAPSULE_SESSION_WARMING; };
  while (!settled()) {
    if (deadline_ns == kNoDeadline) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns))) ==
                   std::cv_status::timeout &&
               !settled()) {
      return {CAPSULE_E_TIMEOUT, "the session was not ready within timeout_ms"};
    }
  }
  if (state_ == CAPSULE_SESSION_ERROR) {
    return start_status_.ok() ? died_status() : start_status_;
  }
  return closing() ? Status(CAPSULE_E_CLOSED, "session is closed") : Status();
}

Status Session::restart() {
  Lock lock(mutex_);
  if (closing()) {
    return {CAPSULE_E_CLOSED, "session is closed"};
  }
  if (restarting_) {
    return {CAPSULE_E_BUSY, "session is being restarted by another thread"};
  }
  restarting_ = true;
  // One that is being born gets ready or fails within its start timeout; then it can be killed like any other.
  changed_.wait(lock, [this] { return state_ != CAPSULE_SESSION_CREATING && state_ != CAPSULE_SESSION_WARMING; });
  kill_worker();
  changed_.wait(lock, [this] { return worker_ == nullptr || closing(); });
  if (!closing()) {
    ++counters_.restarts;
    state_ = CAPSULE_SESSION_CREATING;
    start_status_ = Status();
    begin_start();
  }
  restarting_ = false;
  // Success is that it got ready, even if the code that was queued has killed it again since.
  const std::uint64_t before = times_ready_;
  changed_.wait(lock, [&] {
    return times_ready_ != before || (state_ != CAPSULE_SESSION_CREATING && state_ != CAPSULE_SESSION_WARMING);
  });
  if (times_ready_ != before) {
    return {};
  }
  return closing() ? Status(CAPSULE_E_CLOSED, "session is closed") : start_status_;
}

void Session::begin_close(std::uint64_t deadline_ns) {
  Notifications notifications;
  const Lock lock(mutex_);
  if (state_ == CAPSULE_SESSION_TERMINATED || deadline_ns >= close_deadline_ns_) {
    return;
  }
  close_deadline_ns_ = deadline_ns;
  state_ = CAPSULE_SESSION_SHUTTING_DOWN;
  changed_.notify_all();
  end_queued(notifications, CAPSULE_OUTCOME_KILLED, "WorkerKilled", "the session was closed before this execution ran");
  runtime_->loop().post([self = shared_from_this(), deadline_ns] {
    const Lock inner(self->mutex_);
    self->proceed_close();
    if (self->worker_) {
      self->runtime_->loop().add_timer(deadline_ns, [self] { self->on_close_deadline(); });
    }
  });
}

void Session::on_close_deadline() {
  Notifications notifications;
  const Lock lock(mutex_);
  if (worker_ && !worker_->process.pidfd.valid()) {
    release_worker();  // not born yet: the zygote kills it at birth
    terminate(notifications);
  } else {
    kill_worker();
  }
}

// Under the lock, any thread: whatever the closing session can do now.
void Session::proceed_close() {
  if (!worker_) {
    runtime_->loop().post([self = shared_from_this()] {
      Notifications inner_notifications;
      const Lock inner(self->mutex_);
      self->terminate(inner_notifications);
    });
    return;
  }
  if (worker_->ready && !current_ && !shutdown_sent_) {
    shutdown_sent_ = true;
    send_control(0, wire::Shutdown{});
  }
}

void Session::terminate(Notifications &notifications) {
  if (worker_ || state_ == CAPSULE_SESSION_TERMINATED) {
    return;
  }
  state_ = CAPSULE_SESSION_TERMINATED;
  end_queued(notifications, CAPSULE_OUTCOME_KILLED, "WorkerKilled", "the session was closed before this execution ran");
  changed_.notify_all();
  runtime_->forget_session(id_);
}

void Session::wait_terminated() {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ == CAPSULE_SESSION_TERMINATED; });
}

Status Session::close(std::int64_t timeout_ms) {
  begin_close(timeout_ms == 0 ? 0 : deadline_after_ms(timeout_ms));
  wait_terminated();
  return {};
}

}  // namespace capsule
