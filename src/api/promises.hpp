// Promises as the C API hands them out, and how a caller waits for one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "api/handles.hpp"
#include "base/clock.hpp"

namespace capsule::api {

inline constexpr std::int64_t kTenYearsMs = 315'360'000'000;

// Where a caller waits for what another thread finds out.
template <typename T>
class Meeting {
 public:
  // Called once; it may be late, when the caller has gone.
  std::function<void(Result<T>)> done() {
    return [table = table_](Result<T> answer) {
      const std::lock_guard lock(table->mutex);
      table->answer = std::move(answer);
      table->changed.notify_all();
    };
  }
  bool wait_until(std::uint64_t deadline_ns) {
    std::unique_lock lock(table_->mutex);
    const auto there = [this] { return table_->answer.has_value(); };
    if (deadline_ns == kNoDeadline) {
      table_->changed.wait(lock, there);
      return true;
    }
    const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
    return there() || table_->changed.wait_until(lock, deadline, there);
  }
  Result<T> wait() {
    wait_until(kNoDeadline);
    return std::move(*table_->answer);
  }

 private:
  struct Table {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<T>> answer;
  };
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

// Nullable; its struct_size.
Status check_promise(const capsule_promise *promise);
// Into the caller's struct, which then owns its texts.
Status hand_over_promise(Result<Promise> taken, capsule_promise *promise);

}  // namespace capsule::api
