#!/usr/bin/env bash
# run.sh BUILD COMMAND...: runs a command of Go in this folder, against the library in the build folder.
#
# Go 1.24 or later: the `go` on the PATH; where that is older, it is made to get a newer one from its module proxy, into BUILD/go.
set -euo pipefail
build=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
wanted=1.24.11

minor() { "$1" env GOVERSION | sed -nE 's/^(devel )?go1\.([0-9]+).*/\2/p'; }

# Versions from 1.21 on can do this by themselves, unless they are told not to; Debian 12 has 1.19.
newer() {
  local path
  case $(uname -m) in
    x86_64) path=golang.org/toolchain@v0.0.1-go$wanted.linux-amd64 ;;
    aarch64) path=golang.org/toolchain@v0.0.1-go$wanted.linux-arm64 ;;
  esac
  (
    flock 9
    cd "$build/go"  # outside of the module, which an old Go cannot read
    GOPATH=$build/go/path GOFLAGS=-modcacherw go mod download "$path"
    chmod +x "$build/go/path/pkg/mod/$path/bin/"* "$build/go/path/pkg/mod/$path/pkg/tool/"*/*
  ) 9>"$build/go/lock" >&2
  echo "$build/go/path/pkg/mod/$path/bin/go"
}

mkdir -p "$build/go"
go=$(command -v go) || { echo "no 'go' on the PATH: install what Debian calls golang-go" >&2; exit 1; }
export GOTOOLCHAIN=local
if [ "$(minor "$go")" -lt 24 ]; then
  go=$(newer)
  unset GOROOT
fi
export PATH=$(dirname "$("$go" env GOROOT)/bin/go"):$PATH
export GOCACHE=$build/go/cache GOFLAGS= PKG_CONFIG_PATH=$build/bindings/go LD_LIBRARY_PATH=$build/lib CAPSULE_CONFORMANCE_DIR=$build/conformance
exec "$@"
