#!/usr/bin/env python3
"""Every function of the headers is in use by the idiomatic layer of each binding: binding_coverage.py SOURCE_FOLDER.

What a binding leaves out is in EXCEPTIONS, with why; an exception that excuses nothing any more is an error too.
"""

import pathlib
import re
import sys

# Files of the idiomatic layer, those of them that are the raw layer alone, and how one of its functions is called.
BINDINGS = {
    "cpp": ("bindings/cpp/capsule*.hpp", (), r"\b(capsule_\w+)\b"),
    "python": ("bindings/python/capsule/*.py", ("_generated.py",), r"\b_raw\.(capsule_\w+)"),
    "go": ("bindings/go/*.go", (), r"(?:\bC\.|= )(capsule_\w+)"),
    "rust": ("bindings/rust/capsule/src/*.rs", (), r"\bsys::(capsule_\w+)"),
    "csharp": ("bindings/csharp/Capsule/*.cs", ("Raw.Generated.cs", "Told.Generated.cs"), r"\b(?:Native|Told)\.(capsule_\w+)"),
}

MESSAGES = (r"^capsule_message_name$", "kinds of messages are no enumeration: numbers, whose names the raw layer's function tells")
OWN_NAMES = (r"_name$", "the language's own enumerations tell the names of their values")
TEXTS = (r"^capsule_text_from$", "for texts of C; the language's own know their length")
WAKES = (r"^capsule_(execution|bridge|promise_store)_set_notify$", "its event loops wait for the descriptor, which tells the same")
FOREIGN = (r"^capsule_log_set_callback$|_interceptor", "it would run on threads of the library: left to C, see bindings/README.md")
# The struct is filled by hand: there are no defaults in it.
INTERCEPTOR_INIT = (r"^capsule_interceptor_options_init$", "an interceptor is a function, and its options are that")
GIVEN_UP = (r"^capsule_acquisition_cancel$", "who waits no more releases it, which gives it up too")
WAITS = (r"^capsule_pool_acquire$", "its wait is that of an acquisition, which can be interrupted")

# The first that fits excuses.
EXCEPTIONS = {
    "cpp": [
        (r"_name$", "the values are C's constants, and their names come from C's functions"),
        (r"_init$", "the options are C's structs, which C's functions fill"),
        (r"^capsule_log_|_interceptor", "C's functions are called, see bindings/README.md"),
        (r"^capsule_text_from$", "detail::view does it"),
    ],
    "python": [MESSAGES, OWN_NAMES, TEXTS, INTERCEPTOR_INIT, WAITS,
               (r"^capsule_(bridge|promise_store)_set_notify$", "its event loops wait for the descriptor, which tells the same"),
               (r"^capsule_status_text$", "an exception has the sentence of its call, and the name of its status"),
               (r"^capsule_version", "asked before there is a raw layer, in _library.py")],
    "go": [TEXTS, WAKES, FOREIGN, GIVEN_UP, WAITS],
    "rust": [TEXTS, INTERCEPTOR_INIT, (r"^capsule_bridge_set_notify$", "event loops wait for the descriptor, which tells the same")],
    "csharp": [MESSAGES, OWN_NAMES, TEXTS, WAKES, FOREIGN, GIVEN_UP],
}


def code(path):
    """Its text without comments; in Go those with stars around them are the C of cgo."""
    text = path.read_text(encoding="utf-8")
    comments = {".py": None, ".go": r"//[^\n]*"}.get(path.suffix, r"/\*.*?\*/|//[^\n]*")
    return re.sub(comments, "", text, flags=re.DOTALL) if comments else text


def functions(root):
    for header in sorted((root / "include" / "capsule").glob("*.h")):
        yield from re.findall(r"CAPSULE_API [^;]*?\b(capsule_\w+)\(", code(header))


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
    return 1 if problems or len(wanted) < 200 else 0


sys.exit(main(*sys.argv[1:]))
