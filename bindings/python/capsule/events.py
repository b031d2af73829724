"""The events of an execution, as records of their kinds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from ctypes import byref, c_size_t, c_void_p, sizeof, string_at
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from capsule import _generated as _raw
from capsule._fields import (
    PLACES,
    READERS,
    Bytes,
    CStrings,
    Held,
    Members,
    bytes_of,
    decode,
    know_numbers,
    only,
    optional_text,
    text_of,
    unpack,
)
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


class _Lazy:
    """What reads its numbers out of the library's event, or a copy of it, when they are asked for: most never are."""

    __slots__ = ("_held",)

    _held: Bytes

    # Asked for what its slot does not hold yet. A type checker is to go by the slots.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            read = READERS.get(name)
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

know_numbers(field.name for end in (Result, Error) for field in fields(end))

_STREAMS = Members(Stream)
_ORIGINS = Members(Origin)


def _at(*names: str) -> itemgetter[tuple[Any, ...]]:
    return itemgetter(*(PLACES[name] for name in names))


_head = _at("execution_id", "sequence", "time_ns")
_output = _at("stream", "origin", "late", "writer_execution_id", "writer_id", "invalid_bytes")
_show = _at("late", "writer_execution_id")


def _started(fields: tuple[Any, ...]) -> Started:
    return Started(*_head(fields))


def _output_of(fields: tuple[Any, ...]) -> Output:
    stream, origin, late, writer, writer_id, invalid = _output(fields)
    data = bytes_of(fields, "data")
    raw = bytes_of(fields, "raw") if invalid else data
    return Output(*(*_head(fields), data, raw, _STREAMS[stream], _ORIGINS[origin], late == 1, writer, writer_id, invalid))


def _input_of(fields: tuple[Any, ...]) -> Input:
    at = PLACES
    secret, timeout_ms = fields[at["secret"]], fields[at["input_timeout_ms"]]
    promise = optional_text(fields, "input_promise")
    return Input(*(*_head(fields), fields[at["input_id"]], text_of(fields, "prompt"), secret == 1, timeout_ms, promise))


def _display_of(fields: tuple[Any, ...]) -> Display:
    late, writer = _show(fields)
    address, count = fields[PLACES["parts"]], fields[PLACES["part_count"]]
    parts = (_raw.capsule_mime_part * count).from_address(address) if count else ()
    bundle = {
        string_at(part.mime_type.data, part.mime_type.size).decode(): string_at(part.data.data, part.data.size) for part in parts
    }
    metadata = optional_text(fields, "metadata")
    return Display(*(
        *_head(fields), bundle, text_of(fields, "display_id"), None if metadata is None else json.loads(metadata),
        fields[PLACES["update"]] == 1, fields[PLACES["is_result"]] == 1, late == 1, writer,
    ))  # fmt: skip


def _progress_of(fields: tuple[Any, ...]) -> Progress:
    late, writer = _show(fields)
    total = fields[PLACES["progress_total"]]
    return Progress(*(
        *_head(fields), fields[PLACES["progress_value"]], None if math.isnan(total) else total, text_of(fields, "progress_label"),
        text_of(fields, "display_id"), late == 1, writer,
    ))  # fmt: skip


_result_parts = only("repr", "type_name", "json", "value", "value_message", "restored_checkpoint")
_error_parts = only("error_type", "message", "traceback", "restored_checkpoint")
_plain_parts = attrgetter(
    "repr", "repr_size", "type_name", "type_name_size", "json", "json_size", "value", "value_message", "restored_checkpoint"
)
_new_record = object.__new__

# What a result has that is nothing out of the ordinary: `repr`, type and JSON, and a copy of the library's event for the rest.
PlainResult: TypeAlias = tuple[bytes | None, bytes | None, bytes | None, bytes]


