#include "diagnostics/trace.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <tuple>
#include <utility>

#include "base/clock.hpp"
#include "diagnostics/guard.hpp"
#include "diagnostics/signals.hpp"
#include "diagnostics/trace_kinds.hpp"

namespace capsule {
namespace {

bool fits(const capsule_trace_filter &filter, const capsule_trace_event &event) {
  const bool of_kind = filter.kind == 0 || filter.kind == event.kind ||
                       (filter.kind % kTraceGroup == 0 && filter.kind / kTraceGroup == event.kind / kTraceGroup);
  return of_kind && (filter.execution_id == 0 || filter.execution_id == event.execution_id) &&
         event.cursor > filter.after_cursor && event.time_ns >= filter.since_ns &&
         (filter.until_ns == 0 || event.time_ns < filter.until_ns) && (filter.source == 0 || filter.source == event.source) &&
         event.severity >= filter.severity;
}

capsule_trace_event event_of(const TraceRecord &record) {
  const TraceKind kind = trace_kind(record.kind);
  capsule_trace_event event{.cursor = record.cursor,
                            .time_ns = record.time_ns,
                            .execution_id = record.execution_id,
                            .sequence = record.sequence,
                            .parent = record.parent,
                            .link = record.link,
                            .kind = record.kind,
                            .phase = kind.phase,
                            .status = record.status,
                            .severity = kind.severity,
                            .source = kind.source,
                            .writer = record.writer,
                            .incarnation = record.incarnation,
                            .label = record.label};
  std::transform(record.arguments.begin(), record.arguments.begin() + CAPSULE_TRACE_ARGUMENTS, event.arguments,
                 [](std::uint64_t argument) { return static_cast<std::int64_t>(argument); });
  return event;
}

TraceRecord record_of(const HostEvent &event) {
  TraceRecord record{.execution_id = event.execution_id,
                     .time_ns = event.time_ns,
                     .sequence = event.sequence,
                     .link = event.link,
                     .label = event.label,
                     .status = event.status,
                     .kind = static_cast<std::uint16_t>(event.kind),
                     .writer = CAPSULE_TRACE_WRITER_HOST};
  std::copy(event.arguments.begin(), event.arguments.end(), record.arguments.begin());
  return record;
}

// Stands where events of an execution are missing.
capsule_trace_event gap_after(const TraceRecord &before, std::uint64_t missing) {
  const TraceKind kind = trace_kind(CAPSULE_TRACE_TRUNCATED);
  capsule_trace_event event{.cursor = before.cursor,
                            .time_ns = before.time_ns,
                            .execution_id = before.execution_id,
                            .kind = CAPSULE_TRACE_TRUNCATED,
                            .severity = kind.severity,
                            .source = kind.source};
  event.arguments[0] = static_cast<std::int64_t>(missing);
  return event;
}

bool earlier(const capsule_trace_event &a, const capsule_trace_event &b) {
  const auto key = [](const capsule_trace_event &event) {
    return std::tuple(event.time_ns, event.kind == CAPSULE_TRACE_TRUNCATED, event.source, event.incarnation, event.writer,
                      event.sequence, event.cursor);
  };
  return key(a) < key(b);
}

}  // namespace

std::int64_t realtime_offset_ns() {
  static const std::int64_t offset = [] {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * static_cast<std::int64_t>(kNsPerSecond) + now.tv_nsec -
           static_cast<std::int64_t>(monotonic_ns());
  }();
  return offset;
}

TraceFollower::TraceFollower() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void TraceFollower::wake() {
  if (std::exchange(armed_, false)) {
    ring();
  }
}

void TraceFollower::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void TraceFollower::drain() {
  std::uint64_t woken = 0;
  [[maybe_unused]] const ssize_t taken = ::read(fd_.get(), &woken, sizeof woken);
}

Trace::Trace(std::uint64_t max_bytes, std::int32_t level, Of of)
    : level_(level), merges_(max_bytes != 0 && wants(CAPSULE_TRACE_EXECUTION_SUBMITTED)), store_(max_bytes, of == Of::kPool) {}

void Trace::note(const Entry &entry) {
  HostEvent event{.kind = entry.kind,
                  .status = entry.status,
                  .label = entry.label.empty() ? 0 : labels_.number_of(entry.label),
                  .execution_id = entry.execution_id,
                  .link = entry.link,
                  .time_ns = entry.time_ns == 0 ? monotonic_ns() : entry.time_ns,
                  .sequence = ++host_sequence_};
  std::copy(entry.arguments.begin(), entry.arguments.end(), event.arguments.begin());
  ++noted_[trace_kind(entry.kind).source];
  keep_pending();
  if (entry.kind == CAPSULE_TRACE_EXECUTION_SUBMITTED) {
    store_.open(entry.execution_id);
  }
  if (TraceSlot slot; slot.assign(event)) {
    store_.keep(slot, 1);
  } else {
    store_.keep(record_of(event));
  }
  if (entry.kind == CAPSULE_TRACE_EXECUTION_FINISHED) {
    store_.close(entry.execution_id);
  }
  wake_followers();
}

void Trace::keep_pending() {
  if (std::exchange(is_pending_, false)) {
    store_.open(pending_.execution_id());
    store_.keep(pending_, pending_.events());
  }
}

void Trace::add_look(const Looked &look) {
  add({.kind = look.kind,
       .status = look.level,
       .arguments = {static_cast<std::uint64_t>(look.call) + 1, static_cast<std::uint64_t>(look.decided_by), look.detail},
       .link = look.record});
}

void Trace::collect(FlightReader &reader, const TraceWorker &worker, bool dead) {
  const std::uint64_t now = monotonic_ns();
  count_lost(
      reader.read(dead, [&](FlightWriter writer, const FlightWords &words) { collect_one(writer, words, worker, now); }));
}

void Trace::count_lost(const FlightReader::Lost &lost) {
  told_by_workers_ += lost.dropped + lost.invalid;
  dropped_ += lost.dropped;
  invalid_ += lost.invalid;
}

void Trace::collect_one(FlightWriter writer, const FlightWords &told, const TraceWorker &worker, std::uint64_t now_ns) {
  keep_pending();
  const std::uint32_t events = flight_events(writer, told);
  const auto after = [&told, events](std::size_t word) { return events == 1 ? 0 : static_cast<std::uint32_t>(told[word]); };
  const std::uint64_t began_ns = told[1];
  const std::uint64_t ended_ns = began_ns + std::max(after(FlightSlot::kStarted), after(FlightSlot::kResultSent));
  const TraceKind kind = trace_kind(static_cast<std::uint16_t>(told[3] >> 32U));
  told_by_workers_ += events;
  const bool valid = kind.by_worker && static_cast<std::uint8_t>(told[3] >> 48U) == kind.source &&
                     began_ns >= worker.began_ns && ended_ns >= began_ns &&
                     (ended_ns <= now_ns || ended_ns <= monotonic_ns()) &&
                     static_cast<std::uint32_t>(told[2]) <= store_.last_opened() && (told[2] >> 32U) <= told[0] &&
                     (told[0] >> 48U) == 0;  // a slot has room for so many
  if (!valid) {
    invalid_ += events;
    return;
  }
  store_.begin_incarnation(worker.incarnation);
  TraceSlot slot;
  slot.assign(writer, told);
  store_.keep(slot, events);
  wake_followers();
}

void Trace::wake_followers() {
  if (followers_.empty()) {
    return;
  }
  std::erase_if(followers_, [](const std::weak_ptr<TraceFollower> &weak) {
    const auto follower = weak.lock();
    if (follower) {
      follower->wake();
    }
    return !follower;
  });
}

capsule_trace_info Trace::figures() {
  keep_pending();
  return {.stored = store_.stored(), .stored_bytes = store_.stored_bytes(), .emitted = emitted().total()};
}

void Trace::tell(capsule_trace_info &info) {
  keep_pending();
  store_.settle();
  const TraceStore::Gone &gone = store_.gone();
  info.stored = store_.stored();
  info.stored_bytes = store_.stored_bytes();
  info.limit_bytes = store_.max_bytes();
  info.last_cursor = store_.last_cursor();
  info.next_cursor = store_.last_cursor();
  info.emitted = emitted().total();
  info.evicted = gone.evicted.total();
  info.evicted_executions = gone.evicted_executions;
  info.dropped = dropped_;
  info.refused = gone.refused.total();
  info.late = gone.late.total();
  info.truncated = gone.truncated.total();
  info.invalid = invalid_;
  info.oldest_cursor = gone.newest_evicted;
  info.realtime_offset_ns = realtime_offset_ns();
  info.labels = labels_.names();
  info.labels_other = labels_.others();
}

TraceLosses Trace::losses() const {
  const TraceStore::Gone &gone = store_.gone();
  return {.evicted = gone.evicted.total(),
          .dropped = dropped_,
          .refused = gone.refused.total(),
          .late = gone.late.total(),
          .truncated = gone.truncated.total(),
          .invalid = invalid_};
}

// In the order of the label's values. What is put together without being noted is of the host itself.
void Trace::report_sources(SignalSet &set) const {
  std::uint64_t others = 0;
  std::size_t value = 2;
  for (const auto source : {CAPSULE_TRACE_SOURCE_TRANSPORT, CAPSULE_TRACE_SOURCE_BRIDGE, CAPSULE_TRACE_SOURCE_PROVIDER,
                            CAPSULE_TRACE_SOURCE_POOL, CAPSULE_TRACE_SOURCE_CHECKPOINT}) {
    others += noted_[source];
    set.add(Signal::trace_events, noted_[source], value++);
  }
  set.add(Signal::trace_events, host_sequence_ - others, 0);
  set.add(Signal::trace_events, told_by_workers_, 1);
}

void Trace::report(SignalSet &set) {
  keep_pending();
  const TraceStore::Gone &gone = store_.gone();
  const TraceCount by_reason[] = {gone.evicted, {.worker = dropped_}, gone.refused,
                                  gone.late,    gone.truncated,       {.worker = invalid_}};
  report_sources(set);
  for (std::size_t reason = 0; reason < std::size(by_reason); ++reason) {
    set.add(Signal::trace_events_lost, by_reason[reason].host, 0, reason);
    set.add(Signal::trace_events_lost, by_reason[reason].worker, 1, reason);
  }
  set.add(Signal::trace_stored_bytes, store_.stored_bytes());
  set.add(Signal::telemetry_memory_bytes, store_.stored_bytes() + labels_.bytes());
}

// A cursor of 0 begins with the oldest there is; an execution that is still there is there as a whole.
Status Trace::check_cursor(const capsule_trace_filter &filter, capsule_trace_info &info) const {
  const std::uint64_t oldest = store_.gone().newest_evicted;
  if (filter.after_cursor == 0 || filter.after_cursor >= oldest ||
      (filter.execution_id != 0 && store_.has(filter.execution_id))) {
    return {};
  }
  std::uint64_t here = 0;
  store_.for_each(
      0, [&](const TraceRecord &record) { here += record.cursor > filter.after_cursor && record.cursor <= oldest ? 1 : 0; },
      [](const TraceRecord &, std::uint64_t) {});
  info.lost = oldest - filter.after_cursor - here;
  return {CAPSULE_E_EVICTED, "filter.after_cursor: " + std::to_string(info.lost) +
                                 " events behind it were evicted; nothing is missing from " + std::to_string(oldest) + " on"};
}

Status Trace::select(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &selected,
                     capsule_trace_info &info) {
  tell(info);
  if (Status status = check_cursor(filter, info); !status.ok()) {
    return status;
  }
  const auto take = [&](const capsule_trace_event &event) {
    if (fits(filter, event)) {
      selected.push_back(event);
    }
  };
  store_.for_each(
      filter.execution_id, [&](const TraceRecord &record) { take(event_of(record)); },
      [&](const TraceRecord &before, std::uint64_t missing) { take(gap_after(before, missing)); });
  info.matched = selected.size();
  if (selected.size() > capacity) {
    // So that who goes on from the last cursor misses nothing.
    std::sort(selected.begin(), selected.end(),
              [](const capsule_trace_event &a, const capsule_trace_event &b) { return a.cursor < b.cursor; });
    selected.resize(capacity);
    info.next_cursor = capacity == 0 ? filter.after_cursor : selected.back().cursor;
  }
  std::sort(selected.begin(), selected.end(), earlier);
  return {};
}

std::vector<capsule_trace_event> Trace::without_execution(std::uint64_t &after_cursor) {
  keep_pending();
  store_.settle();
  std::vector<capsule_trace_event> events;
  store_.for_each_lone([&](const TraceRecord &record) {
    if (record.cursor > after_cursor) {
      events.push_back(event_of(record));
    }
  });
  after_cursor = store_.last_cursor();
  std::sort(events.begin(), events.end(), earlier);
  return events;
}

std::vector<capsule_trace_event> Trace::last_of_worker(std::uint32_t incarnation, std::size_t count) {
  keep_pending();
  store_.settle();
  std::vector<capsule_trace_event> events;
  store_.for_each(
      0,
      [&](const TraceRecord &record) {
        if (record.incarnation == incarnation) {
          events.push_back(event_of(record));
        }
      },
      [](const TraceRecord &, std::uint64_t) {});
  std::sort(events.begin(), events.end(), earlier);
  events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(std::min(count, events.size())));
  return events;
}

}  // namespace capsule
