#!/usr/bin/env bash
# The examples in the READMEs are the programs that other tests run, to the letter.
# readme_examples.sh <root of the sources>
set -euo pipefail
cd "$1"

# has README FENCE FILE: the first block of that fence is the file.
has() {
  diff <(awk -v fence="\`\`\`$2" '$0 == fence && !seen { seen = inside = 1; next } $0 == "```" { inside = 0 } inside' "$1") "$3" ||
    { echo "$1 and $3 differ"; exit 1; }
}
for readme in README.md bindings/cpp/README.md; do has $readme cpp bindings/cpp/examples/hello.cpp; done
for readme in README.md bindings/go/README.md; do has $readme go bindings/go/examples/quickstart/main.go; done
for readme in README.md bindings/rust/README.md; do has $readme rust bindings/rust/capsule/examples/quickstart.rs; done
for readme in README.md bindings/csharp/README.md; do has $readme csharp bindings/csharp/example/Quickstart.cs; done
for readme in README.md bindings/python/README.md; do has $readme python bindings/python/examples/quickstart.py; done
