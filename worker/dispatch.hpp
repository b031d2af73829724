// The main thread's loop: reads the work channel, runs what comes, replies. The only place that sends a terminal frame.
#pragma once

#include <sys/resource.h>

#include "executor/executor.hpp"
#include "session_process.hpp"

namespace capsule::worker {

// A snapshot that the host asks for: it is made between executions, by the process's owner.
struct SnapshotRequest {
  std::uint64_t request_id = 0;
  std::uint64_t fork_id = 0;
};

class Dispatch {
 public:
  Dispatch(const SessionParts &parts, Executor &executor);

  // Until the channel ends or the host says to shut down: nothing then; or until a snapshot is asked for.
  std::optional<SnapshotRequest> run();

 private:
  bool receive();
  void execute(std::uint64_t execution_id, const wire::Execute &request);
  void reply(std::uint64_t execution_id, const Outcome &outcome, std::uint64_t duration_ns);
  void send_terminal(std::uint64_t execution_id, const wire::Body &body, int attached = -1);
  void send_drain_timeout(std::uint64_t execution_id, const wire::Body &body, const DrainStall &stall);
  [[nodiscard]] std::optional<wire::Bill> make_bill(std::uint64_t duration_ns) const;

  const SessionParts &parts_;
  SessionState &state_;
  Output &output_;
  Executor &executor_;
  WorkReader &work_;
  rusage baseline_{};              // what the process had used some executions ago
  std::uint64_t unbilled_ns_ = 0;  // that these took
};

}  // namespace capsule::worker
