// Capabilities, the queue of requests, the alarm, and what ends everything.
#include "bridge/bridge.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "capsule/trace.h"

namespace capsule {
namespace {

constexpr std::size_t kMostCapabilities = 65'536;

capsule_pending_call row_of(std::uint64_t id, const HostCall &call, std::uint64_t session_id, std::uint64_t received_ns,
                            std::uint64_t deadline_ns, std::int32_t state) {
  capsule_pending_call row{.request_id = id,
                           .session_id = session_id,
                           .execution_id = call.execution_id,
                           .received_ns = received_ns,
                           .deadline_ns = deadline_ns,
                           .state = state};
  call.capability.copy(row.capability, sizeof row.capability - 1);
  return row;
}

}  // namespace

Bridge::Bridge(std::shared_ptr<Runtime> runtime, BridgeOptions options)
    : runtime_(std::move(runtime)), options_(std::move(options)) {
  runtime_->add_handle();
}

Bridge::~Bridge() = default;

std::shared_ptr<Bridge> Bridge::create(std::shared_ptr<Runtime> runtime, BridgeOptions options) {
  std::shared_ptr<Bridge> bridge(new Bridge(std::move(runtime), std::move(options)));
  bridge->alarm_ = std::make_shared<Alarm>(bridge->runtime_->loop(), [weak = std::weak_ptr(bridge)] {
    if (const auto self = weak.lock()) {
      self->on_alarm();
    }
  });
  bridge->runtime_->add_source(bridge);
  return bridge;
}

void Bridge::release() {
  close();
  set_notify(nullptr, nullptr);
  runtime_->retire_source(*this);
  runtime_->drop_handle();
}

Status Bridge::add(CapabilitySpec spec) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return {CAPSULE_E_CLOSED, "bridge: it is closed"};
  }
  if (capabilities_.size() >= kMostCapabilities) {
    return {CAPSULE_E_LIMIT, "bridge: it has " + std::to_string(kMostCapabilities) + " capabilities"};
  }
  const std::string below = spec.name + ".";
  const auto next = capabilities_.lower_bound(spec.name);
  const auto inner = capabilities_.lower_bound(below);
  bool taken = (next != capabilities_.end() && next->first == spec.name) ||
               (inner != capabilities_.end() && inner->first.starts_with(below));
  for (std::size_t dot = spec.name.find('.'); dot != std::string::npos; dot = spec.name.find('.', dot + 1)) {
    taken = taken || capabilities_.contains(spec.name.substr(0, dot));
  }
  if (taken) {
    return {CAPSULE_E_NAME, "capability.name: '" + spec.name + "' is taken, or part of a name that is"};
  }
  std::string name = spec.name;
  capabilities_.emplace(std::move(name), std::make_shared<Capability>(std::move(spec)));
  return {};
}

Status Bridge::remove(const std::string &name) {
  const std::lock_guard lock(mutex_);
  const auto found = capabilities_.find(name);
  if (found == capabilities_.end()) {
    return {CAPSULE_E_NAME, "name: there is no capability '" + name + "'"};
  }
  capabilities_.erase(found);
  return {};
}

Result<HostRequest> Bridge::next(std::uint64_t deadline_ns) {
  Answers answers;
  auto request = take_request(answers, deadline_ns);
  tell(answers);
  return request;
}

Result<HostRequest> Bridge::take_request(Answers &answers, std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  const auto ready = [this] { return !ready_.empty() || closed_; };
  for (;;) {
    if (deadline_ns == kNoDeadline) {
      changed_.wait(lock, ready);
    } else if (!ready() && !changed_.wait_until(
                               lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)), ready)) {
      return Status(CAPSULE_E_TIMEOUT, "no request came within timeout_ms");
    }
    if (ready_.empty()) {
      return Status(CAPSULE_E_CLOSED, "bridge: it is closed");
    }
    const auto [kind, id] = ready_.front();
    ready_.pop_front();
    if (ready_.empty() && !closed_) {
      fd_.lower();
    }
    if (const auto pending = find(id)) {
      HostRequest request = describe(kind, *pending);
      if (kind == CAPSULE_REQUEST_CALL) {
        tell_of_pieces(*pending);
      }
      if (kind == CAPSULE_REQUEST_CALL || kind == CAPSULE_REQUEST_APPROVAL) {
        pending->taken_ns = monotonic_ns();
        note(answers, *pending,
             {.kind = CAPSULE_TRACE_PROVIDER_REQUEST,
              .status = kind,
              .arguments = {pending->taken_ns - pending->received_ns},
              .time_ns = pending->taken_ns});
      }
      return request;
    }
    if (kind == CAPSULE_REQUEST_CANCELED) {
      return HostRequest{.kind = kind, .id = id};
    }  // else it ended before anybody took it
  }
}

