#include "session/event_queue.hpp"

#include <sys/eventfd.h>

#include <chrono>

#include "base/clock.hpp"

namespace capsule {
capsule_text Event::keep(std::size_t slot, std::string_view text) {
  std::string &kept = storage->texts.at(slot);
  kept.assign(text);
  return {kept.c_str(), kept.size()};
}

bool EventQueue::push(Event event, bool terminal) {
  const std::lock_guard lock(mutex_);
  if (abandoned_ || (closed_ && !late_)) {
    closed_ = closed_ || terminal;
    return false;
  }
  if (held_ && !terminal) {
    behind_.push_back(std::move(event));
    return false;
  }
  const bool was_empty = events_.empty();
  append(std::move(event));
  if (std::exchange(held_, false)) {
    for (Event &late : behind_) {
      append(std::move(late));
    }
    behind_.clear();
  }
  closed_ = closed_ || terminal;
  wake_locked();
  return was_empty;
}

void EventQueue::append(Event event) {
  event.fields.sequence = next_sequence_++;
  if (event.fields.kind == CAPSULE_EVENT_INPUT) {
    ++inputs_.count;
    inputs_.bytes += event.fields.prompt.size;
  }
  events_.push_back(std::move(event));
}

void EventQueue::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void EventQueue::begin_late() {
  const std::lock_guard lock(mutex_);
  late_ = true;
}

bool EventQueue::end_late() {
  const std::lock_guard lock(mutex_);
  late_ = false;
  if (!closed_ || !events_.empty() || ended_) {
    return false;
  }
  ended_ = true;
  wake_locked();
  return true;
}

void EventQueue::wake_locked() {
  if (waiters_ > 0) {
    changed_.notify_all();
  }
  if (helper_fd_ >= 0 && helper_ != std::this_thread::get_id()) {
    eventfd_write(helper_fd_, 1);
  }
  fd_.raise();
}

Result<Event> EventQueue::try_pop() {
  const std::lock_guard lock(mutex_);
  if (abandoned_) {
    return Status(CAPSULE_E_HANDLE, "execution was released");
  }
  if (events_.empty()) {
    return ended_ ? Status(CAPSULE_E_END, "the execution's terminal event was taken")
                  : Status(CAPSULE_E_TIMEOUT, "no event came within timeout_ms");
  }
  Event event = std::move(events_.front());
  events_.pop_front();
  if (event.fields.kind == CAPSULE_EVENT_INPUT) {
    --inputs_.count;
    inputs_.bytes -= event.fields.prompt.size;
  }
  if (events_.empty()) {
    if (closed_ && !late_) {
      ended_ = true;  // the descriptor stays readable: that is how an event loop learns of the end
      wake_locked();
    } else {
      fd_.lower();
    }
  }
  return event;
}

void EventQueue::wait(std::uint64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  ++waiters_;
  if (deadline_ns == kNoDeadline) {
    changed_.wait(lock, [this] { return ready_locked(); });
  } else {
    const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
    changed_.wait_until(lock, deadline, [this] { return ready_locked(); });
  }
  --waiters_;
}

bool EventQueue::ready() {
  const std::lock_guard lock(mutex_);
  return ready_locked();
}

EventQueue::Inputs EventQueue::inputs() {
  const std::lock_guard lock(mutex_);
  return inputs_;
}

std::uint64_t EventQueue::abandon() {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    for (const Event &event : events_) {
      dropped += event.fields.raw.size;
    }
    events_.clear();
    inputs_ = {};
    wake_locked();
  }
  set_notify(nullptr, nullptr);
  return dropped;
}

bool EventQueue::abandoned() {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

Result<int> EventQueue::fd() {
  const std::lock_guard lock(mutex_);
  return fd_.get(ready_locked());
}

void EventQueue::set_notify(capsule_notify_callback callback, void *user_data) {
  notifier_.set(callback, user_data);
  if (callback != nullptr && ready()) {
    notify();
  }
}

void EventQueue::set_helper(int wake_fd) {
  const std::lock_guard lock(mutex_);
  helper_fd_ = wake_fd;
  helper_ = std::this_thread::get_id();
}

}  // namespace capsule
