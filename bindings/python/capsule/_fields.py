"""The fields of the library's event, as they are read out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ctypes import (
    Structure,
    byref,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
    pythonapi,
    sizeof,
    string_at,
)
from struct import Struct
from typing import Any, TypeAlias

from capsule import _generated as _raw
from capsule._generated_records import CancelPhase, CodeClass, DeathReason, Effects, NamespaceState, Outcome, Status
from capsule.values import value_in_event


class Held(_raw.capsule_event):
    """A struct for the library to put an event in, which lives as long as the struct."""

    # The names it needs may be gone when the interpreter ends.
    def __del__(self, release: Callable[..., None] = _raw.capsule_event_release, byref: Callable[..., Any] = byref) -> None:
        release(byref(self))


#: The struct, or a copy of its bytes, in which the numbers are still there.
Bytes: TypeAlias = Held | bytes

# Fields are unpacked many at once: to read them one by one through ctypes takes ten times as long.
_FORMATS = {c_int32: "i", c_uint32: "I", c_int64: "q", c_uint64: "Q", c_double: "d", c_size_t: "N", c_void_p: "P", _raw.capsule_text: "PN"}
_TYPES: dict[str, Any] = {field[0]: field[1] for field in _raw.capsule_event._fields_}
PLACES: dict[str, int] = {}


def _layout() -> Struct:
    text = "@"
    place = 0
    for name, type_ in _TYPES.items():
        part = _FORMATS[type_]
        PLACES[name] = place
        place += len(part)
        text += part
    layout = Struct(text)
    if layout.size > sizeof(_raw.capsule_event):
        raise AssertionError("the layout of capsule_event is not that of struct")
    return layout


def only(*names: str) -> Callable[[Bytes], tuple[Any, ...]]:
    """Unpacks these fields, which are in the order of the struct."""
    text = "@"
    end = 0
    for name in names:
        place = getattr(_raw.capsule_event, name)
        text += f"{place.offset - end}x{_FORMATS[_TYPES[name]]}"
        end = place.offset + place.size
    return Struct(text).unpack_from


unpack = _layout().unpack_from


def bytes_of(fields: tuple[Any, ...], name: str) -> bytes:
    place = PLACES[name]
    data = fields[place]
    return string_at(data, fields[place + 1]) if data else b""


# Half of the time that `string_at(…).decode()` takes.
decode = pythonapi.PyUnicode_FromStringAndSize
decode.restype = py_object
decode.argtypes = [c_void_p, c_ssize_t]


def text_of(fields: tuple[Any, ...], name: str) -> str:
    return optional_text(fields, name) or ""


def optional_text(fields: tuple[Any, ...], name: str) -> str | None:
    place = PLACES[name]
    data = fields[place]
    return decode(data, fields[place + 1]) if data else None


class CStrings(Structure):
    """The library's event, with its texts as C strings: to read one takes a third of the time of a call."""

    _fields_ = [
        part  # type: ignore[misc]
        for name, type_ in _TYPES.items()
        for part in ([(name, c_char_p), (f"{name}_size", c_size_t)] if type_ is _raw.capsule_text else [(name, type_)])
    ]


class Members(dict[int, Any]):
    """The members of an enumeration by their numbers: a third of the time that its call takes."""

    def __init__(self, enum: Any) -> None:
        super().__init__((member.value, member) for member in enum)
        self.enum = enum

    def __missing__(self, number: int) -> Any:
        self[number] = member = self.enum(number)
        return member


_value_alone = only("value")


def _value_of(held: Bytes) -> Any:
    (address,) = _value_alone(held)
    return value_in_event(address, held) if address else None


def _number_in(name: str) -> Callable[[Bytes], Any]:
    read = only(name)
    return lambda held: read(held)[0]


def _member_in(name: str, members: Members) -> Callable[[Bytes], Any]:
    read = only(name)
    return lambda held: members[read(held)[0]]


def _flag_in(name: str) -> Callable[[Bytes], bool]:
    read = only(name)
    return lambda held: read(held)[0] == 1


# How a field of an end is read that was not when it came; `know_numbers` adds those that are as they are. A text here is an absent one.
READERS: dict[str, Callable[[Bytes], Any]] = {
    "outcome": _member_in("outcome", Members(Outcome)),
    "cancel_phase": _member_in("cancel_phase", Members(CancelPhase)),
    "death_reason": _member_in("death_reason", Members(DeathReason)),
    "death_certain": _flag_in("death_certain"),
    "state": _member_in("state", Members(NamespaceState)),
    "resources_measured": _flag_in("resources_measured"),
    "code_class": _member_in("code_class", Members(CodeClass)),
    "effects": _member_in("effects", Members(Effects)),
    "restored_checkpoint": lambda held: None,
    "value": _value_of,
    "value_status": _member_in("value_status", Members(Status)),
    "value_message": lambda held: "",
}


def know_numbers(names: Iterable[str]) -> None:
    """Has the readers read those of these that are numbers of the library's event, and nothing else."""
    for name in names:
        if name not in READERS and _TYPES.get(name, c_void_p) not in (c_void_p, _raw.capsule_text):
            READERS[name] = _number_in(name)
