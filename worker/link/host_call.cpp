#include "link/host_call.hpp"

#include <cerrno>

namespace capsule::worker {

bool waits_on_work(const SessionParts &parts) {
  return gettid() == parts.state.main_thread && parts.state.current_id.load(std::memory_order_relaxed) != 0;
}

void send_call(const SessionParts &parts, const OpenCall &call, std::uint64_t execution_id, wire::Call request,
               std::span<const int> fds, bool on_work) {
  request.call_id = call.id;
  request.waits_on_work = on_work;
  parts.control.post(execution_id, request, fds);
}

void wait_for_reply(const SessionParts &parts, OpenCall &call, std::uint32_t ticket, bool on_work) {
  if (!on_work) {
    call.gate.wait(ticket);
    return;
  }
  const ssize_t count = parts.work.receive(parts.work.room());
  if (count < 0 && errno == EINTR) {
    return;
  }
  if (count < 0 || (count == 0 && !parts.state.shutting_down.load())) {
    end_without_channel(count < 0 ? errno : ECONNRESET);
  }
  parts.work.take(count);
  while (const auto envelope = parts.work.next()) {
    const auto *answer = std::get_if<wire::CallAnswer>(&envelope->body);
    if (answer == nullptr) {
      _exit(kExitChannelLost);  // while an execution runs, the host sends nothing else
    }
    parts.calls.answer(*answer, envelope->execution_id,
                       parts.work.take_attached(answer->value && answer->value->attached ? 1 : 0));
  }
}

void give_up(const SessionParts &parts, const OpenCall &call) {
  if (parts.calls.close(call.id)) {
    parts.control.post(0, wire::CallGiveUp{call.id});
  }
}

}  // namespace capsule::worker
