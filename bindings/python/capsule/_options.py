"""Options by their names in the C headers, as the structs that the library takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ctypes import Structure, addressof, byref, c_char_p, c_double, c_void_p, cast, sizeof
from typing import Any, TypeVar

from capsule import _generated as _raw
from capsule._call import utf8
from capsule.values import Inputs

StructT = TypeVar("StructT", bound=Structure)


def text_of(data: bytes) -> _raw.capsule_text:
    """A view of bytes, which have to outlive it."""
    return _raw.capsule_text(cast(c_char_p(data), c_void_p).value, len(data))


class Options:
    """A struct of options with its defaults, zeros without `init`, and what was given in their place; `reference` is for the library."""

    __slots__ = ("_kept", "_what", "raw")

    def __init__(self, struct: type[StructT], init: Callable[..., None] | None, given: Mapping[str, Any]) -> None:
        self.raw: Any = struct()
        self._kept: list[object] = []
        self._what = struct.__name__.removeprefix("capsule_")
        if init is None:
            self.raw.struct_size = sizeof(self.raw)
        else:
            init(byref(self.raw), sizeof(self.raw))
        types = dict(_fields(struct))
        for name, value in given.items():
            if name not in types or name == "struct_size":
                raise TypeError(f"{self._what} has no field {name!r}")
            self._set(name, types, value)

    @property
    def reference(self) -> Any:
        return byref(self.raw)

    def _set(self, name: str, types: dict[str, Any], value: Any) -> None:
        if types[name] is _raw.capsule_text:
            data = utf8(value, name)
            self._kept.append(data)
            setattr(self.raw, name, text_of(data))
        elif types[name] is c_void_p:
            self._point(name, types, value)
        elif types[name] is c_double:
            setattr(self.raw, name, value)
        else:
            self._set_number(name, types[name], value)

    def _set_number(self, name: str, type_: Any, value: Any) -> None:
        # ctypes would cut it to the field's width without a word.
        if not isinstance(value, int):
            raise TypeError(f"{name} must be an int, not {type(value).__name__}")
        if type_(value).value != value:
            raise OverflowError(f"{name} cannot be {value}")
        setattr(self.raw, name, value)

    def _point(self, name: str, types: dict[str, Any], value: Any) -> None:
        if hasattr(value, "handle"):
            setattr(self.raw, name, value.handle)
        elif name == "inputs":
            self._array(name, types, inputs := Inputs(value), inputs.address, inputs.count)
        elif name == "rules":
            rules = [rule.raw() for rule in value]
            self._sequence(name, types, (_raw.capsule_rule * len(rules))(*(raw for raw, _ in rules)), rules)
        elif name == "session":
            options = Options(_raw.capsule_session_options, _raw.capsule_session_options_init, value)
            self._kept.append(options)
            setattr(self.raw, name, addressof(options.raw))
        else:
            if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
                raise TypeError(f"{name} must be a sequence of texts, not {type(value).__name__}")
            texts = [utf8(text, name) for text in value]
            self._sequence(name, types, (_raw.capsule_text * len(texts))(*map(text_of, texts)), texts)

    def _sequence(self, name: str, types: dict[str, Any], array: Any, kept: object) -> None:
        self._array(name, types, (array, kept), addressof(array) if len(array) else None, len(array))

    def _array(self, name: str, types: dict[str, Any], kept: object, address: int | None, count: int) -> None:
        self._kept.append(kept)
        setattr(self.raw, name, address)
        setattr(self.raw, next(known for known in (f"{name}_count", f"{name[:-1]}_count") if known in types), count)


def _fields(struct: type[Structure]) -> list[tuple[str, Any]]:
    return [(field[0], field[1]) for field in struct._fields_]


def given_options(struct: type[StructT], init: Callable[..., None], given: Mapping[str, Any]) -> Options | None:
    """None where nothing is given: the library knows its defaults."""
    return Options(struct, init, given) if given else None


def reference_of(options: Options | None) -> Any:
    return None if options is None else options.reference
