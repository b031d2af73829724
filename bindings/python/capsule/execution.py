"""One source text in a session, and the events that tell what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from ctypes import byref, c_int32, c_int64, c_uint64, c_void_p
from dataclasses import dataclass, field, fields
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from capsule import _generated as _raw
from capsule._call import Owner, call, elsewhere, milliseconds, unconverted, utf8
from capsule._wait import DEAF_MS, Readiness, patiently, patiently_async
from capsule.errors import CapsuleError, TimeoutError, error_of
from capsule.events import Display, End, Error, Event, Input, Output, PlainResult, Result, Slot, result_of
from capsule._generated_records import Outcome, Status, Stream

#: Gives the line for an input request; None declines it, and the code gets EOFError.
OnInput: TypeAlias = Callable[[Input], str | None]

_spare: list[Slot] = []

_STARTED = _raw.CAPSULE_EVENT_STARTED
_RESULT = _raw.CAPSULE_EVENT_RESULT


class ExecutionError(Exception):
    """What `RunResult.raise_for_error` raises: an execution did not end with a result. `end` is its last event."""

    def __init__(self, end: Error) -> None:
        super().__init__(f"{end.error_type}: {end.message}")
        self.end = end


class _Plain:
    """What makes the record of the end when it is asked for: most programs want the `repr`, or that it is there, and nothing else."""

    __slots__ = ("_plain",)

    _plain: PlainResult | None

    # Asked for what is not there yet. A type checker is to go by the slots.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name == "_plain":
                return None
            if name == "end" and self._plain is not None:
                self.end = end = result_of(self._plain)
                return end
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(slots=True)
class RunResult(_Plain):
    """A whole execution: what it printed, and its end."""

    end: End
    stdout: str
    stderr: str
    displays: list[Display] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.end.ok

    @property
    def outcome(self) -> Outcome:
        return self.end.outcome

    @property
    def repr(self) -> str | None:
        """Of the value of a trailing expression."""
        plain = self._plain
        if plain is not None:
            text = plain[0]
            return None if text is None else text.decode()
        return self.end.repr if isinstance(self.end, Result) else None

    @property
    def value(self) -> Any:
        """As `result_kind` asked for it; without it, what the value's JSON stands for."""
        if not isinstance(self.end, Result):
            return None
        return self.end.json if self.end.value is None else self.end.value

    def raise_for_error(self) -> Self:
        """Raises ExecutionError where the execution did not end with a result."""
        if isinstance(self.end, Error):
            raise ExecutionError(self.end)
        return self


def _silent(slot: Slot) -> RunResult:
    """The result in it, of an execution that printed nothing. Its parts are set here: a call of the class takes three times as long."""
    whole = object.__new__(RunResult)
    plain = slot.plain()
    if plain is None:
        whole.end = slot.take_result()
    else:
        whole._plain = plain  # type: ignore[misc] # the slot of its base, which mypy does not see
    whole.stdout = whole.stderr = ""
    whole.displays = []
    return whole


class _Collector:
    """Puts events together, and does with input requests what is to be done with them."""

    __slots__ = ("_displays", "_handle", "_on_event", "_on_input", "_output")

    def __init__(self, handle: int | c_void_p, on_event: Callable[[Event], None] | None, on_input: OnInput | None) -> None:
        self._handle = handle
        self._on_event = on_event
        self._on_input = on_input
        self._output: list[Output] = []
        self._displays: list[Display] = []

    def add(self, event: Event | None) -> RunResult | None:
        """The whole of it, once the event is the last one."""
        if self._on_event is not None and event is not None:
            self._on_event(event)
        if isinstance(event, (Result, Error)):
            return RunResult(event, self._text(Stream.STDOUT), self._text(Stream.STDERR), self._displays)
        if isinstance(event, Output):
            self._output.append(event)
        elif isinstance(event, Display):
            self._displays.append(event)
        elif isinstance(event, Input):
            self._answer(event)
        elif event is None:
            raise ValueError("the end of this execution was taken before")
        return None

    def _text(self, stream: Stream) -> str:
        return b"".join([event.data for event in self._output if event.stream is stream]).decode() if self._output else ""

    def _answer(self, event: Input) -> None:
        line = None if self._on_input is None else self._on_input(event)
        try:
            if line is None:
                _decline(self._handle, event.input_id)
            else:
                _answer(self._handle, event.input_id, line)
        except CapsuleError as error:
            # It may have been cancelled, or have run out of its time, meanwhile: that is told by the events that follow.
            if error.status is not Status.STATE:
                raise


