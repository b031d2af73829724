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
from dataclasses import dataclass
from operator import itemgetter
from struct import Struct
from typing import Any, ClassVar, TypeAlias

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
from capsule.values import keep_event, memory_of, value_in_event


@dataclass(slots=True)
class _Event:
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


_KIND = _PLACES["kind"]
_STORAGE = _PLACES["storage"]
_VALUE = _PLACES["value"]
_head = _at("execution_id", "sequence", "time_ns")
_output = _at("stream", "origin", "late", "writer_execution_id", "writer_id", "invalid_bytes")
_show = _at("late", "writer_execution_id")
_names = _at("outcome", "cancel_phase", "death_reason", "state", "code_class")
_bill = _at(
    "queue_ns", "duration_ns", "stdout_bytes", "stderr_bytes", "stdout_lines", "stderr_lines", "input_wait_ns", "promise_wait_ns"
)  # fmt: skip
_resources = _at(
    "user_cpu_ns", "system_cpu_ns", "peak_resident_delta_bytes", "minor_faults", "major_faults", "voluntary_switches",
    "involuntary_switches",
)  # fmt: skip
_leftover = _at("dropped_output_bytes", "left_out_bytes", "left_out_lines", "restored_snapshot_id")


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


def _end_of(fields: tuple[Any, ...]) -> tuple[Any, ...]:
    outcome, phase, death, state, code_class = _names(fields)
    at = _PLACES
    return (
        *_head(fields), _OUTCOMES[outcome], _PHASES[phase], _DEATHS[death], fields[at["death_certain"]] == 1, fields[at["exit_code"]],
        fields[at["signal_number"]], _STATES[state], *_bill(fields), fields[at["resources_measured"]] == 1, *_resources(fields),
        _CLASSES[code_class], *_leftover(fields), _EFFECTS[fields[at["effects"]]], _optional(fields, "restored_checkpoint"),
    )  # fmt: skip


class _Members(dict[int, Any]):
    """The members of an enumeration by their numbers: a third of the time that its call takes."""

    def __init__(self, enum: Any) -> None:
        super().__init__((member.value, member) for member in enum)
        self.enum = enum

    def __missing__(self, number: int) -> Any:
        self[number] = member = self.enum(number)
        return member


_OUTCOMES = _Members(Outcome)
_PHASES = _Members(CancelPhase)
_DEATHS = _Members(DeathReason)
_STATES = _Members(NamespaceState)
_CLASSES = _Members(CodeClass)
_STREAMS = _Members(Stream)
_ORIGINS = _Members(Origin)
_STATUSES = _Members(Status)
_EFFECTS = _Members(Effects)


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


def _result_of(fields: tuple[Any, ...]) -> Result:
    address = fields[_PLACES["value"]]
    return Result(*(
        *_end_of(fields), _optional(fields, "repr"), _optional(fields, "type_name"), _optional(fields, "json"),
        fields[_PLACES["repr_size_bytes"]], value_in_event(address) if address else None, _STATUSES[fields[_PLACES["value_status"]]],
        _text(fields, "value_message"),
    ))  # fmt: skip


def _error_of(fields: tuple[Any, ...]) -> Error:
    return Error(*(*_end_of(fields), _text(fields, "error_type"), _text(fields, "message"), _optional(fields, "traceback")))


_MAKERS: dict[int, Callable[[tuple[Any, ...]], Event]] = {
    EventKind.STARTED.value: _started,
    EventKind.OUTPUT.value: _output_of,
    EventKind.INPUT.value: _input_of,
    EventKind.DISPLAY.value: _display_of,
    EventKind.PROGRESS.value: _progress_of,
    EventKind.RESULT.value: _result_of,
    EventKind.ERROR.value: _error_of,
}


class Slot:
    """A struct for the library to put an event in, used again and again by whoever takes it."""

    __slots__ = ("raw", "reference")

    def __init__(self) -> None:
        self.raw = _raw.capsule_event(struct_size=sizeof(_raw.capsule_event))
        self.reference = byref(self.raw)

    def take(self) -> Event | None:
        """The event in it, as a record of its own; None for a kind of a newer library."""
        fields = _unpack(self.raw)
        maker = _MAKERS.get(fields[_KIND])
        event: Event | None = maker(fields) if maker else None
        if fields[_STORAGE]:
            memory = memory_of(event.value) if fields[_VALUE] and isinstance(event, Result) else None
            if memory is None:
                _raw.capsule_event_release(self.reference)
            else:
                keep_event(self.raw, memory)
        return event
