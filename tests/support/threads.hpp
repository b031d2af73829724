// Threads that report to the test instead of ending the process, and a flag to wait for.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "check.hpp"
#include "deadline.hpp"

namespace capsule_test {

class Threads {
 public:
  Threads() = default;
  Threads(const Threads &) = delete;
  Threads &operator=(const Threads &) = delete;
  ~Threads();

  void start(std::function<void()> body);
  // Waits for all, and throws what the first of them threw.
  void join();

 private:
  void finish();

  std::mutex mutex_;
  std::exception_ptr first_;
  std::vector<std::thread> threads_;
};

// Runs body(0) … body(count - 1) at once.
void run_at_once(int count, const std::function<void(int)> &body);

// Counts what happens on other threads.
class Counter {
 public:
  void add();
  [[nodiscard]] int value() const;
  // Fails the test at the deadline.
  void wait_for(int least, const char *what);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int value_ = 0;
};

}  // namespace capsule_test