def _answer(handle: int | c_void_p, input_id: int, text: str | bytes) -> None:
    data = utf8(text, "the answer")
    call(_raw.capsule_execution_answer, handle, input_id, data, len(data))


def _decline(handle: int | c_void_p, input_id: int) -> None:
    call(_raw.capsule_execution_decline, handle, input_id)


def _fileno(handle: int | c_void_p) -> int:
    fd = c_int32()
    call(_raw.capsule_execution_get_fd, handle, byref(fd))
    return fd.value


def _take(handle: int | c_void_p, timeout_ms: int) -> Event | None:
    """The next event that this package knows; None at the end."""
    slot = _spare.pop() if _spare else Slot()
    try:
        while True:
            status = _raw.capsule_execution_next(handle, timeout_ms, slot.reference, slot.error_reference)
            if status:
                if status == _raw.CAPSULE_E_END:
                    return None
                raise _failure(status, slot)
            event = slot.take()
            if event is not None:
                return event
    finally:
        slot.empty()
        _spare.append(slot)


def _next(handle: int | c_void_p, timeout_ms: int) -> Event | None:
    """The next event, None at the end; in the main thread signals are heard meanwhile."""
    return patiently(lambda timeout: _take(handle, timeout), lambda: _fileno(handle), timeout_ms)


# As the path of `run` calls them: with arguments that are ctypes' own already.
_create_now = unconverted(_raw.capsule_execution_create)
_next_now = unconverted(_raw.capsule_execution_next)
_release_now = unconverted(_raw.capsule_execution_release)
_FIRST_MS = c_int64.from_param(DEAF_MS)


def run(
    session: Any, source: str | bytes, options: Any, on_event: Callable[[Event], None] | None, on_input: OnInput | None
) -> RunResult:
    """A whole execution. One that is not to be had as an `Execution` needs no owner, which costs time."""
    data = utf8(source, "source")
    slot = _spare.pop() if _spare else Slot()
    slot.size.value = len(data)
    status = _create_now(session, data, slot.size, options, slot.handle_reference, slot.error_reference)
    if status:
        raised = _failure(status, slot)
        _spare.append(slot)
        raise raised
    try:
        return _collect(slot, slot.handle, on_event, on_input)
    except BaseException:
        slot.empty()
        _raw.capsule_execution_cancel(slot.handle, -1, None)
        raise
    finally:
        _release_now(slot.handle)
        _spare.append(slot)


def _collect(slot: Slot, handle: c_void_p, on_event: Callable[[Event], None] | None, on_input: OnInput | None) -> RunResult:
    collector = None if on_event is None else _Collector(handle, on_event, on_input)
    while True:
        status = _next_now(handle, _FIRST_MS, slot.reference, slot.error_reference)
        if status:
            event = _after(status, slot, handle)
        else:
            kind = slot.raw.kind
            if collector is None and kind == _RESULT:
                return _silent(slot)
            if collector is None and kind == _STARTED:
                continue
            event = slot.take()
            if event is None:
                continue
        if collector is None:
            collector = _Collector(handle, on_event, on_input)
        whole = collector.add(event)
        if whole is not None:
            return whole


def _after(status: int, slot: Slot, handle: c_void_p) -> Event | None:
    """What comes after a wait that brought nothing: in the main thread signals are heard from here on."""
    if status == _raw.CAPSULE_E_TIMEOUT:
        return _next(handle, -1)
    if status == _raw.CAPSULE_E_END:
        return None
    raise _failure(status, slot)


def _failure(status: int, slot: Slot) -> CapsuleError:
    return error_of(status, slot.error.message.decode(errors="replace"))


class _Notified:
    """What the library calls when events came: one closure for an execution, whatever function it is that wakes."""

    __slots__ = ("closure", "function", "thread")

    def __init__(self) -> None:
        self.closure: Any = None
        self.function: Callable[[], None] | None = None
        self.thread = 0
        """In which it is being called."""

    def called(self, _: object) -> None:
        self.thread = get_ident()
        try:
            function = self.function
            if function is not None:
                function()
        finally:
            self.thread = 0


# Closures that were on the stack when their execution was released: freed, they would return to where nothing is.
_returning: list[Any] = []


