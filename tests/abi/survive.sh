#!/usr/bin/env bash
# Plays the example that is killed half way: what was charged before is not charged again, and what is done is found done.
# Usage: survive.sh <example-survive>
set -euo pipefail
example=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{ "$example" "$work/promises.db" crash >"$work/first" || status=$?; } 2>/dev/null
[ "${status:-0}" -eq 137 ] || { echo "it was not killed" >&2; exit 1; }
"$example" "$work/promises.db" >"$work/second"
"$example" "$work/promises.db" >"$work/third"

charges() { grep -c '^the host charges' "$work/$1" || true; }
[ "$(charges first) $(charges second) $(charges third)" = "2 1 0" ] || { head -n 20 "$work"/*; exit 1; }
# Two receipts are of the process that was killed.
resolved=$(grep '^resolved' "$work/second")
receipts=$(grep -o 'process [0-9]*' <<<"$resolved" | sort | uniq -c | awk '{print $1}' | sort | xargs)
[ "$receipts" = "1 2" ] && grep -qF "$resolved" "$work/third" && grep -q '^found done' "$work/third" || { head -n 20 "$work"/*; exit 1; }
echo "charged once each: $resolved"
