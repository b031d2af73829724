#!/usr/bin/env bash
# Packs, unpacks beside a program as NuGet does, and runs it: nothing else says where the library is.
# Usage: package.sh FOLDER LIB    FOLDER has mono/ and, where there is one, coreclr/
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 lib=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

assemblies=(net472="$folder/mono")
[ ! -d "$folder/coreclr" ] || assemblies+=(netcoreapp3.1="$folder/coreclr")
package=$(/usr/bin/python3 "$here/../pack.py" "$work" "$lib" "${assemblies[@]}")
/usr/bin/python3 -m zipfile -e "$package" "$work/unpacked"
# What the program is shipped with: the assembly of its framework, and runtimes/ as it is.
mkdir "$work/program"
cp "$work/unpacked/lib/net472/Capsule.dll" "$folder/mono/quickstart.exe" "$work/program"
cp -r "$work/unpacked/runtimes" "$work/program"
chmod +x "$work"/program/runtimes/*/native/capsule/capsule-echo-worker
unset CAPSULE_LIBRARY
output=$(mono "$work/program/quickstart.exe")
[ "$output" = $'Hello from cpython\nresult: 42' ] || { printf 'it prints: %s\n' "$output" >&2; exit 1; }
echo "$(basename "$package") runs"
