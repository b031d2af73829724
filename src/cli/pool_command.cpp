#include "cli/pool_command.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "capsule.hpp"
#include "cli/exit_codes.hpp"
#include "cli/interrupts.hpp"
#include "cli/printer.hpp"
#include "cli/telemetry_files.hpp"

namespace capsule::cli {
namespace {

// What is kept of the output of a piece until its turn comes; of more, head and tail.
constexpr std::uint64_t kKeptBytes = 16U << 20U;
constexpr int kProgressWidth = 30;

PoolOptions pool_options(const RunArguments &arguments) {
  PoolOptions options;
  options.session.python = arguments.python;
  options.session.output_budget_bytes = kKeptBytes;
  options.min_idle = options.max_sessions = arguments.pool;
  options.acquire_timeout = kForever;
  return options;
}

class PoolRun {
 public:
  PoolRun(const RunArguments &arguments, Console &console)
      : pieces_(arguments.pieces),
        timeout_(arguments.timeout_ms),
        console_(console),
        printer_(make_text_printer(console)),
        results_(pieces_.size()),
        news_(::eventfd(0, EFD_CLOEXEC)),
        telemetry_(arguments, runtime_),
        pool_(runtime_.open_pool(pool_options(arguments))) {
    const std::size_t threads = std::min<std::size_t>(arguments.pool, pieces_.size());
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  }
  PoolRun(const PoolRun &) = delete;
  PoolRun &operator=(const PoolRun &) = delete;
  ~PoolRun() {
    stop();
    for (std::thread &thread : threads_) {
      thread.join();
    }
  }

  int run() {
    while (shown_ < pieces_.size()) {
      draw_bar();
      pollfd fds[] = {{news_.get(), POLLIN, 0}, {interrupts_.fd(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0) {
        continue;
      }
      if (fds[1].revents != 0) {
        interrupts_.take();
        clear_bar();
        return kInterrupted;
      }
      eventfd_t count = 0;
      ::eventfd_read(news_.get(), &count);
      show_finished();
    }
    clear_bar();
    stop();
    telemetry_.finish();
    return exit_code_;
  }

 private:
  struct Result {
    bool finished = false;
    std::vector<Event> events;
    std::optional<Error> failure;  // no session could be had
  };

  // A thread of the pool's size: one piece after the other.
  void work() {
    for (std::size_t i; (i = next_++) < pieces_.size() && !stopped_;) {
      Result result;
      try {
        run_piece(pieces_[i], result.events);
      } catch (const Error &error) {
        result.failure = error;
      }
      result.finished = true;
      const std::lock_guard lock(mutex_);
      results_[i] = std::move(result);
      ++finished_;
      ::eventfd_write(news_.get(), 1);
    }
  }

  void run_piece(const Piece &piece, std::vector<Event> &events) {
    Session session = pool_.acquire();
    ExecutionOptions options;
    options.file_name = piece.file_name;
    options.timeout = timeout_;
    // The library refuses an empty text; an empty file is a script that does nothing.
    Execution execution = session.execute(piece.source.empty() ? "\n" : std::string_view(piece.source), options);
    while (std::optional<Event> event = execution.next()) {
      if (event->kind() == CAPSULE_EVENT_INPUT) {
        // A request that has ended meanwhile needs no answer.
        capsule_execution_decline(execution.capi(), (*event)->input_id, nullptr);
      } else if (event->kind() != CAPSULE_EVENT_STARTED && event->kind() != CAPSULE_EVENT_PROGRESS) {
        events.push_back(std::move(*event));
      }
    }
    pool_.give_back(std::move(session));
  }

  // Those whose turn it is.
  void show_finished() {
    clear_bar();
    for (; shown_ < pieces_.size(); ++shown_) {
      Result result;
      {
        const std::lock_guard lock(mutex_);
        if (!results_[shown_].finished) {
          return;
        }
        result = std::move(results_[shown_]);
      }
      if (result.failure) {
        throw Error(*result.failure);
      }
      for (const Event &event : result.events) {
        show(event);
      }
    }
  }

  void show(const Event &event) {
    if (event.kind() == CAPSULE_EVENT_OUTPUT) {
      printer_->output(event);
    } else if (event.kind() == CAPSULE_EVENT_DISPLAY) {
      printer_->display(event);
    } else if (event.kind() == CAPSULE_EVENT_RESULT) {
      printer_->result(event);
    } else if (event.kind() == CAPSULE_EVENT_ERROR) {
      printer_->error(event);
    }
    if (event.terminal()) {
      exit_code_ = worse(exit_code_, exit_code_of(event));
    }
  }

  void draw_bar() {
    if (!terminal_) {
      return;
    }
    std::size_t finished = 0;
    {
      const std::lock_guard lock(mutex_);
      finished = finished_;
    }
    const std::size_t filled = kProgressWidth * finished / pieces_.size();
    console_.write_err("\r[" + std::string(filled, '#') + std::string(kProgressWidth - filled, '.') + "] " +
                       std::to_string(finished) + "/" + std::to_string(pieces_.size()));
  }

  void clear_bar() {
    if (terminal_) {
      console_.write_err("\r\x1b[K");
    }
  }

  // What still runs is killed.
  void stop() {
    stopped_ = true;
    try {
      pool_.close(Milliseconds{0});
    } catch (const Error &) {
      // It is closed when it is released, then.
    }
  }

  const std::vector<Piece> &pieces_;
  const Milliseconds timeout_;
  Console &console_;
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  Interrupts interrupts_;  // before the threads, which inherit its mask
  std::unique_ptr<Printer> printer_;
  std::mutex mutex_;  // guards results_, finished_
  std::vector<Result> results_;
  std::size_t finished_ = 0;
  UniqueFd news_;
  Runtime runtime_;
  TelemetryFiles telemetry_;
  Pool pool_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::size_t shown_ = 0;
  int exit_code_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

int run_in_pool(const RunArguments &arguments, Console &console) { return PoolRun(arguments, console).run(); }

}  // namespace capsule::cli
