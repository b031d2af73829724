// A tiny line language in place of Python, for tests of the library, the bindings and the native core.
//
// A source is lines of `command argument`, run in order:
//   out TEXT, err TEXT   TEXT and a newline on stdout or stderr
//   fd TEXT              the same by write(2) on descriptor 1
//   flood N              N lines of 99 'x' on stdout
//   input PROMPT         asks, then prints the answer and a newline; declined: EOFError; not recorded: ConnectionError
//   secret PROMPT        the same, not to be shown
//   call NAME JSON       calls the host's capability, prints the answer's data and a newline
//   sleep MS, spin       waits; waits for ever; an interrupt ends both as KeyboardInterrupt
//   stubborn             waits for ever and ignores interrupts
//   value TEXT           sets the value: repr TEXT, type str, JSON the string
//   raise TYPE MESSAGE   ends with that error
//   exit N, abort, kill  ends the process by _exit(N), abort(), SIGKILL
// Anything else is a SyntaxError. Empty lines do nothing.
#pragma once

#include "executor/executor.hpp"
#include "session_process.hpp"

namespace capsule::worker {

class EchoProgram : public Program {
 public:
  explicit EchoProgram(std::string path) : path_(std::move(path)) {}
  PreloadReport preload(const wire::Preload &request, bool in_zygote) override;
  std::unique_ptr<Executor> make_executor(const SessionParts &parts) override;
  std::string version() const override { return "echo 1"; }
  std::string path() const override { return path_; }
  std::vector<std::string> command(const std::string &mode) const override { return {path_, mode}; }

 private:
  const std::string path_;
};

}  // namespace capsule::worker
