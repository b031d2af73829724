"""Values on their way between host and session."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from ctypes import Array, addressof, byref, c_char, c_char_p, c_int64, c_void_p, cast, pointer, string_at
from dataclasses import dataclass
from typing import Any

from capsule import _generated as _raw
from capsule._call import call, sized, utf8
from capsule._generated_records import ValueKind


class Buffer:
    """Shared memory for the host to fill in place: `data` is writable until the buffer was set in a session. Nothing is copied."""

    __slots__ = ("data", "handle")

    def __init__(self, size: int) -> None:
        handle, place = c_void_p(), c_void_p()
        call(_raw.capsule_buffer_create, size, byref(handle), byref(place))
        self.handle = handle.value or 0
        memory = (c_char * size).from_address(place.value or 0)
        weakref.finalize(memory, _raw.capsule_buffer_release, self.handle)
        #: The memory, which lives as long as any view of it.
        self.data = memoryview(memory).cast("B")


@dataclass(frozen=True, slots=True)
class JsonValue:
    """Says that a value goes as JSON, where it would go as a text or a buffer."""

    value: object


class Outgoing:
    """A value as the library takes it, with what it points to."""

    __slots__ = ("_kept", "raw")

    def __init__(self, value: object, kind: ValueKind | None = None) -> None:
        self.raw = sized(_raw.capsule_value)
        self._kept: list[object] = [value]
        if isinstance(value, JsonValue):
            kind, value = ValueKind.JSON, value.value
        elif kind is None:
            kind = _kind_of(value)
        self.raw.kind = kind
        if kind is ValueKind.BUFFER:
            self._set_buffer(value)
        elif kind is ValueKind.BYTES:
            self._set_data(bytes(memoryview(value)))  # type: ignore[arg-type]
        elif kind is ValueKind.TEXT:
            self._set_data(utf8(value, "a value of kind TEXT"))  # type: ignore[arg-type]
        elif kind is ValueKind.JSON:
            self._set_data(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
        else:
            raise ValueError(f"a value is set as JSON, TEXT, BYTES or BUFFER, not as {kind.name}")

    def _set_data(self, data: bytes) -> None:
        self._kept.append(data)
        self.raw.data = cast(c_char_p(data), c_void_p).value
        self.raw.size_bytes = len(data)

    def _set_buffer(self, value: object) -> None:
        if isinstance(value, Buffer):
            self.raw.buffer = value.handle
            return
        view = memoryview(value)  # type: ignore[arg-type]
        if view.readonly or not view.c_contiguous:
            self._set_data(view.tobytes())
        elif view.nbytes:
            memory = (c_char * view.nbytes).from_buffer(view.cast("B"))
            self._kept.append(memory)
            self.raw.data = addressof(memory)
            self.raw.size_bytes = view.nbytes
        self._describe(view)

    def _describe(self, view: memoryview) -> None:
        name = view.format.encode()
        shape = (c_int64 * view.ndim)(*(view.shape or ()))
        self._kept += [name, shape]
        self.raw.format = _raw.capsule_text(cast(c_char_p(name), c_void_p).value, len(name))
        if view.ndim:
            self.raw.shape = addressof(shape)
            self.raw.dimensions = view.ndim


def _kind_of(value: object) -> ValueKind:
    if isinstance(value, str):
        return ValueKind.TEXT
    if isinstance(value, bytes):
        return ValueKind.BYTES
    if isinstance(value, Buffer):
        return ValueKind.BUFFER
    try:
        memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return ValueKind.JSON
    return ValueKind.BUFFER


class Inputs:
    """Names and values, as an array that the library takes."""

    __slots__ = ("_kept", "count", "raw")

    def __init__(self, values: Mapping[str, object]) -> None:
        self.count = len(values)
        self.raw = (_raw.capsule_input * self.count)()
        self._kept: list[object] = []
        for place, (name, value) in zip(self.raw, values.items(), strict=True):
            outgoing = Outgoing(value)
            text = utf8(name, "a name")
            self._kept += [outgoing, text]
            place.name = _raw.capsule_text(cast(c_char_p(text), c_void_p).value, len(text))
            place.value = addressof(outgoing.raw)

    @property
    def address(self) -> int | None:
        return addressof(self.raw) if self.count else None


def incoming(raw: _raw.capsule_value) -> Any:
    """What a value that was read stands for: str, bytes, what JSON says, or a memoryview of memory that is not copied."""
    if raw.kind == ValueKind.BUFFER:
        return _view(raw)
    data = string_at(raw.data, raw.size_bytes) if raw.data else b""
    if raw.kind == ValueKind.JSON:
        return json.loads(data)
    return data if raw.kind == ValueKind.BYTES else data.decode()


def _view(raw: _raw.capsule_value) -> memoryview:
    """Read-only, with format and shape where memoryview knows the format; else of bytes."""
    if not raw.size_bytes or not raw.data:
        return memoryview(b"")
    memory = (c_char * raw.size_bytes).from_address(raw.data)
    view = memoryview(memory).cast("B").toreadonly()
    shape = list((c_int64 * raw.dimensions).from_address(raw.shape)) if raw.dimensions and raw.shape else []
    name = string_at(raw.format.data, raw.format.size).decode() if raw.format.data else ""
    try:
        return view.cast(name or "B", shape)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        return view


def memory_of(value: Any) -> Array[Any] | None:
    """The memory that a view stands on, None for what stands on its own."""
    return value.obj if isinstance(value, memoryview) and isinstance(value.obj, Array) else None


def taken(raw: _raw.capsule_value) -> Any:
    """The value; what holds it is released at once, or with the last view of it."""
    try:
        value = incoming(raw)
    except BaseException:
        _raw.capsule_value_release(byref(raw))
        raise
    memory = memory_of(value)
    if memory is None:
        _raw.capsule_value_release(byref(raw))
    else:
        weakref.finalize(memory, _raw.capsule_value_release, pointer(raw))
    return value


def value_in_event(address: int, holder: object) -> Any:
    """The value there; what holds its memory lives as long as all views of it."""
    value = incoming(_raw.capsule_value.from_address(address))
    memory = memory_of(value)
    if memory is not None:
        memory.holder = holder  # type: ignore[attr-defined]
    return value
