#include "session/profiler.hpp"

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/quiet_thread.hpp"
#include "session/runtime.hpp"

namespace capsule {

Result<std::shared_ptr<Profiler>> Profiler::start(const std::shared_ptr<Session> &session,
                                                  const capsule_profile_options &options, const Redaction &granted,
                                                  std::string caller) {
  const auto first = session->stack({.frames = 1, .deadline_ns = deadline_after_ms(1'000)});
  for (const capsule_status hopeless : {CAPSULE_E_STATE, CAPSULE_E_CLOSED, CAPSULE_E_SYSTEM}) {
    if (first.status().code() == hopeless) {
      return first.status();
    }
  }
  auto profiler = std::make_shared<Profiler>(session, options, granted, std::move(caller));
  const Status status = start_quietly(profiler->thread_, [self = profiler.get()] { self->run(); });
  return status.ok() ? Result<std::shared_ptr<Profiler>>(profiler) : status;
}

Profiler::Profiler(std::shared_ptr<Session> session, const capsule_profile_options &options, const Redaction &granted,
                   std::string caller)
    : session_(std::move(session)),
      options_(options),
      interval_ns_(kNsPerSecond / options.rate_hz),
      began_ns_(monotonic_ns()),
      granted_{.call = Guarded::kStack,
               .session_id = session_->id(),
               .target = "session " + std::to_string(session_->id()),
               .caller = std::move(caller),
               .level = granted.level,
               .witness = session_.get()},
      redactor_(granted),
      stacks_(options.max_stacks) {}

Profiler::~Profiler() {
  stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Profiler::stop() {
  const Lock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

// False when it was stopped meanwhile.
bool Profiler::wait_until(std::uint64_t time_ns) {
  Lock lock(mutex_);
  changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time_ns)),
                      [this] { return stopped_; });
  return !stopped_;
}

void Profiler::run() {
  const std::uint64_t end_ns =
      options_.duration_ms == 0 ? kNoDeadline : began_ns_ + static_cast<std::uint64_t>(options_.duration_ms) * kNsPerMs;
  std::uint64_t due_ns = began_ns_ + interval_ns_;
  while (wait_until(std::min(due_ns, end_ns)) && due_ns < end_ns && take_sample(due_ns)) {
    due_ns += interval_ns_;
    const std::uint64_t now = std::min(monotonic_ns(), end_ns);  // behind the end none was due
    if (now > due_ns) {
      const std::uint64_t late = (now - due_ns) / interval_ns_;
      due_ns += late * interval_ns_;
      const Lock lock(mutex_);
      info_.missed += late;
    }
  }
  const Lock lock(mutex_);
  ended_ = true;
  info_.duration_ns = monotonic_ns() - began_ns_;
  changed_.notify_all();
}

bool Profiler::take_sample(std::uint64_t due_ns) {
  if (!session_->runtime().guard().confirm(granted_).ok()) {
    return false;
  }
  const std::uint64_t began = monotonic_ns();
  const auto stack =
      session_->stack({.frames = options_.max_frames, .deadline_ns = due_ns + std::max(interval_ns_, 10 * kNsPerMs)});
  Stack shown = stack.ok() ? *stack.value() : Stack();
  redact(shown, redactor_);
  const Lock lock(mutex_);
  info_.collect_ns += monotonic_ns() - began;
  if (!stack.ok() || stack.value()->source != CAPSULE_STACK_MEMORY) {
    ++info_.missed;
    return stack.status().code() != CAPSULE_E_CLOSED;
  }
  ++info_.samples;
  const auto &threads = shown.threads;
  info_.torn += std::any_of(threads.begin(), threads.end(), [](const StackThread &thread) { return thread.torn; }) ? 1 : 0;
  stacks_.add(shown, options_.threads == CAPSULE_PROFILE_ALL);
  return true;
}

bool Profiler::wait(std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  const auto ended = [this] { return ended_; };
  if (deadline_ns == kNoDeadline) {
    changed_.wait(lock, ended);
    return true;
  }
  return changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)), ended);
}

capsule_profile_info Profiler::info() {
  const Lock lock(mutex_);
  capsule_profile_info info = info_;
  info.is_running = ended_ ? 0 : 1;
  info.stacks = stacks_.counted();
  info.overflowed = stacks_.overflowed();
  info.different = stacks_.different();
  info.duration_ns = ended_ ? info_.duration_ns : monotonic_ns() - began_ns_;
  return info;
}

Result<const std::string *> Profiler::collapsed() {
  const Lock lock(mutex_);
  if (!ended_) {
    return Status(CAPSULE_E_BUSY, "profile: it is under way; stop it first");
  }
  if (text_.empty()) {
    text_ = stacks_.text();
  }
  return static_cast<const std::string *>(&text_);
}

}  // namespace capsule
