#!/usr/bin/env bash
# Compiles the binding, its tests, its example and the peer of capsule-bench with Mono's compiler.
# Usage: build.sh OUTPUT             against Mono's libraries
#        build.sh OUTPUT FRAMEWORK   against those of the .NET Core runtime in that folder
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=$1
mkdir -p "$output"
compile=(mcs -langversion:latest -warnaserror)
if [ $# -gt 1 ]; then
  compile+=(-nostdlib -noconfig)
  for assembly in "$2"/{System,Microsoft.Win32,netstandard}*.dll; do
    # What is native, or needs Windows, is no reference.
    case $assembly in *.Native.dll | *WindowsRuntime*) ;; *) compile+=("-r:$assembly") ;; esac
  done
  # The framework's own assemblies refer to one another by other versions than these.
  compile+=(-nowarn:1701,1702)
  cat >"$output/runtimeconfig.json" <<'END'
{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"},
                    "configProperties": {"System.Globalization.Invariant": true}}}
END
fi
"${compile[@]}" -unsafe -target:library -doc:"$output/Capsule.xml" -out:"$output/Capsule.dll" "$here"/Capsule/*.cs
program() {
  "${compile[@]}" -r:"$output/Capsule.dll" -out:"$output/$1.exe" "${@:2}"
}
program tests -unsafe "$here"/tests/{Json,Names,Tests,ServiceTests,PromiseTests,InspectTests,RobustnessTests}.cs
program scenarios "$here"/tests/{Json,Names,Expectations,Scenarios}.cs
program quickstart "$here"/example/Quickstart.cs
program bench "$here"/bench/Bench.cs
