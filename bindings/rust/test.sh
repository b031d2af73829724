#!/usr/bin/env bash
# test.sh: the format, Clippy, the reference, and all tests, which leave out nothing. By way of run.sh.
set -euo pipefail
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
exec cargo test --locked --workspace
