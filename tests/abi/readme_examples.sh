#!/usr/bin/env bash
# The examples in the READMEs are the programs that other tests run, to the letter, and short; what stands there in parts is in tests that
# compile it.
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

# short FILE LINES: a program that needs more shows an interface that is clumsy.
short() { [ "$(wc -l <"$1")" -le "$2" ] || { echo "$1 has more than $2 lines"; exit 1; }; }
short bindings/cpp/examples/hello.cpp 20
short bindings/go/examples/quickstart/main.go 24 # four of them import, as gofmt has it
short bindings/rust/capsule/examples/quickstart.rs 20
short bindings/csharp/example/Quickstart.cs 20
short bindings/python/examples/quickstart.py 20
short bindings/luajit/example.lua 30
grep -q '(bindings/luajit/example.lua)' README.md || { echo "README.md does not lead to the example for LuaJIT"; exit 1; }

# parts README FENCE FILE: every other block of that fence is in the file, but for white space.
parts() {
  /usr/bin/python3 - "$@" <<'END'
import re, sys
readme, fence, file = sys.argv[1:]
plain = lambda text: re.sub(r"\s+", " ", text).strip()
blocks = re.findall(rf"^```{fence}\n(.*?)^```$", open(readme).read(), re.M | re.S)[1:]
missing = [block for block in blocks if plain(block) not in plain(open(file).read())]
sys.exit("\n".join(f"{readme} has what {file} has not:\n{block}" for block in missing) if missing or not blocks else 0)
END
}
parts bindings/cpp/README.md cpp tests/integration/cpp_wrapper.cpp
parts bindings/go/README.md go bindings/go/readme_test.go
parts bindings/rust/README.md rust bindings/rust/capsule/tests/all/readme.rs
