// An exporter: a bounded queue of complete events, and a thread that hands them to a writer in batches.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "diagnostics/export_group.hpp"
#include "diagnostics/signals.hpp"

namespace capsule {

struct ExporterOptions {
  std::string name;
  std::uint64_t queue_limit = 65'536;
  std::uint64_t batch_limit = 512;
  std::int64_t interval_ms = 100;
};

class Exporter : public std::enable_shared_from_this<Exporter> {
 public:
  static Result<std::shared_ptr<Exporter>> create(ExporterOptions options, std::unique_ptr<ExportWriter> writer);
  ~Exporter();
  Exporter(const Exporter &) = delete;
  Exporter &operator=(const Exporter &) = delete;

  // Any thread, under whatever locks: never waits for the writer.
  void offer(const std::shared_ptr<const ExportGroup> &group);

  Status flush(std::uint64_t deadline_ns);
  Status close(std::uint64_t deadline_ns);
  // Ends it without waiting.
  void abandon();
  capsule_exporter_info info();
  void report(SignalSet &library);
  [[nodiscard]] const std::string &name() const { return options_.name; }

 private:
  Exporter(ExporterOptions options, std::unique_ptr<ExportWriter> writer)
      : options_(std::move(options)), writer_(std::move(writer)) {}
  using Lock = std::unique_lock<std::mutex>;
  void run();
  void gather(Lock &lock);
  void hand_on(Lock &lock);
  void drop_queue();
  Status check_thread() const;

  const ExporterOptions options_;
  std::unique_ptr<ExportWriter> writer_;  // the thread's
  std::thread::id thread_id_;

  std::mutex mutex_;                // guards below
  std::condition_variable filled_;  // the thread waits
  std::condition_variable moved_;   // others wait for the thread
  std::deque<std::shared_ptr<const ExportGroup>> queue_;
  std::uint64_t waiting_events_ = 0;
  std::uint64_t left_events_ = 0;  // that were queued and no longer are
  bool urgent_ = false;            // somebody waits
  bool stop_ = false;              // the thread ends when the queue is empty
  bool over_ = false;              // it has ended
  LogOnce failed_log_;
  std::thread thread_;  // until it is waited for, or left alone
  capsule_exporter_info info_{};
  TraceLosses lost_by_traces_;
};

// The exporters of a runtime.
class Exporters {
 public:
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  void add(const std::shared_ptr<Exporter> &exporter);
  // No more is offered to it; what it counted is kept.
  void remove(const Exporter &exporter);
  void publish(ExportGroup group);
  void report(SignalSet &library);

 private:
  std::atomic<std::size_t> count_{0};
  // Of groups that are queued or being written, each once, however many exporters have it: a group outlives this.
  const std::shared_ptr<std::atomic<std::uint64_t>> held_bytes_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::mutex mutex_;  // guards below
  std::vector<std::shared_ptr<Exporter>> all_;
  SignalSet past_;
};

}  // namespace capsule
