#include "cli/exit_codes.hpp"

#include <algorithm>
#include <array>

namespace capsule::cli {
namespace {

// From the mildest to the worst.
constexpr std::array kExitCodes = {0, kPythonError, kTimedOut, kWorkerDied, kInterrupted};

}  // namespace

int worse(int one, int other) {
  const auto rank = [](int code) { return std::find(kExitCodes.begin(), kExitCodes.end(), code); };
  return rank(one) < rank(other) ? other : one;
}

int exit_code_of(const Event &event) {
  switch (event->outcome) {
    case CAPSULE_OUTCOME_OK:
      return 0;
    case CAPSULE_OUTCOME_TIMEOUT:
      return kTimedOut;
    case CAPSULE_OUTCOME_DIED:
    case CAPSULE_OUTCOME_KILLED:
      return kWorkerDied;
    default:
      return event.error_type() == "SystemExit" && event->exit_code == 0 ? 0 : kPythonError;
  }
}

}  // namespace capsule::cli
