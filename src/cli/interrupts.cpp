#include "cli/interrupts.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace capsule::cli {

Interrupts::Interrupts(std::initializer_list<int> signals) {
  sigset_t heard;
  sigemptyset(&heard);
  bool any = false;
  for (const int signal : signals) {
    struct sigaction current {};
    ::sigaction(signal, nullptr, &current);
    if (current.sa_handler != SIG_IGN) {
      sigaddset(&heard, signal);
      any = true;
    }
  }
  if (!any) {
    return;
  }
  fd_ = ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  ::pthread_sigmask(SIG_BLOCK, &heard, &previous_);
}

Interrupts::~Interrupts() { give_up(); }

int Interrupts::take() {
  signalfd_siginfo signal{};
  [[maybe_unused]] const ssize_t size = ::read(fd_, &signal, sizeof signal);
  return static_cast<int>(signal.ssi_signo);
}

void Interrupts::give_up() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
}

}  // namespace capsule::cli
