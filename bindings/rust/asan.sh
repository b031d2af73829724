#!/usr/bin/env bash
# asan.sh: the tests under the address sanitizer, which finds leaks too; but for those of memory, of which it takes more itself, and of
# libraries that are no whole ones. By way of run.sh. Exits with 77 where this Rust comes without the sanitizer (Debian's does).
set -euo pipefail
target=$(rustc -vV | sed -n 's/^host: //p')
compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/librustc-*_rt.asan.a" >/dev/null ||
  { echo "this Rust has no address sanitizer"; exit 77; }
# Flags that begin with -Z are for nightly versions, unless a stable one is told that they are meant.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CAPSULE_CONFORMANCE_DIR=
exec cargo test --locked --target "$target" --test all -- \
  --skip many_executions --skip takes_no_memory --skip older_library --skip missing_library
