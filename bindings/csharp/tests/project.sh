#!/usr/bin/env bash
# Builds Capsule.csproj, and a program in C# 8 that refers to it, as `dotnet build` does for whoever has an SDK, and runs that program.
# Usage: project.sh SDK OPENSSL    SDK is the folder of `dotnet`, OPENSSL that of a libssl.so.1.1
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sdk=$1 openssl=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Away from the sources, beside which it would write; and with no source of packages, since it needs none.
mkdir "$work/tests" "$work/home" "$work/packages"
cp -r "$here/../Capsule" "$work"
cp -r "$here/project" "$work/tests"
# No server of the compiler or the build is left behind.
export HOME=$work/home NUGET_PACKAGES=$work/packages DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
LD_LIBRARY_PATH=$openssl "$sdk/dotnet" build "$work/tests/project" --nologo --configuration Release --source "$work/packages" --output "$work/program" \
  -nodereuse:false -p:UseSharedCompilation=false >"$work/log" || { cat "$work/log" >&2; exit 1; }
output=$("$sdk/dotnet" "$work/program/project.dll")
[ "$output" = $'Hello from cpython\nresult: 42' ] || { printf 'it prints: %s\n' "$output" >&2; exit 1; }
echo "Capsule.csproj builds, and a program with it runs"
