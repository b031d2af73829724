"""The checks of abi/ on copies of the headers that were changed: each break is found, each addition passes and gets to all bindings.

Usage: breaks.py REPOSITORY COMPILER
"""

import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOT, COMPILER = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "abi"))

from baseline import baselines, load  # noqa: E402
from check import native  # noqa: E402
from check.compare import compare  # noqa: E402
from extract import extract  # noqa: E402


def edit(file, pattern, replacement):
    """A change of one place in a file of the copy; a pattern that does not fit once is a defect of this test."""

    def change(copy):
        path = copy / file
        text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.S)
        assert count == 1, f"'{pattern}' fits {count} times in {file}"
        path.write_text(text, encoding="utf-8")

    return change


INFO, EVENT, ERROR, SESSION, POLICY = (
    f"include/capsule/{name}.h" for name in ("runtime", "event", "error", "session", "introspection_policy")
)
PID = r"  /\*\* Process id of the newest live zygote, or 0. \*/\n  int32_t zygote_pid;\n"
LAST = r"()(?=\} capsule_runtime_info;)"  # behind its last field
NEW_FIELD = r"\1  /** New. */\n  uint64_t fresh;\n"
FUNCTION = "\n".join([
    "/**", " * @brief New.", " * @param error Nullable.", " * @return `CAPSULE_OK`. Any thread. Since 0.1.", " */",
    "CAPSULE_API capsule_status capsule_runtime_fresh(capsule_error *error);", "", "#ifdef __cplusplus", "}", "#endif", "#endif", "",
])

RENAMED = "a function is renamed"
# Name: changes, whether api.json tells of it, whether the types of the library do: not where growth that is allowed hides it.
BREAKS = {
    "a field is removed": ([edit(INFO, PID, "")], True, True),
    "two fields are reordered": ([
        edit(INFO, r"uint64_t sessions_open;", "uint64_t SWAP;"), edit(INFO, r"uint64_t sessions_opened;", "uint64_t sessions_open;"),
        edit(INFO, r"uint64_t SWAP;", "uint64_t sessions_opened;"),
    ], True, True),
    "a field is retyped, of the same size": ([edit(INFO, r"int32_t zygote_pid;", "uint32_t zygote_pid;")], True, True),
    "a field is retyped behind one that was appended": (
        [edit(INFO, LAST, NEW_FIELD), edit(INFO, r"int32_t zygote_pid;", "uint32_t zygote_pid;")], True, False,
    ),
    "a field is inserted": ([edit(INFO, r"(  int32_t zygote_pid;\n)", r"\1  /** New. */\n  uint64_t fresh;\n")], True, True),
    "an inline array grows": ([edit(SESSION, r"CAPSULE_INFO_TEXT_SIZE = 64", "CAPSULE_INFO_TEXT_SIZE = 80")], True, False),
    "a struct grows that may not": (
        [edit(EVENT, r"(} capsule_mime_part;)", r"  /** New. */\n  uint64_t fresh;\n\1")], True, True,
    ),
    RENAMED: ([
        edit(SESSION, r"capsule_status capsule_session_restart\(", "capsule_status capsule_session_reboot("),
        edit("abi/symbols.txt", r"capsule_session_restart 0", "capsule_session_reboot 0"),
    ], True, True),
    "a parameter is added": ([
        edit(SESSION, r"capsule_status capsule_session_restart\(capsule_session \*session,",
             "capsule_status capsule_session_restart(capsule_session *session, int64_t timeout_ms,"),
        edit(SESSION, r"( \* @param session [^\n]*\n)(?= \* @param error Nullable.\n[^/]*/\nCAPSULE_API capsule_status capsule_session_restart)",
             r"\1 * @param timeout_ms New.\n"),
    ], True, True),
    "a constant has another value": ([edit(ERROR, r"CAPSULE_E_NAME = 19", "CAPSULE_E_NAME = 99")], True, False),
    "a field is of another enumeration": ([edit(POLICY, r"INSPECT_…` of a pool", "REDACT_…` of a pool")], True, False),
    "a value is used again": ([edit(ERROR, r"CAPSULE_E_DENIED = 23", "CAPSULE_E_DENIED = 23, CAPSULE_E_FRESH = 22")], True, False),
}
ADDITIONS = {
    "nothing": [],
    "a field is appended": [edit(INFO, LAST, NEW_FIELD)],
    "a function is added": [
        edit(INFO, r"#ifdef __cplusplus\n}\n#endif\n#endif\n$", FUNCTION),
        edit("abi/symbols.txt", r"(capsule_runtime_create 0.1\n)", r"\1capsule_runtime_fresh 0.1\n"),
    ],
    "a constant is added": [edit(ERROR, r"CAPSULE_E_DENIED = 23", "CAPSULE_E_DENIED = 23, CAPSULE_E_FRESH = 99")],
    "a comment names the enumeration of a field": [edit(INFO, r"Process id of the newest live zygote", "`CAPSULE_INSPECT_…` of it")],
    "a comment is better": [edit(ERROR, r"Memory ran out\.", "There was no memory left.")],
}