HostRequest Bridge::describe(std::int32_t kind, Pending &pending) {
  HostRequest request{.kind = kind,
                      .id = pending.id,
                      .session_id = pending.session_id,
                      .execution_id = pending.call.execution_id,
                      .received_ns = pending.received_ns,
                      .deadline_ns = pending.deadline_ns,
                      .capability = pending.call.capability,
                      .key = pending.key,
                      .arguments = pending.call.arguments,
                      .names = {},
                      .values = {}};
  if (kind == CAPSULE_REQUEST_CALL) {
    pending.state = CAPSULE_CALL_TAKEN;
    request.names = std::move(pending.call.names);
    request.values = std::move(pending.call.values);
  }
  return request;
}

Result<int> Bridge::fd() {
  const std::lock_guard lock(mutex_);
  return fd_.get(!ready_.empty() || closed_);
}

void Bridge::set_notify(capsule_notify_callback callback, void *user_data) {
  notifier_.set(callback, user_data);
  bool ready = false;
  {
    const std::lock_guard lock(mutex_);
    ready = !ready_.empty() || closed_;
  }
  if (ready) {
    notifier_.notify();
  }
}

void Bridge::make_ready(std::int32_t kind, std::uint64_t request_id) {
  constexpr std::size_t kFew = 64;
  if (ready_.size() > 2 * pending_.size() + kFew) {  // of calls that ended before anybody took them
    std::erase_if(ready_,
                  [this](const auto &one) { return one.first != CAPSULE_REQUEST_CANCELED && !pending_.contains(one.second); });
  }
  ready_.emplace_back(kind, request_id);
  changed_.notify_one();
  fd_.raise();
}

std::shared_ptr<Bridge::Pending> Bridge::find(std::uint64_t request_id) const {
  const auto found = pending_.find(request_id);
  return found == pending_.end() ? nullptr : found->second;
}

void Bridge::end_all(Answers &answers, Outcome outcome, const char *message) {
  while (!pending_.empty()) {
    HostAnswer answer;
    answer.outcome = outcome;
    answer.message = message;
    end(answers, pending_.begin()->first, std::move(answer));
  }
}

void Bridge::cancel_all() {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    note_cancel_all(answers);
    end_all(answers, Outcome::kCanceled, "the host canceled all calls");
  }
  tell(answers);
}

void Bridge::close() {
  Answers answers;
  Answers last;
  const Ports all = ports();
  std::vector<std::uint64_t> open(all.size());
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) {
      return;
    }
    std::transform(all.begin(), all.end(), open.begin(), [](const auto &one) { return one.second->open_.size(); });
    note_all(answers, all, CAPSULE_TRACE_BRIDGE_CLOSING, open);
    end_all(answers, Outcome::kClosed, "the bridge is closed");
    ready_.clear();
    changed_.notify_all();
    moved_.notify_all();
    fd_.raise();
  }
  log_record(LogEvent::bridge_closed, "rejected={}", answers.told.size());
  tell(answers);
  note_all(last, all, CAPSULE_TRACE_BRIDGE_CLOSED, open);
  tell(last);
  notifier_.notify();
}

// Looks at deadlines and lines.
void Bridge::on_alarm() {
  Answers answers;
  bool ready = false;
  {
    const std::lock_guard lock(mutex_);
    const bool was_ready = !ready_.empty();
    const std::uint64_t now = monotonic_ns();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      HostAnswer late;
      late.outcome = Outcome::kTimedOut;
      late.message = "the host did not answer in time";
      end(answers, deadlines_.begin()->second, std::move(late));
    }
    for (const auto &capability : std::set(lines_)) {
      advance(answers, capability, now);
    }
    alarm_->set(deadlines_.empty() ? kNoDeadline : deadlines_.begin()->first);
    ready = !was_ready && !ready_.empty();
  }
  tell(answers);
  if (ready) {
    notifier_.notify();
  }
}

capsule_bridge_metrics Bridge::metrics() {
  const std::lock_guard lock(mutex_);
  capsule_bridge_metrics metrics = counters_;
  metrics.capabilities = static_cast<std::uint32_t>(capabilities_.size());
  metrics.queued = ready_.size();
  return metrics;
}

capsule_bridge_metrics Bridge::metrics_of(const BridgePort &port) {
  const std::lock_guard lock(mutex_);
  capsule_bridge_metrics metrics = port.counters_;
  metrics.capabilities = static_cast<std::uint32_t>(capabilities_.size());
  metrics.queued = ready_.size();
  return metrics;
}

