#!/usr/bin/env bash
# Installs, moves the installation elsewhere, and builds and runs a program against it by find_package and by pkg-config.
# Usage: install.sh <cmake> <build folder> <C compiler> <consumer folder>
set -euo pipefail
cmake=$1 build=$2 cc=$3 consumer=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What the test's environment says of other installations must not help.
unset CAPSULE_WORKER_DIR LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH

"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"
prefix=$work/moved
if grep -rlF "$work/first" "$prefix/lib/cmake" "$prefix/lib/pkgconfig"; then
  echo "the files above name the folder of the installation: it cannot be moved" >&2
  exit 1
fi

"$cmake" -S "$consumer" -B "$work/build" -G Ninja -D CMAKE_C_COMPILER="$cc" -D CMAKE_PREFIX_PATH="$prefix" >/dev/null
"$cmake" --build "$work/build" >"$work/log" || { cat "$work/log" >&2; exit 1; }
"$work/build/consumer"
"$work/build/consumer_cpp"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs capsule)"
libdir=$(pkg-config --variable=libdir capsule)
"$cc" -std=c11 "$consumer/main.c" -o "$work/consumer" "${flags[@]}" "-Wl,-rpath,$libdir"
"$work/consumer"

version=$("$work/consumer")
[ "$version" = "$(pkg-config --modversion capsule)" ] || { echo "capsule.pc has another version than the library" >&2; exit 1; }
"$prefix/bin/capsule" --version >/dev/null
echo "an installation that was moved serves find_package, pkg-config and its own command"
