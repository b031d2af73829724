"""Functions that see every frame between a session and its worker."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_uint64, string_at
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from capsule import _generated as _raw
from capsule._call import call, sized, utf8
from capsule._generated_records import Channel, FrameDirection, InterceptorInfo
from capsule._options import text_of


@dataclass(frozen=True, slots=True)
class Frame:
    """What an interceptor is told of a frame: never what is in it."""

    direction: FrameDirection
    channel: Channel
    session_id: int
    execution_id: int
    """0 where it belongs to none."""
    time_ns: int
    """When its sender made it, CLOCK_MONOTONIC."""
    size_bytes: int
    kind: str
    """As `"Execute"` or `"Output"`."""


# What the library may call. The end of a session does not end its executions, nor that.
_live: dict[int, Any] = {}


class Interceptor:
    """Has the function called, on whatever thread handles a frame, until `remove` or the end of a `with` block.

    It holds the frame up, and must be quick: one that is over its budget so many times in a row is called no more. Calls into the
    library from there raise; what it raises is counted as an error, and the last one is in `error`.
    """

    __slots__ = ("_callback", "_session", "error", "id")

    def __init__(self, session: int, function: Callable[[Frame], object], name: str, budget: float, quarantine_after: int) -> None:
        options, text, number = sized(_raw.capsule_interceptor_options), utf8(name, "name"), c_uint64()
        self._session = session
        self.error: BaseException | None = None

        def called(_: object, frame: int) -> int:
            try:
                function(_frame(frame))
            except BaseException as error:
                self.error = error
                return 1
            return 0

        self._callback = options.callback = _raw.capsule_interceptor_callback(called)
        options.name, options.quarantine_after, options.budget_ns = text_of(text), quarantine_after, round(budget * 1e9)
        _live[id(self._callback)] = self._callback
        try:
            call(_raw.capsule_session_add_interceptor, session, byref(options), byref(number))
        except BaseException:
            del _live[id(self._callback)]
            raise
        self.id = number.value
        """Its number in the session."""

    @property
    def info(self) -> InterceptorInfo:
        """What it did so far."""
        raw = sized(_raw.capsule_interceptor_info)
        call(_raw.capsule_session_get_interceptor_info, self._session, self.id, byref(raw))
        return InterceptorInfo.from_raw(raw)

    def remove(self) -> None:
        """When this returns it is not running and will not be called again. May be repeated."""
        call(_raw.capsule_session_remove_interceptor, self._session, self.id)
        _live.pop(id(self._callback), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.remove()


def _frame(address: int) -> Frame:
    raw = _raw.capsule_frame.from_address(address)
    kind = string_at(raw.kind).decode() if raw.kind else ""
    direction, channel = FrameDirection(raw.direction), Channel(raw.channel)
    return Frame(direction, channel, raw.session_id, raw.execution_id, raw.time_ns, raw.size_bytes, kind)
