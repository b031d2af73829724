// Progress that comes more often than it is told: of each bar the last value waits until it may be sent.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "output/writer.hpp"

namespace capsule::worker {

class ProgressBars {
 public:
  struct Frame {
    Writer writer;
    std::string bytes;
  };

  explicit ProgressBars(std::uint64_t interval_ns) : interval_ns_(interval_ns) {}

  struct Verdict {
    bool send_now;  // by the caller; else it waits
    bool replaced;  // it came in the place of one that waited, which is never told
    bool operator==(const Verdict &) const = default;
  };
  Verdict offer(const Writer &writer, const std::string &id, std::string_view frame, std::uint64_t now) {
    const std::lock_guard lock(mutex_);
    used_.store(true, std::memory_order_relaxed);
    Bar *bar = find(id);
    if (interval_ns_ == 0 || bar == nullptr) {
      return {.send_now = true, .replaced = false};
    }
    const bool replaced = !bar->waiting.bytes.empty();
    const bool send_now = now >= bar->next_ns;
    if (send_now) {
      bar->next_ns = now + interval_ns_;
      bar->waiting.bytes.clear();
    } else {
      bar->waiting = {writer, std::string(frame)};
    }
    set_due();
    return {send_now, replaced};
  }

  // When the next of those that wait may be sent; kNoDeadline when none does. Any thread.
  [[nodiscard]] std::uint64_t due_ns() const { return due_ns_.load(std::memory_order_acquire); }

  // Sends what is due by `send`, which answers whether there was room.
  template <typename Send>
  void send_due(std::uint64_t now, Send &&send) {
    const std::lock_guard lock(mutex_);
    for (Bar &bar : bars_) {
      if (!bar.waiting.bytes.empty() && bar.next_ns <= now) {
        bar.next_ns = now + interval_ns_;  // where there was no room: another try then
        if (send(bar.waiting)) {
          bar.waiting.bytes.clear();
        }
      }
    }
    set_due();
  }

  // Everything that waits, in the order of the bars; the bars are forgotten.
  std::vector<Frame> take_all() {
    if (!used_.load(std::memory_order_relaxed)) {
      return {};
    }
    const std::lock_guard lock(mutex_);
    used_.store(false, std::memory_order_relaxed);
    std::vector<Frame> frames;
    for (Bar &bar : bars_) {
      if (!bar.waiting.bytes.empty()) {
        frames.push_back(std::move(bar.waiting));
      }
    }
    bars_.clear();
    set_due();
    return frames;
  }

 private:
  struct Bar {
    std::string id;
    std::uint64_t next_ns = 0;
    Frame waiting;
  };
  // Bars of one execution that are limited; more are told each time.
  static constexpr std::size_t kMaxBars = 256;

  Bar *find(const std::string &id) {
    for (Bar &bar : bars_) {
      if (bar.id == id) {
        return &bar;
      }
    }
    if (bars_.size() == kMaxBars) {
      return nullptr;
    }
    return &bars_.emplace_back(Bar{id, 0, {}});
  }

  void set_due() {
    std::uint64_t due = kNoDeadline;
    for (const Bar &bar : bars_) {
      if (!bar.waiting.bytes.empty() && bar.next_ns < due) {
        due = bar.next_ns;
      }
    }
    due_ns_.store(due, std::memory_order_release);
  }

  const std::uint64_t interval_ns_;
  std::mutex mutex_;
  std::vector<Bar> bars_;
  std::atomic<std::uint64_t> due_ns_{kNoDeadline};
  std::atomic<bool> used_{false};
};

}  // namespace capsule::worker
