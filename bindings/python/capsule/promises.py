"""Promises: named answers that come once and outlive who waits."""

from __future__ import annotations

from ctypes import byref, c_int32, c_void_p, string_at
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, Unpack

from capsule import _generated as _raw
from capsule._call import Owner, call, filled, milliseconds, sized, utf8
from capsule._options import Options, given_options, reference_of, text_of
from capsule._wait import Readiness, patiently_async
from capsule.execution import Execution
from capsule._generated_records import ExecutionOptions, PromiseMetrics, PromiseState
from capsule.session import Session


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as it was read."""

    id: str
    state: PromiseState
    param: bytes
    """What it is about."""
    value: bytes
    """What it was settled with."""
    timeout_at_ms: int
    """When its time is over, since 1970."""
    created_at_ms: int
    settled_at_ms: int
    """0 while it is pending."""


class PromiseStore(Owner):
    """Where promises are kept. Leaving a `with` block closes it."""

    __slots__ = ()

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_promise_store_release)

    def create(self, id: str, param: bytes = b"", *, timeout: float = 60.0, target: str = "") -> Promise:
        """Creates a promise, or finds the one of that id. Waits for file or server."""
        given = {"id": id, "param": param, "timeout_ms": milliseconds(timeout, 1), "target": target}
        wish = Options(_raw.capsule_promise_wish, _raw.capsule_promise_wish_init, given)
        raw = sized(_raw.capsule_promise)
        call(_raw.capsule_promise_create, self.handle, wish.reference, byref(raw))
        return _taken(raw)

    def resolve(self, id: str, value: bytes = b"") -> Promise:
        """Settles it with a value, where nobody has settled it before; the promise as it is now."""
        return self._settle(id, PromiseState.RESOLVED, value)

    def reject(self, id: str, value: bytes = b"") -> Promise:
        """The same with a failure."""
        return self._settle(id, PromiseState.REJECTED, value)

    def cancel(self, id: str, value: bytes = b"") -> Promise:
        """The same: it is given up."""
        return self._settle(id, PromiseState.CANCELED, value)

    def _settle(self, id: str, state: PromiseState, value: bytes) -> Promise:
        name, raw = utf8(id, "id"), sized(_raw.capsule_promise)
        call(_raw.capsule_promise_settle, self.handle, text_of(name), state, text_of(value), byref(raw))
        return _taken(raw)

    def get(self, id: str) -> Promise:
        """Reads one; NameNotFoundError where there is none."""
        name, raw = utf8(id, "id"), sized(_raw.capsule_promise)
        call(_raw.capsule_promise_get, self.handle, text_of(name), byref(raw))
        return _taken(raw)

    def wait(self, id: str, timeout: float | None = None) -> Promise:
        """Waits until one is settled, or its time is over."""
        name, raw = utf8(id, "id"), sized(_raw.capsule_promise)
        call(_raw.capsule_promise_wait, self.handle, text_of(name), milliseconds(timeout, 1), byref(raw))
        return _taken(raw)

    def watch(self, id: str) -> None:
        """Wants `next_settled` to tell of it, once."""
        name = utf8(id, "id")
        call(_raw.capsule_promise_watch, self.handle, text_of(name))

    def next_settled(self, timeout: float | None = None) -> Promise:
        """The next promise that was watched and is settled. Waits."""
        return self._take(milliseconds(timeout))

    async def next_settled_async(self, timeout: float | None = None) -> Promise:
        """The same for a task, without a thread."""
        fd = c_int32()
        call(_raw.capsule_promise_store_get_fd, self.handle, byref(fd))
        return await patiently_async(self._take, Readiness(fd.value), timeout)

    def _take(self, timeout_ms: int) -> Promise:
        raw = sized(_raw.capsule_promise)
        call(_raw.capsule_promise_next, self.handle, timeout_ms, byref(raw))
        return _taken(raw)

    def forget(self, id: str) -> None:
        """Forgets one that is settled."""
        name = utf8(id, "id")
        call(_raw.capsule_promise_forget, self.handle, text_of(name))

    @property
    def metrics(self) -> PromiseMetrics:
        return PromiseMetrics.from_raw(filled(_raw.capsule_promise_store_get_metrics, self.handle, _raw.capsule_promise_metrics))

    def execute(
        self, session: Session, source: str, id: str, *, timeout: float = 86_400.0, **options: Unpack[ExecutionOptions]
    ) -> tuple[Execution | None, Promise]:
        """Runs a source text unless the promise of that id is settled: then there is no execution, and the promise has its value."""
        data, name = utf8(source, "source"), utf8(id, "id")
        given = given_options(_raw.capsule_execution_options, _raw.capsule_execution_options_init, options)
        durable = Options(_raw.capsule_durable_options, _raw.capsule_durable_options_init, {"timeout_ms": milliseconds(timeout, 1)})
        durable.raw.store = self.handle
        durable.raw.promise_id = text_of(name)
        handle, raw = c_void_p(), sized(_raw.capsule_promise)
        call(
            _raw.capsule_session_execute_durable, session.handle, data, len(data), reference_of(given), durable.reference,
            byref(handle), byref(raw),
        )  # fmt: skip
        return (Execution(handle.value) if handle.value else None), _taken(raw)

    def close(self) -> None:
        """Closes it: who waits gets ClosedError; promises stay where they are kept."""
        if self._finalizer.alive:
            call(_raw.capsule_promise_store_close, self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def _taken(raw: _raw.capsule_promise) -> Promise:
    def content(text: Any) -> bytes:
        return string_at(text.data, text.size) if text.data else b""

    try:
        return Promise(
            content(raw.id).decode(), PromiseState(raw.state), content(raw.param), content(raw.value), raw.timeout_at_ms,
            raw.created_at_ms, raw.settled_at_ms,
        )  # fmt: skip
    finally:
        _raw.capsule_promise_release(byref(raw))
