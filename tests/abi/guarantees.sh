#!/usr/bin/env bash
# Checks that each row of the page of guarantees names a test that exists.
# Usage: guarantees.sh <GUARANTEES.md> <tests folder>
set -euo pipefail
page=$1 tests=$2

rows=$(grep -E '^\| ' "$page" | grep -vE '^\| guarantee \|' || true)
[ "$(printf '%s\n' "$rows" | wc -l)" -ge 20 ] || { echo "$page has no rows: the check cannot run" >&2; exit 1; }

status=0
while IFS= read -r row; do
  if [[ ! $row =~ \|\ \`([a-z_/]+\.cpp)\`\ \`([a-z0-9_]+)\`\ \|$ ]]; then
    echo "no test is named: $row" >&2
    status=1
  elif ! grep -q "CAPSULE_TEST(${BASH_REMATCH[2]})" "$tests/${BASH_REMATCH[1]}"; then
    echo "there is no such test: ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" >&2
    status=1
  fi
done <<<"$rows"
exit "$status"
