#!/usr/bin/env bash
# installed.sh PREFIX: the example as a crate of somebody else, who has the library installed there, and this folder. By way of run.sh.
set -euo pipefail
binding=$PWD
unset CAPSULE_LIB_DIR
export PKG_CONFIG_PATH=$1/lib/pkgconfig LD_LIBRARY_PATH=$1/lib CARGO_TARGET_DIR=$CARGO_TARGET_DIR/installed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cp capsule/examples/quickstart.rs "$work/src/main.rs"
cp Cargo.lock "$work"  # The versions that are tested here.
cat >"$work/Cargo.toml" <<END_OF_MANIFEST
[package]
name = "consumer"
version = "0.1.0"
edition = "2021"

[dependencies]
capsule = { path = "$binding/capsule" }
END_OF_MANIFEST
cd "$work"
cargo run --quiet
