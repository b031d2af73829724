#!/usr/bin/env python3
"""Writes api.json from the headers, and from it the raw layer of every binding; with --check, says which are stale instead.

    update.py [--check] [--root FOLDER]     FOLDER: the repository, or a copy of it
"""

import argparse
import importlib
import json
import pathlib
import pkgutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))


def emitters():
    """The modules of generate/ that have an `emit`, by name."""
    import generate

    for module in sorted(pkgutil.iter_modules(generate.__path__), key=lambda found: found.name):
        loaded = importlib.import_module(f"generate.{module.name}")
        if hasattr(loaded, "emit"):
            yield loaded


def generated(root):
    """Path, relative to the repository, and text of every generated file."""
    from extract import extract

    model = extract(root / "include", root / "abi" / "symbols.txt")
    files = {"abi/api.json": dump(model) + "\n"}
    for emitter in emitters():
        for path, text in emitter.emit(model).items():
            if path in files:
                raise SystemExit(f"{emitter.__name__} writes {path}, which another has written")
            files[path] = text
    return files


def dump(value, indent=""):
    """JSON, with everything on one line that has room there: a change of one field is a change of one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= 150 or not isinstance(value, (dict, list)):
        return line
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {dump(entry, inner)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + dump(entry, inner) for entry in value) + f"\n{indent}]"


def orphans(root, files):
    """Files that are named as generated and that nothing generates."""
    for path in sorted((root / "bindings").glob("**/*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and "generated" in path.name.lower() and is_source(path) and name not in files:
            yield name


def is_source(path):
    return path.suffix in {".py", ".go", ".rs", ".cs", ".hpp", ".h", ".rb", ".lua"} and "target" not in path.parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is stale")
    parser.add_argument("--root", type=pathlib.Path, default=HERE.parent, help="the repository")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    try:
        files = generated(root)
    except Exception as error:
        if type(error).__name__ != "CannotRun":
            raise
        print(f"abi/update.py: {error}", file=sys.stderr)
        return 2
    status = 0
    for name, text in files.items():
        path = root / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if arguments.check:
            print(f"{name} is stale: ./dev generate writes it anew", file=sys.stderr)
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    for name in orphans(root, files):
        print(f"{name} is named as generated, but nothing generates it", file=sys.stderr)
        status = 1
    if arguments.check and status == 0:
        print(f"{len(files)} generated files are as the headers have it")
    return status


if __name__ == "__main__":
    sys.exit(main())
