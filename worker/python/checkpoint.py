"""Checkpoints: a session's names as bytes, and back.

The body is a row of pickles with one memo, each of a list: first of plain data, many names in each; then of what is imported; then of
the session's definitions, the functions and classes that are bound to their own names; then of all else. Whatever refers to a definition
does so by its name, so that the definition can come from its source as well. A definition has two pickles, as definitions refer to each
other: its head, which makes it, and its state. All heads come before the states, but for what an enumeration needs of its members.

What cannot be pickled is skipped, and what cannot be loaded fails, name by name: of the others, only those fail that share a part with it.
What the loader supplies comes first in the memo, so that nothing in the body names the module that it was written by.
"""

import __future__
import builtins
import copyreg
import dataclasses
import enum
import functools
import itertools
import operator
import pickle
import re
import sys
import types
import typing

FORMAT_VERSION = 1
PROTOCOL = 5
MAX_NAME_CHARS = 256
MAX_REASON_CHARS = 300
# Names of plain data in one pickle, and how many of these may turn out to hold other data before each name is tried first.
GROUP_NAMES = 1000
MAX_SPLIT_GROUPS = 3
# How much is held back before it is written, so that it can be taken back.
PIECE_BYTES = 1 << 20

FUNCTION, CLASS, MODULE, VALUE = KINDS = ("function", "class", "module", "value")
# The types of plain data. What they contain may be other data: the pickler tells.
PLAIN_TYPES = frozenset((type(None), bool, int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset))
FunctionType = types.FunctionType
ModuleType = types.ModuleType
CellType = types.CellType
LruCacheType = type(functools.lru_cache(len))
# What an enumeration's class gives its members.
MEMBER_ATTRIBUTES = ("_value_", "_name_", "__objclass__", "_sort_order_")

cloudpickle = None


def use_cloudpickle(module):
    """Sets the module that knows how functions and classes are taken apart: the embedded one, which is in no sys.modules."""
    global cloudpickle
    cloudpickle = module


def is_dunder(name):
    return name[:2] == "__" and name[-2:] == "__"


def reason_of(error):
    try:
        text = str(error)
    except Exception:
        text = ""
    return encodable(f"{type(error).__name__}: {text}"[:MAX_REASON_CHARS])


def encodable(text):
    """The text, without surrogates that UTF-8 has no place for."""
    return text.encode("utf-8", "replace").decode()


# Dumping -------------------------------------------------------------------------------------------------------------


class Supplied:
    """Stands for what the loader has under that name."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *_):  # the pickler wants a callable
        raise TypeError(f"only a loader has '{self.name}'")


PRELUDE_NAMES = (
    "definition", "library", "same", "make_cached_property", "make_cell", "make_code", "make_function", "make_lru_cache",
    "make_type_alias", "set_cell", "set_class_state", "set_function_state",
)  # fmt: skip
SUPPLIED = {name: Supplied(name) for name in PRELUDE_NAMES}


def prelude():
    """A pickle that puts into the memo what the loader supplies."""
    parts = [pickle.PROTO, bytes([PROTOCOL])]
    for name in ("namespace", *PRELUDE_NAMES):
        for text in ("capsule", name):
            parts.append(pickle.SHORT_BINUNICODE + bytes([len(text)]) + text.encode())
        parts += (pickle.STACK_GLOBAL, pickle.MEMOIZE, pickle.POP)
    return b"".join([*parts, pickle.NONE, pickle.STOP])


class NotPlain(Exception):
    """There is other data in a group of plain data."""


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


class BareCell:
    """A closure's cell without what it holds, which may be the function that it is of."""


def contents(cell):
    """What a cell holds, as a tuple of one; an empty one where it holds nothing."""
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def is_reference(value):
    """Whether a value is pickled as a name of a module's, or is a module."""
    kind = type(value)
    if kind is types.BuiltinFunctionType:
        return isinstance(value.__self__, ModuleType)
    try:
        return (kind is FunctionType or issubclass(kind, (type, ModuleType))) and cloudpickle._should_pickle_by_reference(value)
    except Exception:
        return False


