#include "check.hpp"

#include <cstdlib>
#include <cstring>

namespace capsule_test {
namespace {

constexpr std::size_t kShownMax = 1500;
constexpr char kUntouched = '\x5A';

std::string status_text(capsule_status status) {
  return std::string(capsule_status_name(status)) + " (" + std::to_string(status) + ")";
}

// An error struct in which a write can be seen.
capsule_error marked_error() {
  capsule_error error;
  std::memset(&error, kUntouched, sizeof error);
  error.struct_size = sizeof error;
  return error;
}

}  // namespace

void fail_test(Place place, const std::string &message) {
  throw Failure(std::string(place.file) + ":" + std::to_string(place.line) + ": " + message);
}

void skip_test(const std::string &reason) {
  if (std::getenv("CAPSULE_TEST_NO_SKIP") != nullptr) {
    FAIL("skipped where nothing is to be: " + reason);
  }
  throw Skipped(reason);
}

std::string show(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string shown = "\"";
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += "\\x";
      shown += kDigits[byte >> 4U];
      shown += kDigits[byte & 0xFU];
    } else {
      shown += c;
    }
  }
  return shown + (text.size() > kShownMax ? "\"… of " + std::to_string(text.size()) + " bytes" : "\"");
}

void check_contains(Place place, const char *what, std::string_view text, std::string_view part, bool expected) {
  if ((text.find(part) != std::string_view::npos) != expected) {
    fail_test(place, std::string(what) + " is " + show(text) + (expected ? ", without " : ", with ") + show(part));
  }
}

void check_accepted(Place place, const char *what, const Call &call) {
  capsule_error error = marked_error();
  const capsule_error before = error;
  const capsule_status status = call(&error);
  if (status != CAPSULE_OK) {
    error.message[sizeof error.message - 1] = '\0';
    fail_test(place, std::string(what) + " answered " + status_text(status) + ": " + error.message);
  }
  if (std::memcmp(&before, &error, sizeof error) != 0) {
    fail_test(place, std::string(what) + " succeeded, and wrote into the error struct");
  }
}

std::string check_refused(Place place, const char *what, capsule_status expected, const Call &call) {
  capsule_error error = marked_error();
  const capsule_status status = call(&error);
  if (status != expected) {
    error.message[sizeof error.message - 1] = '\0';
    fail_test(place, std::string(what) + " answered " + status_text(status) + ", not " + status_text(expected) +
                         (status == CAPSULE_OK ? "" : std::string(": ") + error.message));
  }
  if (error.status != expected) {
    fail_test(place, std::string(what) + " put " + status_text(error.status) + " into the error struct, and answered " +
                         status_text(expected));
  }
  if (std::memchr(error.message, '\0', sizeof error.message) == nullptr || error.message[0] == '\0') {
    fail_test(place, std::string(what) + " left a message that is empty or not terminated");
  }
  return error.message;
}

}  // namespace capsule_test
