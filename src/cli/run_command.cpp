#include "cli/run_command.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "capsule.hpp"
#include "cli/answers.hpp"
#include "cli/exit_codes.hpp"
#include "cli/interrupts.hpp"
#include "cli/pool_command.hpp"
#include "cli/postmortem_command.hpp"
#include "cli/printer.hpp"
#include "cli/profile_file.hpp"
#include "cli/settings.hpp"
#include "cli/stack_text.hpp"
#include "cli/telemetry_files.hpp"

namespace capsule::cli {
namespace {

// For what the code registered with atexit.
constexpr Milliseconds kCloseTimeout{2'000};
// How long a thread that waits, woken by a signal, may run before it waits again: most of it for a CPU.
constexpr Milliseconds kLongestWake{100};
constexpr Milliseconds kWakePause{1};

bool main_thread_runs(const StackTrace &stack) {
  return std::ranges::any_of(stack.threads(), [](const capsule_stack_thread &thread) {
    return thread.is_main == 1 && thread.native_state == CAPSULE_UNWIND_RUNNING;
  });
}

SessionOptions session_options(const RunArguments &arguments) {
  SessionOptions options;
  options.python = arguments.python;
  for (const std::string &setting : arguments.session_settings) {
    set_option(options, setting);
  }
  return options;
}

// Who runs the command is who may see all that it is asked to write.
void allow_names(Runtime &runtime) {
  constexpr std::uint32_t kLongestName = 1'024;
  capsule_introspection_policy policy = detail::defaults(capsule_introspection_policy_init);
  policy.stack = CAPSULE_INSPECT_FULL;
  policy.postmortem = CAPSULE_INSPECT_FULL;
  policy.max_label_bytes = kLongestName;
  detail::call(capsule_runtime_set_introspection_policy, runtime.capi(), &policy);
}

// One execution, from its submission to its end: events, Ctrl-C and stdin, each as it comes.
class PieceRun {
 public:
  PieceRun(Execution execution, const Session &session, Printer &printer, Answers &answers, Console &console)
      : execution_(std::move(execution)), session_(session), printer_(printer), answers_(answers), console_(console) {
    console_.watch(interrupts_.fd(), [this] { on_interrupt(); });
  }
  PieceRun(const PieceRun &) = delete;
  PieceRun &operator=(const PieceRun &) = delete;
  ~PieceRun() { console_.unwatch(); }

  // Returns the terminal event.
  Event run() {
    Event event;
    while (!event.terminal()) {
      if (wait() && execution_.take(event) == Taken::kEvent) {
        show(event);
        serve_inputs();
      }
    }
    return event;
  }

  [[nodiscard]] int interrupts() const { return interrupt_count_; }

 private:
  // Returns whether there may be an event.
  bool wait() {
    const int stdin_fd = requests_.empty() ? -1 : STDIN_FILENO;
    pollfd fds[] = {{execution_.fd(), POLLIN, 0}, {interrupts_.fd(), POLLIN, 0}, {stdin_fd, POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0) {
      return false;
    }
    if (fds[1].revents != 0) {
      on_interrupt();
    }
    if (fds[2].revents != 0) {
      answers_.read_stdin();
      serve_inputs();
    }
    return fds[0].revents != 0;
  }

  void show(const Event &event) {
    if (event.kind() == CAPSULE_EVENT_OUTPUT) {
      printer_.output(event);
    } else if (event.kind() == CAPSULE_EVENT_DISPLAY) {
      printer_.display(event);
    } else if (event.kind() == CAPSULE_EVENT_PROGRESS) {
      printer_.progress(event);
    } else if (event.kind() == CAPSULE_EVENT_INPUT) {
      printer_.input(event);
      requests_.push_back({event->input_id, event->secret != 0});
    } else if (event.kind() == CAPSULE_EVENT_RESULT) {
      printer_.result(event);
    } else if (event.kind() == CAPSULE_EVENT_ERROR) {
      printer_.error(event);
    }
  }

  // A request that has ended meanwhile, by a timeout or a cancel, refuses its answer: that is no failure.
  void serve_inputs() {
    while (!requests_.empty()) {
      const std::uint64_t input_id = requests_.front().input_id;
      if (const auto line = answers_.take()) {
        capsule_execution_answer(execution_.capi(), input_id, line->data(), line->size(), nullptr);
      } else if (answers_.take_end()) {
        capsule_execution_decline(execution_.capi(), input_id, nullptr);
      } else {
        break;
      }
      requests_.pop_front();
      hidden_.reset();
    }
    if (!requests_.empty() && requests_.front().secret && !hidden_) {
      hidden_.emplace();
    }
  }

  void on_interrupt() {
    interrupts_.take();
    ++interrupt_count_;
    if (interrupt_count_ == 1) {
      execution_.cancel();
      return;
    }
    tell_where_it_hangs();
    execution_.cancel(Milliseconds{0});
    // Should even this not help, the third one ends the command.
    console_.unwatch();
    interrupts_.give_up();
  }

  // The first one's signals, which are repeated, wake what waits: it runs for a moment, and has no native frames then.
  [[nodiscard]] StackTrace where_it_hangs() const {
    const auto until = std::chrono::steady_clock::now() + kLongestWake;
    for (;;) {
      StackTrace stack = session_.stack();
      if (!main_thread_runs(stack) || std::chrono::steady_clock::now() >= until) {
        return stack;
      }
      std::this_thread::sleep_for(kWakePause);
    }
  }

  // What the first one did not end is about to be killed.
  void tell_where_it_hangs() {
    try {
      if (const std::string text = stack_text(where_it_hangs()); !text.empty()) {
        console_.say("killed where it stood:\n" + text);
      }
    } catch (const Error &) {
      // It has ended meanwhile, or cannot be looked at; it is killed all the same.
    }
  }

  struct Request {
    std::uint64_t input_id;
    bool secret;
  };

  Execution execution_;
  const Session &session_;
  Printer &printer_;
  Answers &answers_;
  Console &console_;
  Interrupts interrupts_;
  int interrupt_count_ = 0;
  std::deque<Request> requests_;
  std::optional<HiddenTyping> hidden_;
};

class Runner {
 public:
  Runner(const RunArguments &arguments, Console &console)
      : arguments_(arguments),
        console_(console),
        printer_(arguments.json ? make_json_printer(console) : make_text_printer(console)),
        answers_(arguments.inputs, arguments.stdin_taken),
        telemetry_(arguments, runtime_),
        session_(runtime_.open(session_options(arguments))) {}

  int run() {
    allow_names(runtime_);
    if (!arguments_.restore_path.empty()) {
      restore();
    }
    std::optional<ProfileFile> profile;
    if (!arguments_.profile_path.empty()) {
      profile.emplace(session_.capi(), arguments_.profile_path);
    }
    for (const Piece &piece : arguments_.pieces) {
      run_piece(piece);
      if (exit_code_ == kInterrupted) {
        break;
      }
    }
    if (profile) {
      console_.say(profile->finish());
    }
    if (arguments_.info) {
      printer_->info(session_.info());
    }
    if (!arguments_.checkpoint_path.empty() && exit_code_ != kInterrupted && !worker_lost_) {
      write_checkpoint();
    }
    session_.close(exit_code_ == kInterrupted ? Milliseconds{0} : kCloseTimeout);
    telemetry_.finish();
    return exit_code_;
  }

 private:
  void restore() {
    for (const CheckpointEntry &entry : session_.restore(Checkpoint::read_file(arguments_.restore_path))) {
      if (entry.status == CAPSULE_ENTRY_FAILED) {
        console_.say("not restored: " + entry.name + ": " + entry.reason);
        exit_code_ = worse(exit_code_, kPythonError);
      }
    }
  }

  void write_checkpoint() {
    const Checkpoint checkpoint = session_.checkpoint();
    checkpoint.write_file(arguments_.checkpoint_path);
    for (const CheckpointEntry &entry : checkpoint.entries()) {
      if (entry.status == CAPSULE_ENTRY_SKIPPED) {
        console_.say("not in the checkpoint: " + entry.name + ": " + entry.reason);
      }
    }
  }

  void write_postmortem() {
    std::ofstream file(arguments_.postmortem_path);
    file << postmortem_text(session_.postmortem()) << '\n' << std::flush;
    if (!file) {
      console_.say("cannot write " + arguments_.postmortem_path);
      exit_code_ = worse(exit_code_, kPythonError);
    }
  }

  void run_piece(const Piece &piece) {
    Execution execution = submit(piece);  // which may open another session
    PieceRun piece_run(std::move(execution), session_, *printer_, answers_, console_);
    const Event end = piece_run.run();
    worker_lost_ = end->state == CAPSULE_STATE_LOST && session_.info().state == CAPSULE_SESSION_ERROR;
    if (worker_lost_ && !arguments_.postmortem_path.empty()) {
      write_postmortem();
    }
    exit_code_ = worse(exit_code_, piece_run.interrupts() > 0 ? kInterrupted : exit_code_of(end));
  }

  Execution submit(const Piece &piece) {
    ExecutionOptions options;
    options.file_name = piece.file_name;
    options.timeout = Milliseconds(arguments_.timeout_ms);
    for (const std::string &setting : piece.settings) {
      set_option(options, setting);
    }
    // The library refuses an empty text; an empty file is a script that does nothing.
    const std::string_view source = piece.source.empty() ? "\n" : std::string_view(piece.source);
    if (!worker_lost_) {
      try {
        return session_.execute(source, options);
      } catch (const Error &error) {
        if (error.status() != CAPSULE_E_DIED) {
          throw;
        }
        // It died between two executions: no event tells of it.
        console_.say(std::string("the worker died between two executions: ") +
                     capsule_death_reason_name(session_.info().death_reason));
        exit_code_ = worse(exit_code_, kWorkerDied);
      }
    }
    session_.restart();
    printer_->restarted();
    return session_.execute(source, options);
  }

  const RunArguments &arguments_;
  Console &console_;
  std::unique_ptr<Printer> printer_;
  Answers answers_;
  Runtime runtime_;
  TelemetryFiles telemetry_;
  Session session_;
  bool worker_lost_ = false;
  int exit_code_ = 0;
};

}  // namespace

int run(const RunArguments &arguments, Console &console) {
  return arguments.pool > 0 ? run_in_pool(arguments, console) : Runner(arguments, console).run();
}

}  // namespace capsule::cli
