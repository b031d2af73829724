#!/usr/bin/env bash
# Compiles every public header alone and twice, as C11 and as C++17, with every warning an error.
# Usage: headers.sh <C compiler> <C++ compiler> <include folder>
set -euo pipefail
cc=$1 cxx=$2 include=$3
flags=(-Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -I "$include")

count=0
for header in "$include"/capsule/*.h; do
  name=capsule/${header##*/}
  unit=$(printf '#include "%s"\n' "$name" "$name")
  "$cc" -x c -std=c11 "${flags[@]}" - <<<"$unit" || { echo "$name does not compile as C11" >&2; exit 1; }
  "$cxx" -x c++ -std=c++17 "${flags[@]}" - <<<"$unit" || { echo "$name does not compile as C++17" >&2; exit 1; }
  count=$((count + 1))
done
[ "$count" -gt 1 ] || { echo "no headers in $include/capsule" >&2; exit 1; }
echo "$count headers compile alone and twice, as C11 and C++17"
