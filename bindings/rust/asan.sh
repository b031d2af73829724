#!/usr/bin/env bash
# asan.sh: the tests under the address sanitizer, which finds leaks too; but for those of memory, of which it takes more itself, and of
# libraries that are no whole ones. By way of run.sh. Exits with 77 where this Rust comes without the sanitizer (Debian's does).
set -euo pipefail
target=$(rustc -vV | sed -n 's/^host: //p')
compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/librustc-*_rt.asan.a" >/dev/null ||
  { echo "NOT RUN: $(rustc -V), in $(rustc --print sysroot), comes without the address sanitizer's runtime"; exit 77; }
# Flags that begin with -Z are for nightly versions, unless a stable one is told that they are meant.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
unset CAPSULE_CONFORMANCE_DIR  # These are not the outcomes that the table is of.
run() { cargo test --locked --target "$target" --test all -- "$@"; }

# What finds nothing has to be able to find something.
if found=$(run --exact robustness::an_event_that_is_used_after_its_release --ignored 2>&1) ||
  [[ $found != *"AddressSanitizer: heap-use-after-free"* ]]; then
  echo "the sanitizer does not see an event that is used after its release:"
  echo "$found"
  exit 1
fi
run --skip many_executions --skip takes_no_memory --skip older_library --skip missing_library
