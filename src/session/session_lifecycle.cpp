// Birth, readiness and closing of a session's workers. Functions named on_… and start_worker run on the loop thread.
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"
#include "session/snapshot.hpp"
#include "session/zygote.hpp"

namespace capsule {
namespace {

// How often a session is tried to be born when zygotes die over it.
constexpr int kMaxBirths = 3;

std::uint64_t progress_interval_ns(double rate_per_s) {
  return rate_per_s == 0 ? 0 : static_cast<std::uint64_t>(static_cast<double>(kNsPerSecond) / rate_per_s);
}

wire::Hello hello_of(const SessionOptions &options, std::uint64_t session_id, std::uint32_t max_frame_bytes) {
  return {.max_frame_bytes = max_frame_bytes,
          .session_id = session_id,
          .heartbeat_interval_ms = options.heartbeat_interval_ms,
          .output_window_bytes = options.output_window_bytes,
          .output_policy = static_cast<std::uint8_t>(options.output_policy),
          .idle_tasks = options.idle_tasks,
          .coalesce_carriage_returns = options.coalesce_carriage_returns,
          .drain_timeout_ms = static_cast<std::uint64_t>(options.drain_timeout_ms),
          .input_timeout_ms = static_cast<std::uint64_t>(options.input_timeout_ms),
          .display_limit_bytes = options.display_limit_bytes,
          .progress_interval_ns = progress_interval_ns(options.progress_rate_per_s),
          .async_flags = options.async_flags,
          .ast_cache_entries = options.ast_cache_entries,
          .code_cache_entries = options.code_cache_entries,
          .calls = options.calls != nullptr,
          // Where nothing is kept, a worker need not record.
          .trace_level = static_cast<std::uint8_t>(options.trace_bytes == 0 ? CAPSULE_LOG_OFF : options.trace_level),
          .trace_messages = options.trace_transport == CAPSULE_TRACE_BY_MESSAGES,
          .trace_half = trace_half_of(session_id)};
}

}  // namespace

void Session::begin_start() {
  runtime_->loop().post([self = shared_from_this()] { self->start_worker(); });
}

void Session::start_worker() {
  std::vector<UniqueFd> child_fds;
  auto made = Worker::create(runtime_->max_frame_bytes(), options_.output_queue_bytes, child_fds);
  Birth birth;
  {
    Notifications notifications;
    const Lock lock(mutex_);
    birth = std::exchange(birth_, {});
    if (closing()) {
      terminate(notifications);
      return;
    }
    if (!made.ok()) {
      fail_start(notifications, made.status());
      return;
    }
    worker_ = made.value();
    worker_->incarnation = !birth.snapshot ? runtime_->next_incarnation()
                           : birth.keep    ? random_fork_id()
                                           : birth.snapshot->fork_id();
    worker_->began_ns = monotonic_ns();
    worker_->allowance = options_.output_window_bytes;
    worker_->number = ++workers_made_;
    worker_->path = birth.snapshot                                  ? StartPath::kRestore
                    : options_.profile.start == CAPSULE_START_SPAWN ? StartPath::kSpawn
                                                                    : StartPath::kFork;
    worker_->zygote_pid = birth.snapshot ? birth.snapshot->zygote_pid() : 0;
    worker_->work.set_label("session=" + std::to_string(id_) + " channel=work", log_level_);
    worker_->control.set_label("session=" + std::to_string(id_) + " channel=control", log_level_);
    if (options_.enable_metrics) {
      worker_->work.time_codec();
      worker_->control.time_codec();
    }
    send_control(0, hello_of(options_, id_, runtime_->max_frame_bytes()));
    if (options_.profile.start == CAPSULE_START_SPAWN && !birth.snapshot) {
      wire::Preload preload;
      preload.modules.assign(options_.profile.preload.begin(), options_.profile.preload.end());
      send_control(0, std::move(preload));
    }
  }
  const std::shared_ptr<Worker> worker = made.value();
  const std::uint64_t deadline = deadline_after_ms(options_.start_timeout_ms);
  worker->start_timer = runtime_->loop().add_timer(
      deadline, [self = shared_from_this(), weak = std::weak_ptr(worker)] { self->on_start_timeout(weak); });
  // The zygote keeps these until the process ends; the session must not be kept alive by them.
  const std::weak_ptr<Session> weak = weak_from_this();
  const Zygote::Forked forked = [self = shared_from_this(), worker](Result<Process> process, const UniqueFd & /*channel*/) {
    self->on_born(worker, std::move(process));
  };
  const Zygote::Exited exited = [weak, worker](ExitStatus status) {
    if (const auto self = weak.lock()) {
      worker->exit_status = status;
      if (worker->gone) {
        self->bury(worker);
      }
    }
  };
  if (!birth.snapshot) {
    runtime_->zygote(options_.profile)->fork_session(worker->incarnation, std::move(child_fds), forked, exited);
  } else if (birth.keep) {
    birth.snapshot->fork_session(worker->incarnation, child_fds, forked, exited);
  } else {
    birth.snapshot->become_session(child_fds, forked, exited);
  }
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
  if (worker->zygote_pid == 0) {
    worker->zygote_pid = runtime_->zygote(options_.profile)->pid();
  }
  worker->process = std::move(process.value());
  runtime_->count_worker_started();
  trace_.add({.kind = CAPSULE_TRACE_SESSION_SPAWNED, .arguments = {static_cast<std::uint64_t>(worker->process.pid)}});
  Loop &loop = runtime_->loop();
  const auto self = shared_from_this();
  worker->control_watch = loop.watch_readable(worker->control.fd(), [self, worker] { self->on_control_readable(worker); });
  worker->process_watch = loop.watch_readable(worker->process.pidfd.get(), [self, worker] { self->on_worker_gone(worker); });
  worker->start_log = std::make_shared<StderrLog>(
      "session=" + std::to_string(id_) + " source=worker pid=" + std::to_string(worker->process.pid), log_level_,
      runtime_->stderr_dropped_bytes());
  worker->start_log_watch = loop.watch_readable(worker->capture[1].get(), [self, worker] { self->on_start_text(*worker); });
  worker->handoff = loop.add_handoff(worker->work.fd(), [self, worker] { self->on_work_readable(worker); });
  if (closing()) {
    kill_worker();
  } else {
    set_state(CAPSULE_SESSION_WARMING);
  }
}

// Until it serves, both its stdout and its stderr are this pipe: no output of the user's, but words of the worker itself.
void Session::on_start_text(Worker &worker) {
  const Lock lock(mutex_);
  if (worker.start_log && !worker.start_log->read(worker.capture[1].get())) {
    worker.start_log_watch.reset();
  }
}

// Of one that ends before it serves, what it said last; else that has come by message.
void Session::end_start_text(Worker &worker) {
  if (worker.start_log) {
    worker.start_log->drain(worker.capture[1].get());
  }
  worker.start_log_watch.reset();
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
  worker->start_log.reset();
  worker->start_log_watch.reset();
  worker->ready = true;
  runtime_->loop().cancel_timer(worker->start_timer);
  counters_.ready_ns = monotonic_ns();
  counters_.cpu_ns = 0;
  counters_.heartbeat_ns = 0;
  trace_.add({.kind = CAPSULE_TRACE_SESSION_READY,
              .arguments = {static_cast<std::uint64_t>(worker->process.pid), counters_.ready_ns - worker->began_ns},
              .time_ns = counters_.ready_ns});
  note_announcement(*worker, ready);
  await_heartbeat();
  export_session_events();
  log_record(*log_level_, LogEvent::session_ready, "session={} pid={}", id_, worker->process.pid);
  if (state_ == CAPSULE_SESSION_WARMING) {
    set_state(held_end_ ? CAPSULE_SESSION_IDLE : CAPSULE_SESSION_READY);
    start_status_ = Status();
    ++times_ready_;
    changed_.notify_all();
    tell(SessionNews::kReady);
    if (!begin_reload()) {
      settle_switch(notifications, Status());
      dispatch(notifications);
    }
  } else if (closing()) {
    settle_switch(notifications, Status(CAPSULE_E_CLOSED, "session is closed"));
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
  if (!worker_ || !worker_->ready) {
    figures_.add(Signal::worker_deaths, 1, CAPSULE_DEATH_START - 1);
  }
  log_record(*log_level_, LogEvent::session_failed, "session={} status={}", id_, status_name(status.code()));
  kill_worker();
  release_worker();
  start_status_ = status;
  reloads_ = false;
  counters_.death_reason = CAPSULE_DEATH_START;
  if (closing()) {
    terminate(notifications);
    return;
  }
  set_state(CAPSULE_SESSION_ERROR);
  settle_switch(notifications, status);
  fail_operations(notifications, died_status());
  capsule_event death{};
  death.death_reason = CAPSULE_DEATH_START;
  death.death_certain = 1;
  end_queued(notifications, CAPSULE_OUTCOME_DIED, "WorkerDied", status.message(), death);
  changed_.notify_all();
  tell(SessionNews::kGone);
}

// Gives the worker up; what it still holds is closed when the last callback lets go of it.
void Session::release_worker() {
  const std::uint64_t now = monotonic_ns();
  tell_missed_heartbeats(now);
  past_missed_ += missed_heartbeats(now);
  const std::shared_ptr<Worker> worker = std::exchange(worker_, nullptr);
  if (!worker) {
    return;
  }
  worker->gone = true;
  end_start_text(*worker);
  worker->start_log.reset();
  if (calls_) {
    calls_->lost(worker->incarnation);
  }
  collect_trace(*worker, /*dead=*/true);
  past_frames_sent_ += worker->frames_sent();
  past_bytes_sent_ += worker->bytes_sent();
  keep_figures(*worker);
  keep_counters(*worker);
  past_incomplete_ += worker->message.dropped();
  uncredited_ = 0;
  last_death_ = describe_death(*worker, counters_.death_reason);
  Loop &loop = runtime_->loop();
  loop.cancel_timer(worker->start_timer);
  loop.cancel_timer(worker->heartbeat_timer);
  worker->control_watch.reset();
  worker->process_watch.reset();
  if (worker->handoff != 0) {
    loop.remove_handoff(worker->handoff, worker->work.fd());
  }
  if (!worker->exit_status) {
    runtime_->zygote(options_.profile)->forget(worker->incarnation);
  }
}

void Session::kill_worker() {
  if (worker_ && worker_->process.pidfd.valid() && !worker_->gone) {
    const bool again = std::exchange(worker_->kill_sent, true);
    if (current_ && !again) {
      trace_.add({.kind = CAPSULE_TRACE_CANCEL_KILLED, .execution_id = current_->id});
    }
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
    trace_.add({.kind = CAPSULE_TRACE_SESSION_RESTARTED});
    set_state(CAPSULE_SESSION_CREATING);
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
  ended_as_ = state_ == CAPSULE_SESSION_ERROR ? SessionEnd::kError : ended_as_;
  set_state(CAPSULE_SESSION_SHUTTING_DOWN);
  changed_.notify_all();
  end_queued(notifications, CAPSULE_OUTCOME_KILLED, "WorkerKilled", "the session was closed before this execution ran");
  fail_operations(notifications, Status(CAPSULE_E_CLOSED, "session is closed"));
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
  ended_as_ = worker_ ? SessionEnd::kKilled : ended_as_;
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
  set_state(CAPSULE_SESSION_TERMINATED);
  settle_switch(notifications, Status(CAPSULE_E_CLOSED, "session is closed"));
  fail_operations(notifications, Status(CAPSULE_E_CLOSED, "session is closed"));
  end_late(notifications);
  end_queued(notifications, CAPSULE_OUTCOME_KILLED, "WorkerKilled", "the session was closed before this execution ran");
  trace_.add({.kind = CAPSULE_TRACE_SESSION_CLOSED});
  export_session_events();
  changed_.notify_all();
  tell(SessionNews::kGone);
  figures_.add(Signal::sessions_ended, 1, ended_as_);
  SignalSet last;
  report_all(last);
  runtime_->forget_session(id_, options_.pool, last);
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
