#include "base/status.hpp"

#include <cstring>

namespace capsule {

#define CAPSULE_CHECK(code, number, text) static_assert((code) == (number));
CAPSULE_STATUS_TABLE(CAPSULE_CHECK)
#undef CAPSULE_CHECK

Status system_error(const char *call, int error_number) {
  char buffer[128];
  // The GNU strerror_r: thread-safe, and never changes the host's locale or a shared buffer.
  const char *text = strerror_r(error_number, buffer, sizeof buffer);
  return {CAPSULE_E_SYSTEM, std::string(call) + ": " + text};
}

const char *status_name(capsule_status code) {
  switch (code) {
#define CAPSULE_NAME(name, number, text) \
  case name:                             \
    return #name;
    CAPSULE_STATUS_TABLE(CAPSULE_NAME)
#undef CAPSULE_NAME
    default:
      return "CAPSULE_E_UNKNOWN";
  }
}

const char *status_text(capsule_status code) {
  switch (code) {
#define CAPSULE_TEXT(name, number, text) \
  case name:                             \
    return text;
    CAPSULE_STATUS_TABLE(CAPSULE_TEXT)
#undef CAPSULE_TEXT
    default:
      return "a status this library does not know";
  }
}

}  // namespace capsule
