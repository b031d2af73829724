#!/usr/bin/env bash
# Builds a program in C# 8 that refers to the package, which is restored from a folder, as `dotnet build` does for whoever has an SDK,
# publishes it for this kind of machine too, and runs both.
# Usage: restore.sh FOLDER SDK OPENSSL    FOLDER has the package, SDK is the folder of `dotnet`, OPENSSL that of a libssl.so.1.1
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 sdk=$2 openssl=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/home"
cp -r "$here/project" "$work"
cd "$work"
dotnet() {
  env -i PATH=/usr/bin:/bin HOME="$work/home" NUGET_PACKAGES="$work/packages" CAPSULE_PYTHON="$CAPSULE_PYTHON" DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 LD_LIBRARY_PATH="$libraries" "$sdk/dotnet" "$@"
}
# No server of the compiler or the build is left behind.
built() {
  libraries=$openssl dotnet "$@" --nologo --configuration Release -nodereuse:false -p:UseSharedCompilation=false >log || { cat log >&2; exit 1; }
}
built build project --source "$folder" --output "$work/portable"
built publish project --source "$folder" --runtime linux-x64 --self-contained false --output "$work/published"
# What was restored is not what they run with, but what was put beside them.
rm -rf packages project
for program in portable published; do
  output=$(libraries='' dotnet "$program/project.dll")
  [ "$output" = $'Hello from cpython\nresult: 42' ] || { printf '%s, it prints: %s\n' "$program" "$output" >&2; exit 1; }
done
echo "a program that refers to the package builds and runs, also when it is published for linux-x64"
