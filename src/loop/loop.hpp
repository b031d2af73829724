// The loop thread: owns descriptors' watches and timers, runs what other threads post. One per runtime.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"

namespace capsule {

class Loop {
 public:
  using Task = std::function<void()>;
  // Deadline and a number: the key of the timer.
  using TimerId = std::pair<std::uint64_t, std::uint64_t>;

  // Starts the thread, with all signals blocked in it.
  static Result<std::unique_ptr<Loop>> start();
  ~Loop();
  Loop(const Loop &) = delete;
  Loop &operator=(const Loop &) = delete;

  // Any thread. Runs the task on the loop thread, in order; dropped once stop() was called.
  void post(Task task);
  [[nodiscard]] bool on_loop() const { return std::this_thread::get_id() == thread_.get_id(); }
  void assert_on_loop() const;

  // Loop thread only. Calls back once at the deadline (CLOCK_MONOTONIC).
  TimerId add_timer(std::uint64_t deadline_ns, Task task);
  void cancel_timer(TimerId timer);

  // Loop thread only. Calls back while the descriptor is readable, until the watch is removed; once, later, where the system has no
  // more watches: who reads then sees what there is.
  class Watch;
  std::shared_ptr<Watch> watch_readable(int fd, Task task);
  // Loop thread only. The same for either or both; what is told may also be that it failed.
  using Ready = std::function<void(bool readable, bool writable)>;
  std::shared_ptr<Watch> watch(int fd, bool readable, bool writable, Ready ready);
  // Loop thread only. The same watch, for other news.
  void change(Watch &watch, bool readable, bool writable);
  // Loop thread only. Calls back once when the descriptor is writable.
  void when_writable(int fd, const Task &task);

  // Descriptors that a caller thread may read in the loop's place: one-shot, armed and disarmed from any thread.
  // The callback runs on the loop thread; the descriptor is then disarmed until arm() is called.
  using HandoffId = std::uint64_t;
  HandoffId add_handoff(int fd, Task task);   // loop thread only; starts armed
  void remove_handoff(HandoffId id, int fd);  // loop thread only
  void arm(HandoffId id, int fd) const;       // any thread
  void disarm(HandoffId id, int fd) const;    // any thread

  // Any thread but the loop's: stops the thread and joins it. Tasks posted before are run.
  void stop();

 private:
  struct Impl;
  Loop();
  Status init();
  void run();
  void run_mailbox();
  void run_timers();
  void schedule();
  void serve_handoffs();

  std::unique_ptr<Impl> impl_;
  std::thread thread_;
  std::mutex mutex_;  // guards mailbox_, stopping_
  std::vector<Task> mailbox_;
  bool stopping_ = false;
  std::map<TimerId, Task> timers_;
  std::uint64_t next_timer_ = 1;
  std::unordered_map<HandoffId, std::shared_ptr<Task>> handoffs_;
  HandoffId next_handoff_ = 1;
};

}  // namespace capsule