def is_importable(value, name=None):
    """Whether a value can be had from a module, under its own name."""
    return cloudpickle._lookup_module_and_qualname(value, name=name) is not None


def reduce_lru_cache(value):
    if is_importable(value):
        return value.__qualname__
    parameters = value.cache_parameters()
    arguments = (parameters["maxsize"], parameters["typed"], value.__wrapped__)
    state = {name: held for name, held in vars(value).items() if name not in ("cache_parameters", "__wrapped__")}
    return SUPPLIED["make_lru_cache"], arguments, state


def reduce_type_variable(value):
    """Of a kind that is pickled as a reference to a name, which is nothing where the name is the session's."""
    if is_importable(value, value.__name__):
        return value.__name__
    return type(value), (value.__name__,)


def reduce_new_type(value):
    if is_importable(value):
        return value.__qualname__
    return typing.NewType, (value.__name__, value.__supertype__), {"__module__": value.__module__}


def reduce_type_alias(value):
    if is_importable(value, value.__name__):
        return value.__name__
    return SUPPLIED["make_type_alias"], (value.__name__, value.__value__, value.__type_params__)


REDUCERS = {
    types.CodeType: lambda code: (SUPPLIED["make_code"], cloudpickle._code_reduce(code)[1]),
    # In 3.11 it holds a lock.
    functools.cached_property: lambda value: (SUPPLIED["make_cached_property"], (value.func, value.attrname, value.__doc__)),
    typing.ParamSpec: reduce_type_variable,
    typing.TypeVarTuple: reduce_type_variable,
    typing.NewType: reduce_new_type,
    # What is compared by identity is had from its module.
    type(dataclasses.MISSING): lambda _: "MISSING",
    type(dataclasses.KW_ONLY): lambda _: "KW_ONLY",
    type(dataclasses._HAS_DEFAULT_FACTORY): lambda _: "_HAS_DEFAULT_FACTORY",
}
if hasattr(typing, "TypeAliasType"):
    REDUCERS[typing.TypeAliasType] = reduce_type_alias


