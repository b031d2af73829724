// A call's way from a thread of the session to the host, and the wait for its answer; without Python.
#pragma once

#include <span>

#include "session_process.hpp"

namespace capsule::worker {

// Whether a call made by this thread now is answered on the work channel: the main thread, which waits for nothing else then, reads
// the answer itself, which saves a wake-up. Between executions the host sends other things there.
bool waits_on_work(const SessionParts &parts);

// Sends it. What it says of `call_id` and `waits_on_work` is filled in. Waits while the socket is full.
void send_call(const SessionParts &parts, const OpenCall &call, std::uint64_t execution_id, wire::Call request,
               std::span<const int> fds, bool on_work);

// Waits until the table may have a reply, or a signal came.
void wait_for_reply(const SessionParts &parts, OpenCall &call, std::uint32_t ticket, bool on_work);

// Nobody waits any more: the host is told, unless the last reply has come.
void give_up(const SessionParts &parts, const OpenCall &call);

}  // namespace capsule::worker
