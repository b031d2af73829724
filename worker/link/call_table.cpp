#include "link/call_table.hpp"

#include <sys/eventfd.h>

namespace capsule::worker {
namespace {

CallReply closed_reply() {
  CallReply reply;
  reply.outcome = wire::CallOutcome::kClosed;
  reply.message = "the session is shutting down";
  return reply;
}

}  // namespace

CallReply::CallReply(const wire::CallAnswer &answer, std::uint64_t execution, std::vector<UniqueFd> fds)
    : outcome(answer.outcome),
      more(answer.more),
      has_value(answer.value.has_value()),
      error_type(answer.error_type),
      message(answer.message),
      reason(answer.reason),
      execution_id(execution),
      request_id(answer.request_id),
      timeout_ms(answer.timeout_ms) {
  if (has_value) {
    kind = answer.value->kind;
    data = answer.value->data;
    format = answer.value->format;
    shape = answer.value->shape;
  }
  if (!fds.empty()) {
    attached = std::move(fds.front());
  }
}

std::shared_ptr<OpenCall> CallTable::open(std::uint32_t loop) {
  const std::lock_guard lock(mutex_);
  auto call = std::make_shared<OpenCall>();
  call->id = next_id_++;
  call->loop = loop;
  calls_.emplace(call->id, call);
  if (ended_) {
    reply(*call, closed_reply());
  }
  return call;
}

void CallTable::answer(const wire::CallAnswer &answer, std::uint64_t execution_id, std::vector<UniqueFd> fds) {
  const std::lock_guard lock(mutex_);
  if (const auto found = calls_.find(answer.call_id); found != calls_.end()) {
    reply(*found->second, CallReply(answer, execution_id, std::move(fds)));
  }
}

std::optional<CallReply> CallTable::take(OpenCall &call) {
  const std::lock_guard lock(mutex_);
  return take_locked(call);
}

std::shared_ptr<OpenCall> CallTable::find(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

Room CallTable::take_room(OpenCall &call) {
  const std::lock_guard lock(mutex_);
  if (call.over) {
    return Room::kOver;
  }
  if (call.room == 0) {
    return Room::kNone;
  }
  --call.room;
  return Room::kTaken;
}

void CallTable::add_room(std::uint64_t id, std::uint32_t count) {
  const std::lock_guard lock(mutex_);
  if (const auto found = calls_.find(id); found != calls_.end()) {
    found->second->room += count;
    wake(*found->second);
  }
}

bool CallTable::close(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    return false;
  }
  found->second->over = true;
  found->second->gate.open();
  calls_.erase(found);
  return true;
}

void CallTable::end_all() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (auto &[id, call] : calls_) {
    reply(*call, closed_reply());
  }
}

std::pair<std::uint32_t, int> CallTable::open_loop() {
  const std::lock_guard lock(mutex_);
  Loop loop;
  loop.wake.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const int fd = loop.wake.get();
  loops_.emplace(++last_loop_, std::move(loop));
  return {last_loop_, fd};
}

void CallTable::close_loop(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  loops_.erase(number);
}

std::vector<std::pair<std::uint64_t, std::optional<CallReply>>> CallTable::take_ready(std::uint32_t number) {
  std::vector<std::pair<std::uint64_t, std::optional<CallReply>>> ready;
  const std::lock_guard lock(mutex_);
  const auto loop = loops_.find(number);
  if (loop == loops_.end()) {
    return ready;
  }
  eventfd_t woken = 0;
  eventfd_read(loop->second.wake.get(), &woken);
  for (const std::uint64_t id : std::exchange(loop->second.ready, {})) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) {
      continue;
    }
    const std::shared_ptr<OpenCall> call = found->second;
    ready.emplace_back(id, take_locked(*call));
  }
  return ready;
}

void CallTable::reply(OpenCall &call, CallReply reply) {
  call.over = call.over || !reply.more;
  call.replies.push_back(std::move(reply));
  wake(call);
}

void CallTable::wake(OpenCall &call) {
  if (const auto loop = loops_.find(call.loop); loop != loops_.end()) {
    loop->second.ready.push_back(call.id);
    eventfd_write(loop->second.wake.get(), 1);
  }
  call.gate.open();
}

std::optional<CallReply> CallTable::take_locked(OpenCall &call) {
  if (call.replies.empty()) {
    return std::nullopt;
  }
  CallReply reply = std::move(call.replies.front());
  call.replies.pop_front();
  if (!reply.more) {
    calls_.erase(call.id);
  }
  return reply;
}

}  // namespace capsule::worker
