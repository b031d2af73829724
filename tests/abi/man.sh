#!/usr/bin/env bash
# The manual pages are well formed and of this version; capsule(1) has the options that the command tells of and no others, libcapsule(3)
# the exported functions, each under its header, and the quick start to the letter.
# man.sh COMMAND <capsule.1> <libcapsule.3> <symbols.txt> <quickstart.c>
set -euo pipefail
command=$1 page=$2 library=$3 symbols=$4 quickstart=$5
for each in "$page" "$library"; do
  warnings=$(groff -man -ww -z "$each" 2>&1)
  [ -z "$warnings" ] || { echo "$warnings"; exit 1; }
  "$command" --version | grep -qF "$(sed -nE 's/^\.TH.*"libcapsule ([0-9.]+)".*/\1/p' "$each")"
done

told=$(for of in "" run checkpoint "checkpoint show" postmortem trace "trace show" audit "audit verify" serve; do "$command" $of --help; done | sed -nE 's/^  (-[^ ]*).*/\1/p' | tr , '\n' | sort -u)
there=$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$page" | grep -A 1 '^\.TP' | sed 's/\\-/-/g' | grep -oE -- '-+[a-z][a-z-]*' | sort -u)
diff <(echo "$told") <(echo "$there") || { echo "the options of '$command --help' (<) are not those of $page (>)"; exit 1; }

exported=$(awk '/^# capsule\// { header = $2 } /^capsule_/ { print header, $1 }' "$symbols" | sort)
listed=$(sed -n '/^\.SH FUNCTIONS/,/^\.SH ENVIRONMENT/p' "$library" |
  awk '/^\.B </ { header = substr($2, 2, length($2) - 2) } /^\.BR capsule_/ { print header, $2 }' | sort)
diff <(echo "$exported") <(echo "$listed") || { echo "the functions of $symbols (<) are not those of $library (>)"; exit 1; }
diff "$quickstart" <(sed -n '/^\.SH EXAMPLE/,/^\.fi/p' "$library" | sed '1,2d; $d; s/\\e/\\/g') ||
  { echo "$quickstart (<) is not the example of $library (>)"; exit 1; }
