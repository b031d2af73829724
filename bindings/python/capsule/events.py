"""The events of an execution, as records of their kinds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from ctypes import (
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
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from capsule import _generated as _raw
from capsule._generated_records import (
    CancelPhase,
    CodeClass,
    DeathReason,
    Effects,
    EventKind,
    NamespaceState,
    Origin,
    Outcome,
    Status,
    Stream,
)
from capsule.values import value_in_event


class _Lazy:
    """What reads its fields out of the library's event when they are asked for: most never are."""

    __slots__ = ("_held",)

    _held: _Held

    # Asked for what its slot does not hold yet. A type checker is to go by the slots.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            read = _READERS.get(name)
            if read is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            value = read(self._held)
            setattr(self, name, value)
            return value

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(slots=True)
class _Event(_Lazy):
    kind: ClassVar[EventKind]

    execution_id: int
    """Number of the execution in its session, from 1."""
    sequence: int
    """Number of the event in its execution, from 1, without gaps."""
    time_ns: int
    """When it was sent; CLOCK_MONOTONIC, as `time.monotonic_ns()`."""


@dataclass(slots=True)
class Started(_Event):
    """The code begins to run."""

    kind = EventKind.STARTED


@dataclass(slots=True)
class Output(_Event):
    """Something was printed."""

    kind = EventKind.OUTPUT

    data: bytes
    """Always UTF-8, never empty, cut between characters: bytes that are none were replaced by U+FFFD."""
    raw: bytes
    """The bytes as they were written."""
    stream: Stream
    origin: Origin
    """What wrote it."""
    late: bool
    """It was written after its execution had ended."""
    writer_execution_id: int
    """The execution whose code wrote it."""
    writer_id: int
    """The thread or task, as `origin` says."""
    invalid_bytes: int
    """How many bytes of `raw` are not UTF-8."""

    @property
    def text(self) -> str:
        return self.data.decode()


@dataclass(slots=True)
class Input(_Event):
    """The code waits for a line: `execution.answer(event, "…")` or `execution.decline(event)`."""

    kind = EventKind.INPUT

    input_id: int
    prompt: str
    secret: bool
    """The answer should not be shown, as of `getpass`."""
    input_timeout_ms: int
    """Time the code waits for it, 0 for no limit."""
    input_promise: str | None
    """Of a durable execution: the id of the promise in its store. Whoever settles that first answers."""


@dataclass(slots=True)
class Display(_Event):
    """Something to show."""

    kind = EventKind.DISPLAY

    parts: dict[str, bytes]
    """By MIME type."""
    display_id: str
    metadata: Any
    update: bool
    is_result: bool
    late: bool
    writer_execution_id: int


@dataclass(slots=True)
class Progress(_Event):
    """How far the code has come."""

    kind = EventKind.PROGRESS

    value: float
    total: float | None
    """None where it is not known."""
    label: str
    display_id: str
    late: bool
    writer_execution_id: int


@dataclass(slots=True)
class _Ended(_Event):
    outcome: Outcome
    cancel_phase: CancelPhase
    death_reason: DeathReason
    death_certain: bool
    exit_code: int
    signal_number: int
    state: NamespaceState
    """What became of the namespace."""
    queue_ns: int
    duration_ns: int
    stdout_bytes: int
    stderr_bytes: int
    stdout_lines: int
    stderr_lines: int
    input_wait_ns: int
    promise_wait_ns: int
    resources_measured: bool
    """Whether the seven below were measured."""
    user_cpu_ns: int
    system_cpu_ns: int
    peak_resident_delta_bytes: int
    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    code_class: CodeClass
    dropped_output_bytes: int
    left_out_bytes: int
    left_out_lines: int
    restored_snapshot_id: int
    effects: Effects
    restored_checkpoint: str | None

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


@dataclass(slots=True)
class Result(_Ended):
    """Terminal: the code ran to its end."""

    kind = EventKind.RESULT

    repr: str | None
    """Of the value of a trailing expression; None where there is none, or it is None."""
    type_name: str | None
    json_text: str | None
    """The value as JSON, where it has one."""
    repr_size_bytes: int
    value: Any
    """As `result_kind` asked for it: a str, what JSON stands for, bytes, or a memoryview."""
    value_status: Status
    value_message: str

    @property
    def json(self) -> Any:
        """What the JSON stands for, None where there is none."""
        return None if self.json_text is None else json.loads(self.json_text)


