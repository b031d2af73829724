"""Checkpoints: a session's names from bytes. checkpoint_format.py says what these are."""

import __future__
import builtins
import functools
import operator
import pickle
import sys
import types
import typing

cloudpickle = load_once("cloudpickle")

checkpoint_format = load_once("checkpoint_format")
MODULE = checkpoint_format.MODULE
FunctionType = checkpoint_format.FunctionType
CellType = checkpoint_format.CellType
LruCacheType = checkpoint_format.LruCacheType
is_dunder = checkpoint_format.is_dunder
reason_of = checkpoint_format.reason_of
PRELUDE_NAMES = checkpoint_format.PRELUDE_NAMES
contents = checkpoint_format.contents
names_of = checkpoint_format.names_of
check = checkpoint_format.check


class Reader:
    """The body as a file, from any offset on."""

    def __init__(self, body):
        self.body = body
        self.offset = 0

    def readinto(self, into):
        size = min(len(into), len(self.body) - self.offset)
        into[:size] = self.body[self.offset : self.offset + size]
        self.offset += size
        return size

    def read(self, size):
        data = bytes(self.body[self.offset : self.offset + size])
        self.offset += len(data)
        return data

    def readline(self):
        """As far as the next line end: only pickles that are none of ours have lines."""
        line = bytearray()
        while not line.endswith(b"\n") and (byte := self.read(1)):
            line += byte
        return bytes(line)


class FastUnpickler(pickle.Unpickler):
    def __init__(self, reader, find_class):
        super().__init__(reader)
        self.find_class = find_class


class Lost:
    """In the memo: what could not be restored, or may be only half there."""

    def __init__(self, name):
        self.name = name

    def get(self):
        raise pickle.UnpicklingError(f"shares a part with '{self.name}', which could not be restored")


class Unmade:
    """In the memo: a definition that is made later, or never."""

    def __init__(self, definition, name):
        self.definition = definition
        self.name = name

    def get(self):
        return self.definition(self.name)


