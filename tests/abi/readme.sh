#!/usr/bin/env bash
# The C program in README.md is the quick start that is built, to the letter, and prints what README.md says.
# readme.sh <README.md> <quickstart.c> <program>
set -euo pipefail
readme=$1 source=$2 program=$3

block() { awk -v fence="$1" -v wanted="$2" '$0 == "```" fence && !inside { inside = 1; ++seen; next }
  $0 == "```" && inside { inside = 0; next } inside && seen == wanted' "$readme"; }

diff <(block c 1) "$source" || { echo "README.md and $source differ"; exit 1; }
[ "$(wc -l <"$source")" -le 30 ] || { echo "$source has more than 30 lines"; exit 1; }
printed=$("$program")
expected=$(awk '/^It prints:$/ { found = 1 } found' "$readme" | awk '$0 == "```" { ++fence; next } fence == 1')
[ "$printed" = "$expected" ] || { printf 'printed:\n%s\nREADME.md says:\n%s\n' "$printed" "$expected"; exit 1; }
