#!/usr/bin/env python3
"""Today's headers and library against every baseline of baseline/, and how a baseline is taken.

    baseline.py api                                     today's api.json has all that the baseline's has
    baseline.py types --library LIB                     so have the headers, as libabigail reads them, and the library's symbols
    baseline.py client --library LIB [--python PYTHON]  the old client, built as then, runs with it
    baseline.py take WHY --library LIB                  takes the baseline of today's version, anew where it is not frozen
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from check import native  # noqa: E402
from check.compare import compare  # noqa: E402

BASELINES, CHANGES = HERE / "baseline", HERE / "CHANGES.md"
INCLUDE = HERE.parent / "include"


def baselines():
    found = sorted(path for path in BASELINES.iterdir() if path.is_dir()) if BASELINES.is_dir() else []
    if not found:
        raise native.CannotRun(f"there is no baseline in {BASELINES}: baseline.py take makes one")
    return found


def load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise native.CannotRun(f"{path}: {error}") from None


def check_api(_, work):
    del work
    today = load(HERE / "api.json")
    for baseline in baselines():
        yield baseline.name, compare(load(baseline / "api.json"), today)


def check_types(arguments, work):
    now, model, today = native.exported(arguments.library), load(HERE / "api.json"), work / "today.abi"
    native.describe(now, model, INCLUDE, work / "today", arguments.compiler, today)
    for baseline in baselines():
        description = baseline / "libcapsule.abi"
        found = native.missing(native.symbols(description), now)
        yield baseline.name, found + native.differ(description, today, load(baseline / "api.json"), model, work)


def check_client(arguments, work):
    for baseline in baselines():
        folder = work / baseline.name
        folder.mkdir()
        client = native.build_client(baseline, folder, arguments.compiler)
        found, told = native.run_client(client, arguments.library, [arguments.python] if arguments.python else [])
        print(told, end="")
        yield baseline.name, found


def take(arguments, work):
    """Headers, api.json and description of today; the client stays what it is, or begins as the last baseline's."""
    model = load(HERE / "api.json")
    version = model["version"]
    target = BASELINES / version
    if target.exists() and int(version.split(".")[0]) >= 1:
        raise native.CannotRun(f"{version} is released: its baseline stays as it is")
    client = target / "client.c"
    if not client.exists():
        last = baselines()[-1]
        target.mkdir()
        shutil.copy(last / "client.c", client)
    shutil.rmtree(target / "include", ignore_errors=True)
    (target / "include/capsule").mkdir(parents=True)
    for header in sorted((INCLUDE / "capsule").glob("*.h")):
        shutil.copy(header, target / "include/capsule")
    shutil.copy(HERE / "api.json", target / "api.json")
    now = native.exported(arguments.library)
    native.describe(now, model, INCLUDE, work / "today", arguments.compiler, target / "libcapsule.abi")
    with CHANGES.open("a", encoding="utf-8") as file:
        file.write(f"- {version}: {arguments.why}\n")
    yield version, []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["api", "types", "client", "take"])
    parser.add_argument("why", nargs="?", help="of take: the line for CHANGES.md")
    parser.add_argument("--library", type=pathlib.Path, help="today's libcapsule.so")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--python", help="of client: run the part that needs this interpreter")
    arguments = parser.parse_args()
    if (arguments.command == "take") != (arguments.why is not None) or (arguments.command != "api") == (arguments.library is None):
        parser.error("take wants a reason, and all but api want --library")
    check = {"api": check_api, "types": check_types, "client": check_client, "take": take}[arguments.command]
    failed = False
    try:
        with tempfile.TemporaryDirectory() as work:
            for version, found in check(arguments, pathlib.Path(work)):
                for sentence in found:
                    print(f"against {version}: {sentence}", file=sys.stderr)
                failed = failed or bool(found)
                print(f"{version}: {'broken' if found else 'as it was' if arguments.command != 'take' else 'taken'}")
    except native.CannotRun as error:
        print(f"abi/baseline.py: the check cannot run: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
