// Calls of durable executions: what they were answered with is recorded, and found again when the execution is run again.
#include "bridge/bridge.hpp"

namespace capsule {
namespace {

HostAnswer not_recorded(const Status &status) {
  HostAnswer answer;
  answer.outcome = wire::CallOutcome::kRefused;
  answer.error_type = "ConnectionError";
  answer.message = "the call's promise cannot be had: " + status.message();
  answer.reason = "promise";
  return answer;
}

}  // namespace

void Bridge::recall(const std::shared_ptr<Pending> &pending) {
  // What it carries is left alone while it is looked up: nobody has been given the request.
  pending->call.durable->recall(
      pending->call, pending->key,
      [self = shared_from_this(), id = pending->id](const Status &status, std::optional<HostAnswer> answer) {
        self->on_recalled(id, status, std::move(answer));
      });
}

void Bridge::on_recalled(std::uint64_t request_id, const Status &status, std::optional<HostAnswer> answer) {
  Answers answers;
  bool ready = false;
  {
    const std::lock_guard lock(mutex_);
    const auto pending = find(request_id);
    if (pending == nullptr) {
      return;  // its time is over, or nobody waits any more
    }
    const bool was_ready = !ready_.empty();
    if (!status.ok()) {
      const std::uint64_t limited = status.code() == CAPSULE_E_LIMIT ? 1 : 0;
      counters_.refused += limited;
      pending->port->counters_.refused += limited;
      end(answers, request_id, not_recorded(status));
    } else if (answer) {
      ++counters_.joined;
      ++pending->port->counters_.joined;
      end(answers, request_id, std::move(*answer));
    } else {
      proceed(answers, pending);
    }
    ready = !was_ready && !ready_.empty();
  }
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
}

void Bridge::record(const std::shared_ptr<Pending> &pending, HostAnswer answer) {
  pending->call.durable->record(pending->call, pending->key, std::move(answer),
                                [self = shared_from_this(), id = pending->id](const Status &status, HostAnswer recorded) {
                                  self->on_recorded(id, status, std::move(recorded));
                                });
}

void Bridge::on_recorded(std::uint64_t request_id, const Status &status, HostAnswer answer) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    const auto pending = find(request_id);
    if (pending == nullptr) {
      return;
    }
    if (status.ok()) {
      finish(answers, pending, std::move(answer));
    } else {
      end(answers, request_id, not_recorded(status));
    }
  }
  tell(answers);
}

}  // namespace capsule
