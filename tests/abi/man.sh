#!/usr/bin/env bash
# man.sh COMMAND PAGE: the manual page is well formed, of this version, and has the options that the command tells of and no others.
set -euo pipefail
command=$1 page=$2
warnings=$(groff -man -ww -z "$page" 2>&1)
[ -z "$warnings" ] || { echo "$warnings"; exit 1; }
told=$(for of in "" run checkpoint "checkpoint show" postmortem trace "trace show"; do "$command" $of --help; done | sed -nE 's/^  (-[^ ]*).*/\1/p' | tr , '\n' | sort -u)
there=$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$page" | grep -A 1 '^\.TP' | sed 's/\\-/-/g' | grep -oE -- '-+[a-z][a-z-]*' | sort -u)
diff <(echo "$told") <(echo "$there") || { echo "the options of '$command --help' (<) are not those of $page (>)"; exit 1; }
"$command" --version | grep -qF "$(sed -nE 's/^\.TH.*"libcapsule ([0-9.]+)".*/\1/p' "$page")"
