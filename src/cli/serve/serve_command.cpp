#include "cli/serve/serve_command.hpp"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "capsule.hpp"
#include "cli/interrupts.hpp"
#include "cli/serve/line_reader.hpp"
#include "cli/serve/requests.hpp"

namespace capsule::cli {
namespace serve {
namespace {

using Clock = std::chrono::steady_clock;

// For what the code registered with atexit.
constexpr std::int64_t kCloseTimeoutMs = 2'000;
constexpr int kSignalled = 128;

// A signal came while nobody read what is written.
struct Interrupted {
  int signal;
};

class Server {
 public:
  Server(const ServeArguments &arguments, Console &console)
      : grace_(arguments.grace_ms),
        console_(console),
        messages_(console),
        streams_(messages_),
        requests_(runtime_.capi(), handles_, streams_, messages_) {}
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;
  ~Server() {
    console_.unwatch();
    close_all(handles_.all("promise_store"), 0);
    if (closer_.joinable()) {
      closer_.join();
    }
  }

  int run() {
    console_.watch(interrupts_.fd(), [this] { throw Interrupted{interrupts_.take()}; });
    while (!ended()) {
      step();
    }
    return exit_code_;
  }

 private:
  enum class State {
    kServing,
    kFinishing,  // stdin has ended, and what was asked for goes on
    kClosing
  };

  void step() {
    fds_.assign({{state_ == State::kServing ? STDIN_FILENO : -1, POLLIN, 0},
                 {interrupts_.fd(), POLLIN, 0},
                 {requests_.fd(), POLLIN, 0},
                 {STDOUT_FILENO, 0, 0}});
    streams_.poll_for(fds_);
    if (::poll(fds_.data(), fds_.size(), poll_timeout()) < 0) {
      return;
    }
    if ((fds_[3].revents & (POLLERR | POLLHUP)) != 0) {
      throw OutputError(EPIPE);
    }
    if (fds_[1].revents != 0) {
      end_by_signal();
    }
    requests_.finish_ended();
    streams_.take([this](void *execution) {
      handles_.forget("execution", execution);
      capsule_execution_release(static_cast<capsule_execution *>(execution));
    });
    if (fds_[0].revents != 0) {
      read_lines();
    }
    if (state_ == State::kFinishing && ((requests_.idle() && streams_.idle()) || Clock::now() >= deadline_)) {
      begin_closing(Clock::now() >= deadline_ ? 0 : kCloseTimeoutMs);
    }
  }

  [[nodiscard]] int poll_timeout() const {
    if (state_ != State::kFinishing) {
      return -1;
    }
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT32_MAX));
  }

  void read_lines() {
    const auto begin = [this](std::string_view line) { requests_.begin(line); };
    const auto refuse = [this] {
      messages_.error(nullptr, kInvalidRequest, "a line may have " + std::to_string(LineReader::kLongest) + " bytes", nullptr);
    };
    if (!lines_.read(STDIN_FILENO, begin, refuse)) {
      finish();
    }
  }

  // Nobody will answer any more.
  void finish() {
    state_ = State::kFinishing;
    deadline_ = Clock::now() + grace_;
    streams_.decline_inputs();
    for (void *const bridge : handles_.all("bridge")) {
      capsule_bridge_close(static_cast<capsule_bridge *>(bridge), nullptr);
    }
  }

  void end_by_signal() {
    exit_code_ = kSignalled + interrupts_.take();
    // The next one ends the command, whatever it waits for.
    console_.unwatch();
    interrupts_.give_up();
    begin_closing(0);
  }

  void begin_closing(std::int64_t timeout_ms) {
    if (std::exchange(state_, State::kClosing) != State::kClosing) {
      closer_ = std::thread([this, stores = handles_.all("promise_store"), timeout_ms] {
        close_all(stores, timeout_ms);
        closed_ = true;
        requests_.wake();
      });
    }
  }

  // Wakes all that wait.
  void close_all(const std::vector<void *> &stores, std::int64_t timeout_ms) {
    capsule_runtime_close(runtime_.capi(), timeout_ms, nullptr);
    for (void *const store : stores) {
      capsule_promise_store_close(static_cast<capsule_promise_store *>(store), nullptr);
    }
  }

  [[nodiscard]] bool ended() const { return closed_ && requests_.idle() && streams_.drained(); }

  const Milliseconds grace_;
  Console &console_;
  Interrupts interrupts_{SIGINT, SIGTERM};
  Runtime runtime_;
  Handles handles_;
  Messages messages_;
  Streams streams_;
  Requests requests_;
  LineReader lines_;
  std::vector<pollfd> fds_;
  State state_ = State::kServing;
  Clock::time_point deadline_{};
  std::thread closer_;
  std::atomic<bool> closed_ = false;
  int exit_code_ = 0;
};

}  // namespace
}  // namespace serve

CLI::App *add_serve_command(CLI::App &app, ServeArguments &arguments) {
  CLI::App *command = app.add_subcommand("serve", "Do what lines of JSON-RPC on stdin ask for, and answer by lines on stdout");
  command->add_option("--grace-ms", arguments.grace_ms, "Time that what runs still has when stdin ends; 10000 if not given")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400'000}).description(""));
  return command;
}

int serve_stdin(const ServeArguments &arguments, Console &console) {
  try {
    return serve::Server(arguments, console).run();
  } catch (const serve::Interrupted &interrupted) {
    return serve::kSignalled + interrupted.signal;
  }
}

}  // namespace capsule::cli
