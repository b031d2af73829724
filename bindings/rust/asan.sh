#!/usr/bin/env bash
# asan.sh: the tests under the address sanitizer, which finds leaks too; but for those of memory, of which it takes more itself, and of
# libraries that are no whole ones. By way of run.sh. Exits with 77 where there is no runtime of the sanitizer.
set -euo pipefail
target=$(rustc -vV | sed -n 's/^host: //p')
# Flags that begin with -Z are for nightly versions, unless a stable one is told that they are meant.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
unset CAPSULE_CONFORMANCE_DIR  # These are not the outcomes that the table is of.

# Debian's Rust comes without the runtime. That of its clang of the same LLVM serves, in a sysroot of links to the real one.
sysroot=$(rustc --print sysroot)
libraries=lib/rustlib/$target/lib
if ! compgen -G "$sysroot/$libraries/librustc-*_rt.asan.a" >/dev/null; then
  llvm=$(rustc -vV | sed -nE 's/^LLVM version: ([0-9]+).*/\1/p')
  runtime=$(compgen -G "$sysroot/lib/llvm-$llvm/lib/clang/*/lib/linux/libclang_rt.asan-${target%%-*}.a") ||
    { echo "NOT RUN: $(rustc -V), in $sysroot, comes without the address sanitizer's runtime, and there is no libclang-rt-$llvm-dev"; exit 77; }
  linked=$CARGO_TARGET_DIR/sysroot
  mkdir -p "$linked/$libraries"
  ln -sf "$sysroot/$libraries"/* "$linked/$libraries"
  ln -sf "$runtime" "$linked/$libraries/librustc-stable_rt.asan.a"
  RUSTFLAGS+=" --sysroot=$linked"
fi
run() { cargo test --locked --target "$target" --test all -- "$@"; }

# What finds nothing has to be able to find something.
if found=$(run --exact robustness::an_event_that_is_used_after_its_release --ignored 2>&1) ||
  [[ $found != *"AddressSanitizer: heap-use-after-free"* ]]; then
  echo "the sanitizer does not see an event that is used after its release:"
  echo "$found"
  exit 1
fi
run --skip many_executions --skip takes_no_memory --skip older_library --skip missing_library
