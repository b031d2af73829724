#include "session/trace_reader.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "diagnostics/guard.hpp"
#include "session/runtime.hpp"

namespace capsule {
namespace {

constexpr std::size_t kFetched = 256;

}  // namespace

Status TraceReader::fetch() {
  if (Status status = session_->runtime().guard().confirm({.call = Guarded::kTrace,
                                                           .session_id = session_->id(),
                                                           .target = "session " + std::to_string(session_->id()),
                                                           .caller = caller_,
                                                           .witness = session_.get()});
      !status.ok()) {
    return status;
  }
  const bool ended = session_->terminated();  // asked first: its last event is there then
  std::vector<capsule_trace_event> events;
  capsule_trace_info info{};
  Status status = session_->trace(filter_, kFetched, events, info);
  filter_.after_cursor = status.code() == CAPSULE_E_EVICTED ? info.oldest_cursor : info.next_cursor;
  events_.assign(events.begin(), events.end());
  redacted_ += redacted_events(events, session_->runtime().guard().redaction_now(Guarded::kTrace, session_->id()).level);
  if (!status.ok() || !events_.empty()) {
    return status;
  }
  return ended ? Status(CAPSULE_E_END, "the session is closed, and its trace was read to the end")
               : Status(CAPSULE_E_TIMEOUT, "there is no further event yet");
}

Status TraceReader::take(capsule_trace_event &event) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return {CAPSULE_E_HANDLE, "the trace was released meanwhile"};
  }
  if (events_.empty()) {
    if (follower_) {
      follower_->drain();
      session_->arm_trace(*follower_);  // before the look: what comes from here on wakes
    }
    if (Status status = fetch(); !status.ok()) {
      if (status.code() != CAPSULE_E_TIMEOUT && follower_) {
        follower_->ring();  // others that wait are to have the end, too
      }
      return status;
    }
  }
  event = events_.front();
  events_.pop_front();
  if (events_.empty() && follower_) {
    follower_->ring();  // whether there is more is for the next call to find out
  }
  return {};
}

Result<int> TraceReader::follow() {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return Status(CAPSULE_E_HANDLE, "the trace was released meanwhile");
  }
  if (!follower_) {
    auto follower = std::make_shared<TraceFollower>();
    if (follower->fd() < 0) {
      return system_error("eventfd", errno);
    }
    follower->ring();
    session_->follow_trace(follower);
    follower_ = std::move(follower);
  }
  return follower_->fd();
}

Status TraceReader::next(std::uint64_t deadline_ns, capsule_trace_event &event) {
  for (;;) {
    Status status = take(event);
    if (status.code() != CAPSULE_E_TIMEOUT || monotonic_ns() >= deadline_ns) {
      return status;
    }
    const auto followed = follow();
    if (!followed.ok()) {
      return followed.status();
    }
    pollfd wait{followed.value(), POLLIN, 0};
    ::poll(&wait, 1, poll_timeout_ms(deadline_ns));
  }
}

Result<int> TraceReader::fd() { return follow(); }

void TraceReader::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (follower_) {
    follower_->ring();  // nobody drains it any more: all that wait wake
  }
}

capsule_trace_info TraceReader::info() {
  capsule_trace_filter filter{};
  capsule_trace_info info{};
  std::uint64_t redacted = 0;
  {
    const std::lock_guard lock(mutex_);
    filter = filter_;
    redacted = redacted_;
  }
  std::vector<capsule_trace_event> none;
  static_cast<void>(session_->trace(filter, 0, none, info));  // E_EVICTED is told by the next event's call
  info.redacted = redacted;
  return info;
}

}  // namespace capsule
