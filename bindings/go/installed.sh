#!/usr/bin/env bash
# installed.sh PREFIX: the example as a module of somebody else, who has the library installed there, and a copy of this folder.
# By way of run.sh.
set -euo pipefail
export PKG_CONFIG_PATH=$1/lib/pkgconfig LD_LIBRARY_PATH=$1/lib
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/consumer"
# Go takes what it has built in a folder for what it would build there, also against another library: this one is a new folder.
cp -r . "$work/binding"
cp examples/quickstart/main.go "$work/consumer"
cd "$work/consumer"
go mod init consumer
go mod edit -require capsule@v0.0.0 -replace capsule=../binding
go run .
