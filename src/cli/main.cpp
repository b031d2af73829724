// The `capsule` command: what it was asked for, and what its failures mean for the exit status.
#include <fcntl.h>

#include <csignal>

#include "capsule.hpp"
#include "cli/arguments.hpp"
#include "cli/checkpoint_command.hpp"
#include "cli/console.hpp"
#include "cli/postmortem_command.hpp"
#include "cli/run_command.hpp"
#include "cli/serve/serve_command.hpp"
#include "cli/trace_command.hpp"

namespace {

using capsule::cli::Console;

constexpr int kFailed = 1;
constexpr int kUnusable = 2;
constexpr int kWorkerDied = 3;
constexpr int kReaderGone = 128 + SIGPIPE;

// A descriptor that the library opens must not get the number of a stdin, stdout or stderr that was closed.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      // The lowest free number is `fd`.
      [[maybe_unused]] const int opened = ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
    }
  }
}

// Blocked, not ignored: programs that the user's code starts would inherit that.
void make_broken_pipes_errors() {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

bool is_death(const capsule::Error &error) { return error.status() == CAPSULE_E_DIED || error.status() == CAPSULE_E_PROTOCOL; }

int run(int argc, char **argv, Console &console) {
  try {
    const auto parsed = capsule::cli::parse_arguments(argc, argv);
    if (parsed.shown_checkpoint) {
      capsule::cli::show_checkpoint(*parsed.shown_checkpoint, console);
    }
    if (parsed.audited) {
      return capsule::cli::verify_audit(*parsed.audited, console);
    }
    if (parsed.serve) {
      return capsule::cli::serve_stdin(*parsed.serve, console);
    }
    if (parsed.shown_postmortem) {
      capsule::cli::show_postmortem(*parsed.shown_postmortem, console);
    }
    if (parsed.shown_trace) {
      capsule::cli::show_trace(*parsed.shown_trace, console);
    }
    return parsed.run ? capsule::cli::run(*parsed.run, console) : parsed.exit_code;
  } catch (const capsule::cli::UsageError &error) {
    console.say(error.what());
    return kUnusable;
  } catch (const capsule::cli::OutputError &error) {
    if (error.reader_gone()) {
      return kReaderGone;
    }
    console.say(error.what());
    return kFailed;
  } catch (const capsule::Error &error) {
    console.say(error.what());
    return is_death(error) ? kWorkerDied : kUnusable;
  } catch (const std::exception &error) {
    console.say(error.what());
    return kFailed;
  }
}

}  // namespace

int main(int argc, char **argv) {
  fill_standard_descriptors();
  make_broken_pipes_errors();
  Console console;
  return run(argc, argv, console);
}
