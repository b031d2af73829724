#!/usr/bin/env bash
# Compares the exported symbols of the library, the list abi/symbols.txt and the declarations of the headers, each way.
# Usage: symbols.sh <nm> <library> <symbols.txt> <include folder>
set -euo pipefail
nm=$1 library=$2 list=$3 include=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad_lines=$(grep -vE '^(#.*|capsule_[a-z0-9_]+ [0-9]+\.[0-9]+( [0-9]+\.[0-9]+)?)?$' "$list" || true)
[ -z "$bad_lines" ] || { printf '%s: not "name introduced [deprecated]":\n%s\n' "$list" "$bad_lines" >&2; exit 1; }

grep -oE '^capsule_[a-z0-9_]+' "$list" | sort >"$work/listed"
repeated=$(uniq -d "$work/listed")
[ -z "$repeated" ] || { printf '%s: listed twice:\n%s\n' "$list" "$repeated" >&2; exit 1; }

# Everything but the version node itself, which nm prints as an absolute symbol; a wrong version stays part of the name.
"$nm" -D --defined-only "$library" | awk '!($2 == "A" && $3 == "CAPSULE_0") {print $3}' | sed 's/@@CAPSULE_0$//' |
  sort >"$work/exported"

cat "$include"/capsule/*.h | sed '/^ *#/d' | tr '\n' ' ' | grep -oE 'CAPSULE_API [^;(]*\(' |
  sed -E 's/ *\($//; s/^.*[ *]//' | sort >"$work/declared"

for file in listed exported declared; do
  [ -s "$work/$file" ] || { echo "no symbols are $file: the check cannot run" >&2; exit 1; }
done

status=0
# Says which names of the first set are missing in the second.
report() {
  local missing
  missing=$(comm -23 "$work/$1" "$work/$2")
  [ -z "$missing" ] || { printf '%s, but not %s:\n%s\n' "$1" "$2" "$missing" >&2; status=1; }
}
report listed exported
report exported listed
report listed declared
report declared listed
[ "$status" -ne 0 ] || echo "$(wc -l <"$work/listed") symbols agree"
exit "$status"