def _release(handle: int, notified: _Notified) -> None:
    """Gives the handle back, and only then frees what the library may call.

    Where it refuses all calls, in a log sink or an interceptor, both wait: objects are collected there as anywhere.
    """
    if notified.closure is not None:
        if _raw.capsule_execution_set_notify(handle, _raw.capsule_notify_callback(), None, None) == _raw.CAPSULE_E_REENTRANT:
            elsewhere(_release, handle, notified)
            return
    _raw.capsule_execution_release(handle)
    if notified.thread == get_ident():
        _returning.append(notified.closure)
    notified.closure = notified.function = None


class Execution(Owner):
    """An execution, and an iterator of its events; in `async for`, one that waits on the event loop.

    Leaving a `with` block by an exception cancels it; else, and where it is only let go of, the code goes on.
    """

    __slots__ = ("_notified", "_readiness")

    def __init__(self, handle: int) -> None:
        self._notified = _Notified()
        super().__init__(handle, _release, self._notified)
        self._readiness: Readiness | None = None

    @property
    def id(self) -> int:
        """Its number in its session, from 1."""
        number = c_uint64()
        call(_raw.capsule_execution_get_id, self.handle, byref(number))
        return number.value

    def fileno(self) -> int:
        """A descriptor that is readable while there are events, and at the end: for selectors; not to be read or closed."""
        return _fileno(self.handle)

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event, None when there are no more. Waits; TimeoutError when none came in so many seconds."""
        return _next(self.handle, milliseconds(timeout))

    async def next_async(self, timeout: float | None = None) -> Event | None:
        """The same for a task."""
        return await patiently_async(self._take, self._ready(), timeout)

    def _take(self, timeout_ms: int) -> Event | None:
        return _take(self.handle, timeout_ms)

    def _ready(self) -> Readiness:
        if self._readiness is None:
            self._readiness = Readiness(self.fileno())
        return self._readiness

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self.next_async()
        if event is None:
            raise StopAsyncIteration
        return event

    def collect(self, on_event: Callable[[Event], None] | None = None, on_input: OnInput | None = None) -> RunResult:
        """Takes all events to the end; input requests are declined where `on_input` does not answer them."""
        slot = _spare.pop() if _spare else Slot()
        try:
            return _collect(slot, c_void_p(self.handle), on_event, on_input)
        finally:
            slot.empty()
            _spare.append(slot)

    async def collect_async(self, on_event: Callable[[Event], None] | None = None, on_input: OnInput | None = None) -> RunResult:
        """The same for a task. Where the task is cancelled, the execution is too, and has ended when CancelledError goes on."""
        collector = _Collector(self.handle, on_event, on_input)
        try:
            while True:
                whole = collector.add(await self.next_async())
                if whole is not None:
                    return whole
        except asyncio.CancelledError:
            await self._cancel_and_drain()
            raise

    async def _cancel_and_drain(self) -> None:
        self.cancel()
        event = await self.next_async()
        while event is not None and not isinstance(event, (Result, Error)):
            event = await self.next_async()

    def __await__(self) -> Generator[Any, None, RunResult]:
        return self.collect_async().__await__()

    def answer(self, request: Input | int, text: str | bytes) -> None:
        """Answers an input request, or the one of that `input_id`, with one line."""
        _answer(self.handle, _id_of(request), text)

    def decline(self, request: Input | int) -> None:
        """Declines it: `input()` raises EOFError."""
        _decline(self.handle, _id_of(request))

    def cancel(self, grace: float | None = None) -> None:
        """Ends it: KeyboardInterrupt first, the worker's death when so many seconds are over; None: as the session says."""
        call(_raw.capsule_execution_cancel, self.handle, milliseconds(grace))

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt once, which the code may catch."""
        call(_raw.capsule_execution_interrupt, self.handle)

    def notify(self, callback: Callable[[], None] | None) -> None:
        """Calls it, on a thread of the library, when events came and there were none: it may only wake somebody."""
        notified = self._notified
        if notified.closure is None:
            notified.closure = _raw.capsule_notify_callback(notified.called)
        before, notified.function = notified.function, callback
        try:
            closure = _raw.capsule_notify_callback() if callback is None else notified.closure
            call(_raw.capsule_execution_set_notify, self.handle, closure, None)
        except CapsuleError:
            notified.function = before
            raise

    def close(self) -> None:
        """Gives the handle back: the code goes on, its output is dropped, its input declined. Who waits gets ClosedError."""
        self.release()
        if self._readiness is not None:
            self._readiness.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is not None and self._finalizer.alive:
            self.cancel()
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def _id_of(request: Input | int) -> int:
    return request.input_id if isinstance(request, Input) else request
