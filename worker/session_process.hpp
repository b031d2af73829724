// A session's process: takes its descriptors, greets the host, runs the link thread and the dispatcher, exits.
#pragma once

#include <functional>
#include <memory>

#include "executor/executor.hpp"
#include "link/call_table.hpp"
#include "link/input_table.hpp"
#include "link/link.hpp"
#include "output/output.hpp"
#include "session_fds.hpp"
#include "session_state.hpp"
#include "work_reader.hpp"

namespace capsule::worker {

// The parts of the process, for the executor and what it exposes to the user's code.
struct SessionParts {
  SessionState &state;
  Output &output;
  WorkerCounters &counters;
  InputTable &inputs;
  ControlSender &control;
  CallTable &calls;
  WorkReader &work;
  wire::Hello options;  // what the host wants of the session
};

struct PreloadReport {
  std::string failure;                             // empty: all is well
  std::vector<std::string> native_thread_modules;  // left native threads running and were not allowed to
};

// What differs between Python and echo.
class Program {
 public:
  virtual ~Program() = default;
  // Imports the modules; in a zygote, refuses Python threads.
  virtual PreloadReport preload(const wire::Preload &request, bool in_zygote) = 0;
  // After the preload: whatever every session needs. A zygote does it once, so that its forks need not.
  virtual void prepare() {}
  virtual std::unique_ptr<Executor> make_executor(const SessionParts &parts) = 0;
  virtual std::string version() const = 0;
  virtual std::string path() const = 0;
  // The command line that starts the same program with `mode` as its last argument.
  virtual std::vector<std::string> command(const std::string &mode) const = 0;
  // Zygote: around fork.
  virtual void before_fork() {}
  virtual void after_fork_in_parent() {}
  virtual void after_fork_in_child() {}
  // Zygote: after its first fork, when nothing else is waiting.
  virtual void use_idle_time() {}
  // A forked child that waits to become a session: whatever makes its start shorter.
  virtual void warm_up() {}
  // A session, before it is ready: where the host finds its stacks.
  virtual void announce(WorkerStacks & /*stacks*/) {}
};

// Never returns. `spawned`: the process is a fresh program rather than a zygote's fork, and preloads before it is ready.
[[noreturn]] void run_session(Program &program, SessionFds fds, bool spawned);

// What the process writes from here on is the worker's own word, until it serves: the host reads both streams from one pipe.
void speak_for_itself(const SessionFds &fds);

// In a zygote's fork: becomes a fresh program that finds the descriptors at fixed numbers and calls run_spawned_session().
[[noreturn]] void exec_session(const Program &program, SessionFds fds);

// run_session() with the descriptors that an exec'ed session finds at fixed numbers.
[[noreturn]] void run_spawned_session(Program &program);

}  // namespace capsule::worker
