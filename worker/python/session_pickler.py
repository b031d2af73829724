"""The pickler of checkpoints: how a session's functions, classes and other definitions are taken apart."""

import copyreg
import dataclasses
import enum
import functools
import pickle
import types
import typing

cloudpickle = load_once("cloudpickle")

checkpoint_format = load_once("checkpoint_format")
PROTOCOL = checkpoint_format.PROTOCOL
FunctionType = checkpoint_format.FunctionType
ModuleType = checkpoint_format.ModuleType
CellType = checkpoint_format.CellType
LruCacheType = checkpoint_format.LruCacheType
PRELUDE_NAMES = checkpoint_format.PRELUDE_NAMES
contents = checkpoint_format.contents

MAX_NAME_CHARS = 256
# What an enumeration's class gives its members.
MEMBER_ATTRIBUTES = ("_value_", "_name_", "__objclass__", "_sort_order_")


class Supplied:
    """Stands for what the loader has under that name."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *_):  # the pickler wants a callable
        raise TypeError(f"only a loader has '{self.name}'")


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


class BareCell:
    """A closure's cell without what it holds, which may be the function that it is of."""


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
