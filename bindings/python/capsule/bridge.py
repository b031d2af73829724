"""The bridge: functions of this program that the Python code in sessions may call, as `host.NAME(…)`."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import math
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from ctypes import addressof, byref, c_int32, string_at
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from capsule import _generated as _raw
from capsule._call import Owner, call, filled, milliseconds, sized, utf8
from capsule._generated_records import BridgeMetrics, Capability, CapabilityFlags, ConstraintKind, Decision, RequestKind, Status
from capsule._options import Options, text_of
from capsule._wait import Readiness, in_slices, patiently, patiently_async
from capsule.errors import CapsuleError, ClosedError, TimeoutError
from capsule.values import Outgoing, incoming, memory_of, taken

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

# Seconds between looks for a piece, which no descriptor tells of: twice as long each time.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.001, 0.016


@dataclass(frozen=True, slots=True)
class Constraint:
    """What one argument of a call must be; a call without it does not fit."""

    argument: str
    kind: ConstraintKind
    patterns: Sequence[str] = ()
    """`*` stands for any characters."""
    limit: int = 0
    """Of SIZE and NUMBER."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be called: the first rule whose pattern fits decides, and what no rule fits is denied."""

    capability: str
    """`*` stands for any characters."""
    decision: Decision = Decision.ALLOW
    constraints: Sequence[Constraint] = ()
    max_calls: int = 0
    """Of each session; 0 for no limit."""

    def raw(self) -> tuple[_raw.capsule_rule, list[object]]:
        """The rule as the library takes it, and what that points to."""
        name = utf8(self.capability, "capability")
        kept: list[object] = [name]
        constraints = (_raw.capsule_constraint * len(self.constraints))()
        for place, constraint in zip(constraints, self.constraints, strict=True):
            argument = utf8(constraint.argument, "argument")
            texts = [utf8(pattern, "pattern") for pattern in constraint.patterns]
            patterns = (_raw.capsule_text * len(texts))(*map(text_of, texts))
            place.argument, place.kind, place.limit = text_of(argument), constraint.kind, constraint.limit
            place.patterns, place.pattern_count = addressof(patterns) if texts else None, len(texts)
            kept += [argument, texts, patterns]
        kept.append(constraints)
        rule = _raw.capsule_rule(capability=text_of(name), decision=self.decision, max_calls=self.max_calls)
        rule.constraints, rule.constraint_count = addressof(constraints) if self.constraints else None, len(self.constraints)
        return rule, kept


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a session's code."""

    kind: RequestKind
    request_id: int
    session_id: int
    execution_id: int
    received_ns: int
    deadline_ns: int
    """When its time is over, as `time.monotonic_ns()`; 2⁶⁴ - 1 for never."""
    capability: str
    idempotency_key: str
    arguments: dict[str, Any]
    """By their names; what was bytes-like is a read-only memoryview."""


@dataclass(frozen=True, slots=True)
class _Served:
    function: Callable[..., Any]
    approve: Callable[[Request], bool] | None
    takes_pieces: bool