class SessionPickler(pickle.Pickler):
    """Pickles by value what is the session's, and definitions by name."""

    def __init__(self, file, namespace, definitions):
        super().__init__(file, PROTOCOL)
        self.dispatch_table = {**copyreg.dispatch_table, **cloudpickle.Pickler._dispatch_table, **REDUCERS}
        self.memo = {id(obj): (index, obj) for index, obj in enumerate((namespace, *SUPPLIED.values()))}
        self.namespace = namespace
        self.definitions = definitions  # the names, by identity
        self.plain = False  # whether all is expected to be plain data
        self.other_globals = {}  # those of functions of other namespaces, and what stands for them
        self.cells = {}

    def forget_since(self, first):
        """Takes back all pickles since the one of the list `first`."""
        memo = self.memo.copy()
        if id(first) in memo:
            start = memo[id(first)][0]
            self.memo = {key: held for key, held in memo.items() if held[0] < start}

    def reducer_override(self, obj):
        if self.plain:
            raise NotPlain
        kind = type(obj)
        if kind is FunctionType:
            return self.reduce_definition(obj, self.reduce_function)
        if issubclass(kind, type):
            return self.reduce_definition(obj, self.reduce_class)
        if kind is LruCacheType:
            return self.reduce_definition(obj, reduce_lru_cache)
        if kind is CellType:
            return SUPPLIED["same"], (self.bare_cell(obj),), contents(obj), None, None, SUPPLIED["set_cell"]
        if kind is BareCell:
            return SUPPLIED["make_cell"], ()
        if issubclass(kind, ModuleType):
            return cloudpickle._module_reduce(obj)
        return NotImplemented

    def reduce_definition(self, obj, reduce):
        name = self.definitions.get(id(obj))
        if name is not None:
            return SUPPLIED["definition"], (name,)
        if getattr(obj, "__module__", None) == cloudpickle.__name__ and vars(cloudpickle).get(obj.__name__) is obj:
            return SUPPLIED["library"], (obj.__name__,)
        return reduce(obj)

    def reduce_function(self, function):
        if cloudpickle._should_pickle_by_reference(function):
            return NotImplemented
        make, arguments = self.function_head(function)
        return make, arguments, self.function_state(function), None, None, SUPPLIED["set_function_state"]

    def head_of(self, definition):
        """A callable and arguments that make a definition without what it holds."""
        if type(definition) is FunctionType:
            return self.function_head(definition)
        if type(definition) is LruCacheType:
            return reduce_lru_cache(definition)[:2]
        return self.class_head(definition, cloudpickle._dynamic_class_reduce(definition))

    def state_of(self, definition):
        """What a definition holds."""
        if type(definition) is FunctionType:
            return self.function_state(definition)
        if type(definition) is LruCacheType:
            return reduce_lru_cache(definition)[2]
        return self.class_state(definition, cloudpickle._dynamic_class_reduce(definition))

    def function_head(self, function):
        names = function.__globals__
        if names is not self.namespace:
            # Only what the functions of this namespace use of it, and by what relative imports work, is theirs.
            if id(names) not in self.other_globals:
                kept = {name: names[name] for name in ("__package__", "__name__", "__path__", "__file__") if name in names}
                self.other_globals[id(names)] = (kept, names)
            names = self.other_globals[id(names)][0]
        cells = tuple([self.bare_cell(cell) for cell in function.__closure__ or ()])
        return SUPPLIED["make_function"], (function.__code__, names, cells)

    def function_state(self, function):
        attributes, slots = cloudpickle._function_getstate(function)
        slots["__closure__"] = tuple([contents(cell) for cell in function.__closure__ or ()])
        if function.__globals__ is self.namespace:
            slots["__globals__"] = {}
        return attributes, slots

    def bare_cell(self, cell):
        """One for each cell, so that functions which share it go on doing so."""
        return self.cells.setdefault(id(cell), (BareCell(), cell))[0]

    def reduce_class(self, cls):
        reduced = cloudpickle._class_reduce(cls)
        if reduced is NotImplemented or len(reduced) == 2:
            return reduced
        make, arguments = self.class_head(cls, reduced)
        return make, arguments, self.class_state(cls, reduced), None, None, SUPPLIED["set_class_state"]

    def class_head(self, cls, reduced):
        make, arguments = reduced[:2]
        # Without the class's tracker: a class that is alive here would be changed in the place of making one.
        arguments = [*arguments[:-2], None, None]
        if isinstance(cls, enum.EnumMeta):
            arguments[3] = {name: member.value for name, member in cls.__members__.items()}
        else:
            if typing.NamedTuple in arguments[2]:
                arguments[2] = cls.__bases__  # that would make its own of the annotations, which are not there yet
            arguments[3]["__qualname__"] = cls.__qualname__
            if "__slots__" in vars(cls):
                arguments[3]["__slots__"] = cls.__slots__
        return make, tuple(arguments)

    def class_state(self, cls, reduced):
        attributes = reduced[2][0]
        members = {}
        if isinstance(cls, enum.EnumMeta):
            for name, member in cls.__members__.items():
                attributes.pop(name, None)  # an alias
                members[name] = {key: held for key, held in vars(member).items() if key not in MEMBER_ATTRIBUTES}
        return attributes, members


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


def names_of(namespace, protected):
    """A copy without what is not of the user's making; and all names, one a line: one text is searched faster than many."""
    names = namespace.copy()
    try:
        text = "\n" + "\n".join(names)
    except TypeError:
        for name in [name for name in names if type(name) is not str]:
            del names[name]
        text = "\n" + "\n".join(names)
    internal = [name for name in re.findall(r"\n(__.*)", text) if is_dunder(name)] if "\n__" in text else ()
    for name in (*internal, *protected):
        names.pop(name, None)
    return names, text