def result_of(plain: PlainResult) -> Result:
    result = _new_record(Result)
    text, type_name, json_text, copy = plain
    result.repr = None if text is None else text.decode()
    result.type_name = None if type_name is None else type_name.decode()
    result.json_text = None if json_text is None else json_text.decode()
    result._held = copy  # type: ignore[misc] # the slot of its base, which mypy does not see
    return result


def _cut(text: bytes | None, size: int) -> bool:
    """Whether it is more than its C string: it has a NUL."""
    return text is not None and len(text) != size


_MAKERS: dict[int, Callable[[tuple[Any, ...]], Event]] = {
    EventKind.STARTED.value: _started,
    EventKind.OUTPUT.value: _output_of,
    EventKind.INPUT.value: _input_of,
    EventKind.DISPLAY.value: _display_of,
    EventKind.PROGRESS.value: _progress_of,
}

_SIZE = sizeof(_raw.capsule_event)
# What an unused struct may keep of the texts of the last result that was in it.
_KEPT_BYTES = 4096


class Slot:
    """What a call of the library writes to, used again and again by whoever takes it: making it costs as much as a call."""

    __slots__ = ("copy", "error", "error_reference", "handle", "handle_reference", "raw", "reference", "size", "strings")

    def __init__(self) -> None:
        self.handle = c_void_p()
        self.handle_reference = byref(self.handle)
        self.size = c_size_t()
        self.error = _raw.capsule_error(sizeof(_raw.capsule_error))
        self.error_reference = byref(self.error)
        self._renew()

    def _renew(self) -> None:
        self.raw = Held(_SIZE)
        self.reference = byref(self.raw)
        self.copy = memoryview(self.raw).cast("B").tobytes
        self.strings = CStrings.from_buffer(self.raw)

    def plain(self) -> PlainResult | None:
        """The result in it, where it is like most and small; it is left there."""
        text, size, type_name, type_size, json_text, json_size, value, why, checkpoint = _plain_parts(self.strings)
        if value or why or checkpoint or size + json_size > _KEPT_BYTES:
            return None
        if _cut(text, size) or _cut(type_name, type_size) or _cut(json_text, json_size):
            return None
        return text, type_name, json_text, self.copy()

    def take_result(self) -> Result:
        """The result in it. One with a value has the struct from now on, in which that lives."""
        result = _new_record(Result)
        at, size, type_at, type_size, json_at, json_size, value, why_at, why_size, name_at, name_size = _result_parts(self.raw)
        result.repr = decode(at, size) if at else None
        result.type_name = decode(type_at, type_size) if type_at else None
        result.json_text = decode(json_at, json_size) if json_at else None
        if why_at:
            result.value_message = decode(why_at, why_size)
        if name_at:
            result.restored_checkpoint = decode(name_at, name_size)
        if value:
            result._held = self.raw  # type: ignore[misc]
            self._renew()
        else:
            result._held = self.copy()  # type: ignore[misc]
            self.empty()
        return result

    def take_error(self) -> Error:
        """The error in it."""
        error = _new_record(Error)
        type_at, type_size, at, size, trace_at, trace_size, name_at, name_size = _error_parts(self.raw)
        error.error_type = decode(type_at, type_size) if type_at else ""
        error.message = decode(at, size) if at else ""
        error.traceback = decode(trace_at, trace_size) if trace_at else None
        if name_at:
            error.restored_checkpoint = decode(name_at, name_size)
        error._held = self.copy()  # type: ignore[misc]
        self.empty()
        return error

    def take(self) -> Event | None:
        """The event in it, as a record of its own; None for a kind of a newer library."""
        kind = self.raw.kind
        if kind == _raw.CAPSULE_EVENT_RESULT:
            return self.take_result()
        if kind == _raw.CAPSULE_EVENT_ERROR:
            return self.take_error()
        maker = _MAKERS.get(kind)
        return maker(unpack(self.raw)) if maker else None

    def empty(self) -> None:
        """Lets go of the event in it."""
        if self.raw.storage:
            _raw.capsule_event_release(self.reference)
