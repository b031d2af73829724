"""Checkpoints: a session's names as bytes. checkpoint_format.py says what these are."""

import enum
import itertools
import json
import operator
import pickle
import sys
import time
import types

json_text = json.encoder.encode_basestring_ascii

cloudpickle = load_once("cloudpickle")

checkpoint_format = load_once("checkpoint_format")
FORMAT_VERSION = checkpoint_format.FORMAT_VERSION
PROTOCOL = checkpoint_format.PROTOCOL
FUNCTION = checkpoint_format.FUNCTION
CLASS = checkpoint_format.CLASS
MODULE = checkpoint_format.MODULE
VALUE = checkpoint_format.VALUE
KINDS = checkpoint_format.KINDS
FunctionType = checkpoint_format.FunctionType
ModuleType = checkpoint_format.ModuleType
LruCacheType = checkpoint_format.LruCacheType
reason_of = checkpoint_format.reason_of
encodable = checkpoint_format.encodable
names_of = checkpoint_format.names_of

session_pickler = load_once("session_pickler")
MAX_NAME_CHARS = session_pickler.MAX_NAME_CHARS
prelude = session_pickler.prelude
NotPlain = session_pickler.NotPlain
is_reference = session_pickler.is_reference
SessionPickler = session_pickler.SessionPickler

# Names of plain data in one pickle, and how many of these may turn out to hold other data before each name is tried first.
GROUP_NAMES = 1000
MAX_SPLIT_GROUPS = 3
# How much is held back before it is written, so that it can be taken back.
PIECE_BYTES = 1 << 20
# The types of plain data. What they contain may be other data: the pickler tells.
PLAIN_TYPES = (str, int, float, list, dict, tuple, bool, type(None), bytes, bytearray, set, frozenset)

# Why a name is skipped: as its name, as no pickle has such a value, as it is too deep or too large for one, as its own code raised.
SKIPS = ("name", "unpicklable", "too_large", "raised")
SKIPS_BY_ERROR = {
    "TypeError": "unpicklable", "PicklingError": "unpicklable", "AttributeError": "unpicklable", "RecursionError": "too_large",
    "MemoryError": "too_large", "OverflowError": "too_large",
}
BAD_NAME = f"ValueError: a name that is no UTF-8, has a line end, or has more than {MAX_NAME_CHARS} characters"


def skip_kind(reason):
    return "name" if reason == BAD_NAME else SKIPS_BY_ERROR.get(reason.partition(":")[0], "raised")


class Nowhere:
    def write(self, data):
        pass


class PlainProbe(pickle.Pickler):
    """Tells what is all plain data."""

    def __init__(self):
        super().__init__(Nowhere(), PROTOCOL)

    def reducer_override(self, obj):
        raise NotPlain

    def passes(self, value):
        self.clear_memo()
        try:
            self.dump(value)
        except Exception:
            return False
        return True


class Body:
    """Passes on what is written in pieces, and can take back the last of it."""

    def __init__(self, write):
        self.pass_on = write
        self.pieces = []
        self.passed_on = 0
        self.size = 0
        self.hold = False  # whether all is held back

    def write(self, data):
        if len(data) >= PIECE_BYTES and not self.hold:
            self.flush()
            self.pass_on(data)
            self.passed_on += len(data)
        else:
            # The pickler's views of what it pickles are valid only in this call.
            self.pieces.append(data if type(data) is bytes else bytes(data))
        self.size += len(data)
        if self.size - self.passed_on >= PIECE_BYTES and not self.hold:
            self.flush()

    def cut(self, size):
        """Takes back what is after this size. What was passed on stays, and nothing refers to it."""
        while self.size > max(size, self.passed_on):
            self.size -= len(self.pieces.pop())

    def flush(self):
        if self.pieces:
            self.pass_on(b"".join(self.pieces))
            self.pieces.clear()
        self.passed_on = self.size


class TypeNames(dict):
    """By a type: its name, as tracebacks have it."""

    def __missing__(self, kind):
        module = getattr(kind, "__module__", None)
        text = kind.__qualname__
        if isinstance(module, str) and module not in ("builtins", "__main__"):
            text = f"{module}.{text}"
        self[kind] = text = text[:MAX_NAME_CHARS]
        return text


def is_usable(name):
    """Whether a manifest can hold the name."""
    return len(name) <= MAX_NAME_CHARS and "\n" not in name and (name.isascii() or encodable(name) == name)


class Group:
    """Names, as JSON of a text with one a line; the values in their order, and the types of these."""

    def __init__(self, text, types, values):
        self.text = text
        self.types = types
        self.values = values

    def names(self):
        return json.loads(self.text).split("\n")