class CarefulUnpickler(pickle._Unpickler):
    """Goes on with the memo of another one, which has failed."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, reader, find_class, memo):
        super().__init__(reader)
        self.find_class = find_class
        self.memo = memo

    def load_memoized(self, size):
        held = self.memo[int.from_bytes(self.read(size), "little")]
        self.append(held.get() if type(held) in (Lost, Unmade) else held)

    dispatch[pickle.BINGET[0]] = lambda self: self.load_memoized(1)
    dispatch[pickle.LONG_BINGET[0]] = lambda self: self.load_memoized(4)


class BytecodeError(Exception):
    """Bytecode is of another version of Python: it could crash this one."""


class Loader:
    def __init__(self, namespace, manifest, body, protected, conflict):
        self.namespace = namespace
        self.manifest = manifest
        self.protected = frozenset(protected)
        self.keeps = conflict == "keep"
        self.taken = self.blocked = frozenset()
        self.definitions = {}  # those of the checkpoint, or what is kept in their places
        self.made = {}  # those whose head is loaded and whose state is not
        self.restored = []
        self.from_source, self.failed, self.skipped = {}, {}, {}  # reasons by name
        self.sources = {**manifest["classes"], **manifest["functions"]}
        self.tried = set()  # the names whose sources were run
        self.to_load = {name for entry in manifest["entries"] if "head" in entry or len(entry["names"]) == 1 for name in entry["names"]}
        self.skipped_at_dump = {skipped["name"]: skipped["reason"] for skipped in manifest["skipped"]}
        self.submodules = submodules(manifest["imports"])
        future = any(text.startswith("from __future__") and "annotations" in text for text in manifest["imports"])
        self.source_flags = __future__.annotations.compiler_flag if future else 0
        written_by = tuple(map(int, manifest["python_version"].split(".")[:2]))
        self.foreign = None if written_by == sys.version_info[:2] else "%d.%d" % written_by
        self.supplied = {name: getattr(self, name) for name in PRELUDE_NAMES}
        self.supplied["namespace"] = namespace
        self.reader = Reader(body)
        self.unpickler = FastUnpickler(self.reader, self.find_class)
        self.last = None  # the list that was loaded last, and where it was
        self.is_damaged = False  # whether nothing that follows can be trusted

    def run(self, clear):
        try:
            self.unpickler.load()
        except Exception as error:
            raise ValueError(f"not a checkpoint's body: {reason_of(error)}") from None
        if clear:
            for name in names_of(self.namespace, self.protected):
                self.namespace.pop(name, None)
        if self.keeps:
            self.taken = frozenset(self.namespace)
        self.blocked = self.protected | self.taken
        self.load_entries()
        report = {"restored": self.restored}
        for key in ("from_source", "failed", "skipped"):
            report[key] = [{"name": name, "reason": reason} for name, reason in getattr(self, key).items()]
        return report

    def end(self):
        """Lets go of what was loaded: only the namespace is to hold it, and this object holds itself."""
        self.unpickler = self.last = None
        self.supplied.clear()
        self.definitions.clear()

    def load_entries(self):
        is_before_values = True
        for offset, take, entry in self.steps():
            if is_before_values and offset >= self.manifest["values_offset"]:
                self.make_from_sources()
                is_before_values = False
            loaded = self.load_at(offset, entry["names"], take)
            if loaded is not None:
                try:
                    take(entry, loaded)
                except Exception as error:
                    self.fail(entry["names"], error)
        self.make_from_sources()

    def steps(self):
        """Offset of each pickle, what takes its list, and its entry: in the order in which they fill the memo."""
        steps = []
        for entry in self.manifest["entries"]:
            if "head" in entry:
                steps.append((entry["head"][0], self.take_head, entry))
            take = self.take_state if "head" in entry else self.take_module if entry["kind"] == MODULE else self.take_values
            steps.append((entry["offset"], take, entry))
        return sorted(steps, key=lambda step: step[0])

    def fail(self, names, error):
        for name in names:
            if name not in self.skipped:
                self.failed.setdefault(name, reason_of(error))

    # One pickle ------------------------------------------------------------------------------------------------------

    def load_at(self, offset, names, take):
        """The list that is there, or None where it cannot be loaded or is not wanted."""
        start = len(self.unpickler.memo) if self.is_careful() else None
        if not self.is_foreign_definition(names, take):
            self.reader.offset = offset
            try:
                if self.is_damaged:
                    raise pickle.UnpicklingError("follows what is no pickle")
                loaded = self.unpickler.load()
                if type(loaded) is not list:
                    raise pickle.UnpicklingError("no list")
                self.last = (loaded, offset)
                return loaded
            except Exception as error:
                self.fail(names, error)
        if start is None:
            start = self.go_on_carefully()
        try:
            self.pass_over(offset, names[0], start)
        except Exception:
            self.is_damaged = True  # as its part of the memo is not known
        return None

    def is_careful(self):
        return type(self.unpickler) is CarefulUnpickler

    def is_foreign_definition(self, names, take):
        return self.foreign is not None and len(names) == 1 and names[0] in self.sources and take != self.take_module

    def go_on_carefully(self):
        """Takes a slower unpickler whose memo can be seen. Returns how long the memo was after the last pickle that was loaded."""
        memo = self.unpickler.memo.copy()
        start = len(self.supplied)
        if self.last is not None:
            loaded, offset = self.last
            # A pickle's list is the first that it puts into the memo.
            start = next(index for index, held in memo.items() if held is loaded)
            start += sum(op.name == "MEMOIZE" for op, _, _ in self.operations(offset))
        self.unpickler = CarefulUnpickler(self.reader, self.find_class, {index: memo[index] for index in range(start)})
        return start

    def operations(self, offset):
        import pickletools

        self.reader.offset = offset
        return pickletools.genops(self.reader)

    def pass_over(self, offset, name, start):
        """Fills the memo, from `start` on, as the pickle there would: with its texts and what is had by name. All else is lost."""
        memo = self.unpickler.memo
        for index in range(start, len(memo)):
            del memo[index]
        lost = Lost(name)
        pushed = [lost, lost]  # what its operations push, the last of it
        for op, argument, _ in self.operations(offset):
            if op.name == "MEMOIZE":
                memo[len(memo)] = pushed[-1]
            elif op.name not in ("PROTO", "FRAME"):
                value = self.pushed_by(op.name, argument, pushed, memo, lost)
                pushed = [*pushed[-2:], value]

    def pushed_by(self, kind, argument, pushed, memo, lost):
        if "BINUNICODE" in kind or "BINBYTES" in kind:
            return argument
        if kind in ("BINGET", "LONG_BINGET"):
            return memo[argument]
        if kind == "TUPLE1" and type(pushed[-1]) is str:
            return (pushed.pop(),)
        if kind == "REDUCE" and pushed[-2] is self.supplied["definition"]:
            return Unmade(self.definition, pushed[-1][0])
        try:
            if kind == "REDUCE" and pushed[-2] is self.supplied["library"]:
                return self.library(*pushed[-1])
            if kind == "STACK_GLOBAL":
                return self.find_class(*pushed[-2:])
        except Exception:
            pass  # as much lost as what is not looked for
        return lost

    # What is in them -------------------------------------------------------------------------------------------------

    def bind(self, names, values):
        blocked = [name for name in names if name in self.blocked or name[:2] == "__" and is_dunder(name)]
        for name in blocked:
            self.skipped[name] = "conflict" if name not in self.protected and name in self.taken else "protected"
        bound = dict(zip(names, values))
        for name in blocked:
            del bound[name]
        self.namespace.update(bound)
        self.restored += bound

    def take_values(self, entry, loaded):
        if len(loaded) != len(entry["names"]):
            raise pickle.UnpicklingError("the number of values is not that of the names")
        self.bind(entry["names"], loaded)

    def take_module(self, entry, loaded):
        self.take_values(entry, loaded)
        for submodule in self.submodules.get(entry["names"][0], ()):
            try:
                __import__(submodule)
            except Exception:
                pass  # the code that uses it will say so

    def keep(self, name):
        """Whether the name stays what it is here. What refers to it gets that, where it can stand for a definition."""
        if name not in self.blocked:
            return False
        self.skipped[name] = "protected" if name in self.protected else "conflict"
        if callable(self.namespace.get(name)):
            self.definitions[name] = self.namespace[name]
        return True

    def take_head(self, entry, loaded):
        name = entry["names"][0]
        if self.keep(name) and name in self.definitions:
            return
        make, arguments = loaded
        self.made[name] = self.definitions[name] = make(*arguments)

    def take_state(self, entry, loaded):
        name = entry["names"][0]
        if name in self.made:
            value = self.made[name]
            if type(value) is LruCacheType:
                vars(value).update(loaded[0])
            elif isinstance(value, type):
                self.set_class_state(value, loaded[0])
            else:
                self.set_function_state(value, loaded[0])
            del self.made[name]
            self.bind([name], [value])

    def make_from_sources(self):
        """Runs the sources of the definitions that could not be had otherwise."""
        # A class is no better than what it is made of, and what has no state is nothing.
        half_made = set(map(id, self.made.values()))
        for name in self.restored[:] if half_made else ():
            value = self.definitions.get(name)
            if isinstance(value, type) and not half_made.isdisjoint(map(id, value.__mro__)):
                self.made[name] = value
                self.restored.remove(name)
        if self.made and not self.is_careful():
            self.go_on_carefully()
        for name, value in self.made.items():
            self.failed.setdefault(name, "TypeError: a class that it is made of could not be restored")
            del self.definitions[name]
            for index, held in self.unpickler.memo.items():
                if held is value:
                    self.unpickler.memo[index] = Unmade(self.definition, name)
        self.made.clear()

        pending = {}
        for name, text in self.sources.items():
            if self.keep(name):
                continue
            if name not in self.tried and (self.foreign is not None or name in self.failed or name not in self.to_load):
                pending[name] = text
        if not pending:
            return
        self.tried.update(pending)
        borrowed = self.borrow_imports()
        try:
            self.run_sources(pending)
        finally:
            for name in borrowed:
                self.namespace.pop(name, None)

    def run_sources(self, pending):
        # In any order that works: a source may need what another one makes.
        while pending:
            errors = {}
            for name, text in pending.items():
                try:
                    self.run_source(name, text)
                except Exception as error:
                    errors[name] = reason_of(error)
            if len(errors) == len(pending):
                for name, reason in errors.items():
                    self.failed.setdefault(name, reason)
                break
            pending = {name: pending[name] for name in errors}

    def run_source(self, name, text):
        code = compile(text, f"<checkpoint {name}>", "exec", self.source_flags, dont_inherit=True)
        exec(code, self.namespace)
        self.definitions[name] = self.namespace[name]
        reason = self.failed.pop(name, None) or self.skipped_at_dump.get(name)
        self.from_source[name] = reason or f"the bytecode is of Python {self.foreign}"

    def borrow_imports(self):
        """Binds what the session had imported when its definitions were run, where nothing is bound; returns these names."""
        names = {"__name__": "__main__"}
        for text in self.manifest["imports"]:
            try:
                exec(compile(text, "<checkpoint>", "exec", dont_inherit=True), names)
            except Exception:
                pass  # the definition that needs it says so
        borrowed = [name for name in names if name not in self.namespace]
        for name in borrowed:
            self.namespace[name] = names[name]
        return borrowed

    # What the body refers to by name ---------------------------------------------------------------------------------

    def find_class(self, module, name):
        if module == "capsule":
            return self.supplied[name]
        if module == "__main__":
            first, _, rest = name.partition(".")
            value = self.definitions[first] if first in self.definitions else self.namespace[first]
            return operator.attrgetter(rest)(value) if rest else value
        try:
            __import__(module)
        except ModuleNotFoundError:
            if module not in ("cloudpickle", "cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast"):
                raise
            return getattr(cloudpickle, name)  # the session had one of its own
        return operator.attrgetter(name)(sys.modules[module])

    def definition(self, name):
        if name in self.definitions:
            return self.definitions[name]
        raise pickle.UnpicklingError(f"needs '{name}', which could not be restored")

    def library(self, name):
        return getattr(cloudpickle, name)

    def same(self, value):
        return value

    def make_cached_property(self, function, attribute, doc):
        made = functools.cached_property(function)
        made.attrname, made.__doc__ = attribute, doc
        return made

    def make_cell(self):
        return CellType()

    def set_cell(self, cell, contents):
        for value in contents:
            cell.cell_contents = value

    def make_code(self, *arguments):
        if self.foreign is not None:
            raise BytecodeError(f"the bytecode is of Python {self.foreign}")
        return types.CodeType(*arguments)

    def make_function(self, code, names, cells):
        names.setdefault("__builtins__", builtins)
        return FunctionType(code, names, None, None, cells or None)

    def set_function_state(self, function, state):
        attributes, slots = state
        function.__dict__.update(attributes)
        function.__globals__.update(slots.pop("__globals__"))
        for cell, held in zip(function.__closure__ or (), slots.pop("__closure__")):
            self.set_cell(cell, held)
        slots.pop("_cloudpickle_submodules")  # they are imported now
        for name, value in slots.items():
            setattr(function, name, value)

    def set_class_state(self, cls, state):
        attributes, members = state
        cloudpickle._class_setstate(cls, (attributes, {}))
        for name, held in members.items():
            vars(cls.__members__[name]).update(held)

    def make_lru_cache(self, size, typed, function):
        return functools.lru_cache(size, typed)(function)

    def make_type_alias(self, name, value, parameters):
        return typing.TypeAliasType(name, value, type_params=parameters)


def submodules(imports):
    """What `import a.b` imports besides the `a` that it binds, by that name."""
    found = {}
    for text in imports:
        if text.startswith("import") and "." in text:
            for part in text[len("import") :].replace("\\\n", " ").split(","):
                words = part.split()
                if len(words) == 1 and "." in words[0]:
                    found.setdefault(words[0].partition(".")[0], []).append(words[0])
    return found


def load(namespace, manifest, body, *, protected, clear, conflict):
    """Binds what a checkpoint holds; says what became of each name. Raises a ValueError, before it touches anything, where the manifest is
    none that it can load.

    With `clear` all that is not protected is unbound first. With `conflict` "keep" a name that is bound stays so, and what refers to a
    function or class of that name gets the one that is kept; with "overwrite" it is bound anew.

    A function or class that cannot be loaded is made by running its source in the namespace. What the session had imported is there
    meanwhile; where one source needs another, they are run in an order that works. With a checkpoint of another minor version of Python
    this is the way of all functions and classes that have sources, as bytecode means nothing there: these are made once plain data and
    imports are restored, and before all else, which refers to them. What has no source then fails: lambdas, functions and classes made
    in functions, and what holds one of these.
    """
    if conflict not in ("overwrite", "keep"):
        raise ValueError(f"conflict is '{conflict}', neither 'overwrite' nor 'keep'")
    with memoryview(body) as whole, whole.cast("B") as view:
        check(manifest, len(view))
        entries = [{**entry, "names": entry["names"].split("\n")} for entry in manifest["entries"]]
        manifest = {**manifest, "entries": entries}
        loader = Loader(namespace, manifest, view, protected, conflict)
        try:
            return loader.run(clear)
        finally:
            loader.end()
