// What the traces of sessions tell of the bridge: gathered under its lock, told once that is dropped.
#include <map>

#include "bridge/bridge.hpp"
#include "capsule/trace.h"

namespace capsule {

void Bridge::trace(const Note &note) {
  const auto session = note.session ? note.session : runtime_->find_session(note.session_id);
  if (session) {
    session->trace_call({.kind = note.kind,
                         .execution_id = note.execution_id,
                         .capability = note.capability,
                         .request_id = note.request_id,
                         .status = note.status,
                         .arguments = note.arguments,
                         .time_ns = note.time_ns});
  }
}

// Of a call that somebody waits for.
void Bridge::note(Answers &answers, const Pending &pending, Note what) {
  if (!pending.session || !pending.session->traces(what.kind)) {
    return;
  }
  what.execution_id = pending.call.execution_id;
  what.request_id = pending.id;
  what.capability = pending.call.capability;
  what.session = pending.session;
  what.time_ns = what.time_ns == 0 ? monotonic_ns() : what.time_ns;
  answers.notes.push_back(std::move(what));
}

void Bridge::note_piece(Answers &answers, const Pending &pending, Pieces &pieces, std::int32_t whose, std::uint64_t bytes) {
  if (pieces.count++ == 0) {
    note(answers, pending, {.kind = CAPSULE_TRACE_PROVIDER_STREAM_OPEN, .status = whose});
  }
  pieces.bytes += bytes;
  note(answers, pending, {.kind = CAPSULE_TRACE_PROVIDER_STREAM_DATA, .status = whose, .arguments = {bytes, pieces.count}});
}

// Where there were any.
void Bridge::note_close(Answers &answers, const Pending &pending, const Pieces &pieces, std::int32_t whose) {
  if (pieces.count > 0) {
    note(answers, pending,
         {.kind = CAPSULE_TRACE_PROVIDER_STREAM_CLOSE, .status = whose, .arguments = {pieces.count, pieces.bytes}});
  }
}

void Bridge::note_response(Answers &answers, const Pending &pending, std::int32_t how, std::uint64_t bytes) {
  const std::uint64_t now = monotonic_ns();
  note(answers, pending,
       {.kind = CAPSULE_TRACE_PROVIDER_RESPONSE,
        .status = how,
        .arguments = {pending.taken_ns == 0 ? 0 : now - pending.taken_ns, bytes},
        .time_ns = now});
}

// An answer to what is over.
void Bridge::note_ignored(Answers &answers, std::uint64_t request_id) const {
  if (const auto ended = ended_.find(request_id); ended != ended_.end()) {
    answers.notes.push_back({.kind = ended->second.answered ? CAPSULE_TRACE_PROMISE_DUPLICATE : CAPSULE_TRACE_PROMISE_LATE,
                             .execution_id = ended->second.execution_id,
                             .request_id = request_id,
                             .session_id = ended->second.session_id,
                             .time_ns = monotonic_ns()});
  }
}

void Bridge::note_cancel_all(Answers &answers) const {
  std::map<std::shared_ptr<Session>, std::uint64_t> open;
  for (const auto &[id, pending] : pending_) {
    if (pending->session) {
      ++open[pending->session];
    }
  }
  for (const auto &[session, count] : open) {
    answers.notes.push_back(
        {.kind = CAPSULE_TRACE_BRIDGE_CANCEL_ALL, .arguments = {count}, .session = session, .time_ns = monotonic_ns()});
  }
}

// Of the runtime's open sessions, those that use this bridge. Under no lock.
Bridge::Ports Bridge::ports() {
  Ports all;
  for (auto &session : runtime_->sessions()) {
    if (const auto port = std::static_pointer_cast<BridgePort>(session->calls()); port && &port->bridge() == this) {
      all.emplace_back(std::move(session), port);
    }
  }
  return all;
}

void Bridge::note_all(Answers &answers, const Ports &ports, std::int32_t kind, const std::vector<std::uint64_t> &counts) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    answers.notes.push_back({.kind = kind, .arguments = {counts[i]}, .session = ports[i].first, .time_ns = monotonic_ns()});
  }
}

}  // namespace capsule
