#include "diagnostics/exporter.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/quiet_thread.hpp"
#include "diagnostics/trace.hpp"

namespace capsule {
namespace {

std::chrono::steady_clock::time_point time_point(std::uint64_t at_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(at_ns));
}

std::uint64_t bytes_of(const ExportGroup &group) {
  std::uint64_t bytes = sizeof group + group.events.capacity() * sizeof(capsule_trace_event) + group.pool.size() +
                        group.traceparent.size() + group.tracestate.size() + group.labels.capacity() * sizeof(ExportLabel);
  for (const ExportLabel &label : group.labels) {
    bytes += label.shown.text.size();
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<Exporter>> Exporter::create(ExporterOptions options, std::unique_ptr<ExportWriter> writer) {
  std::shared_ptr<Exporter> exporter(new Exporter(std::move(options), std::move(writer)));
  const Lock lock(exporter->mutex_);
  // The object lives as long as it: what a callback does may never end.
  const Status status = start_quietly(exporter->thread_, [exporter] { exporter->run(); });
  exporter->thread_id_ = exporter->thread_.get_id();
  return status.ok() ? Result<std::shared_ptr<Exporter>>(exporter) : status;
}

Exporter::~Exporter() = default;

void Exporter::offer(const std::shared_ptr<const ExportGroup> &group) {
  const std::uint64_t events = group->events.size();
  bool wake = false;
  {
    const Lock lock(mutex_);
    info_.accepted += events;
    lost_by_traces_.add(group->lost);  // also where the group itself is dropped
    if (stop_ || info_.queued + events > options_.queue_limit) {
      info_.dropped += events;
      return;
    }
    info_.queued += events;
    const std::uint64_t before = waiting_events_;
    waiting_events_ += events;
    queue_.push_back(group);
    // One wake-up to begin a batch, and one when it is full.
    wake = queue_.size() == 1 || (before < options_.batch_limit && waiting_events_ >= options_.batch_limit);
  }
  if (wake) {
    filled_.notify_one();
  }
}

void Exporter::run() {
  pthread_setname_np(pthread_self(), "capsule-export");
  Lock lock(mutex_);
  while (!stop_ || !queue_.empty()) {
    filled_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (!queue_.empty()) {
      gather(lock);
      hand_on(lock);
    }
  }
  over_ = true;
  moved_.notify_all();
}

// Waits for more, unless somebody waits for it.
void Exporter::gather(Lock &lock) {
  if (options_.interval_ms > 0) {
    filled_.wait_until(lock, time_point(deadline_after_ms(options_.interval_ms)),
                       [this] { return urgent_ || stop_ || waiting_events_ >= options_.batch_limit; });
  }
}

void Exporter::hand_on(Lock &lock) {
  std::vector<std::shared_ptr<const ExportGroup>> batch(queue_.begin(), queue_.end());
  queue_.clear();
  const std::uint64_t events = std::exchange(waiting_events_, 0);
  urgent_ = false;
  const std::uint64_t began = monotonic_ns();
  info_.busy_since_ns = began;
  const ExportLosses lost{.failed = info_.failed, .dropped = info_.dropped, .by_traces = lost_by_traces_};
  lock.unlock();
  bool written = false;
  try {
    written = writer_->write(batch, lost);
  } catch (const std::exception &) {
    written = false;  // no memory, or a file that is gone: counted as any failure
  }
  batch.clear();
  lock.lock();
  const std::uint64_t took = monotonic_ns() - began;
  info_.busy_since_ns = 0;
  info_.queued -= events;
  left_events_ += events;
  (written ? info_.sent : info_.failed) += events;
  ++info_.batches;
  info_.batches_failed += written ? 0 : 1;
  info_.total_ns += took;
  info_.longest_ns = std::max(info_.longest_ns, took);
  if (!written && failed_log_.first(LogEvent::export_failed)) {
    lock.unlock();
    log_record(LogEvent::export_failed, "exporter=\"{}\" events={}", options_.name, events);
    lock.lock();
  }
  moved_.notify_all();
}

Status Exporter::check_thread() const {
  return std::this_thread::get_id() == thread_id_ ? Status(CAPSULE_E_REENTRANT, "exporter: its own callback cannot wait for it")
                                                  : Status();
}

Status Exporter::flush(std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  if (Status status = check_thread(); !status.ok()) {
    return status;
  }
  const std::uint64_t last = left_events_ + info_.queued;
  urgent_ = !queue_.empty();
  filled_.notify_one();
  return moved_.wait_until(lock, time_point(deadline_ns), [&] { return over_ || left_events_ >= last; })
             ? Status()
             : Status(CAPSULE_E_TIMEOUT, "what was queued was not written within timeout_ms");
}

void Exporter::drop_queue() {
  info_.queued -= waiting_events_;
  left_events_ += waiting_events_;
  info_.dropped += std::exchange(waiting_events_, 0);
  queue_.clear();
}

Status Exporter::close(std::uint64_t deadline_ns) {
  Lock lock(mutex_);
  if (Status status = check_thread(); !status.ok()) {
    return status;
  }
  stop_ = true;
  info_.closed = 1;
  filled_.notify_one();
  if (moved_.wait_until(lock, time_point(deadline_ns), [this] { return over_; })) {
    std::thread thread = std::move(thread_);
    lock.unlock();
    if (thread.joinable()) {
      thread.join();
    }
    return {};
  }
  drop_queue();
  return {CAPSULE_E_TIMEOUT, "exporter: a batch is still being written"};
}

void Exporter::abandon() {
  const Lock lock(mutex_);
  stop_ = true;
  info_.closed = 1;
  drop_queue();
  filled_.notify_one();
  if (thread_.joinable()) {
    thread_.detach();
  }
}

capsule_exporter_info Exporter::info() {
  const Lock lock(mutex_);
  capsule_exporter_info told = info_;
  told.trace_lost = lost_by_traces_.total();
  told.realtime_offset_ns = realtime_offset_ns();
  return told;
}

void Exporter::report(SignalSet &library) {
  const capsule_exporter_info told = info();
  library.named(Signal::exporter_sent, name()).front() += told.sent;
  library.named(Signal::exporter_failed, name()).front() += told.failed;
  library.named(Signal::exporter_dropped, name()).front() += told.dropped;
  library.named(Signal::exporter_queue_length, name()).front() += told.queued;
}

void Exporters::add(const std::shared_ptr<Exporter> &exporter) {
  const std::lock_guard lock(mutex_);
  all_.push_back(exporter);
  count_.store(all_.size(), std::memory_order_relaxed);
}

void Exporters::remove(const Exporter &exporter) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto &one) { return one.get() == &exporter; });
  if (found != all_.end()) {
    SignalSet last;
    (*found)->report(last);
    past_.merge_past(last);
    all_.erase(found);
    count_.store(all_.size(), std::memory_order_relaxed);
  }
}

void Exporters::publish(ExportGroup group) {
  const std::uint64_t bytes = bytes_of(group);
  held_bytes_->fetch_add(bytes, std::memory_order_relaxed);
  const std::shared_ptr<const ExportGroup> shared(new ExportGroup(std::move(group)),
                                                  [held = held_bytes_, bytes](const ExportGroup *over) {
                                                    delete over;
                                                    held->fetch_sub(bytes, std::memory_order_relaxed);
                                                  });
  const std::lock_guard lock(mutex_);
  for (const auto &exporter : all_) {
    exporter->offer(shared);
  }
}

void Exporters::report(SignalSet &library) {
  const std::lock_guard lock(mutex_);
  library.merge(past_);
  for (const auto &exporter : all_) {
    exporter->report(library);
  }
  library.add(Signal::exporter_queue_bytes, held_bytes_->load(std::memory_order_relaxed));
}

}  // namespace capsule
