// Somebody who reads a session's trace, event by event, and may wait for more. Any thread.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "session/session.hpp"

namespace capsule {

class TraceReader {
 public:
  // Who reads is named in the record of a look that is no longer allowed; the filter's own `caller` is not looked at.
  TraceReader(std::shared_ptr<Session> session, const capsule_trace_filter &filter, std::string caller)
      : session_(std::move(session)), caller_(std::move(caller)), filter_(filter) {}

  // CAPSULE_E_TIMEOUT where there is none until the deadline (0: only looks); CAPSULE_E_END where there will be none;
  // CAPSULE_E_EVICTED once, then it goes on behind what is missing; CAPSULE_E_DENIED once the policy is so.
  Status next(std::uint64_t deadline_ns, capsule_trace_event &event);
  // Readable while next() may have something.
  Result<int> fd();
  capsule_trace_info info();
  // Its handle was released: who waits gets CAPSULE_E_HANDLE.
  void close();

 private:
  // Whether there is one, or why not.
  Status fetch();
  Status take(capsule_trace_event &event);
  Result<int> follow();

  const std::shared_ptr<Session> session_;
  const std::string caller_;
  std::mutex mutex_;  // guards below
  bool closed_ = false;
  capsule_trace_filter filter_;
  std::deque<capsule_trace_event> events_;  // fetched, and not yet taken
  std::uint64_t redacted_ = 0;              // of all that were fetched
  std::shared_ptr<TraceFollower> follower_;
};

}  // namespace capsule
