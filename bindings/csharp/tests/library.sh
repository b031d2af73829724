#!/usr/bin/env bash
# No library, one that is none, an older one: each ends in a sentence with both versions, or with this one's.
# Usage: library.sh COMPILER COMMAND...
set -euo pipefail
compiler=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/older.c" <<'END'
unsigned capsule_version_number(void) { return 9; }
const char *capsule_version(void) { return "0.0.9"; }
END
"$compiler" -shared -fPIC -Wl,-soname,libcapsule.so.0 -o "$work/older.so" "$work/older.c"
echo 'int nothing;' >"$work/none.c"
"$compiler" -shared -fPIC -Wl,-soname,libcapsule.so.0 -o "$work/none.so" "$work/none.c"

# says PATTERN LIBRARY: what the program says with that library.
says() {
  local said
  if said=$(CAPSULE_LIBRARY=$2 "${@:3}" 2>&1); then
    echo "it runs with $2" >&2
    exit 1
  fi
  grep -qE "LibraryException.*$1" <<<"$said" || { printf 'with %s it says:\n%s\n' "$2" "$said" >&2; exit 1; }
}
version='[0-9]+\.[0-9]+\.[0-9]+'
says "0\.0\.9; this binding is of version $version" "$work/older.so" "$@"
says "is none; this binding is of version $version" "$work/none.so" "$@"
says "no such file; this binding is of version $version" "$work/missing.so" "$@"
