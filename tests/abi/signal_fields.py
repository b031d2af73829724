#!/usr/bin/env python3
"""Every field that the page of signals names beside a metric is there: signal_fields.py SIGNALS.md api.json."""

import json
import pathlib
import re
import sys


def named(page):
    """Structs, and the path of a field in each; the last part may end in `…`: one of those that begin so."""
    for row in re.findall(r"^\| `capsule_\w+` \|.*\| `([^`]+)` \|$", page, re.MULTILINE):
        struct = None
        for word in row.split(", "):
            parts = word.removeprefix(".").split(".")
            if parts[0].startswith("capsule_"):
                struct = parts.pop(0)
            yield struct, parts


def is_there(structs, struct, path):
    fields = structs.get(struct, {})
    begins = path[0].removesuffix("…")
    found = [field for name, field in fields.items() if name == path[0] or (begins != path[0] and name.startswith(begins))]
    return bool(found) and (len(path) == 1 or is_there(structs, found[0]["type"]["name"], path[1:]))


def main(page, api):
    structs = {struct["name"]: {field["name"]: field for field in struct["fields"]}
               for struct in json.loads(pathlib.Path(api).read_text(encoding="utf-8"))["structs"]}
    found = list(named(pathlib.Path(page).read_text(encoding="utf-8")))
    missing = [f"{struct}.{'.'.join(path)}" for struct, path in found if not is_there(structs, struct, path)]
    for name in missing:
        print(f"{page} names {name}, which is not in {api}")
    print(f"{len(found)} fields")
    return 1 if missing or len(found) < 100 else 0


sys.exit(main(*sys.argv[1:]))
