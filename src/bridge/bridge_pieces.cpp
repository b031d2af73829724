// Answers and calls that come in pieces: each side sends some ahead of what the other takes, and is credited for what was taken.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bridge/bridge.hpp"

namespace capsule {
namespace {

// What the code is credited with at once.
constexpr std::uint32_t kPiecesAtOnce = 16;

// True once `ready` is; false when the time is over.
template <typename Ready>
bool wait_until(std::condition_variable &condition, std::unique_lock<std::mutex> &lock, std::uint64_t deadline_ns,
                const Ready &ready) {
  if (deadline_ns == kNoDeadline) {
    condition.wait(lock, ready);
    return true;
  }
  return ready() ||
         condition.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)), ready);
}

std::uint64_t bytes_of(const ReadValue &value) { return value.mapped() ? 0 : value.fields().size_bytes; }

}  // namespace

std::shared_ptr<Bridge::Pending> Bridge::find(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id) const {
  const auto open = port.open_.find({incarnation, call_id});
  return open == port.open_.end() ? nullptr : find(open->second);
}

Status Bridge::send_piece(std::uint64_t request_id, HostAnswer piece, std::uint64_t deadline_ns) {
  Answers answers;
  Status status = take_piece(answers, request_id, std::move(piece), deadline_ns);
  tell(answers);
  return status;
}

Status Bridge::take_piece(Answers &answers, std::uint64_t request_id, HostAnswer piece, std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  std::shared_ptr<Pending> pending;
  if (!wait_until(moved_, lock, deadline_ns, [&] {
        pending = find(request_id);
        return pending == nullptr || pending->pieces_ahead < wire::kPiecesAhead;
      })) {
    return {CAPSULE_E_TIMEOUT, "the code has not taken the pieces that are on their way"};
  }
  if (pending == nullptr) {
    return not_open(answers, request_id);
  }
  if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_STREAM) == 0) {
    return {CAPSULE_E_TYPE, "request_id: its capability is no stream"};
  }
  if (Status status = check_taken(*pending); !status.ok()) {
    return status;
  }
  ++pending->pieces_ahead;
  ++counters_.chunks_sent;
  ++pending->port->counters_.chunks_sent;
  note_piece(answers, *pending, pending->sent, CAPSULE_PROVIDER_ANSWERS, piece.value.data.size());
  piece.more = true;
  answers.told.push_back({pending->session, address_of(pending->call), std::move(piece)});
  return {};
}

void Bridge::pieces_taken(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count) {
  const std::lock_guard lock(mutex_);
  if (const auto pending = find(port, incarnation, call_id)) {
    pending->pieces_ahead -= std::min(count, pending->pieces_ahead);
    moved_.notify_all();
  }
}

// What an honest worker never does.
Status Bridge::admit_piece(const Pending &pending, const ReadValue *value) const {
  const bool sends = (pending.capability->spec.flags & CAPSULE_CAPABILITY_UPLOAD) != 0;
  const bool has_room = value == nullptr || pending.pieces.size() + pending.pieces_owed < wire::kPiecesAhead;
  const bool json = value != nullptr && value->fields().kind == CAPSULE_VALUE_JSON;
  const auto text = [&] {
    return std::string_view(static_cast<const char *>(value->fields().data), value->fields().size_bytes);
  };
  if (!sends || !has_room || (json && !nlohmann::json::accept(text()))) {
    return {CAPSULE_E_PROTOCOL, "a piece of a call came that may not be sent, or is none"};
  }
  return {};
}

