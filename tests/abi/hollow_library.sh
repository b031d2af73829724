#!/usr/bin/env bash
# hollow_library.sh COMPILER OUTPUT [VERSION]: a library that tells that version, by default today's, and lacks every other function.
# Its soname is its file's name: preloaded under another than the real one's it hides that one's version alone.
set -euo pipefail
compiler=$1 output=$2 version=${3-}
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../include" && pwd)
versions=$(mktemp)
trap 'rm -f "$versions"' EXIT
echo 'CAPSULE_0 { global: *; };' >"$versions"
IFS=. read -r major minor patch <<<"${version:-CAPSULE_VERSION_MAJOR.CAPSULE_VERSION_MINOR.CAPSULE_VERSION_PATCH}"
"$compiler" -shared -fPIC -I"$include" "-DMAJOR=$major" "-DMINOR=$minor" "-DPATCH=$patch" \
  -Wl,-soname,"$(basename "$output")" -Wl,--version-script="$versions" -o "$output" -x c - <<'END'
#include <capsule/base.h>
#define TEXT(number) #number
#define JOINED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)
uint32_t capsule_version_number(void) { return MAJOR * 1000000 + MINOR * 1000 + PATCH; }
const char *capsule_version(void) { return JOINED(MAJOR, MINOR, PATCH); }
END
