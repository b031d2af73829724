#include "session/event_queue.hpp"

#include <sys/eventfd.h>

#include <chrono>

#include "base/clock.hpp"
#include "base/utf8.hpp"

namespace capsule {
capsule_text Event::keep(std::size_t slot, std::string_view text) {
  std::string &kept = storage->texts.at(slot);
  kept.assign(text);
  return {kept.c_str(), kept.size()};
}

std::uint64_t EventQueue::Queued::output_bytes() const {
  if (!event) {
    return piece.data.size();
  }
  const bool shown = kind() == CAPSULE_EVENT_DISPLAY || kind() == CAPSULE_EVENT_PROGRESS;
  return shown ? event->storage->texts[0].size() : 0;
}

Event EventQueue::Queued::take() {
  if (event) {
    return std::move(*event);
  }
  Event made;
  made.charge = piece.charge;
  capsule_event &fields = made.fields;
  fields.kind = CAPSULE_EVENT_OUTPUT;
  fields.time_ns = piece.time_ns;
  fields.stream = piece.stream;
  fields.origin = piece.origin;
  fields.writer_id = piece.writer_id;
  fields.writer_execution_id = piece.execution_id;
  fields.late = piece.late ? 1 : 0;
  fields.invalid_bytes = piece.invalid_bytes;
  auto &[text, raw, unused] = made.storage->texts;
  if (piece.invalid_bytes > 0) {
    raw = std::move(piece.data);
    utf8_replace_invalid(raw, text);
    fields.raw = {raw.c_str(), raw.size()};
  } else {
    text = std::move(piece.data);
    fields.raw = {text.c_str(), text.size()};
  }
  fields.data = {text.c_str(), text.size()};
  return made;
}

bool EventQueue::push(Queued queued, bool terminal) {
  const std::lock_guard lock(mutex_);
  if (abandoned_ || (closed_ && !late_)) {
    closed_ = closed_ || terminal;
    return false;
  }
  if (held_ && !terminal) {
    behind_.push_back(std::move(queued));
    return false;
  }
  const bool was_empty = events_.empty();
  append(std::move(queued));
  if (std::exchange(held_, false)) {
    for (Queued &late : behind_) {
      append(std::move(late));
    }
    behind_.clear();
  }
  closed_ = closed_ || terminal;
  wake_locked();
  return was_empty;
}

void EventQueue::append(Queued queued) {
  if (queued.kind() == CAPSULE_EVENT_INPUT) {
    ++inputs_.count;
    inputs_.bytes += queued.event->fields.prompt.size;
  }
  output_bytes_ += queued.output_bytes();
  events_.push_back(std::move(queued));
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
  output_bytes_ -= events_.front().output_bytes();
  Event event = events_.front().take();
  events_.pop_front();
  event.fields.sequence = next_sequence_++;
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

std::uint64_t EventQueue::output_bytes() {
  const std::lock_guard lock(mutex_);
  return output_bytes_;
}

std::uint64_t EventQueue::abandon() {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    for (const Queued &queued : events_) {
      dropped += queued.event ? 0 : queued.piece.data.size();
    }
    events_.clear();
    inputs_ = {};
    output_bytes_ = 0;
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
