// The host's functions that see a session's frames. Under the session's lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "capsule/interceptor.h"

namespace capsule {

// A frame on its way, as the trace and interceptors see it.
struct SeenFrame {
  std::int32_t direction = 0;
  std::int32_t channel = 0;
  std::uint64_t execution_id = 0;
  const char *kind = "";
  std::size_t message = 0;  // the number of the kind
  std::size_t bytes = 0;
  std::uint64_t time_ns = 0;  // 0: now
};

struct Interceptor {
  std::uint64_t id = 0;
  std::string name;
  capsule_interceptor_options options{};
  capsule_interceptor_info info{};
  std::uint32_t over_budget_in_a_row = 0;
  LogOnce error_log{};
  LogOnce budget_log{};
};

// Whether this thread is inside an interceptor, which may not call the library.
bool in_interceptor();

class Interceptors {
 public:
  static constexpr std::size_t kMost = 64;

  // 0 when there are too many.
  std::uint64_t add(std::string name, const capsule_interceptor_options &options);
  void remove(std::uint64_t id);
  void clear() { all_.clear(); }
  // Null when it is not there.
  [[nodiscard]] const capsule_interceptor_info *find(std::uint64_t id) const;
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::size_t count() const { return all_.size(); }

  // Of all that were ever here.
  [[nodiscard]] const capsule_interceptor_info &totals() const { return totals_; }

  // Shows the frame to each, in order. `level`: the session's, for what goes wrong.
  void show(const capsule_frame &frame, const LogLevel &level);

 private:
  void call(Interceptor &interceptor, const capsule_frame &frame, const LogLevel &level);

  std::vector<Interceptor> all_;
  capsule_interceptor_info totals_{};
  std::uint64_t last_id_ = 0;
};

}  // namespace capsule