class Dumper:
    def __init__(self, namespace, sources, protected, write, plain_names):
        self.began_ns = time.monotonic_ns()
        self.namespace = namespace
        # Most names of most sessions are such that native code can take them: what follows looks at each of the others.
        self.groups, names = [], namespace
        if plain_names is not None:
            groups, names = plain_names(namespace, tuple(protected), PLAIN_TYPES, MAX_NAME_CHARS, GROUP_NAMES)
            self.groups = [Group(*group) for group in groups]
        self.names = names_of(names, protected)
        self.sources = sources
        self.type_names = TypeNames()
        self.entries = []  # each as JSON, its kind, and how many names it has
        self.skipped = {}  # reasons by name
        self.bad_types = set()
        self.rest = []  # names whose values are not plain data
        self.is_plain = False  # whether there are none
        self.definitions = {}
        self.body = Body(write)
        self.pickler = SessionPickler(self.body, namespace, self.definitions)
        self.probe = PlainProbe()

    def run(self):
        self.body.write(prelude())
        self.sort_names()
        self.dump_plain()
        self.is_plain = not self.rest
        self.functions, self.classes, self.imports = self.sources.live(self.names)
        self.find_definitions()
        self.dump_imported()
        self.dump_definitions()
        values_offset = self.body.size
        for name in self.rest:
            self.dump_one(name)
        self.body.flush()
        # What may be long is there as JSON already: it takes long to encode.
        manifest = json.dumps(self.manifest(values_offset), separators=(",", ":"))
        entries = ",".join([entry for entry, _, _ in self.entries])
        return f'{manifest[:-1]},"entries":[{entries}]}}'.encode()

    def manifest(self, values_offset):
        counts = dict.fromkeys((*KINDS, "skipped"), 0)
        for _, kind, count in self.entries:
            counts[kind] += count
        counts["skipped"] = len(self.skipped)
        return {
            "format_version": FORMAT_VERSION,
            "python_version": "%d.%d.%d" % sys.version_info[:3],
            "cloudpickle_version": cloudpickle.__version__,
            "pickle_protocol": PROTOCOL,
            "body_size": self.body.size,
            "values_offset": values_offset,
            "skipped": [
                {"name": encodable(name[:MAX_NAME_CHARS]), "type": self.type_names[type(self.names[name])], "reason": reason}
                for name, reason in self.skipped.items()
            ],
            "functions": self.functions,
            "classes": self.classes,
            "imports": self.imports,
            "counts": counts,
            "duration_ns": time.monotonic_ns() - self.began_ns,
        }

    def skip_counts(self):
        counts = dict.fromkeys(SKIPS, 0)
        for reason in self.skipped.values():
            counts[skip_kind(reason)] += 1
        return list(counts.values())

    def find_definitions(self):
        for name in self.rest:
            value = self.names[name]
            if type(value) is FunctionType:
                is_own = value.__globals__ is self.namespace
            else:
                is_own = issubclass(type(value), type) or type(value) is LruCacheType
            if is_own and self.sources.is_definition(value, name) and value.__qualname__ == name:
                self.definitions[id(value)] = name

    def skip(self, name, reason):
        self.skipped[name] = reason
        self.bad_types.add(type(self.names[name]))

    def add_entry(self, group, kind, offset, head=None):
        types = group.types if len(group.types) == 1 else map(type, group.values)
        # One long text is written and read much faster than many.
        types = json_text("\n".join(map(self.type_names.__getitem__, types)))
        place = f'"offset":{offset},"size_bytes":{self.body.size - offset}' + (f',"head":{head}' if head is not None else "")
        self.entries.append((f'{{"names":{group.text},"kind":"{kind}","types":{types},{place}}}', kind, len(group.values)))

    def kind_of(self, name):
        value = self.names[name]
        kind = type(value)
        if kind in (FunctionType, types.BuiltinFunctionType):
            return FUNCTION
        if issubclass(kind, type):
            return CLASS
        if issubclass(kind, ModuleType):
            return MODULE
        return FUNCTION if name in self.functions else VALUE

    def dump(self, group):
        """Pickles a list; what a failure leaves is taken back."""
        size = self.body.size
        try:
            self.pickler.dump(group)
        except Exception:
            self.body.cut(size)
            self.pickler.forget_since(group)
            raise

    def sort_names(self):
        """Adds what may be plain data to the groups, and all else to the rest."""
        plain = []
        for name, value in self.names.items():
            if not is_usable(name):
                self.skip(name, BAD_NAME)
            elif type(value) in PLAIN_TYPES:
                plain.append(name)
            else:
                self.rest.append(name)
        for start in range(0, len(plain), GROUP_NAMES):
            self.groups.append(self.group_of(plain[start : start + GROUP_NAMES]))

    def group_of(self, names):
        values = list(map(self.names.__getitem__, names))
        return Group(json_text("\n".join(names)), set(map(type, values)), values)

    def dump_plain(self):
        """Pickles what is all plain data; the rest gets what is not."""
        splits = 0
        for group in self.groups:
            if splits < MAX_SPLIT_GROUPS and self.dump_group(group):
                continue
            splits += 1
            names = group.names()
            self.names.update(zip(names, group.values))
            is_plain = list(map(self.probe.passes, group.values))
            plain = list(itertools.compress(names, is_plain))
            if plain and not self.dump_group(self.group_of(plain)):
                self.rest += plain
            self.rest += itertools.compress(names, map(operator.not_, is_plain))

    def dump_group(self, group):
        offset = self.body.size
        self.pickler.plain = True
        try:
            self.dump(group.values)
        except Exception:
            return False
        finally:
            self.pickler.plain = False
        self.add_entry(group, VALUE, offset)
        return True

    def dump_imported(self):
        """Pickles what is a module, or comes from one by name: definitions may need it. Leaves what is neither this nor a definition."""
        names, self.rest = self.rest, []
        for name in names:
            value = self.names[name]
            if self.definitions.get(id(value)) == name:
                continue
            if not is_reference(value):
                self.rest.append(name)
            else:
                self.dump_one(name)

    def dump_one(self, name):
        """Pickles a name's value alone."""
        value = self.names[name]
        offset = self.body.size
        try:
            if type(value) in self.bad_types:
                # Likely to fail, and that costs a copy of the memo: tried without it first.
                SessionPickler(Nowhere(), self.namespace, self.definitions).dump([value])
            self.dump([value])
        except Exception as error:
            self.skip(name, reason_of(error))
        else:
            self.add_entry(Group(json_text(name), (type(value),), (value,)), self.kind_of(name), offset)

    def dump_definitions(self):
        """Pickles heads and states; again from the start without those that failed, as others refer to them."""
        self.body.hold = True
        start = self.body.size
        count = len(self.entries)
        while True:
            first, failed = self.try_definitions()
            if not failed:
                break
            for name, reason in failed.items():
                self.skip(name, reason)
                if name not in self.functions and name not in self.classes:
                    del self.definitions[id(self.names[name])]
            if first is not None:
                self.pickler.forget_since(first)
            self.body.cut(start)
            del self.entries[count:]
        self.body.hold = False

    def try_definitions(self):
        """The list that was pickled first, and why which names could not be."""
        first = None
        heads, failed = {}, {}
        for is_head, name in self.definition_steps():
            value = self.names[name]
            offset = self.body.size
            try:
                group = list(self.pickler.head_of(value)) if is_head else [self.pickler.state_of(value)]
                self.dump(group)
            except Exception as error:
                failed.setdefault(name, reason_of(error))
                continue
            first = first or group
            if is_head:
                heads[name] = [offset, self.body.size - offset]
            elif name in heads:
                group = Group(json_text(name), (type(value),), (value,))
                self.add_entry(group, CLASS if isinstance(value, type) else FUNCTION, offset, heads[name])
        return first, failed

    def definition_steps(self):
        """Pairs of whether it is the head, and the name: each class after those that it is made with."""
        names = list(self.definitions.values())
        steps = {}
        for name in names:
            if isinstance(self.names[name], type):
                self.add_head(self.names[name], steps)
        functions = [name for name in names if (True, name) not in steps]
        # A cache is made of its function, which is there by value.
        functions.sort(key=lambda name: type(self.names[name]) is LruCacheType)
        classes = [name for name in names if (True, name) in steps]
        for is_head, group in ((True, functions), (False, classes), (False, functions)):
            steps.update(dict.fromkeys([(is_head, name) for name in group]))
        return [step for step in steps if step[1] not in self.skipped]

    def add_head(self, cls, steps, visited=()):
        name = self.definitions.get(id(cls))
        if name is None or name in visited or (True, name) in steps:
            return
        visited = (*visited, name)
        for other in (*cls.__mro__[1:], type(cls), *generic_arguments(cls)):
            self.add_head(other, steps, visited)
        if isinstance(cls, enum.EnumMeta):
            # Its members hold instances, which may need more than the head of their class.
            for base in [base for member in cls.__members__.values() for base in type(member.value).__mro__]:
                self.add_head(base, steps, visited)
                if id(base) in self.definitions and base is not cls:
                    steps[False, self.definitions[id(base)]] = None
        steps[True, name] = None


def generic_arguments(cls):
    """The classes in what a generic class was subscripted with to make this one."""
    found = []
    stack = list(vars(cls).get("__orig_bases__", ()))
    while stack:
        base = stack.pop()
        if isinstance(base, type):
            found.append(base)
        stack += getattr(base, "__args__", ())
    return found


def dump(namespace, sources, *, protected, write, plain_names=None):
    """Passes the checkpoint's body to `write`, in pieces. Returns its manifest, as JSON; how many names were skipped, by SKIPS; and what takes a
    while to let go of, and is better kept until that matters to nobody: nothing, where letting go of it may run the user's code.

    `plain_names` is the worker's native function of that name."""
    dumper = Dumper(namespace, sources, protected, write, plain_names)
    manifest = dumper.run()
    return manifest, dumper.skip_counts(), dumper if dumper.is_plain else None