class Copy:
    """A copy of what is promised, changed; its model; a library of that shape, with nothing in it, and its description."""

    def __init__(self, folder, changes, with_library=True):
        (folder / "abi").mkdir(parents=True)
        shutil.copytree(ROOT / "include", folder / "include")
        shutil.copy(ROOT / "abi/symbols.txt", folder / "abi")
        for change in changes:
            change(folder)
        self.model = extract(folder / "include", folder / "abi/symbols.txt")
        self.description = folder / "libcapsule.abi"
        if with_library:
            self.build(folder)

    def build(self, folder):
        symbols = ("libcapsule.so.0", [(function["name"], "CAPSULE_0") for function in self.model["functions"]])
        self.library = native.describe(symbols, self.model, folder / "include", folder / "library", COMPILER, self.description)


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        before = Copy(work / "before", [])

        def types_differ(after):
            return native.differ(before.description, after.description, before.model, after.model, work)

        problems = []
        for number, (what, (changes, in_model, in_types)) in enumerate(BREAKS.items()):
            after = Copy(work / f"break{number}", changes, with_library=in_types)
            if in_model and not compare(before.model, after.model):
                problems.append(f"{what}: api.json's check finds nothing")
            if in_types and not types_differ(after):
                problems.append(f"{what}: libabigail finds nothing")
            if what == RENAMED:
                problems += client_of(before, after, work)
        for number, (what, changes) in enumerate(ADDITIONS.items()):
            after = Copy(work / f"addition{number}", changes)
            problems += [f"{what}: {found}" for found in compare(before.model, after.model)]
            problems += [f"{what}: {found}" for found in types_differ(after)]
        problems += that_is_of_today()
        problems += that_do_not_get_it(work)
        problems += that_cannot_run(work)
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"{len(BREAKS)} breaks and {len(ADDITIONS)} additions tried")
        return 1 if problems else 0


def client_of(before, after, work):
    """The client of what was before must not start with a library that lacks a symbol."""
    baseline = baselines()[-1]
    folder = work / "client"
    folder.mkdir()
    shutil.copytree(ROOT / "include", folder / "include")
    shutil.copy(baseline / "client.c", folder)
    shutil.copy(before.description, folder / "libcapsule.abi")
    found, _ = native.run_client(native.build_client(folder, folder, COMPILER), after.library, [])
    return [] if any("capsule_session_restart" in sentence for sentence in found) else [f"the old client says: {found}"]


def that_is_of_today():
    """One baseline at least is older than what has been added: what it is compared with is not itself."""
    today = {struct["name"]: struct["size"] for struct in load(ROOT / "abi/api.json")["structs"]}
    older = (load(baseline / "api.json")["structs"] for baseline in baselines())
    grown = [struct["name"] for structs in older for struct in structs if struct["size"] < today.get(struct["name"], 0)]
    return [] if grown else ["no struct has grown since any baseline"]


def that_do_not_get_it(work):
    """One command writes what was added into the raw layer of each binding; C++, LuaJIT and Go's calls have the headers themselves."""
    copy = work / "generated"
    Copy(copy, [change for added in ("a field", "a function", "a constant") for what, changes in ADDITIONS.items()
                if what.startswith(added) for change in changes], with_library=False)
    native.must([sys.executable, str(ROOT / "abi/update.py"), "--root", str(copy)])
    for path, names in {
        "abi/api.json": ["capsule_runtime_fresh", '"fresh"', "CAPSULE_E_FRESH"],
        "bindings/python/capsule/_generated.py": ["capsule_runtime_fresh: Callable", '"fresh", ', "CAPSULE_E_FRESH"],
        "bindings/rust/capsule-sys/src/generated.rs": ["pub fn capsule_runtime_fresh(", "pub fresh: u64", "CAPSULE_E_FRESH"],
        "bindings/csharp/Capsule/Raw.Generated.cs": ["capsule_runtime_fresh", "ulong fresh", "Fresh = 99"],
        "bindings/go/generated_capsule.go": ["Fresh uint64", "StatusFresh"],
    }.items():
        text = (copy / path).read_text(encoding="utf-8")
        yield from (f"{path} has no {name}" for name in names if name not in text)


def that_cannot_run(work):
    """A check without what it needs fails, and says so: no baseline, no tools, no libclang, no compiler."""
    copy = work / "without"
    shutil.copytree(ROOT / "abi", copy / "abi", ignore=shutil.ignore_patterns("baseline"))
    library = str(work / "before/library/libcapsule.so.0")
    tried = {
        "no baseline": ([sys.executable, str(copy / "abi/baseline.py"), "api"], {}),
        "no tools": ([sys.executable, str(ROOT / "abi/baseline.py"), "types", "--library", library], {"PATH": str(copy)}),
        "no library": ([sys.executable, str(ROOT / "abi/baseline.py"), "types", "--library", str(copy / "none.so")], {}),
        "no compiler": ([sys.executable, str(ROOT / "abi/baseline.py"), "client", "--library", library], {"PATH": str(copy)}),
        "no libclang": ([sys.executable, "-S", str(ROOT / "abi/update.py"), "--check"], {}),
    }
    for what, (command, environment) in tried.items():
        done = native.run(command, env={**os.environ, **environment})
        if done.returncode != 2 or not done.stderr.startswith("abi/"):
            yield f"{what}: it ends with {done.returncode} and says {done.stderr!r}"
    yield from symbols_that_cannot_be_compared(work, library)


def symbols_that_cannot_be_compared(work, library):
    """The check of the symbols passes with all its tools, and fails without any one of them."""
    tools = ["awk", "cat", "comm", "grep", "nm", "sed", "sort", "tr", "uniq"]
    command = [str(ROOT / "tests/abi/symbols.sh"), "nm", library, str(work / "before/abi/symbols.txt"), str(work / "before/include")]
    for missing in [None, *tools]:
        path = work / f"tools without {missing}"
        path.mkdir()
        for tool in {*tools, "bash", "mktemp", "rm", "wc"} - {missing}:
            (path / tool).symlink_to(shutil.which(tool))
        done = native.run(command, env={**os.environ, "PATH": str(path)})
        if (done.returncode == 0) != (missing is None) or (missing is not None and missing not in done.stderr):
            yield f"symbols without {missing}: it ends with {done.returncode} and says {done.stderr!r}"


if __name__ == "__main__":
    sys.exit(main())
