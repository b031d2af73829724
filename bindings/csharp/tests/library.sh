#!/usr/bin/env bash
# No library, one that is none, an older one: each ends in a sentence with both versions, or with this one's; one that lacks a
# function in the function's name.
# Usage: library.sh COMPILER COMMAND...
set -euo pipefail
compiler=$1
shift
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../include" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# built NAME: a library of the source on standard input.
built() { "$compiler" -shared -fPIC -I"$include" -Wl,-soname,libcapsule.so.0 -o "$work/$1.so" -x c -; }
built older <<'END'
unsigned capsule_version_number(void) { return 9; }
const char *capsule_version(void) { return "0.0.9"; }
END
built none <<<'int nothing;'
built lacking <<'END'
#include <capsule/base.h>
uint32_t capsule_version_number(void) {
  return CAPSULE_VERSION_MAJOR * 1000000 + CAPSULE_VERSION_MINOR * 1000 + CAPSULE_VERSION_PATCH;
}
END

# says PATTERN LIBRARY: what the program says with that library.
says() {
  local said
  if said=$(CAPSULE_LIBRARY=$2 "${@:3}" 2>&1); then
    echo "it runs with $2" >&2
    exit 1
  fi
  grep -qE "$1" <<<"$said" || { printf 'with %s it says:\n%s\n' "$2" "$said" >&2; exit 1; }
}
version='[0-9]+\.[0-9]+\.[0-9]+'
says "LibraryException.*0\.0\.9; this binding is of version $version" "$work/older.so" "$@"
says "LibraryException.*is none; this binding is of version $version" "$work/none.so" "$@"
says "LibraryException.*no such file; this binding is of version $version" "$work/missing.so" "$@"
says "EntryPointNotFoundException.*capsule_" "$work/lacking.so" "$@"