def has_long_line(text):
    """Whether a line is longer than a name may be. The text begins with a line end."""
    start = 0
    while start + MAX_NAME_CHARS + 1 < len(text):
        end = text.rfind("\n", start + 1, start + MAX_NAME_CHARS + 2)
        if end < 0:
            return True
        start = end
    return False


def is_usable(name):
    """Whether a manifest can hold the name."""
    return len(name) <= MAX_NAME_CHARS and encodable(name) == name


def split(columns, is_first):
    """Two of the columns each: what is at an index where it holds, and what is at the others."""
    is_second = list(map(operator.not_, is_first))
    return [[list(itertools.compress(column, chosen)) for column in columns] for chosen in (is_first, is_second)]


class Dumper:
    def __init__(self, namespace, sources, protected, write):
        self.namespace = namespace
        self.names, text = names_of(namespace, protected)
        self.type_names = TypeNames()
        self.entries = []
        self.skipped = {}  # reasons by name
        self.bad_types = set()
        self.functions, self.classes, self.imports = sources.live(self.names)
        self.body = Body(write)
        # What may be plain data: names, values and types, by the same index, as there may be many.
        self.plain = list(self.names), list(self.names.values()), list(map(type, self.names.values()))
        self.rest = []
        if not PLAIN_TYPES.issuperset(self.plain[2]):
            is_plain = list(map(PLAIN_TYPES.__contains__, self.plain[2]))
            self.plain, rest = split(self.plain, is_plain)
            self.rest = rest[0]
        self.definitions = self.find_definitions(sources)
        self.pickler = SessionPickler(self.body, namespace, self.definitions)
        self.probe = PlainProbe()
        if has_long_line(text) or not text.isascii():
            self.skip_unusable_names()

    def run(self):
        self.body.write(prelude())
        self.dump_plain()
        self.dump_imported()
        self.dump_definitions()
        values_offset = self.body.size
        for name in self.rest:
            self.dump_one(name)
        self.body.flush()
        return self.manifest(values_offset)

    def manifest(self, values_offset):
        counts = dict.fromkeys((*KINDS, "skipped"), 0)
        for entry in self.entries:
            counts[entry["kind"]] += len(entry["names"])
        counts["skipped"] = len(self.skipped)
        return {
            "format_version": FORMAT_VERSION,
            "python_version": "%d.%d.%d" % sys.version_info[:3],
            "cloudpickle_version": cloudpickle.__version__,
            "pickle_protocol": PROTOCOL,
            "body_size": self.body.size,
            "values_offset": values_offset,
            "entries": self.entries,
            "skipped": [
                {"name": encodable(name[:MAX_NAME_CHARS]), "type": self.type_names[type(self.names[name])], "reason": reason}
                for name, reason in self.skipped.items()
            ],
            "functions": self.functions,
            "classes": self.classes,
            "imports": self.imports,
            "counts": counts,
        }

    def find_definitions(self, sources):
        found = {}
        for name in self.rest:
            value = self.names[name]
            if type(value) is FunctionType:
                is_own = value.__globals__ is self.namespace
            else:
                is_own = issubclass(type(value), type) or type(value) is LruCacheType
            if is_own and sources.is_definition(value, name) and value.__qualname__ == name:
                found[id(value)] = name
        return found

    def skip(self, name, reason):
        self.skipped[name] = reason
        self.bad_types.add(type(self.names[name]))

    def skip_unusable_names(self):
        for name in [name for name in self.names if not is_usable(name)]:
            self.skip(name, f"ValueError: a name that is no UTF-8 or has more than {MAX_NAME_CHARS} characters")
            self.definitions.pop(id(self.names[name]), None)
        self.plain, _ = split(self.plain, list(map(is_usable, self.plain[0])))
        self.rest = [name for name in self.rest if name not in self.skipped]

    def add_entry(self, names, types, kind, offset):
        types = list(map(self.type_names.__getitem__, types))
        self.entries.append({"names": names, "kind": kind, "types": types, "offset": offset, "size_bytes": self.body.size - offset})
        return self.entries[-1]

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

    def dump_plain(self):
        """Pickles what is all plain data; the rest gets what is not."""
        splits = 0
        for start in range(0, len(self.plain[0]), GROUP_NAMES):
            group = [column[start : start + GROUP_NAMES] for column in self.plain]
            if splits < MAX_SPLIT_GROUPS and self.dump_group(*group):
                continue
            splits += 1
            plain, other = split(group, list(map(self.probe.passes, group[1])))
            if plain[0] and not self.dump_group(*plain):
                self.rest += plain[0]
            self.rest += other[0]

    def dump_group(self, names, values, types):
        offset = self.body.size
        self.pickler.plain = True
        try:
            self.dump(values)
        except Exception:
            return False
        finally:
            self.pickler.plain = False
        self.add_entry(names, types, VALUE, offset)
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
            self.add_entry([name], [type(value)], self.kind_of(name), offset)

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
                self.add_entry([name], [type(value)], CLASS if isinstance(value, type) else FUNCTION, offset)["head"] = heads[name]
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