Status Bridge::piece(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id, std::unique_ptr<ReadValue> value) {
  Answers answers;
  bool ready = false;
  {
    const std::lock_guard lock(mutex_);
    const auto pending = find(port, incarnation, call_id);
    if (pending == nullptr || pending->pieces_end) {
      return {};  // it was answered while the piece was on its way, or another thread had sent the last
    }
    if (Status status = admit_piece(*pending, value.get()); !status.ok()) {
      return status;
    }
    const bool was_ready = !ready_.empty();
    const std::uint64_t bytes = value ? bytes_of(*value) : 0;
    const std::uint64_t mapped = value && value->mapped() ? 1 : 0;
    if (port.bytes_ + bytes > options_.max_session_bytes || port.mapped_ + mapped > kMostMapped) {
      HostAnswer refused;
      refused.outcome = Outcome::kRefused;
      refused.error_type = "RuntimeError";
      refused.message = "the open calls of the host carry too much";
      refused.reason = "limit";
      ++counters_.refused;
      ++port.counters_.refused;
      end(answers, pending->id, std::move(refused));
    } else if (value) {
      pending->bytes += bytes;
      pending->mapped += mapped;
      port.bytes_ += bytes;
      port.mapped_ += mapped;
      ++counters_.chunks_received;
      ++port.counters_.chunks_received;
      note_piece(answers, *pending, pending->received, CAPSULE_PROVIDER_UPLOADS, value->fields().size_bytes);
      pending->pieces.push_back(std::move(value));
      tell_of_pieces(*pending);
    } else {
      pending->pieces_end = true;
      note_close(answers, *pending, pending->received, CAPSULE_PROVIDER_UPLOADS);
      tell_of_pieces(*pending);
    }
    moved_.notify_all();
    ready = !was_ready && !ready_.empty();
  }
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
  return {};
}

// Once, until the host has found that there are none.
void Bridge::tell_of_pieces(Pending &pending) {
  const bool some = !pending.pieces.empty() || pending.pieces_end;
  if (options_.chunk_notices && some && pending.state == CAPSULE_CALL_TAKEN && !pending.pieces_told) {
    pending.pieces_told = true;
    make_ready(CAPSULE_REQUEST_CHUNKS, pending.id);
  }
}

Result<std::unique_ptr<ReadValue>> Bridge::next_piece(std::uint64_t request_id, std::uint64_t deadline_ns) {
  std::unique_ptr<ReadValue> value;
  std::shared_ptr<Session> session;
  CallAddress address;
  std::uint32_t credit = 0;
  {
    Lock lock(mutex_);
    std::shared_ptr<Pending> pending;
    const bool moved = wait_until(moved_, lock, deadline_ns, [&] {
      pending = find(request_id);
      return pending == nullptr || !pending->pieces.empty() || pending->pieces_end ||
             (pending->capability->spec.flags & CAPSULE_CAPABILITY_UPLOAD) == 0 || !check_taken(*pending).ok();
    });
    if (pending == nullptr) {
      return is_over(request_id);
    }
    if ((pending->capability->spec.flags & CAPSULE_CAPABILITY_UPLOAD) == 0) {
      return Status(CAPSULE_E_TYPE, "request_id: its capability takes no pieces");
    }
    if (Status status = check_taken(*pending); !status.ok()) {
      return status;
    }
    if (!moved) {
      pending->pieces_told = false;
      return Status(CAPSULE_E_TIMEOUT, "no piece came within timeout_ms");
    }
    if (pending->pieces.empty()) {
      return Status(CAPSULE_E_END, "request_id: the code has sent all its pieces");
    }
    value = std::move(pending->pieces.front());
    pending->pieces.pop_front();
    const std::uint64_t mapped = value->mapped() ? 1 : 0;
    pending->bytes -= bytes_of(*value);
    pending->mapped -= mapped;
    pending->port->bytes_ -= bytes_of(*value);
    pending->port->mapped_ -= mapped;
    if (++pending->pieces_owed == kPiecesAtOnce) {
      credit = std::exchange(pending->pieces_owed, 0);
      session = pending->session;
      address = address_of(pending->call);
    }
  }
  if (session) {
    session->credit_call(address, credit);
  }
  return value;
}

}  // namespace capsule
