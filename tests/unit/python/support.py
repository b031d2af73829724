"""What the tests share: the worker's Python modules, loaded as the worker loads them, and sessions of this process."""

import _ast
import builtins
import functools
import json
import os
import sys
import types

FOLDER = os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "worker", "python")


@functools.cache
def load_once(name):
    """A module that is in no sys.modules, as worker/module/module.cpp makes it."""
    path = os.environ["CAPSULE_CLOUDPICKLE"] if name == "cloudpickle" else os.path.join(FOLDER, name + ".py")
    module = types.ModuleType("capsule." + name)
    module.__builtins__ = builtins
    module.load_once = load_once
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), "<capsule>", "exec"), vars(module))
    return module


sources = load_once("sources")
cloudpickle = load_once("cloudpickle")

PROTECTED = frozenset(("In", "Out", "_", "__", "___"))


class Session:
    """A namespace that is __main__'s while its code runs."""

    def __init__(self, source=""):
        self.main = types.ModuleType("__main__")
        self.main.__builtins__ = builtins
        self.names = vars(self.main)
        self.sources = sources.CapturedSources()
        self.held = None  # what the last dump keeps until its answer is sent
        self.run(source)

    def run(self, source):
        tree = compile(source, "<session>", "exec", _ast.PyCF_ONLY_AST)
        self.sources.add(tree, source)
        self.on_main(lambda: exec(compile(tree, "<session>", "exec"), self.names))

    def value(self, expression):
        return self.on_main(lambda: eval(expression, self.names))

    def on_main(self, call):
        before = sys.modules["__main__"]
        sys.modules["__main__"] = self.main
        try:
            return call()
        finally:
            sys.modules["__main__"] = before

    def dump(self, write=None):
        pieces = []
        manifest, self.skip_counts, self.held = self.on_main(
            lambda: load_once("checkpoint_dump").dump(self.names, self.sources, protected=PROTECTED, write=write or (lambda data: pieces.append(bytes(data))))
        )
        return json.loads(manifest), b"".join(pieces)

    def load(self, manifest, body, clear=True, conflict="overwrite", protected=PROTECTED):
        return self.on_main(
            lambda: load_once("checkpoint_load").load(self.names, manifest, memoryview(body), protected=protected, clear=clear, conflict=conflict)
        )


def restored(source):
    """A new session with what the source leaves; fails unless all of it can be had."""
    manifest, body = Session(source).dump()
    assert not manifest["skipped"], manifest["skipped"]
    session = Session()
    report = session.load(manifest, body)
    assert not report["failed"] and not report["from_source"], report
    return session


def reasons(listed):
    """By name, of a list in a report or a manifest."""
    return {entry["name"]: entry["reason"] for entry in listed}


def failures(report):
    return reasons(report["failed"])


def skipped(manifest):
    return reasons(manifest["skipped"])


def names_of(manifest):
    return [name for entry in manifest["entries"] for name in entry["names"].split("\n")]
