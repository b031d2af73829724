#include "threads.hpp"

namespace capsule_test {

Threads::~Threads() { finish(); }

void Threads::start(std::function<void()> body) {
  threads_.emplace_back([this, body = std::move(body)] {
    try {
      body();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!first_) {
        first_ = std::current_exception();
      }
    }
  });
}

void Threads::finish() {
  for (std::thread &thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Threads::join() {
  finish();
  if (first_) {
    std::rethrow_exception(std::exchange(first_, nullptr));
  }
}

void run_at_once(int count, const std::function<void(int)> &body) {
  Threads threads;
  for (int i = 0; i < count; ++i) {
    threads.start([&body, i] { body(i); });
  }
  threads.join();
}

void Counter::add() {
  const std::lock_guard lock(mutex_);
  ++value_;
  changed_.notify_all();
}

int Counter::value() const {
  const std::lock_guard lock(mutex_);
  return value_;
}

void Counter::wait_for(int least, const char *what) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, Deadline().at(), [&] { return value_ >= least; })) {
    FAIL(std::string(what) + " happened " + std::to_string(value_) + " times, not " + std::to_string(least));
  }
}

}  // namespace capsule_test
