#!/usr/bin/env python3
"""Every function of the headers of diagnostics is in use by the idiomatic layer of each binding: binding_coverage.py SOURCE_FOLDER.

What a binding leaves out is in EXCEPTIONS, with why; an exception that excuses nothing any more is an error too.
"""

import pathlib
import re
import sys

HEADERS = [
    "metrics", "diagnostics", "introspection", "introspection_policy", "stack", "profile", "pool_info", "bridge_info", "audit",
    "exporter", "postmortem",
]

# Files of the idiomatic layer, those of them that are the raw layer alone, and how one of its functions is called.
BINDINGS = {
    "cpp": ("bindings/cpp/capsule*.hpp", (), r"\b(capsule_\w+)\b"),
    "python": ("bindings/python/capsule/*.py", ("_generated.py",), r"\b_raw\.(capsule_\w+)"),
    "go": ("bindings/go/*.go", (), r"\bC\.(capsule_\w+)"),
    "rust": ("bindings/rust/capsule/src/*.rs", (), r"\bsys::(capsule_\w+)"),
    "csharp": ("bindings/csharp/Capsule/*.cs", ("Raw.Generated.cs", "Told.Generated.cs"), r"\b(?:Native|Told)\.(capsule_\w+)"),
}

MESSAGES = (r"^capsule_message_name$", "kinds of messages are no enumeration: numbers, whose names the raw layer's function tells")
OWN_NAMES = (r"_name$", "the language's own enumerations tell the names of their values")

# The first that fits excuses.
EXCEPTIONS = {
    "cpp": [
        (r"_name$", "the values are C's constants, and their names come from C's functions"),
        (r"_init$", "the options are C's structs, which C's functions fill"),
    ],
    "python": [MESSAGES, OWN_NAMES],
    "csharp": [MESSAGES, OWN_NAMES],
}


def code(path):
    """Its text without comments."""
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".py" else re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def functions(root):
    for name in HEADERS:
        yield from re.findall(r"CAPSULE_API [^;]*?\b(capsule_\w+)\(", code(root / "include" / "capsule" / f"{name}.h"))


def in_use(root, files, raw, call):
    paths = [path for path in sorted(root.glob(files)) if path.name not in raw and not path.name.endswith("_test.go")]
    found = {name for path in paths for name in re.findall(call, code(path))}
    # C#: a method of Told is the call of one function, and of the one that frees what that brings.
    for path in root.glob("bindings/csharp/Capsule/Told.Generated.cs") if "Told.Generated.cs" in raw else ():
        for method in code(path).split("internal static ")[1:]:
            if any(method.split("(")[0].endswith(f" {name}") for name in found):
                found.update(re.findall(r"\bNative\.(capsule_\w+)", method))
    return found


def main(folder):
    root, problems = pathlib.Path(folder), []
    wanted = list(functions(root))
    for binding, (files, raw, call) in BINDINGS.items():
        found, excuses = in_use(root, files, raw, call), EXCEPTIONS.get(binding, [])
        excused = set()
        for name in (name for name in wanted if name not in found):
            why = next((excuse for excuse in excuses if re.search(excuse[0], name)), None)
            excused.add(why)
            problems += [] if why else [f"{binding} has nothing for {name}"]
        problems += [f"{binding}: the exception {excuse[0]} excuses nothing any more" for excuse in excuses if excuse not in excused]
    print("\n".join(problems) or f"{len(wanted)} functions in {len(BINDINGS)} bindings")
    return 1 if problems or len(wanted) < 70 else 0


sys.exit(main(*sys.argv[1:]))
