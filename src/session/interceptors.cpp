#include "session/interceptors.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace capsule {
namespace {

thread_local bool inside = false;

}  // namespace

bool in_interceptor() { return inside; }

std::uint64_t Interceptors::add(std::string name, const capsule_interceptor_options &options) {
  if (all_.size() >= kMost) {
    return 0;
  }
  all_.push_back({.id = ++last_id_, .name = std::move(name), .options = options});
  return last_id_;
}

void Interceptors::remove(std::uint64_t id) {
  std::erase_if(all_, [id](const Interceptor &one) { return one.id == id; });
}

const capsule_interceptor_info *Interceptors::find(std::uint64_t id) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [id](const Interceptor &one) { return one.id == id; });
  return found == all_.end() ? nullptr : &found->info;
}

void Interceptors::show(const capsule_frame &frame, const LogLevel &level) {
  for (Interceptor &interceptor : all_) {
    if (interceptor.info.quarantined != 0) {
      ++interceptor.info.skipped;
    } else {
      call(interceptor, frame, level);
    }
  }
}

// What goes wrong is logged the first time, then counted.
void Interceptors::call(Interceptor &interceptor, const capsule_frame &frame, const LogLevel &level) {
  capsule_interceptor_info &info = interceptor.info;
  const capsule_interceptor_options &options = interceptor.options;
  const std::uint64_t began = monotonic_ns();
  inside = true;
  const std::int32_t status = options.callback(options.user_data, &frame);
  inside = false;
  const std::uint64_t took = monotonic_ns() - began;
  ++info.calls;
  ++totals_.calls;
  totals_.total_ns += took;
  totals_.errors += status != 0 ? 1 : 0;
  info.total_ns += took;
  info.longest_ns = std::max(info.longest_ns, took);
  if (status != 0) {
    ++info.errors;
    interceptor.error_log.record(level, LogEvent::interceptor_error, "session={} interceptor=\"{}\" status={}",
                                 frame.session_id, interceptor.name, status);
  }
  if (took <= options.budget_ns) {
    interceptor.over_budget_in_a_row = 0;
    return;
  }
  ++info.over_budget;
  interceptor.budget_log.record(level, LogEvent::interceptor_over_budget,
                                "session={} interceptor=\"{}\" took_ns={} budget_ns={}", frame.session_id, interceptor.name,
                                took, options.budget_ns);
  if (++interceptor.over_budget_in_a_row == options.quarantine_after) {
    info.quarantined = 1;
    log_record(level, LogEvent::interceptor_quarantined, "session={} interceptor=\"{}\" over_budget={}", frame.session_id,
               interceptor.name, info.over_budget);
  }
}

}  // namespace capsule
