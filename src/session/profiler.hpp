// Samples a session's stack at a rate, on a thread of its own.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "capsule/profile.h"
#include "capsule/stack.h"
#include "diagnostics/collapsed.hpp"
#include "diagnostics/guard.hpp"
#include "session/session.hpp"

namespace capsule {

class Profiler {
 public:
  // Not where the session's stack cannot be had at all. It ends when what was granted to the caller is no longer.
  static Result<std::shared_ptr<Profiler>> start(const std::shared_ptr<Session> &session,
                                                 const capsule_profile_options &options, const Redaction &granted,
                                                 std::string caller);

  Profiler(std::shared_ptr<Session> session, const capsule_profile_options &options, const Redaction &granted,
           std::string caller);
  Profiler(const Profiler &) = delete;
  Profiler &operator=(const Profiler &) = delete;
  ~Profiler();

  void stop();
  // False at the deadline.
  bool wait(std::uint64_t deadline_ns);
  capsule_profile_info info();
  // CAPSULE_E_BUSY while it is under way. The text lives as long as this.
  Result<const std::string *> collapsed();

 private:
  using Lock = std::unique_lock<std::mutex>;

  void run();
  // Whether there is more to come.
  bool take_sample(std::uint64_t due_ns);
  bool wait_until(std::uint64_t time_ns);

  const std::shared_ptr<Session> session_;
  const capsule_profile_options options_;
  const std::uint64_t interval_ns_;
  const std::uint64_t began_ns_;
  const InspectWish granted_;
  Redactor redactor_;  // the thread's

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool stopped_ = false;
  bool ended_ = false;
  CollapsedStacks stacks_;
  capsule_profile_info info_{};
  std::string text_;
  std::thread thread_;
};

}  // namespace capsule
