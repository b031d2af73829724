// Ctrl-C, and other signals that end a command, as a descriptor to poll, instead of a handler.
#pragma once

#include <csignal>
#include <initializer_list>

namespace capsule::cli {

// While it lives, these signals do not end the command. A command that was started with one of them ignored (as SIGINT in the
// background of a script) goes on ignoring it.
class Interrupts {
 public:
  Interrupts(std::initializer_list<int> signals = {SIGINT});
  Interrupts(const Interrupts &) = delete;
  Interrupts &operator=(const Interrupts &) = delete;
  ~Interrupts();

  // Readable when a signal has come; -1 when none will.
  [[nodiscard]] int fd() const { return fd_; }
  // Takes the signal that made `fd` readable, and tells which it is.
  int take();
  // From now on they end the command.
  void give_up();

 private:
  int fd_ = -1;
  sigset_t previous_{};
};

}  // namespace capsule::cli
