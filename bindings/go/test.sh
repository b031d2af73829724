#!/usr/bin/env bash
# test.sh: the format, vet, and all tests under the race detector; but for the one of memory, which the detector itself takes more
# of with time. By way of run.sh.
set -euo pipefail
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt -w would change: $unformatted" >&2; exit 1; }
go vet ./...
go test -race -count=1 -parallel 4 -skip Leak .
exec go test -count=1 -run Leak .
