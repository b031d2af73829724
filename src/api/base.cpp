#include "capsule/base.h"

#include <cstring>

#include "base/status.hpp"
#include "capsule/error.h"

namespace {

#define CAPSULE_TO_TEXT(x) #x
#define CAPSULE_VERSION_TEXT(major, minor, patch) CAPSULE_TO_TEXT(major) "." CAPSULE_TO_TEXT(minor) "." CAPSULE_TO_TEXT(patch)

}  // namespace

extern "C" {

capsule_text capsule_text_from(const char *string) { return {string, string == nullptr ? 0 : std::strlen(string)}; }

const char *capsule_version(void) {
  return CAPSULE_VERSION_TEXT(CAPSULE_VERSION_MAJOR, CAPSULE_VERSION_MINOR, CAPSULE_VERSION_PATCH);
}

uint32_t capsule_version_number(void) {
  return CAPSULE_VERSION_MAJOR * 1'000'000U + CAPSULE_VERSION_MINOR * 1'000U + CAPSULE_VERSION_PATCH;
}

const char *capsule_status_name(capsule_status status) { return capsule::status_name(status); }

const char *capsule_status_text(capsule_status status) { return capsule::status_text(status); }

}  // extern "C"