def dump(namespace, sources, *, protected, write):
    """Passes the checkpoint's body to `write`, in pieces, and returns its manifest: plain data for JSON."""
    return Dumper(namespace, sources, protected, write).run()


# Loading -------------------------------------------------------------------------------------------------------------


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
            for name in names_of(self.namespace, self.protected)[0]:
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


# The manifest --------------------------------------------------------------------------------------------------------


def expect(condition, what):
    if not condition:
        raise ValueError(f"not a checkpoint's manifest: {what}")


def is_size(value):
    return type(value) is int and value >= 0


def is_texts(value):
    return type(value) is list and all(type(text) is str for text in value)


def check(manifest, size):
    """Raises a ValueError unless the manifest is one of a body of this size that can be loaded here."""
    expect(type(manifest) is dict, "it is no object")
    version = manifest.get("format_version")
    expect(is_size(version), "format_version")
    if version != FORMAT_VERSION:
        raise ValueError(f"checkpoints of format {version} are not supported: this is {FORMAT_VERSION}")
    protocol = manifest.get("pickle_protocol")
    expect(is_size(protocol), "pickle_protocol")
    if protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickles of protocol {protocol} are not supported: {pickle.HIGHEST_PROTOCOL} is the highest here")
    python = manifest.get("python_version")
    expect(type(python) is str and len(parts := python.split(".")) == 3 and all(map(str.isdecimal, parts)), "python_version")
    expect(manifest.get("body_size") == size, f"its body has {manifest.get('body_size')} bytes, and this one {size}")
    expect(is_size(manifest.get("values_offset")), "values_offset")
    expect(is_texts(manifest.get("imports")), "imports")
    for key in ("functions", "classes"):
        texts = manifest.get(key)
        expect(type(texts) is dict and is_texts(list(texts)) and is_texts(list(texts.values())), key)
    skipped = manifest.get("skipped")
    expect(type(skipped) is list and all(type(one) is dict and is_texts([one.get("name"), one.get("reason")]) for one in skipped), "skipped")
    entries = manifest.get("entries")
    expect(type(entries) is list, "entries")
    for entry in entries:
        expect(type(entry) is dict and entry.get("kind") in KINDS and is_texts(entry.get("names")) and entry["names"], "an entry")
        head = entry.get("head", [0, 0])
        expect(type(head) is list and len(head) == 2, "an entry's head")
        for offset, length in (head, (entry.get("offset"), entry.get("size_bytes"))):
            expect(is_size(offset) and is_size(length) and offset + length <= size, "an entry's place")


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
        loader = Loader(namespace, manifest, view, protected, conflict)
        try:
            return loader.run(clear)
        finally:
            loader.end()
