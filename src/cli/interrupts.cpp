#include "cli/interrupts.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace capsule::cli {

Interrupts::Interrupts() {
  struct sigaction current {};
  ::sigaction(SIGINT, nullptr, &current);
  if (current.sa_handler == SIG_IGN) {
    return;
  }
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  fd_ = ::signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  ::pthread_sigmask(SIG_BLOCK, &interrupt, &previous_);
}

Interrupts::~Interrupts() { give_up(); }

void Interrupts::take() {
  signalfd_siginfo signal{};
  [[maybe_unused]] const ssize_t size = ::read(fd_, &signal, sizeof signal);
}

void Interrupts::give_up() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
}

}  // namespace capsule::cli
