#!/usr/bin/env bash
# A program in C without its library; and with an older one that lacks functions: the loader names the function, at its first call or, bound at once, before
# main(); one that asks for the version first can tell both.
# Usage: older.sh COMPILER LIBRARY
set -euo pipefail
compiler=$1 library=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/tests/abi/hollow_library.sh" "$compiler" "$work/libcapsule.so.0" 0.0.9

# built NAME: a program, of the source on standard input, whose functions are bound when they are called.
built() { "$compiler" -std=c11 -I"$root/include" -o "$work/$1" -x c - -x none "$library" -Wl,-z,lazy; }
built plain <"$root/bindings/c/examples/quickstart.c"
built asks <<'END'
#include <capsule/capsule.h>
#include <stdio.h>

int main(void) {
  const unsigned compiled = CAPSULE_VERSION_MAJOR * 1000000 + CAPSULE_VERSION_MINOR * 1000 + CAPSULE_VERSION_PATCH;
  if (capsule_version_number() < compiled) {
    printf("version %s, and compiled with %u\n", capsule_version(), compiled);
    return 1;
  }
  capsule_runtime *runtime = NULL;
  return capsule_runtime_create(NULL, &runtime, NULL) == CAPSULE_OK ? 0 : 2;
}
END

# says PATTERN STATUS COMMAND...: how it ends with the older library, and what it says; env may take that from it.
says() {
  local said status=0
  said=$(LD_LIBRARY_PATH=$work "${@:3}" 2>&1) || status=$?
  [ "$status" -eq "$2" ] && grep -qE "$1" <<<"$said" || { printf '%s ends with %s and says:\n%s\n' "${*:3}" "$status" "$said" >&2; exit 1; }
}
says 'undefined symbol: capsule_runtime_create' 127 "$work/plain"
says 'undefined symbol: capsule_' 127 env LD_BIND_NOW=1 "$work/plain"
says 'libcapsule\.so\.0: cannot open' 127 env LD_LIBRARY_PATH=/nowhere "$work/plain"
says '^version 0\.0\.9, and compiled with [0-9]+$' 1 "$work/asks"
says 'undefined symbol: capsule_runtime_create' 127 env LD_BIND_NOW=1 "$work/asks"
