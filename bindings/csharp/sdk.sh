#!/usr/bin/env bash
# Compiles the binding for netstandard2.1 by Capsule.csproj, as `dotnet build` does for whoever has an SDK.
# Usage: sdk.sh OUTPUT SDK OPENSSL    SDK is the folder of `dotnet`, OPENSSL that of a libssl.so.1.1
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=$1 sdk=$2 openssl=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Away from the sources, beside which it would write; and with no source of packages, since it needs none.
cp -r "$here/Capsule" "$work"
mkdir "$work/home" "$work/packages"
# No server of the compiler or the build is left behind.
HOME=$work/home NUGET_PACKAGES=$work/packages DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 \
  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 LD_LIBRARY_PATH=$openssl "$sdk/dotnet" build "$work/Capsule" --nologo --configuration Release \
  --source "$work/packages" --output "$output" -nodereuse:false -p:UseSharedCompilation=false