@dataclass(slots=True)
class Error(_Ended):
    """Terminal: anything else, as an exception of the code, a cancel, a timeout, a death."""

    kind = EventKind.ERROR

    error_type: str
    message: str
    traceback: str | None


Event: TypeAlias = Started | Output | Input | Display | Progress | Result | Error
End: TypeAlias = Result | Error
EndT = TypeVar("EndT", Result, Error)


# A whole event is unpacked at once: to read its fields one by one through ctypes takes ten times as long.
_FORMATS = {c_int32: "i", c_uint32: "I", c_int64: "q", c_uint64: "Q", c_double: "d", c_size_t: "N", c_void_p: "P", _raw.capsule_text: "PN"}
_PLACES: dict[str, int] = {}


def _layout() -> Struct:
    text = "@"
    place = 0
    for name, type_ in _raw.capsule_event._fields_:  # type: ignore[misc]
        part = _FORMATS[type_]
        _PLACES[name] = place
        place += len(part)
        text += part
    layout = Struct(text)
    if layout.size > sizeof(_raw.capsule_event):
        raise AssertionError("the layout of capsule_event is not that of struct")
    return layout


_unpack = _layout().unpack_from


def _at(*names: str) -> itemgetter[tuple[Any, ...]]:
    return itemgetter(*(_PLACES[name] for name in names))


_head = _at("execution_id", "sequence", "time_ns")
_output = _at("stream", "origin", "late", "writer_execution_id", "writer_id", "invalid_bytes")
_show = _at("late", "writer_execution_id")


def _bytes(fields: tuple[Any, ...], name: str) -> bytes:
    place = _PLACES[name]
    data = fields[place]
    return string_at(data, fields[place + 1]) if data else b""


# Half of the time that `string_at(…).decode()` takes.
_decode = pythonapi.PyUnicode_DecodeUTF8
_decode.restype = py_object
_decode.argtypes = [c_void_p, c_ssize_t, c_char_p]


def _text(fields: tuple[Any, ...], name: str) -> str:
    return _optional(fields, name) or ""


def _optional(fields: tuple[Any, ...], name: str) -> str | None:
    place = _PLACES[name]
    data = fields[place]
    return _decode(data, fields[place + 1], None) if data else None


class _Members(dict[int, Any]):
    """The members of an enumeration by their numbers: a third of the time that its call takes."""

    def __init__(self, enum: Any) -> None:
        super().__init__((member.value, member) for member in enum)
        self.enum = enum

    def __missing__(self, number: int) -> Any:
        self[number] = member = self.enum(number)
        return member


_STREAMS = _Members(Stream)
_ORIGINS = _Members(Origin)


def _started(fields: tuple[Any, ...]) -> Started:
    return Started(*_head(fields))


def _output_of(fields: tuple[Any, ...]) -> Output:
    stream, origin, late, writer, writer_id, invalid = _output(fields)
    data = _bytes(fields, "data")
    raw = _bytes(fields, "raw") if invalid else data
    return Output(*(*_head(fields), data, raw, _STREAMS[stream], _ORIGINS[origin], late == 1, writer, writer_id, invalid))


def _input_of(fields: tuple[Any, ...]) -> Input:
    at = _PLACES
    secret, timeout_ms = fields[at["secret"]], fields[at["input_timeout_ms"]]
    promise = _optional(fields, "input_promise")
    return Input(*(*_head(fields), fields[at["input_id"]], _text(fields, "prompt"), secret == 1, timeout_ms, promise))


def _display_of(fields: tuple[Any, ...]) -> Display:
    late, writer = _show(fields)
    address, count = fields[_PLACES["parts"]], fields[_PLACES["part_count"]]
    parts = (_raw.capsule_mime_part * count).from_address(address) if count else ()
    bundle = {
        string_at(part.mime_type.data, part.mime_type.size).decode(): string_at(part.data.data, part.data.size) for part in parts
    }
    metadata = _optional(fields, "metadata")
    return Display(*(
        *_head(fields), bundle, _text(fields, "display_id"), None if metadata is None else json.loads(metadata),
        fields[_PLACES["update"]] == 1, fields[_PLACES["is_result"]] == 1, late == 1, writer,
    ))  # fmt: skip