class Bridge(Owner):
    """A bridge. Functions are registered with it, and served: by threads, on an event loop, or one request at a time.

    Leaving a `with` block closes it.
    """

    __slots__ = ("_functions", "_readiness")

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_bridge_release)
        self._functions: dict[str, _Served] = {}
        self._readiness: Readiness | None = None

    # What the host offers

    def capability(
        self, name: str | None = None, /, *, approve: Callable[[Request], bool] | None = None, **options: Unpack[Capability]
    ) -> Callable[[FunctionT], FunctionT]:
        """Decorates a function that sessions may call; its name, parameters and docstring are what they see.

        A generator, or asynchronous generator, function is a stream. With `CapabilityFlags.UPLOAD` in `flags` its first parameter is
        none that the code gives, but what `pieces` yields, or `pieces_async` where the function is asynchronous. `approve` is asked where a rule, or `needs_approval`, says so;
        without it such calls are denied.
        """

        def decorate(function: FunctionT) -> FunctionT:
            self.offer(function, name, approve=approve, **options)
            return function

        return decorate

    def offer(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        /,
        *,
        approve: Callable[[Request], bool] | None = None,
        **options: Unpack[Capability],
    ) -> None:
        """The same without a decorator."""
        known = name or function.__name__
        takes_pieces = bool(options.get("flags", 0) & CapabilityFlags.UPLOAD)
        parameters = _parameters(function, behind=1 if takes_pieces else 0)
        given: dict[str, Any] = {"name": known, "doc": inspect.getdoc(function) or "", "parameters": parameters, **options}
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            given["flags"] = given.get("flags", 0) | CapabilityFlags.STREAM
        before = self._functions.get(known)
        self._functions[known] = _Served(function, approve, takes_pieces)  # first: calls come at once
        try:
            self.register(**given)
        except BaseException:
            if before is None:
                del self._functions[known]
            else:
                self._functions[known] = before
            raise

    def register(self, **options: Unpack[Capability]) -> None:
        """Registers a capability whose requests are taken by `next_request`."""
        given = Options(_raw.capsule_capability, _raw.capsule_capability_init, options)
        call(_raw.capsule_bridge_register, self.handle, given.reference)

    def unregister(self, name: str) -> None:
        """Takes a capability away; calls of it that are open stay open."""
        data = utf8(name, "name")
        call(_raw.capsule_bridge_unregister, self.handle, data, len(data))

    # Serving functions

    def serve(self) -> None:
        """Serves requests one by one on this thread until the bridge is closed."""
        with contextlib.suppress(ClosedError):
            while True:
                self._serve_one(self.next_request())

    def serve_in_threads(self, count: int = 1) -> list[threading.Thread]:
        """Serves them on so many threads, which end when the bridge is closed."""
        threads = [threading.Thread(target=self.serve, name="capsule-bridge", daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    async def serve_async(self) -> None:
        """Serves them as tasks on this event loop, without a thread, until the bridge is closed.

        Functions that are no coroutine functions run on the loop itself. Where nobody waits for an answer any more, its task is
        cancelled (of a bridge with `cancel_notices`).
        """
        tasks: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                request = await self.next_request_async()
                if request.kind is RequestKind.CANCELED:
                    if running := tasks.get(request.request_id):
                        running.cancel()
                    continue
                task = asyncio.create_task(self._serve_one_async(request))
                tasks[request.request_id] = task
                task.add_done_callback(lambda _, id=request.request_id: tasks.pop(id, None))  # type: ignore[misc]
        except ClosedError:
            pass
        finally:
            for task in list(tasks.values()):
                task.cancel()

    def _serve_one(self, request: Request) -> None:
        with self._failing(request):
            answer = self._begin(request)
            if inspect.isawaitable(answer):
                self.respond(request, asyncio.run(_awaited(answer)))
            elif isinstance(answer, AsyncIterator):
                asyncio.run(self._stream_async(request, answer))
            elif isinstance(answer, Iterator):
                self._stream(request, answer)
            elif answer is not _NO_ANSWER:
                self.respond(request, answer)

    async def _serve_one_async(self, request: Request) -> None:
        with self._failing(request):
            answer = self._begin(request)
            if inspect.isawaitable(answer):
                self.respond(request, await answer)
            elif isinstance(answer, AsyncIterator):
                await self._stream_async(request, answer)
            elif isinstance(answer, Iterator):
                # It may wait for the code to take what was sent.
                await asyncio.to_thread(self._stream, request, answer)
            elif answer is not _NO_ANSWER:
                self.respond(request, answer)

    def _begin(self, request: Request) -> Any:
        served = self._functions.get(request.capability)
        if request.kind is RequestKind.APPROVAL:
            self.approve(request, served is not None and served.approve is not None and served.approve(request))
            return _NO_ANSWER
        if request.kind is RequestKind.CANCELED:
            return _NO_ANSWER
        if served is None:
            raise LookupError(f"no function serves {request.capability}")
        if not served.takes_pieces:
            return served.function(**request.arguments)
        waits = inspect.iscoroutinefunction(served.function) or inspect.isasyncgenfunction(served.function)
        return served.function(self.pieces_async(request) if waits else self.pieces(request), **request.arguments)

    @contextlib.contextmanager
    def _failing(self, request: Request) -> Iterator[None]:
        """What is raised is what the code gets; a call that nobody waits for any more is no failure of the host's."""
        try:
            yield
        except (Exception, SystemExit) as error:
            self._fail_quietly(request, error)
        except BaseException as error:
            self._fail_quietly(request, error)
            raise

    def _fail_quietly(self, request: Request, error: BaseException) -> None:
        with contextlib.suppress(CapsuleError):
            if request.kind is RequestKind.APPROVAL:
                self.approve(request, False)
            else:
                self.fail(request, _cut(type(error).__name__, 255), _cut(_message_of(error), 32_768))

    def _stream(self, request: Request, pieces: Iterator[Any]) -> None:
        for piece in pieces:
            self.send_chunk(request, piece)
        self.respond(request, None)

    async def _stream_async(self, request: Request, pieces: AsyncIterator[Any]) -> None:
        async for piece in pieces:
            try:
                self.send_chunk(request, piece, timeout=0)
            except TimeoutError:
                await asyncio.to_thread(self.send_chunk, request, piece)
        self.respond(request, None)

    # One request at a time

    def next_request(self, timeout: float | None = None) -> Request:
        """Takes the next request, first come, first served. Waits; TimeoutError when none came in so many seconds."""
        return patiently(self._take, self.fileno, milliseconds(timeout))

    async def next_request_async(self, timeout: float | None = None) -> Request:
        """The same for a task, without a thread."""
        if self._readiness is None:
            self._readiness = Readiness(self.fileno())
        return await patiently_async(self._take, self._readiness, timeout)

    def fileno(self) -> int:
        """A descriptor that is readable while there are requests, and when it is closed."""
        fd = c_int32()
        call(_raw.capsule_bridge_get_fd, self.handle, byref(fd))
        return fd.value

    def _take(self, timeout_ms: int) -> Request:
        raw = sized(_raw.capsule_request)
        call(_raw.capsule_bridge_next_request, self.handle, timeout_ms, byref(raw))
        return _request_of(raw)

    def respond(self, request: Request | int, value: object = None) -> None:
        """Answers a call: with None, a str, bytes, what offers a buffer (or is a `Buffer`), or what is JSON."""
        outgoing = None if value is None else Outgoing(value)
        call(_raw.capsule_bridge_respond, self.handle, _id_of(request), outgoing and byref(outgoing.raw))

    def fail(self, request: Request | int, error_type: str, message: str) -> None:
        """Answers it with an exception: a built-in one by its name, else `host.Error`."""
        name, text = utf8(error_type, "error_type"), utf8(message, "message")
        call(_raw.capsule_bridge_fail, self.handle, _id_of(request), text_of(name), text_of(text))

    def approve(self, request: Request | int, approved: bool) -> None:
        """Lets a call that is asked for through, or denies it."""
        call(_raw.capsule_bridge_approve, self.handle, _id_of(request), 1 if approved else 0)

    def report_progress(self, request: Request | int, done: int, total: int = 0) -> None:
        """Tells those who look at traces and pending calls how far the host has come with one."""
        call(_raw.capsule_bridge_report_progress, self.handle, _id_of(request), done, total)

    def send_chunk(self, request: Request | int, value: object, timeout: float | None = None) -> None:
        """Sends a piece of a stream; `respond` ends it. Waits while 64 pieces are on the way."""
        outgoing, id = Outgoing(value), _id_of(request)

        def send(timeout_ms: int) -> None:
            call(_raw.capsule_bridge_send_chunk, self.handle, id, byref(outgoing.raw), timeout_ms)

        in_slices(send, milliseconds(timeout))

    def pieces(self, request: Request | int, timeout: float | None = None) -> Iterator[Any]:
        """What the code sends with a call of an UPLOAD, piece by piece, up to its last.

        Waits for each; TimeoutError when none came in so many seconds: iterated anew it goes on where it stood.
        """
        while (piece := in_slices(lambda timeout_ms: self._next_piece(request, timeout_ms), milliseconds(timeout))) is not _NO_PIECE:
            yield piece

    async def pieces_async(self, request: Request | int, timeout: float | None = None) -> AsyncIterator[Any]:
        """The same for a task, without a thread: where a piece is not there yet, it looks again after some milliseconds.

        A task that is cancelled meanwhile loses none.
        """
        while (piece := await self._soon(request, timeout)) is not _NO_PIECE:
            yield piece

    async def _soon(self, request: Request | int, timeout: float | None) -> Any:
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        pause = _SHORTEST_PAUSE
        while True:
            try:
                return self._next_piece(request, 0)
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _next_piece(self, request: Request | int, timeout_ms: int) -> Any:
        value = sized(_raw.capsule_value)
        try:
            call(_raw.capsule_bridge_next_chunk, self.handle, _id_of(request), timeout_ms, byref(value))
        except CapsuleError as error:
            if error.status is not Status.END:
                raise
            return _NO_PIECE
        return taken(value)

    # The rest

    @property
    def metrics(self) -> BridgeMetrics:
        """What it has counted."""
        return BridgeMetrics.from_raw(filled(_raw.capsule_bridge_get_metrics, self.handle, _raw.capsule_bridge_metrics))

    def cancel_all(self) -> None:
        """Ends every open call: CancelledError in the code."""
        call(_raw.capsule_bridge_cancel_all, self.handle)

    def close(self) -> None:
        """Ends every open call, and all that serve; the sessions stay open. May be repeated."""
        if self._finalizer.alive:
            call(_raw.capsule_bridge_close, self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


_NO_ANSWER = object()
_NO_PIECE = object()


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _id_of(request: Request | int) -> int:
    return request.request_id if isinstance(request, Request) else request


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as worse:
        return f"its message cannot be told: {type(worse).__name__}"


def _cut(text: str, size: int) -> str:
    """What of it the library takes: refused, nobody would be told anything, and the code would wait on."""
    return text.replace("\0", "\\0").encode(errors="replace")[:size].decode(errors="ignore")


def _parameters(function: Callable[..., Any], behind: int) -> str:
    """What stands between the parentheses of the `def`, behind so many, without annotations; with `**`, any keyword arguments."""
    parts = []
    for parameter in list(inspect.signature(function).parameters.values())[behind:]:
        if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
            return ""
        default = parameter.default
        parts.append(parameter.name if default is inspect.Parameter.empty else f"{parameter.name}={default!r}")
    return ", ".join(parts)


def _request_of(raw: _raw.capsule_request) -> Request:
    holder = _Holder(raw)
    arguments = json.loads(_text(raw.arguments)) if raw.arguments.size else {}
    if raw.attachment_count:
        for attachment in (_raw.capsule_attachment * raw.attachment_count).from_address(raw.attachments or 0):
            arguments[_text(attachment.name)] = holder.share(_raw.capsule_value.from_address(attachment.value or 0))
    return Request(
        RequestKind(raw.kind), raw.request_id, raw.session_id, raw.execution_id, raw.received_ns, raw.deadline_ns,
        _text(raw.capability), _text(raw.idempotency_key), arguments,
    )  # fmt: skip


def _text(text: _raw.capsule_text) -> str:
    return string_at(text.data, text.size).decode() if text.data else ""


class _Holder:
    """Keeps what a request holds until the last view of its attachments is gone."""

    __slots__ = ("__weakref__",)

    def __init__(self, raw: _raw.capsule_request) -> None:
        weakref.finalize(self, lambda: _raw.capsule_request_release(byref(raw)))

    def share(self, value: _raw.capsule_value) -> Any:
        view = incoming(value)
        memory = memory_of(view)
        if memory is not None:
            weakref.finalize(memory, lambda _: None, self)
        return view
