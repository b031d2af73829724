#!/usr/bin/env bash
# Unpacks the package, compiles a program against its assembly, and runs that with nothing but the package's own files beside it: they
# bring all that they link.
# Usage: package.sh FOLDER    FOLDER has the package
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=$(echo "$1"/Libcapsule.*.nupkg)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

/usr/bin/python3 -m zipfile -e "$package" "$work/unpacked"
/usr/bin/python3 "$here/../../bundle.py" "$work/unpacked"
# What the program is shipped with: the assembly of its framework, and runtimes/ as it is.
mkdir "$work/program"
cp "$here/../example/Quickstart.cs" "$work"
cp -r "$work/unpacked/lib/net472/Capsule.dll" "$work/unpacked/runtimes" "$work/program"
cd "$work"
mcs -langversion:latest -warnaserror -r:program/Capsule.dll -out:program/quickstart.exe Quickstart.cs
output=$(env -i PATH=/usr/bin:/bin HOME="$work" CAPSULE_PYTHON="$CAPSULE_PYTHON" mono program/quickstart.exe)
[ "$output" = $'Hello from cpython\nresult: 42' ] || { printf 'it prints: %s\n' "$output" >&2; exit 1; }
echo "$(basename "$package") needs nothing else, and a program with it runs"