def _progress_of(fields: tuple[Any, ...]) -> Progress:
    late, writer = _show(fields)
    total = fields[_PLACES["progress_total"]]
    return Progress(*(
        *_head(fields), fields[_PLACES["progress_value"]], None if math.isnan(total) else total, _text(fields, "progress_label"),
        _text(fields, "display_id"), late == 1, writer,
    ))  # fmt: skip


def _text_in(name: str) -> Callable[[_Held], str | None]:
    """Reads a text; None where it is absent."""

    def read(held: _Held) -> str | None:
        text: _raw.capsule_text = getattr(held, name)
        return _decode(text.data, text.size, None) if text.data else None

    return read


def _whole_text_in(name: str) -> Callable[[_Held], str]:
    read = _text_in(name)
    return lambda held: read(held) or ""


def _member_in(name: str, members: _Members) -> Callable[[_Held], Any]:
    return lambda held: members[getattr(held, name)]


def _flag_in(name: str) -> Callable[[_Held], bool]:
    return lambda held: getattr(held, name) == 1


# How a field of an end is read: as it is, but for these.
_READERS: dict[str, Callable[[_Held], Any]] = {
    **{field.name: attrgetter(field.name) for end in (Result, Error) for field in fields(end)},
    "outcome": _member_in("outcome", _Members(Outcome)),
    "cancel_phase": _member_in("cancel_phase", _Members(CancelPhase)),
    "death_reason": _member_in("death_reason", _Members(DeathReason)),
    "death_certain": _flag_in("death_certain"),
    "state": _member_in("state", _Members(NamespaceState)),
    "resources_measured": _flag_in("resources_measured"),
    "code_class": _member_in("code_class", _Members(CodeClass)),
    "effects": _member_in("effects", _Members(Effects)),
    "restored_checkpoint": _text_in("restored_checkpoint"),
    "repr": _text_in("repr"),
    "type_name": _text_in("type_name"),
    "json_text": _text_in("json"),
    "value": lambda held: value_in_event(held.value, held) if held.value else None,
    "value_status": _member_in("value_status", _Members(Status)),
    "value_message": _whole_text_in("value_message"),
    "error_type": _whole_text_in("error_type"),
    "message": _whole_text_in("message"),
    "traceback": _text_in("traceback"),
}

_MAKERS: dict[int, Callable[[tuple[Any, ...]], Event]] = {
    EventKind.STARTED.value: _started,
    EventKind.OUTPUT.value: _output_of,
    EventKind.INPUT.value: _input_of,
    EventKind.DISPLAY.value: _display_of,
    EventKind.PROGRESS.value: _progress_of,
}


_SIZE = sizeof(_raw.capsule_event)


class _Held(_raw.capsule_event):
    """A struct for the library to put an event in, which lives as long as the struct."""

    # The names it needs may be gone when the interpreter ends.
    def __del__(self, release: Callable[..., None] = _raw.capsule_event_release, byref: Callable[..., Any] = byref) -> None:
        release(byref(self))


class Slot:
    """What a call of the library writes to, used again and again by whoever takes it: making it costs as much as a call."""

    __slots__ = ("error", "error_reference", "handle", "handle_reference", "raw", "reference")

    def __init__(self) -> None:
        self.handle = c_void_p()
        self.handle_reference = byref(self.handle)
        self.error = _raw.capsule_error(sizeof(_raw.capsule_error))
        self.error_reference = byref(self.error)
        self._renew()

    def _renew(self) -> None:
        self.raw = _Held(_SIZE)
        self.reference = byref(self.raw)

    def take_end(self, kind: type[EndT]) -> EndT:
        """The last event, which is in it, as a record that has the struct from now on."""
        end = kind.__new__(kind)
        setattr(end, "_held", self.raw)  # as the slot of its base, which mypy does not see
        self._renew()
        return end

    def take(self) -> Event | None:
        """The event in it, as a record of its own; None for a kind of a newer library."""
        kind = self.raw.kind
        if kind == _raw.CAPSULE_EVENT_RESULT:
            return self.take_end(Result)
        if kind == _raw.CAPSULE_EVENT_ERROR:
            return self.take_end(Error)
        maker = _MAKERS.get(kind)
        return maker(_unpack(self.raw)) if maker else None

    def empty(self) -> None:
        """Lets go of the event in it."""
        if self.raw.storage:
            _raw.capsule_event_release(self.reference)
