// Ctrl-C as a descriptor to poll, instead of a handler.
#pragma once

#include <csignal>

namespace capsule::cli {

// While it lives, SIGINT does not end the command. A command that was started with SIGINT ignored (in the background of a
// script) goes on ignoring it.
class Interrupts {
 public:
  Interrupts();
  Interrupts(const Interrupts &) = delete;
  Interrupts &operator=(const Interrupts &) = delete;
  ~Interrupts();

  // Readable when a signal has come; -1 when none will.
  [[nodiscard]] int fd() const { return fd_; }
  // Takes the signal that made `fd` readable.
  void take();
  // From now on SIGINT ends the command.
  void give_up();

 private:
  int fd_ = -1;
  sigset_t previous_{};
};

}  // namespace capsule::cli
