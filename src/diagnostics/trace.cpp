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
  std::transform(record.arguments.begin(), record.arguments.end(), event.arguments,
                 [](std::uint64_t argument) { return static_cast<std::int64_t>(argument); });
  return event;
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

// What is added to a time of the trace for the wall clock's: one anchor for the library.
std::int64_t realtime_offset_ns() {
  static const std::int64_t offset = [] {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * static_cast<std::int64_t>(kNsPerSecond) + now.tv_nsec -
           static_cast<std::int64_t>(monotonic_ns());
  }();
  return offset;
}

}  // namespace

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
    : level_(level),
      max_noted_(std::clamp<std::size_t>(max_bytes / 16 / sizeof(Noted), 1, kMostNoted)),
      store_(max_bytes - std::min(max_bytes, max_noted_ * sizeof(Noted)), of == Of::kPool) {}

// An execution that need not wait is sent right after it was submitted.
bool Trace::note_as_sent(const Entry &entry) {
  if (entry.kind != CAPSULE_TRACE_EXECUTION_SENT || noted_.empty() || entry.arguments.size() != 1 ||
      *entry.arguments.begin() == 0) {
    return false;
  }
  Noted &last = noted_.back();
  if (last.kind != CAPSULE_TRACE_EXECUTION_SUBMITTED || last.execution_id != entry.execution_id ||
      last.time_ns + *entry.arguments.begin() != entry.time_ns) {
    return false;
  }
  last.sent_after_ns = *entry.arguments.begin();
  return true;
}

void Trace::note(const Entry &entry) {
  if (note_as_sent(entry)) {
    return;
  }
  Noted noted{.time_ns = entry.time_ns == 0 ? monotonic_ns() : entry.time_ns,
              .execution_id = entry.execution_id,
              .link = entry.link,
              .label = entry.label.empty() ? 0 : labels_.number_of(entry.label),
              .status = entry.status,
              .kind = entry.kind};
  std::copy(entry.arguments.begin(), entry.arguments.end(), noted.arguments.begin());
  if (noted_.size() == noted_.capacity()) {
    noted_.reserve(std::min(max_noted_, std::max<std::size_t>(2 * noted_.size(), 8)));
  }
  noted_.push_back(noted);
  if (noted_.size() == max_noted_ || followed()) {
    keep_noted();
  }
}

void Trace::refuse() {
  emitted_.add(/*by_worker=*/false);
  store_.refuse();
}

void Trace::keep_noted() {
  for (const Noted &noted : noted_) {
    TraceRecord record{.execution_id = noted.execution_id,
                       .time_ns = noted.time_ns,
                       .sequence = host_sequence_ + 1,
                       .link = noted.link,
                       .arguments = noted.arguments,
                       .label = noted.label,
                       .status = noted.status,
                       .kind = static_cast<std::uint16_t>(noted.kind),
                       .writer = CAPSULE_TRACE_WRITER_HOST,
                       .sent_after_ns = noted.sent_after_ns};
    host_sequence_ += record.events();
    keep(record);
  }
  noted_.clear();
}

void Trace::keep(TraceRecord &record) {
  emitted_.add(record.incarnation != 0, record.events());
  store_.note(record);
  wake_followers();
}

void Trace::settle() {
  keep_noted();
  store_.settle();
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
      reader.read(dead, [&](FlightWriter writer, const FlightRecord &record) { collect_one(writer, record, worker, now); }));
}

void Trace::count_lost(const FlightReader::Lost &lost) {
  emitted_.add(/*by_worker=*/true, lost.dropped + lost.invalid);
  dropped_ += lost.dropped;
  invalid_ += lost.invalid;
}

void Trace::collect_one(FlightWriter writer, const FlightRecord &told, const TraceWorker &worker, std::uint64_t now_ns) {
  keep_noted();
  const TraceKind kind = trace_kind(told.kind);
  const bool valid = kind.by_worker && told.source == kind.source && told.time_ns >= worker.began_ns &&
                     (told.time_ns <= now_ns || told.time_ns <= monotonic_ns()) && told.execution <= store_.last_opened() &&
                     told.parent <= told.sequence && told.label == 0;  // names are the host's alone
  if (!valid) {
    emitted_.add(/*by_worker=*/true);
    ++invalid_;
    return;
  }
  TraceRecord record{.execution_id = told.execution,
                     .time_ns = told.time_ns,
                     .sequence = told.sequence,
                     .arguments = told.arguments,
                     .parent = told.parent,
                     .status = told.status,
                     .incarnation = worker.incarnation,
                     .kind = told.kind,
                     .writer = static_cast<std::uint8_t>(CAPSULE_TRACE_WRITER_MAIN + static_cast<int>(writer))};
  keep(record);
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
  keep_noted();
  return {.stored = store_.stored(), .stored_bytes = store_.stored_bytes() + noted_bytes(), .emitted = emitted_.total()};
}

void Trace::tell(capsule_trace_info &info) {
  settle();
  const TraceStore::Gone &gone = store_.gone();
  info.stored = store_.stored();
  info.stored_bytes = store_.stored_bytes() + noted_bytes();
  info.limit_bytes = store_.max_bytes() + noted_bytes();
  info.last_cursor = store_.last_cursor();
  info.next_cursor = store_.last_cursor();
  info.emitted = emitted_.total();
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

void Trace::report(SignalSet &set) {
  keep_noted();
  const TraceStore::Gone &gone = store_.gone();
  const TraceCount by_reason[] = {gone.evicted, {.worker = dropped_}, gone.refused,
                                  gone.late,    gone.truncated,       {.worker = invalid_}};
  set.add(Signal::trace_events, emitted_.host, 0);
  set.add(Signal::trace_events, emitted_.worker, 1);
  for (std::size_t reason = 0; reason < std::size(by_reason); ++reason) {
    set.add(Signal::trace_events_lost, by_reason[reason].host, 0, reason);
    set.add(Signal::trace_events_lost, by_reason[reason].worker, 1, reason);
  }
  set.add(Signal::trace_stored_bytes, store_.stored_bytes() + noted_bytes());
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
  settle();
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
  settle();
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