capsule_bridge_figures Bridge::figures_of(const BridgePort &port) {
  const std::lock_guard lock(mutex_);
  const capsule_bridge_metrics &m = port.counters_;
  return {.pending_current = m.bridge_pending_current,
          .pending_hwm = m.bridge_pending_hwm,
          .created = m.calls,
          .resolved = m.ok,
          .rejected = m.failed,
          .denied = m.denied,
          .timed_out = m.timed_out,
          .canceled = m.canceled,
          .rejected_at_shutdown = m.rejected_at_shutdown};
}

void Bridge::report_of(const BridgePort &port, SignalSet &set) {
  const std::lock_guard lock(mutex_);
  const capsule_bridge_metrics &m = port.counters_;
  set.add(Signal::bridge_promises_created, m.calls);
  const std::uint64_t settled[] = {m.ok, m.failed, m.denied, m.timed_out, m.canceled, m.rejected_at_shutdown};
  for (std::size_t i = 0; i < std::size(settled); ++i) {
    set.add(Signal::bridge_promises_settled, settled[i], i);
  }
  set.add(Signal::bridge_pending, m.bridge_pending_current);
  set.raise(Signal::bridge_pending_hwm, m.bridge_pending_hwm);
  for (const auto &[name, open] : in_flight_of(port)) {
    set.named(Signal::capability_calls_in_flight, name).front() += open;
  }
  for (const auto &[name, figures] : port.figures_) {
    set.named(Signal::capability_calls_in_flight, name);  // none, where it was called
    const auto calls = set.named(Signal::capability_calls, name);
    std::transform(figures.outcomes.begin(), figures.outcomes.end(), calls.begin(), calls.begin(), std::plus<>());
    const auto took = set.named(Signal::bridge_resolution_duration_seconds, name);
    std::transform(figures.buckets.begin(), figures.buckets.end(), took.begin(), took.begin(), std::plus<>());
    took.back() += figures.total_ns;
  }
}

// Calls that are open and have an end to be counted: of all sessions.
Bridge::OpenByName Bridge::in_flight() const {
  OpenByName open;
  for (const auto &[id, pending] : pending_) {
    if (!pending->counted) {
      ++open[counted_name(*pending)];
    }
  }
  return open;
}

Bridge::OpenByName Bridge::in_flight_of(const BridgePort &port) const {
  OpenByName open;
  for (const auto &[call, id] : port.open_) {
    ++open[counted_name(*pending_.at(id))];
  }
  return open;
}

// What sessions do not count: theirs may be over.
void Bridge::report(SignalReport &report) {
  const std::lock_guard lock(mutex_);
  for (const auto &[pool, ignored] : ignored_) {
    SignalSet &set = report.pools[pool];
    set.add(Signal::bridge_settlements_ignored, ignored.late, 0);
    set.add(Signal::bridge_settlements_ignored, ignored.duplicate, 1);
  }
}

std::uint64_t Bridge::list(std::size_t capacity, std::vector<capsule_pending_call> &calls) {
  std::vector<OpenCall> open;
  const std::uint64_t total = list(capacity, open);
  calls.insert(calls.end(), open.begin(), open.end());
  return total;
}

std::uint64_t Bridge::list(std::size_t capacity, std::vector<OpenCall> &calls) {
  const std::lock_guard lock(mutex_);
  for (const auto &[id, pending] : pending_) {
    if (calls.size() == capacity) {
      break;
    }
    calls.push_back({row_of(id, pending->call, pending->session_id, pending->received_ns, pending->deadline_ns, pending->state),
                     pending->progress_done, pending->progress_total});
  }
  return pending_.size();
}

std::uint64_t Bridge::list(std::size_t capacity, std::vector<capsule_capability_metrics> &metrics) {
  const std::lock_guard lock(mutex_);
  const OpenByName open = in_flight();
  FiguresByName all = figures_;
  for (const auto &[name, count] : open) {
    all.try_emplace(name);
  }
  for (const auto &[name, figures] : all) {
    if (metrics.size() == capacity) {
      break;
    }
    const auto now = open.find(name);
    capsule_capability_metrics row{.in_flight = now == open.end() ? 0 : now->second,
                                   .ok = figures.outcomes[0],
                                   .failed = figures.outcomes[1],
                                   .denied = figures.outcomes[2],
                                   .resolution_total_ns = figures.total_ns};
    std::copy(figures.buckets.begin(), figures.buckets.end(), row.resolution_buckets);
    name.copy(row.capability, CAPSULE_CAPABILITY_NAME_SIZE);
    metrics.push_back(row);
  }
  return all.size();
}

}  // namespace capsule
