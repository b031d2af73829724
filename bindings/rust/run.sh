#!/usr/bin/env bash
# run.sh BUILD COMMAND...: runs a command of Rust in this folder, against the library in the build folder.
set -euo pipefail
build=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v cargo >/dev/null ||
  { echo "no 'cargo' on the PATH: install what Debian calls cargo, rust-clippy and rustfmt" >&2; exit 1; }
# The registry's index is a git repository of gigabytes to versions before 1.68, Debian 12's among them, unless they are told otherwise.
if [ "$(cargo --version | sed -nE 's/^cargo 1\.([0-9]+).*/\1/p')" -lt 68 ]; then
  export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_SPARSE_REGISTRY=true
fi
export CAPSULE_LIB_DIR=$build/lib LD_LIBRARY_PATH=$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export CARGO_TARGET_DIR=$build/rust CAPSULE_CONFORMANCE_DIR=$build/conformance
exec "$@"
