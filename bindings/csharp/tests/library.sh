#!/usr/bin/env bash
# No library, one that is none, an older one: each ends in a sentence with both versions, or with this one's; one that lacks a
# function in the function's name.
# Usage: library.sh COMPILER COMMAND...
set -euo pipefail
compiler=$1
shift
hollow=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../tests/abi" && pwd)/hollow_library.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/older" "$work/lacking" "$work/none"
"$hollow" "$compiler" "$work/older/libcapsule.so.0" 0.0.9
"$hollow" "$compiler" "$work/lacking/libcapsule.so.0"
"$compiler" -shared -fPIC -Wl,-soname,libcapsule.so.0 -o "$work/none/libcapsule.so.0" -x c - <<<'int nothing;'

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
says "LibraryException.*0\.0\.9; this binding is of version $version" "$work/older/libcapsule.so.0" "$@"
says "LibraryException.*is none; this binding is of version $version" "$work/none/libcapsule.so.0" "$@"
says "LibraryException.*no such file; this binding is of version $version" "$work/missing.so" "$@"
says "EntryPointNotFoundException.*capsule_" "$work/lacking/libcapsule.so.0" "$@"
